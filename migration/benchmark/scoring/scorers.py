"""When an answer counts as the reference's equal: one scorer for each form of answer, chosen by task type and form.

Covers: labels, structured fields, extracted values, running text, summaries, tool calls, code; what each scorer
means by "agrees", in words. Out of scope: how an answer is read (`forms`), a program (`program`) and a text
(`meaning`), models, traffic weights and verdicts (`compare`), judges (`judge`).

Running text agrees where `meaning` finds nothing that one text says alone and the embeddings are close; false and
true passes are measured by `tests/bench/agreement.py`. It stays a likeness: without a judge or people's labels it is
not `provable`, so that it gets neither "move now" nor a guarantee.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from migration.benchmark.scoring.forms import (
    fields_f1,
    is_blank,
    parse,
    plain,
    spans_f1,
    tool_calls,
    without_shares,
    words_of,
)
from migration.benchmark.scoring.meaning import says_part, says_same
from migration.benchmark.scoring.options import unordered_tasks
from migration.benchmark.scoring.program import same_program
from migration.errors import BadInput

SAME_MEANING, SAME_CHARACTERS = 0.75, 0.45
"""Cosine of MiniLM embeddings, and chrF where MiniLM cannot be had, from which two texts say the same."""
_LISTS = ("fields", "spans")
_LABELLED = ("classification", "sentiment", "routing", "scoring")

Verdicts = tuple[np.ndarray, np.ndarray]
"""Scores 0..1 (n,) and agrees bool (n,)."""


@dataclass(frozen=True)
class Scorer:
    """Compares outputs with references. `definition` says in words what its `agrees` means.

    provable: whether its verdict may carry "move now" and a guarantee. An empty answer never agrees, whatever `judge`
    says of it.
    """

    name: str
    definition: str
    judge: Callable[[Sequence[str], Sequence[str]], Verdicts]
    provable: bool = True

    def __call__(self, outputs: Sequence[str], references: Sequence[str]) -> Verdicts:
        """Scores 0..1 (n,) and agrees bool (n,) of outputs (n,) and references (n,); 0 and False where one is empty."""
        scores, agrees = self.judge(outputs, references)
        shown = ~np.array([is_blank(o) for o in outputs], bool)
        return np.where(shown, np.clip(scores, 0, 1), 0.0), np.asarray(agrees, bool) & shown

    @classmethod
    def of(cls, function: Callable[[str, str], float], *, at_least: float = 1.0, name: str = "") -> Scorer:
        """A scorer from a plain function `(output, reference) -> 0..1`; it agrees from `at_least` on."""
        name = name or getattr(function, "__name__", "yours")

        def judge(outputs: Sequence[str], references: Sequence[str]) -> Verdicts:
            scores = np.array([float(function(o, r)) for o, r in zip(outputs, references, strict=True)])
            return scores, scores >= at_least - 1e-9

        return cls(name, f"{name}(output, reference) is at least {at_least:g}", judge)


def _each(function: Callable[[str, str], float]) -> Callable[[Sequence[str], Sequence[str]], Verdicts]:
    def judge(outputs: Sequence[str], references: Sequence[str]) -> Verdicts:
        scores = np.array([function(o, r) for o, r in zip(outputs, references, strict=True)], float)
        return scores, scores >= 1 - 1e-9

    return judge


def _label(output: str, reference: str) -> float:
    return float(plain(output) == plain(reference))


def _structured(
    f1: Callable[..., float], *, unordered: bool = False
) -> Callable[[Sequence[str], Sequence[str]], Verdicts]:
    return _each(lambda output, reference: f1(parse(output), parse(reference), unordered=unordered))


def _tool(output: str, reference: str) -> float:
    said, wanted = tool_calls(output) or [], tool_calls(reference) or []
    pairs = zip(said, wanted, strict=False)
    right = sum(0.5 + 0.5 * fields_f1(a, b) if name == other else 0.0 for (name, a), (other, b) in pairs)
    return right / max(len(said), len(wanted), 1)


def chrf(outputs: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """chrF (Popović 2015, sacrebleu), 0..1 (n,)."""
    from sacrebleu.metrics.chrf import CHRF

    metric = CHRF()
    return np.array([metric.sentence_score(o, [r]).score / 100 for o, r in zip(outputs, references, strict=True)])


def rouge_l(outputs: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """ROUGE-L F1 (Lin 2004, rouge-score), 0..1 (n,)."""
    from rouge_score.rouge_scorer import RougeScorer

    metric = RougeScorer(["rougeL"])
    return np.array([metric.score(r, o)["rougeL"].fmeasure for o, r in zip(outputs, references, strict=True)])


def same_meaning(outputs: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """bool (n,): embeddings (all-MiniLM-L6-v2, first 256 tokens) at cosine 0.75, or chrF 0.45 where it is absent."""
    from migration.models import ModelNotFound, embed

    texts = sorted({*outputs, *references})
    try:
        vectors = dict(zip(texts, embed(texts, max_tokens=256), strict=True))
    except ModelNotFound:  # the encoder is an optional package; the scorer's definition names both
        return chrf(outputs, references) >= SAME_CHARACTERS
    cosines = np.array([vectors[o] @ vectors[r] for o, r in zip(outputs, references, strict=True)])
    return cosines >= SAME_MEANING


def _close(same: list[bool], outputs: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """`same` where the embeddings are close too; only pairs that passed so far are embedded."""
    agrees = np.array(same, bool)
    left = np.flatnonzero(agrees).tolist()
    if left:
        agrees[left] = same_meaning([outputs[i] for i in left], [references[i] for i in left])
    return agrees


def _text(outputs: Sequence[str], references: Sequence[str]) -> Verdicts:
    same = [says_same(o, r) for o, r in zip(outputs, references, strict=True)]
    return chrf(outputs, references), _close(same, outputs, references)


def _summary(outputs: Sequence[str], references: Sequence[str]) -> Verdicts:
    true = [says_part(o, r) for o, r in zip(outputs, references, strict=True)]
    return rouge_l(outputs, references), _close(true, outputs, references)


_MEANING = f"embeddings at cosine {SAME_MEANING} or closer (chrF {SAME_CHARACTERS} without the embedding model)"
_SET = ", lists in any order"
_FIELDS = "every field and value the same, types and order too (JSON or KEY: value lines)"
_SPANS = "every value found (or a declared alternative, any_of), and nothing else"
SCORERS = {
    scorer.name: scorer
    for scorer in (
        Scorer("label", "the same label, but for case, quotes and a final stop", _each(_label)),
        Scorer("fields", _FIELDS, _structured(fields_f1)),
        Scorer(
            "fields_set", _FIELDS.replace("types and order", "types") + _SET, _structured(fields_f1, unordered=True)
        ),
        Scorer("spans", _SPANS, _structured(spans_f1)),
        Scorer("spans_set", _SPANS + _SET, _structured(spans_f1, unordered=True)),
        Scorer("tool_call", "the same tools in the same order with the same arguments", _each(_tool)),
        Scorer("code", "the same program but for layout and comments", _each(same_program)),
        Scorer("text", f"the same words, numbers and roles but for listed synonyms, and {_MEANING}", _text, False),
        Scorer(
            "summary",
            f"nothing said that the reference does not, nothing decisive left out, and {_MEANING}",
            _summary,
            False,
        ),
    )
}


def choose(task_type: str | None, reference: str) -> str:
    """The name of the scorer for a call: the form of its reference first, then its task type."""
    if tool_calls(reference):
        return "tool_call"
    if parse(reference) is not None:
        return "spans" if task_type in ("extraction", "summarization") else "fields"
    if task_type == "code":
        return "code"
    words = len(reference.split())
    if (task_type in _LABELLED and words <= 12) or words <= 3:
        return "label"
    return "summary" if task_type == "summarization" else "text"


def score(
    predictions: pd.DataFrame,
    calls: pd.DataFrame | None = None,
    *,
    scorers: Mapping[str, Scorer | Callable[[str, str], float]] | None = None,
) -> pd.DataFrame:
    """`predictions` with `score` (0..1), `agrees` (bool), `scorer` (its name), `agrees_when` (in words), `provable`.

    predictions: call_id, candidate, output, and error where something failed; calls: call_id, task, task_type,
    response, and where present split, weight, unordered and aside (of `with_task_options`), which are joined on.
    Without `calls` the columns task, task_type, reference must be there. Raises BadInput for a column that is missing
    and for a call without a reference.
    scorers: task or task type -> your own plain function or `Scorer`, before the built-in choice.
    An answer with an error, or none, scores 0: what a candidate cannot do is its failure, not a missing value.
    """
    scored = _with_reference(predictions, calls)
    own = {k: each if isinstance(each, Scorer) else Scorer.of(each, name=k) for k, each in (scorers or {}).items()}
    sets = unordered_tasks(calls)
    known = SCORERS | {scorer.name: scorer for scorer in own.values()}
    rows = zip(scored["task"], scored["task_type"], scored["reference"], strict=True)
    scored["scorer"] = [own[t].name if t in own else own[k].name if k in own else choose(k, r) for t, k, r in rows]
    free = scored["task"].isin(sets) | (scored["unordered"].fillna(False) if "unordered" in scored else False)
    scored["scorer"] = [f"{n}_set" if f and n in _LISTS else n for n, f in zip(scored["scorer"], free, strict=True)]
    scored["provable"] = [known[name].provable for name in scored["scorer"]]
    scored["agrees_when"] = [known[name].definition for name in scored["scorer"]]
    scored["score"], scored["agrees"] = 0.0, False
    answered = scored["output"].notna() & scored["error"].isna()
    aside = scored["aside"].fillna("") if "aside" in scored else pd.Series("", scored.index)
    scored["agrees_when"] += [f", {fields.replace(',', ' and ')} aside" if fields else "" for fields in aside]
    for name, group in scored[answered].groupby("scorer"):
        pair = [compared(group[column], aside[group.index]).tolist() for column in ("output", "reference")]
        scores, agrees = known[str(name)](*pair)
        scored.loc[group.index, "score"] = scores
        scored.loc[group.index, "agrees"] = agrees
    return scored


def compared(answers: pd.Series, aside: pd.Series) -> pd.Series:
    """Answers as they are compared: without the numbers of the fields that their `aside` names.

    answers, aside: text, of one index.
    """
    if not aside.any():
        return answers
    texts = [without_shares(a, f.split(",")) if f else a for a, f in zip(answers, aside, strict=True)]
    return pd.Series(texts, answers.index, dtype=object)


def _with_reference(predictions: pd.DataFrame, calls: pd.DataFrame | None) -> pd.DataFrame:
    scored = predictions.reset_index(drop=True)
    if calls is not None:
        known = calls.rename(columns={"response": "reference"}).set_index("call_id")
        joined = [c for c in ("task", "task_type", "reference", "split", "weight", "unordered", "aside") if c in known]
        scored = scored.drop(columns=[c for c in joined if c in scored]).join(known[joined], on="call_id")
    if missing := [c for c in ("call_id", "output", "task", "task_type", "reference") if c not in scored]:
        raise BadInput(f"answers cannot be scored without the column {', '.join(missing)}")
    if "error" not in scored:
        scored["error"] = None
    unknown = scored["reference"].isna()
    if unknown.any():
        raise BadInput(
            f"{unknown.sum()} answers have no reference, first call {scored.loc[unknown, 'call_id'].iloc[0]}"
        )
    return scored


def definitions(scored: pd.DataFrame) -> pd.DataFrame:
    """What "agrees" means for each task: columns task, scorer, agrees_when, share (of the task's calls).

    scored: of `score`: call_id, task, scorer, agrees_when.
    """
    calls = scored.drop_duplicates("call_id")
    counts = calls.groupby(["task", "scorer", "agrees_when"], as_index=False).size()
    share = counts["size"] / counts.groupby("task")["size"].transform("sum")
    return counts.drop(columns="size").assign(share=share)


def _class(text: str) -> str:
    fields = parse(text)
    return plain(text) if fields is None else words_of(fields)


def macro_f1(outputs: Sequence[str], references: Sequence[str]) -> float:
    """Mean F1 over the classes that the references hold: small classes weigh as much as large ones."""
    from sklearn.metrics import f1_score

    wanted, said = [_class(r) for r in references], [_class(o or "") for o in outputs]
    return float(f1_score(wanted, said, labels=sorted(set(wanted)), average="macro", zero_division=0))
