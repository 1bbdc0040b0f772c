"""Prompt templates, found without labels: calls of one call site share most of their prompt.

A template is found in two looks: the system prompt (exact where it repeats, else by the word triples it shares with
others, so that names, dates or documents in it do not matter), then, among calls with one system prompt, the fixed
beginning, end or line of the conversation (few-shot examples included).
Out of scope: answers, task types, names; nothing here depends on a language or on a list of keywords.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from migration.prompts.index import NO_TEMPLATE, Fixed, TemplateIndex, nearest
from migration.prompts.tokens import ASSISTANT, SHORTEST, USER, Prompt, Tokens, digest, grams, lines_of

LEAK = 0.2
"""A slot begins where more than this share of the calls go on with a word of their own."""
KEPT = 0.8
"""Share of the calls that must stay on shared words from a template's second word to its slot."""
ROUND, LEARNED = 2_000, 100
"""System prompts compared at a time, and those that a template is learned from: more would say nothing new."""
MOST_GRAMS = 20_000
"""Word triples outside every template whose weight is kept: the heaviest."""


@dataclass
class _Cluster:
    """System prompts of one template: how many of the first LEARNED texts hold each word triple."""

    seen: Counter[int] = field(default_factory=Counter)
    texts: int = 0

    def add(self, kept: Iterable[int]) -> None:
        self.seen.update(kept)
        self.texts += 1
        self.__dict__.pop("fixed", None)

    @cached_property
    def fixed(self) -> set[int]:
        return {s for s, n in self.seen.items() if 2 * n >= self.texts}


