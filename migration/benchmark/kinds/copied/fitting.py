"""An extractor learned from logged answers: their form, where their values stand, a tagger, and how sure it is.

Out of scope: what an extractor does with a request (`extractor`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from migration.audit.discovery.behaviour import copied_share
from migration.audit.pii import mask, mask_messages
from migration.benchmark.candidates import chat
from migration.benchmark.kinds.copied.extractor import Extractor, narrowed
from migration.benchmark.kinds.copied.shape import Shape, fold, learn_shape, with_letters
from migration.benchmark.kinds.copied.tagger import fit_tagger
from migration.benchmark.kinds.copied.tags import tags_of, values_of
from migration.benchmark.kinds.heads import FOLDS, calibration
from migration.benchmark.kinds.versions import UNKNOWN, Request, find_forms
from migration.benchmark.kinds.views import Near, near_of
from migration.benchmark.scoring.forms import fields_f1, parse, plain
from migration.models import Tokens, embed, embed_tokens, token_places
from migration.prompts.tokens import SYSTEM_ROLES

LEAST_SHARE = 0.3
"""Share of the values of answers that stand in their own text, less that in another's, for a task to be tried."""
LEAST_COPIED = 0.5
"""Part of a task's answers that must be rebuilt from their own texts, for it to be learned as copied."""
FEWEST_COPIED = 20
"""Answers with a value that a tagger is learned from at the least."""
MOST_ROWS, MOST_READ = 3000, 40_000
"""Answers that are learned from, and the tokens of their texts."""
MOST_MASKED = 512
"""Tokens of a masked text that count for its embedding."""
MOST_VALIDATED = 1000
"""Answers that cross-validation looks at: more would take longer and calibrate the same."""
LOST = 0.02
"""Part of the answers that the last message may hold less of than the whole conversation, to be read alone."""


@dataclass(frozen=True)
class _Row:
    """A logged answer: the form of its request, the content, where its tokens stand (None: too long), and their tags
    where the answer can be rebuilt from them."""

    form: int
    content: str
    answer: str
    places: np.ndarray | None
    tags: np.ndarray | None = None


def said_by_user(request: Request, *, last: bool = False) -> str:
    """What stands in a request beside its system prompts; last: in the user's last message alone."""
    if isinstance(request, str):
        return request
    return "\n".join(turn["content"] for turn in chat(narrowed(request, last)) if turn["role"] not in SYSTEM_ROLES)


def may_be_copied(texts: Sequence[Request], answers: Sequence[str]) -> bool:
    """Whether the values of answers (n,) mostly stand in their texts (n,): a cheap look, before tokens are read."""
    return _share(texts, answers) >= LEAST_SHARE


def _share(texts: Sequence[Request], answers: Sequence[str], *, last: bool = False) -> float:
    return copied_share([said_by_user(text, last=last) for text in texts], answers)


def fit_extractor(
    texts: Sequence[Request], answers: Sequence[str], *, forms: Sequence[Hashable] | None = None, encoder: str,
    seed: int = 7,
) -> Extractor | None:  # fmt: skip
    """An extractor that gives the answers of a task, fitted on logged ones; None where too few of them are copied.

    texts, answers, forms: as in `fit_classifier`. The user's last message is read alone where it holds nearly all
    that the whole conversation does. Raises ModelNotFound, BadInput for an encoder that tells no places of tokens.
    """
    share = _share(texts, answers)
    if share < LEAST_SHARE:
        return None
    last = _share(texts, answers, last=True) >= share - LOST
    some = np.sort(np.random.default_rng(seed).permutation(len(texts))[:MOST_ROWS]).tolist()  # masks take their time
    asked, answers = [narrowed(texts[i], last) for i in some], [answers[i] for i in some]
    named = [None if forms is None else forms[i] for i in some]
    versions = find_forms([_masked(text) for text in asked], named, answers)
    split = [versions.whole(text, form) for text, form in zip(asked, named, strict=True)]
    rows = _drawn(split, answers, encoder, seed)
    shapes = tuple(_shape([row for row in rows if row.form == i]) for i in range(len(versions.forms)))
    kinds = tuple(dict.fromkeys(kind for shape in shapes if shape for kind in shape.kinds))
    rows = [_rebuilt(row, None if row.form == UNKNOWN else shapes[row.form], kinds) for row in rows]
    known = [row.tags for row in rows if row.tags is not None]
    if len(known) < LEAST_COPIED * len(rows) or sum(bool(tags.any()) for tags in known) < FEWEST_COPIED:
        return None
    short = iter(embed_tokens([row.content for row in rows if row.places is not None], encoder=encoder, fast=True))
    read = [None if row.places is None else next(short) for row in rows]
    near = _near(rows, read, encoder, seed)
    tagger = fit_tagger(*_lessons(rows, read), 1 + 2 * len(kinds), seed=seed)
    found = Extractor(versions, shapes, kinds, tagger, near, encoder, last)
    chance, right = _out_of_fold(found, rows, read, seed)
    return replace(found, tagger=replace(tagger, calibration=calibration(chance, right)), agreement=float(right.mean()))


