"""What a model tells of an answer when it is asked again: whether it would say the same, and how sure it says it is.

Covers: further samples of an answer, the question for a stated confidence, how both are read. Out of scope: whether
the answer is right, and what the two signals are worth (`routing.confidence` learns that, per task).

Both cost further calls of the model, when a table is made as when a router asks: k for the samples, one for the
question. They are kept beside the answers, so that a second run asks nothing again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from migration.benchmark.candidates import Candidate, Progress, chat
from migration.benchmark.engine import answer
from migration.benchmark.engine.cache import Answers
from migration.benchmark.scoring.forms import parse, plain
from migration.benchmark.trial import asked_of
from migration.errors import BadInput

HOW_SURE = (
    "How sure are you that your answer above is right? Reply with one number between 0 and 1 and nothing else: "
    "0 means surely wrong, 1 means surely right."
)
MOST_SAMPLES = 1000
_STATED_TOKENS = 16
_NUMBER = re.compile(r"(-?(?:\d+(?:[.,]\d+)?|[.,]\d+))\s*(%?)")


def sampled(
    candidate: Candidate,
    requests: pd.DataFrame,
    k: int,
    *,
    temperature: float = 0.7,
    seed: int,
    cache: Path | Answers | None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """How often `k` samples say the same as the greedy answer: columns call_id, sample_agreement (0..1 or null).

    requests: those of `engine.answer`, and `output`, the greedy answer (or null). The same is the same label but for
    case, quotes and a final stop, or the same fields (`forms`); running text seldom is, word for word. Null where there
    is no greedy answer or no sample came. Sample n of seed s has the seed 1000 s + n, so more samples keep the first
    ones; a server that takes no seed draws as it likes. Raises BadInput for a k or temperature that samples nothing.
    """
    if not 0 < k <= MOST_SAMPLES or not temperature > 0:
        raise BadInput(f"sampling needs 1 to {MOST_SAMPLES} samples at a temperature above 0, not {k} at {temperature}")
    asked = requests[requests["output"].notna()]
    draws = [asked.assign(temperature=float(temperature), seed=MOST_SAMPLES * seed + n) for n in range(k)]
    found = answer(candidate, pd.concat(draws, ignore_index=True), cache=cache, progress=progress)
    greedy = [_said(text) for text in asked["output"]] * k
    same = [
        _said(text) == said if text is not None else None for text, said in zip(found["output"], greedy, strict=True)
    ]
    share = pd.Series(same, index=found["call_id"], dtype="Float64").groupby(level=0).mean()
    return _column(requests, "sample_agreement", share)


def verbalised(
    candidate: Candidate, requests: pd.DataFrame, *, cache: Path | Answers | None, progress: Progress | None = None
) -> pd.DataFrame:
    """How sure the model says it is of its answer: columns call_id, verbalised (0..1, or null where it says no number).

    requests: call_id, messages, and `output`, its answer (or null). The question follows the answer as a further turn
    of the same conversation; the first number of the reply counts.
    """
    asked = requests[requests["output"].notna()]
    rows = zip(asked["messages"], asked["output"], strict=True)
    turns = [[*chat(messages), _turn("assistant", said), _turn("user", HOW_SURE)] for messages, said in rows]
    questions = pd.DataFrame({"call_id": asked["call_id"], "messages": turns, "max_tokens": _STATED_TOKENS})
    replies = answer(candidate, questions, cache=cache, progress=progress)
    stated = pd.Series([stated_in(text) for text in replies["output"]], index=replies["call_id"], dtype=float)
    return _column(requests, "verbalised", stated)


def probed(
    answers: pd.DataFrame,
    candidates: Sequence[Candidate],
    sample: pd.DataFrame,
    k: int,
    *,
    seed: int,
    cache: Path,
    progress: Progress | None = None,
) -> tuple[pd.DataFrame, str]:
    """`answers` with both columns in the rows of the first language model among `candidates`, and what was seen in a
    sentence; k of 0 asks nothing.

    answers: call_id, candidate, output. sample: the calls that were asked (`trial.asked_of`).
    """
    models = [each for each in candidates if each.generates]
    if not k or not models:
        return answers, "Neither sampled answers nor a stated confidence were asked for (`probes` is 0)."
    candidate = models[0]
    own = answers.loc[answers["candidate"] == candidate.name, ["call_id", "output"]]
    requests, file = asked_of(sample).merge(own, on="call_id"), cache / "answers.sqlite"
    seen = sampled(candidate, requests, k, seed=seed, cache=file, progress=progress)
    seen = seen.merge(verbalised(candidate, requests, cache=file, progress=progress), on="call_id")
    told = int(seen["verbalised"].notna().sum())
    agreement = f"{seen['sample_agreement'].mean():.0%}" if seen["sample_agreement"].notna().any() else "none"
    sentence = (
        f"{candidate.name}, {len(seen):,} answers: of {k} samples each, {agreement} say the same as the answer; asked "
        f"how sure it is, it names a number after {told:,} of them and none after {len(seen) - told:,}. A router that "
        f"learns from both needs them for every answer it judges: {k + 1} further calls of the small model, which "
        "step 04 does not count."
    )
    return answers.merge(seen.assign(candidate=candidate.name), "left", ["call_id", "candidate"]), sentence


def stated_in(reply: str | None) -> float | None:
    """The first number of a reply, cut to 0..1, per cent read as such; None where there is none."""
    found = _NUMBER.search(reply or "")
    if not found:
        return None
    return min(1.0, max(0.0, float(found[1].replace(",", ".")) / (100 if found[2] else 1)))


def _said(text: str) -> object:
    """An answer as its caller would compare it: its fields, or the plain text."""
    fields = parse(text)
    return plain(text) if fields is None else fields


def _turn(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _column(requests: pd.DataFrame, name: str, values: pd.Series) -> pd.DataFrame:
    """call_id and the column `name`, a row a request, null where `values` (by call_id) has none."""
    return pd.DataFrame({"call_id": requests["call_id"], name: requests["call_id"].map(values).astype(float)})
