"""Answers of a candidate that runs in this process.

Covers: requests in, answers out, at the speed of shared prefixes and full batches, each kept when it is finished.
Out of scope: references, scores, and endpoints. Tensors are `decoding`'s.

`latency_ms` is what one customer alone would wait on this machine: the whole prompt read afresh, then one token
after the other. It is a line fitted to single runs of a few lengths (`latency`), not the wall time of a
batch; that is `compute_ms`, a row's share of its batch, and `completion_tokens / compute_ms` speaks of throughput.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from migration import models
from migration.benchmark.candidates import Candidate, Milestones, Progress, frame, prompt_of
from migration.benchmark.engine import latency
from migration.benchmark.engine.cache import Answers, key_of, open_answers
from migration.benchmark.engine.memory import Peak
from migration.models.threads import free_cores
from migration.schema.signals import of_tokens

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from migration.benchmark.engine.attention import Prefix
    from migration.benchmark.engine.decoding import Decoded, Draw, Group, Tree

MOST_LOGITS = 2**27  # numbers: half a gigabyte
MOST_SHARED = 16384  # prefix tokens of one batch: bounds the memory of their keys and values


@dataclass
class _Engine:
    """A candidate at work: its tokenizer at once, its model when the first answer must be computed."""

    candidate: Candidate

    def __post_init__(self) -> None:
        self.files = models.find(self.candidate.source)
        self.identity = models.identity_of(self.files, self.candidate.quantize, self.candidate.adapter)
        self.tokenizer = models.load_tokenizer(self.files)

    @property
    def loaded(self) -> models.LoadedModel:
        return _loaded(self.candidate.source, self.candidate.quantize, self.candidate.adapter, self.identity)

    def ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]  # too long is our own error

    def text(self, tokens: Sequence[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True)


@lru_cache(maxsize=1)
def _loaded(source: str, quantize: str | None, adapter: str | None, identity: str) -> models.LoadedModel:
    """The last model used, ready for `decoding`; `identity` makes a retrained adapter another model."""
    from migration.benchmark.engine import attention, decoding

    loaded = models.load(source, quantize=quantize, adapter=adapter)
    attention.prepare(loaded.model)
    decoding.extend(loaded.model, attention.Prefix(), [0], loaded.device)  # files are mapped: this reads the weights
    return loaded


def find(candidate: Candidate) -> None:
    """Raises ModelNotFound where the candidate's source is no model here."""
    models.find(candidate.source)


def facts(candidate: Candidate, cache: Path | Answers) -> dict[str, float | str]:
    """parameters, memory_mb (weights in memory), context (tokens) and device, noted in `cache` so that the model is
    loaded for them once; peak_mb, where it has answered: what answering took at most on top of the weights."""
    store, engine = open_answers(cache), _Engine(candidate)
    key = key_of(model=engine.identity, facts="size")
    known = store.recall(key)
    if known is None:
        names = ("parameters", "memory_mb", "context")
        known = {name: getattr(engine.loaded, name) for name in names} | {"device": engine.loaded.device.type}
        store.remember(key, known)
    return known | (store.recall(_peak_key(engine)) or {})


def _keep_peak(engine: _Engine, store: Answers, peak_mb: float) -> None:
    """The highest of all runs is kept, so that a run of a few answers more does not hide an earlier peak."""
    known = store.recall(_peak_key(engine)) or {"peak_mb": 0.0}
    store.remember(_peak_key(engine), {"peak_mb": max(peak_mb, known["peak_mb"])})


def _peak_key(engine: _Engine) -> str:
    return key_of(model=engine.identity, memory="peak")


