"""Prompt templates, found without labels: calls of one call site share most of their prompt.

Knows: messages and the names of tools. A template is found in two looks: the system prompt (exact where it repeats,
else by the word triples it shares with others, so that names, dates or documents in it do not matter), then, among
calls with one system prompt, the fixed beginning, end or line of the conversation (few-shot examples included).
Refuses to know: answers, task types, names; nothing here depends on a language or on a list of keywords.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from migration.audit.discovery.prompts import ASSISTANT, USER, Prompt, Tokens, prompt_of, shingles, system_of

NO_TEMPLATE = -1
"""The leaf of a call that shares no template with enough other calls."""

LEAK = 0.2
"""A slot begins where more than this share of the calls go on with a word of their own."""
KEPT = 0.8
"""Share of the calls that must stay on shared words from a template's second word to its slot."""
SHORTEST = 5
"""Fixed tokens that make a template of a user message (2 where they end a line or in a colon)."""


REMEMBERED = 30_000
"""System prompts whose template is kept at hand; of a log of documents each is long and comes once."""
ROUND, LEARNED = 2_000, 100
"""System prompts compared at a time, and those that a template is learned from: more would say nothing new."""


@dataclass
class _Cluster:
    """System prompts of one template: how many of the first LEARNED texts hold each shingle."""

    seen: Counter[Tokens] = field(default_factory=Counter)
    texts: int = 0

    def add(self, kept: Iterable[Tokens]) -> None:
        self.seen.update(kept)
        self.texts += 1
        self.__dict__.pop("fixed", None)

    @cached_property
    def fixed(self) -> set[Tokens]:
        return {s for s, n in self.seen.items() if 2 * n >= self.texts}