def _masked(request: Request) -> Request:
    return mask([request])[0] if isinstance(request, str) else mask_messages(chat(request))


def _drawn(split: Sequence[tuple[int, str]], answers: Sequence[str], encoder: str, seed: int) -> list[_Row]:
    """Logged answers in random order, as many as `MOST_READ` allows."""
    order = np.random.default_rng(seed).permutation(len(split))
    places = token_places([split[i][1] for i in order], encoder=encoder)
    sizes = np.cumsum([0 if at is None else len(at) for at in places])
    return [
        _Row(split[i][0], split[i][1], answers[i], at)
        for i, at, size in zip(order, places, sizes, strict=True)
        if size <= MOST_READ
    ]


def _shape(rows: Sequence[_Row]) -> Shape | None:
    """The form of the answers of one version of the prompt."""
    shape = learn_shape([row.answer for row in rows], [row.content for row in rows])
    if shape is None:
        return None
    pairs: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows:
        values = shape.encode(row.answer)
        tags = _tags(row, shape, shape.kinds) if values else None
        if values and tags is not None and row.places is not None:
            stands = values_of(row.content, row.places, tags.tolist(), shape.kinds)
            for kind, said in values.items():
                pairs[kind] += [(a, b) for b in said for a in stands[kind] if fold(a) == fold(b.strip())]
    return with_letters(shape, pairs)


def _tags(row: _Row, shape: Shape, kinds: Sequence[str]) -> np.ndarray | None:
    values = shape.encode(row.answer)
    if values is None or row.places is None:
        return None
    return tags_of(row.content, row.places, values, {kind: i for i, kind in enumerate(kinds)})


def _rebuilt(row: _Row, shape: Shape | None, kinds: Sequence[str]) -> _Row:
    """`row` with its tags, where they give its answer back."""
    tags = _tags(row, shape, kinds) if shape else None
    if shape is None or tags is None or row.places is None:
        return row
    again = shape.decode(values_of(row.content, row.places, tags.tolist(), kinds))
    return replace(row, tags=tags) if same_answer(again, row.answer) else row


def _lessons(rows: Sequence[_Row], read: Sequence[Tokens | None]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """States and tags of the answers that can be rebuilt."""
    pairs = [(each.states, row.tags) for row, each in zip(rows, read, strict=True) if each and row.tags is not None]
    return [states for states, _ in pairs], [tags for _, tags in pairs]


def _near(rows: Sequence[_Row], read: Sequence[Tokens | None], encoder: str, seed: int) -> Near:
    """Embeddings of the texts, of which personal data is masked: they are saved."""
    vectors = {i: each.sentence for i, each in enumerate(read) if each}
    clean = dict(zip(vectors, mask(rows[i].content for i in vectors), strict=True))
    changed = [i for i, text in clean.items() if text != rows[i].content]
    masked = embed([clean[i] for i in changed], encoder=encoder, max_tokens=MOST_MASKED, fast=True)
    return near_of(np.array(list((vectors | dict(zip(changed, masked, strict=True))).values())), seed=seed)


def _out_of_fold(
    found: Extractor, rows: Sequence[_Row], read: Sequence[Tokens | None], seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each answer (n,): the chance that a tagger which did not see it gave its own, and whether that was right."""
    rows, read = rows[:MOST_VALIDATED], read[:MOST_VALIDATED]
    chance, right = np.zeros(len(rows)), np.zeros(len(rows), bool)
    for fold_ in range(FOLDS):
        seen = [i for i in range(len(rows)) if i % FOLDS != fold_]
        lessons = _lessons([rows[i] for i in seen], [read[i] for i in seen])
        part = replace(found, tagger=fit_tagger(*lessons, 1 + 2 * len(found.kinds), seed=seed))
        for i in range(fold_, len(rows), FOLDS):
            output, said = part.read(rows[i].form, rows[i].content, read[i])
            chance[i], right[i] = said.chance if output is not None else 0.0, same_answer(output, rows[i].answer)
    return chance, right


def same_answer(output: str | None, reference: str) -> bool:
    """Whether an answer has the values of another, each at its key, as scorers of values compare."""
    if output is None or output == reference:
        return output == reference
    wanted = parse(reference)
    return plain(output) == plain(reference) if wanted is None else fields_f1(parse(output), wanted) == 1.0