class Systems:
    """System prompts grouped into templates. `group(tokens)` is a number, NO_TEMPLATE where nothing fits.

    texts: how many calls have each system prompt; those of `support` calls or more are templates as they are. The
    others are compared in rounds: what a spread of them has in common becomes templates, then all that fit are placed.
    """

    def __init__(self, texts: Counter[Tokens], support: int):
        self.exact: dict[Tokens, int] = {}
        self.clusters: list[_Cluster] = []
        self.where: dict[int, set[int]] = defaultdict(set)
        self.df: Counter[int] = Counter()
        order = sorted(texts, key=lambda t: (-texts[t], t))
        self.usual = [t for t in order if not t or texts[t] >= support]
        for text in self.usual:
            kept = grams(text)
            self.df.update(kept)
            self._join(text, kept, self._open())
        tail = sorted(set(order) - set(self.usual))
        while tail:
            self._learn(tail[:: -(-len(tail) // ROUND)])
            tail = [text for text in tail if text not in self.exact and not self._placed(text)]
        self.prompted = {cluster for text, cluster in self.exact.items() if text}

    def _learn(self, texts: list[Tokens]) -> None:
        """Templates of `texts`: each joins the nearest so far, or begins one."""
        held = {text: grams(text) for text in texts}
        self.df.update(s for kept in held.values() for s in kept)
        self.df = Counter({s: n for s, n in self.df.items() if n > 1 or s in self.where})
        for text, every in held.items():
            kept = [s for s in every if self.df[s] > 1]
            best = self._nearest(kept)
            self._join(text, kept, self._open() if best == NO_TEMPLATE else best)

    def _placed(self, text: Tokens) -> bool:
        found = self._nearest(grams(text))
        if found != NO_TEMPLATE:
            self.exact[text] = found
        return found != NO_TEMPLATE

    def _open(self) -> int:
        self.clusters.append(_Cluster())
        return len(self.clusters) - 1

    def _join(self, text: Tokens, kept: Iterable[int], to: int) -> None:
        self.exact[text] = to
        cluster = self.clusters[to]
        if cluster.texts < LEARNED:
            cluster.add(kept)
            for gram in kept:
                self.where[gram].add(to)
        if cluster.texts == LEARNED:  # what is a slot stays one: forget its words
            for gram in cluster.seen.keys() - cluster.fixed:
                self.where[gram].discard(to)
                del cluster.seen[gram]

    def _weight(self, gram: int) -> int:
        """The square of how many texts hold it."""
        return self.df.get(gram, 0) ** 2

    def _holders(self, gram: int) -> Iterable[int]:
        return (c for c in self.where.get(gram, ()) if gram in self.clusters[c].fixed)

    def _whole(self, cluster: int) -> int:
        return sum(map(self._weight, self.clusters[cluster].fixed))

    def _nearest(self, kept: Iterable[int]) -> int:
        return nearest(kept, self._weight, self._holders, self._whole)

    def compiled(self) -> TemplateIndex:
        """What was learned, for looking up; its user's side is still empty."""
        holders: dict[int, list[int]] = defaultdict(list)
        for number, cluster in enumerate(self.clusters):
            for gram in cluster.fixed:
                holders[gram].append(number)
        loose = sorted((g for g in self.df if g not in holders), key=lambda g: (-self.df[g], g))[:MOST_GRAMS]
        return TemplateIndex(
            exact={digest(text): self.exact[text] for text in self.usual},
            weights={gram: self._weight(gram) for gram in (*sorted(holders), *loose)},
            holders={gram: tuple(own) for gram, own in sorted(holders.items())},
            whole=tuple(map(self._whole, range(len(self.clusters)))),
            fixed={},
            rest={},
        )


def _branch(
    rows: list[Tokens], ids: list[int], depth: int, support: int, kept: float, found: list[tuple[Tokens, list[int]]]
) -> None:
    """Walk the tree of beginnings: follow words that many calls share, close where a slot begins.

    `kept` is the share of the calls that stayed on shared words so far: natural sentences lose some at every word,
    a template loses none before its slot.
    """
    while True:
        children: dict[str, list[int]] = defaultdict(list)
        for i in ids:
            children[rows[i][depth] if depth < len(rows[i]) else ""].append(i)
        big = {word: members for word, members in children.items() if word and len(members) >= support}
        leak = 1 - sum(map(len, big.values())) / len(ids)
        if depth > 1 and (leak > LEAK or not big):
            prefix = rows[ids[0]][:depth]
            if kept >= KEPT and len(children) > 2 and _is_template(prefix):
                found.append((prefix, ids))
            return
        kept = kept * (1 - leak) if depth > 1 else kept
        if len(big) == 1:
            (ids,) = big.values()
            depth += 1
            continue
        for word in sorted(big):
            _branch(rows, big[word], depth + 1, support, kept, found)
        return


def _is_template(prefix: Tokens) -> bool:
    """Whether fixed tokens before a slot are more than a common way to begin a sentence."""
    if ASSISTANT in prefix and USER not in prefix[len(prefix) - prefix[::-1].index(ASSISTANT) :]:
        return False  # a customer's stock phrase and the start of a reply: the slot is not in a user's message
    words = [t for t in prefix if t not in (USER, "\n")]
    return len(words) >= SHORTEST or (len(words) >= 2 and prefix[-1] in ("\n", ":", "："))


@dataclass(frozen=True)
class Anchor:
    """The fixed part of the user's side of a template: a beginning, an end, or a line."""

    kind: str
    tokens: Tokens

    def matches(self, prompt: Prompt) -> bool:
        """Whether the prompt begins with, ends with, or holds as a line these tokens."""
        n = len(self.tokens)
        if self.kind == "begins":
            return prompt.head[:n] == self.tokens
        if self.kind == "ends":
            return prompt.tail[-n:] == self.tokens
        return self.tokens in set(lines_of(prompt.head))


def anchors(prompts: Sequence[Prompt], support: int) -> list[Anchor]:
    """Fixed beginnings and ends, else lines, that set calls with one system prompt apart; longest first."""
    edges: list[Anchor] = []
    for kind in ("begins", "ends"):
        rows = [p.head if kind == "begins" else p.tail[::-1] for p in prompts]
        found: list[tuple[Tokens, list[int]]] = []
        if len(rows) >= support:
            _branch(rows, list(range(len(rows))), 0, support, 1.0, found)
        fixed = {prefix for prefix, _ids in found}
        fixed |= _stems(fixed, (row for row in rows if not any(row[: len(f)] == f for f in fixed)))
        edges += [Anchor(kind, prefix if kind == "begins" else prefix[::-1]) for prefix in fixed]
    edges.sort(key=lambda a: (-len(a.tokens), a.kind, a.tokens))
    taken = [next((a for a in edges if a.matches(p)), None) for p in prompts]  # the longest wins: others may be chance
    chosen = [a for a in edges if a in set(taken)]
    return chosen + _common_lines([p for p, a in zip(prompts, taken, strict=True) if a is None], support)


def _stems(fixed: set[Tokens], rows: Iterable[Tokens]) -> set[Tokens]:
    """What rows that no template of `fixed` begins share with the nearest of them, where that is a template itself."""
    stems = set()
    for row in rows:
        shared = max((_shared(row, f) for f in fixed), default=0)
        if shared and _is_template(row[:shared]):
            stems.add(row[:shared])
    return stems


def _shared(a: Tokens, b: Tokens) -> int:
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _common_lines(prompts: list[Prompt], support: int) -> list[Anchor]:
    """Lines that many of the prompts hold, each once with a text of its own around it."""
    result: list[Anchor] = []
    left = [(p.head, set(lines_of(p.head))) for p in prompts]
    counts = Counter(line for _head, lines in left for line in lines)
    for line, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if n < support:
            break
        heads = [head for head, lines in left if line in lines]
        if len(heads) >= support and len(set(heads)) > len(heads) // 2:
            result.append(Anchor("line", line))
            left = [(head, lines) for head, lines in left if line not in lines]
    return result


@dataclass(frozen=True)
class Templates:
    """Templates found in a sample. `index` places any call of the same log (or a later one) into a leaf.

    leaves: by leaf, its system template and the fixed part of its user's side (None for the rest of that template's
    calls). prompted: system templates that have words.
    """

    index: TemplateIndex
    leaves: tuple[tuple[int, Anchor | None], ...]
    prompted: frozenset[int]


def find_templates(prompts: Sequence[Prompt]) -> Templates:
    """Templates of a sample of calls. Deterministic: the order of the calls does not matter."""
    support = max(5, len(prompts) // 500)
    systems = Systems(Counter(p.system for p in prompts), support)
    index = systems.compiled()
    members: dict[int, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        members[index.system_of(prompt.system)].append(prompt)
    leaves: list[tuple[int, Anchor | None]] = []
    fixed: dict[int, tuple[Fixed, ...]] = {}
    rest: dict[int, int] = {}
    for group, own in sorted(members.items()):
        if group == NO_TEMPLATE:
            continue
        here = anchors(own, max(5, len(own) // 50))
        if group in systems.prompted:
            covered = sum(any(a.matches(p) for a in here) for p in own)
            if len(here) < 2 or covered < len(own) / 2:
                here = []  # one wrapper, or a few common phrases: the system prompt alone is the call site
        if here:
            fixed[group] = tuple(
                Fixed(a.kind, len(a.tokens), digest(a.tokens), len(leaves) + i) for i, a in enumerate(here)
            )
        leaves += [(group, anchor) for anchor in here]
        rest[group] = len(leaves)
        leaves.append((group, None))
    index = replace(index, fixed=fixed, rest=rest)
    return Templates(index, tuple(leaves), frozenset(systems.prompted))