class Systems:
    """System prompts grouped into templates. `group(tokens)` is a number, NO_TEMPLATE where nothing fits.

    texts: how many calls have each system prompt; those of `support` calls or more are templates as they are. The
    others are compared in rounds: what a spread of them has in common becomes templates, then all that fit are placed.
    """

    def __init__(self, texts: Counter[Tokens], support: int):
        self.exact: dict[Tokens, int] = {}
        self.clusters: list[_Cluster] = []
        self.where: dict[Tokens, set[int]] = defaultdict(set)
        self.df: Counter[Tokens] = Counter()
        order = sorted(texts, key=lambda t: (-texts[t], t))
        usual = [t for t in order if not t or texts[t] >= support]
        for text in usual:
            kept = shingles(text)
            self.df.update(kept)
            self._join(text, kept, self._open())
        tail = sorted(set(order) - set(usual))
        while tail:
            self._learn(tail[:: -(-len(tail) // ROUND)])
            tail = [text for text in tail if text not in self.exact and not self._placed(text)]
        self.prompted = {cluster for text, cluster in self.exact.items() if text}

    def _learn(self, texts: list[Tokens]) -> None:
        """Templates of `texts`: each joins the nearest so far, or begins one."""
        grams = {text: shingles(text) for text in texts}
        self.df.update(s for kept in grams.values() for s in kept)
        self.df = Counter({s: n for s, n in self.df.items() if n > 1 or s in self.where})
        for text, every in grams.items():
            kept = [s for s in every if self.df[s] > 1]
            best = self._nearest(kept)
            self._join(text, kept, self._open() if best == NO_TEMPLATE else best)

    def _placed(self, text: Tokens) -> bool:
        found = self._nearest(shingles(text))
        if found != NO_TEMPLATE:
            self.exact[text] = found
        return found != NO_TEMPLATE

    def _open(self) -> int:
        self.clusters.append(_Cluster())
        return len(self.clusters) - 1

    def _join(self, text: Tokens, kept: Iterable[Tokens], to: int) -> None:
        self.exact[text] = to
        cluster = self.clusters[to]
        if cluster.texts < LEARNED:
            cluster.add(kept)
            for shingle in kept:
                self.where[shingle].add(to)
        if cluster.texts == LEARNED:  # what is a slot stays one: forget its words
            for shingle in cluster.seen.keys() - cluster.fixed:
                self.where[shingle].discard(to)
                del cluster.seen[shingle]

    def _nearest(self, kept: Iterable[Tokens]) -> int:
        """The cluster that shares the most. A shingle weighs the square of how many texts hold it: documents little."""
        own, shared = 0, Counter[int]()
        for shingle in kept:
            weight = self.df.get(shingle, 0) ** 2
            own += weight
            for cluster in self.where.get(shingle, ()) if weight else ():
                if shingle in self.clusters[cluster].fixed:
                    shared[cluster] += weight
        for cluster, weight in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:5]:
            whole = sum(self.df[s] ** 2 for s in self.clusters[cluster].fixed)
            if weight >= 0.5 * own and weight >= 0.5 * whole:
                return cluster
        return NO_TEMPLATE

    def group(self, system: Tokens) -> int:
        found = self.exact.get(system)
        if found is None:
            found = self._nearest(shingles(system))
            if len(self.exact) < REMEMBERED:
                self.exact[system] = found
        return found


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
        n = len(self.tokens)
        if self.kind == "begins":
            return prompt.head[:n] == self.tokens
        if self.kind == "ends":
            return prompt.tail[-n:] == self.tokens
        return self.tokens in set(_lines(prompt.head))


def _lines(tokens: Tokens) -> Iterable[Tokens]:
    line: list[str] = []
    for token in (*tokens, "\n"):
        if token in ("\n", USER, ASSISTANT, "。", ".", "!", "?"):
            if len(line) >= SHORTEST:
                yield tuple(line)
            line = []
        else:
            line.append(token)


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
    left = [(p.head, set(_lines(p.head))) for p in prompts]
    counts = Counter(line for _head, lines in left for line in lines)
    for line, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        if n < support:
            break
        heads = [head for head, lines in left if line in lines]
        if len(heads) >= support and len(set(heads)) > len(heads) // 2:
            result.append(Anchor("line", line))
            left = [(head, lines) for head, lines in left if line not in lines]
    return result


@dataclass
class Templates:
    """Templates found in a sample; `assign` places any call of the same log (or a later one) into a leaf.

    A leaf is a (system template, anchor) pair, numbered in the order of `leaves`.
    """

    systems: Systems
    anchors: dict[int, list[Anchor]]
    leaves: dict[tuple[int, Anchor | None], int]

    def place(self, messages: Sequence[Mapping[str, str]], tools: str | None = None) -> int:
        """The leaf of one call; its conversation is read only where the system prompt leaves a choice."""
        group = self.systems.group(system_of(messages, tools))
        if not self.anchors.get(group):
            return self.leaves.get((group, None), NO_TEMPLATE)
        return self.assign(prompt_of(messages, tools))

    def assign(self, prompt: Prompt) -> int:
        """The leaf of one prompt, or NO_TEMPLATE."""
        group = self.systems.group(prompt.system)
        anchor = next((a for a in self.anchors.get(group, ()) if a.matches(prompt)), None)
        return self.leaves.get((group, anchor), self.leaves.get((group, None), NO_TEMPLATE))


def find_templates(prompts: Sequence[Prompt]) -> Templates:
    """Templates of a sample of calls. Deterministic: the order of the calls does not matter."""
    support = max(5, len(prompts) // 500)
    systems = Systems(Counter(p.system for p in prompts), support)
    members: dict[int, list[Prompt]] = defaultdict(list)
    for prompt in prompts:
        members[systems.group(prompt.system)].append(prompt)
    found: dict[int, list[Anchor]] = {}
    leaves: dict[tuple[int, Anchor | None], int] = {}
    for group, own in sorted(members.items()):
        here = anchors(own, max(5, len(own) // 50))
        if group in systems.prompted:
            covered = sum(any(a.matches(p) for a in here) for p in own)
            if len(here) < 2 or covered < len(own) / 2:
                here = []  # one wrapper, or a few common phrases: the system prompt alone is the call site
        found[group] = here
        for anchor in here:
            leaves[(group, anchor)] = len(leaves)
        leaves[(group, None)] = len(leaves)
    return Templates(systems, found, leaves)