def answer(
    candidate: Candidate,
    requests: pd.DataFrame,
    *,
    cache: Path | Answers | None = None,
    token_budget: int = 8192,
    share_prefixes: bool = True,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Answers of `candidate`: one row a request, in their order, columns `candidates.COLUMNS`.

    requests: call_id, messages, max_tokens; optionally `tools` (JSON or null) and `labels` (lists of answers to choose
    among, or null).
    With the columns `temperature` and `seed` answers are drawn, each from its own seed; without them they are greedy.
    cache: answers found there are not computed, and each new one is put there at once. token_budget: own tokens of
    a batch (rows x longest), prefix not counted. A request that does not fit the model's context gets a null output
    and an `error` that begins with "context_overflow"; it is never cut. Raises ModelNotFound.
    """
    store, engine = open_answers(cache), _Engine(candidate)
    wanted = [_ask(engine, row) for row in requests.to_dict("records")]
    known = store.get(ask.key for ask in wanted if not ask.error)
    pending = list({ask.key: ask for ask in wanted if not ask.error and ask.key not in known}.values())
    if pending:
        report = Milestones(progress, candidate.name, len(pending))
        with free_cores():
            wait = _latency(engine, store)
            with Peak(engine.loaded.device) as peak:
                for ask, value in _compute(engine, pending, token_budget, share_prefixes):
                    value["latency_ms"] = wait.of(value["prompt_tokens"], value["completion_tokens"])
                    if ask.labels:  # nothing is decoded: the labels' tree is read like a prompt
                        value["latency_ms"] = wait.of(value["prompt_tokens"] + value.pop("nodes"), 0)
                    store.put(ask.key, value)
                    known[ask.key] = value
                    report.one_more()
        _keep_peak(engine, store, peak.mb)
    rows = [
        {"call_id": ask.call_id, "candidate": candidate.name, "prompt_tokens": len(ask.ids), "error": ask.error}
        | ({} if ask.error else known[ask.key])
        for ask in wanted
    ]
    return frame(rows)


def one_by_one(candidate: Candidate) -> Callable[[Mapping[Any, Any]], dict[str, Any]]:
    """What answers a request (a row of `answer`'s) alone and at once, as production asks: the same numbers as
    `answer`'s, without a latency and with nothing kept. Raises ModelNotFound."""
    engine = _Engine(candidate)

    def ask(row: Mapping[Hashable, object]) -> dict[str, object]:
        wanted = _ask(engine, row)
        if wanted.error:
            return {"output": None, "error": wanted.error}
        ((_, value),) = _compute(engine, [wanted], wanted.limit + len(wanted.ids), sharing=False)
        return value | {"error": None}

    return ask


@dataclass(frozen=True)
class _Ask:
    """One request as the model gets it."""

    call_id: str
    key: str
    ids: tuple[int, ...]
    limit: int
    labels: tuple[str, ...]
    error: str | None
    temperature: float | None = None

    def draw(self) -> Draw | None:
        """How its tokens are drawn: the key holds the seed and the prompt, and so seeds it. None: greedily."""
        from migration.benchmark.engine.decoding import Draw

        return Draw(self.temperature, int(self.key[:15], 16)) if self.temperature else None


def _ask(engine: _Engine, row: Mapping[Any, Any]) -> _Ask:
    try:
        text = prompt_of(engine.tokenizer, row)
    except ValueError as problem:
        return _Ask(row["call_id"], "", (), 0, (), f"template: {problem}")
    ids, limit = tuple(engine.ids(text)), int(row["max_tokens"])
    labels = tuple(row["labels"]) if isinstance(row.get("labels"), list | tuple | np.ndarray) else ()
    room = max((len(engine.ids(label)) for label in labels), default=limit)
    context = _context(engine.files)
    error = f"context_overflow: {len(ids)} + {room} tokens, {context} fit" if len(ids) + room > context else None
    asked = {"labels": sorted(labels)} if labels else {"max_tokens": limit}
    drawn = {name: row[name] for name in ("temperature", "seed") if name in row}
    key = key_of(model=engine.identity, prompt=text, decoding=drawn or "greedy", **asked)
    return _Ask(row["call_id"], key, ids, limit, labels, error, drawn.get("temperature"))


@lru_cache(maxsize=16)
def _context(files: models.ModelFiles) -> int:
    from transformers import AutoConfig

    return models.context_of(AutoConfig.from_pretrained(models.plain_folder(files)))


def _compute(engine: _Engine, asks: list[_Ask], budget: int, sharing: bool) -> Iterator[tuple[_Ask, dict[str, Any]]]:
    """Every ask with its answer, as they finish: free answers first, then choices among labels."""
    from migration.benchmark.engine import decoding

    loaded = engine.loaded
    free = [a for a in asks if not a.labels]
    bound: dict[tuple[str, ...], list[_Ask]] = {}
    for ask in asks:
        if ask.labels:
            bound.setdefault(tuple(sorted(set(ask.labels))), []).append(ask)
    stops = stop_ids(engine.tokenizer, loaded.model)
    for labels, group in [((), free), *bound.items()]:
        if not group:
            continue
        tree = decoding.Tree.of([engine.ids(label) for label in labels])
        sizes = [len(ask.ids) + (len(tree.tokens) or ask.limit) for ask in group]
        prompts = [ask.ids for ask in group]
        root = decoding.share(prompts) if sharing else decoding.Group(0, tuple(range(len(prompts))))
        rows = MOST_LOGITS // (loaded.model.config.get_text_config().vocab_size * (len(tree.tokens) + 1))
        room = min(budget, max(1, rows) * max(sizes)) if labels else budget  # a choice needs every node's logits
        for batch in _batches(_visit(loaded, root, prompts, sizes), sizes, room):
            work = [(group[row], prefix, spent) for row, prefix, spent in batch]
            yield from _choose(engine, work, labels, tree, stops) if labels else _generate(engine, work, stops)


def _visit(
    loaded: models.LoadedModel, group: Group, prompts: Sequence[Sequence[int]], sizes: Sequence[int]
) -> Iterator[tuple[int, Prefix, float]]:
    """Every row with its prefix, computed when it is come to, and the row's share of that time (ms).

    Rows of one prefix come side by side, longest first; groups in the order of their longest row.
    """
    from migration.benchmark.engine import attention, decoding

    def visit(group: Group, above: Prefix, share: float) -> Iterator[tuple[int, Prefix, float]]:
        inside = group.members()
        start = time.perf_counter()
        prefix = decoding.extend(loaded.model, above, prompts[inside[0]][above.length : group.length], loaded.device)
        share += (time.perf_counter() - start) * 1e3 / len(inside)
        for row in sorted(group.rows, key=lambda row: -sizes[row]):
            yield row, prefix, share
        for inner in sorted(group.groups, key=lambda g: -max(sizes[row] - g.length for row in g.members())):
            yield from visit(inner, prefix, share)

    return visit(group, attention.Prefix(), 0.0)


def _batches(
    rows: Iterable[tuple[int, Prefix, float]], sizes: Sequence[int], budget: int
) -> Iterator[list[tuple[int, Prefix, float]]]:
    """Rows in their order, cut where own tokens (rows x longest) pass `budget`, or prefixes pass `MOST_SHARED`."""
    batch: list[tuple[int, Prefix, float]] = []
    longest, shared = 0, 0
    for row in rows:
        index, prefix, _ = row
        new = not batch or batch[-1][1] is not prefix
        own = sizes[index] - prefix.length
        shared += prefix.length * new
        longest = max(longest, own)
        if batch and (longest * (len(batch) + 1) > budget or (new and shared > MOST_SHARED)):
            yield batch
            batch, longest, shared = [], own, prefix.length
        batch.append(row)
    if batch:
        yield batch


def _generate(
    engine: _Engine, work: list[tuple[_Ask, Prefix, float]], stops: frozenset[int]
) -> Iterator[tuple[_Ask, dict[str, object]]]:
    """Written answers of one batch, as they finish."""
    from migration.benchmark.engine import decoding

    loaded, prefixes = engine.loaded, [prefix for _, prefix, _ in work]
    prompts, limits = [a.ids[prefix.length :] for a, prefix, _ in work], [a.limit for a, _, _ in work]
    last, share, running = time.perf_counter(), 0.0, len(work)
    draws = [a.draw() for a, _, _ in work]
    for one in decoding.decode(loaded.model, prefixes, prompts, limits, stops, loaded.device, draws):
        now = time.perf_counter()  # rows that run share the time equally, so shares add up to the wall time
        share, last, running = share + (now - last) * 1e3 / running, now, running - 1
        ask, _, spent = work[one.row]
        yield ask, _value(engine, ask, one, spent + share)


def _choose(
    engine: _Engine,
    work: list[tuple[_Ask, Prefix, float]],
    labels: tuple[str, ...],
    tree: Tree,
    stops: frozenset[int],
) -> Iterator[tuple[_Ask, dict[str, object]]]:
    """The likeliest of `labels` for each ask; `margin` is its probability among the labels less the next one's."""
    from migration.benchmark.engine import decoding

    loaded, prefixes, start = engine.loaded, [prefix for _, prefix, _ in work], time.perf_counter()
    prompts = [a.ids[prefix.length :] for a, prefix, _ in work]
    found = decoding.choose(loaded.model, prefixes, prompts, tree, stops, loaded.device)
    share = (time.perf_counter() - start) * 1e3 / len(work)
    for (ask, _, spent), one, chances in zip(work, *found, strict=True):
        order = np.sort(chances)
        value = _value(engine, ask, one, spent + share) | {"output": labels[int(chances.argmax())], "finish": "label"}
        value["margin"] = float(order[-1] - order[-2]) if len(order) > 1 else 1.0
        value["mean_entropy"] = float(-(chances * np.log(np.maximum(chances, 1e-30))).sum())
        yield ask, value | {"nodes": len(tree.tokens)}


def _value(engine: _Engine, ask: _Ask, one: Decoded, compute_ms: float) -> dict[str, object]:
    """What is kept of a finished answer, all but its latency."""
    return {
        "output": engine.text(one.tokens),
        "compute_ms": compute_ms,
        "prompt_tokens": len(ask.ids),
        "completion_tokens": len(one.tokens),
        "finish": "stop" if one.stopped else "length",
        **of_tokens(one.logprobs, one.entropies, one.margins),
    }


def stop_ids(tokenizer: PreTrainedTokenizerBase, model: PreTrainedModel) -> frozenset[int]:
    """Tokens that end an answer: the model's own, and what its chat template puts after an assistant's turn."""
    listed = getattr(model.generation_config, "eos_token_id", None)
    stops = set(listed if isinstance(listed, list) else [listed]) | {tokenizer.eos_token_id}
    if getattr(tokenizer, "chat_template", None):
        turns = [{"role": "user", "content": "question"}, {"role": "assistant", "content": "answer"}]
        after = str(tokenizer.apply_chat_template(turns, tokenize=False)).rpartition("answer")[2]
        ids = tokenizer(after.lstrip(), add_special_tokens=False)["input_ids"]
        stops |= {ids[0]} & set(tokenizer.all_special_ids + list(tokenizer.added_tokens_decoder)) if ids else set()
    return frozenset(stops - {None})


def _latency(engine: _Engine, store: Answers) -> latency.Latency:
    """The candidate's latency on this machine: measured once, then kept with its answers."""
    import torch

    device = engine.loaded.device.type
    machine = torch.cuda.get_device_name() if device == "cuda" else f"cpu x {torch.get_num_threads()}"
    key = key_of(model=engine.identity, latency=machine)
    known = store.recall(key)
    if known is None:
        ids = engine.ids("Where is my order? I would like to change it. ") * 200
        known = asdict(latency.measure(engine.loaded, ids))
        store.remember(key, known)
    return latency.Latency(**known)
