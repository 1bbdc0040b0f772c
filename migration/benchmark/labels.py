"""Human verdicts on a few answers: what they say of the quality of the LLM and of each candidate.

The file has a row an answer that someone looked at: `call_id`, `correct` and, where the answer is not the LLM's logged
one, `candidate`. Out of scope: the statistics (`stats.powered`), who labels and how calls are drawn for it.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable
from pathlib import Path

import pandas as pd

from migration.errors import BadInput, NotEnoughCalls
from migration.files import resolve
from migration.stats import Difference, Powered, Sampled, powered_difference, powered_rate

LLM = "LLM (logged)"
"""The candidate of labels that name none: the answer in the log."""
SCORER = "human"
WORDS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}
COLUMNS = ["candidate", "n_labels", "quality", "low", "high", "labels_alone", "labels_alone_low", "labels_alone_high"]
COLUMNS += ["minus_llm", "minus_llm_low", "minus_llm_high"]


def read_labels(file: str | Path, calls: pd.DataFrame, candidates: Iterable[str] = ()) -> pd.DataFrame:
    """The human verdicts in `file` (.csv, .jsonl or .parquet): call_id, candidate (`LLM` where none), correct (bool).

    calls: the log, whose call_id they name; candidates: names that the column may hold. A JSON line whose `correct` is
    null has no verdict and is passed over (`migrate simulate --truth`). Raises BadInput, with file, line and column,
    for what cannot be read, unknown ids and names, second verdicts, and values that are no yes or no.
    """
    path, known, names = resolve(file), set(calls["call_id"]), {LLM, *candidates}
    found: dict[tuple[str, str], bool] = {}
    for line, row in _rows(path):

        def wrong(column: str, why: str, line: int = line) -> BadInput:
            return BadInput(f"{path}, line {line}, column {column}: {why}")

        if path.suffix == ".jsonl" and row.get("correct", ...) is None:
            continue
        if missing := [column for column in ("call_id", "correct") if row.get(column) is None]:
            raise wrong(missing[0], "is missing; a row needs call_id and correct")
        call, candidate = str(row["call_id"]), str(row.get("candidate") or LLM)
        if call not in known:
            raise wrong("call_id", f"{call[:80]!r} is no call of this log")
        if candidate not in names:
            raise wrong("candidate", f"{candidate[:80]!r} was not tried; known are {', '.join(sorted(names))}")
        if (call, candidate) in found:
            raise wrong("call_id", f"{call[:80]!r} has a verdict on {candidate} already: keep one")
        word = str(row["correct"]).strip().lower()
        if word not in WORDS:
            raise wrong("correct", f"{word[:80]!r} is neither true nor false")
        found[call, candidate] = WORDS[word]
    frame = pd.DataFrame([(*key, value) for key, value in found.items()], columns=["call_id", "candidate", "correct"])
    return frame.astype({"correct": bool})


def _rows(path: Path) -> list[tuple[int, dict[str, object]]]:
    """(line, row) of each row; a Parquet's lines count from 1, a CSV's from its header. Empty values are None."""
    try:
        if path.suffix == ".jsonl":
            lines = path.read_text("utf-8").splitlines()
            return [(i, _object(path, i, line)) for i, line in enumerate(lines, 1) if line.strip()]
        if path.suffix not in (".csv", ".parquet"):
            raise BadInput(f"the labels {path} should be a .csv, .jsonl or .parquet file")
        csv = path.suffix == ".csv"
        frame = pd.read_csv(path, dtype=str, skip_blank_lines=False) if csv else pd.read_parquet(path)
    except (OSError, ValueError, UnicodeError) as error:
        raise BadInput(f"the labels {path} cannot be read: {str(error).splitlines()[0]}") from error
    frame = frame.astype(object).where(frame.notna(), None)
    rows = ({str(name): value for name, value in row.items()} for row in frame.to_dict("records"))
    return list(enumerate(rows, 2 if csv else 1))


def _object(path: Path, line: int, text: str) -> dict[str, object]:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}, line {line}: is no JSON ({error})") from error
    if not isinstance(row, dict):
        raise BadInput(f"{path}, line {line}: should be an object with call_id and correct")
    return row


def quality(predictions: pd.DataFrame, calls: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """How often the LLM and each candidate are right, over the traffic: human labels sharpened by machine verdicts.

    predictions: scored answers, call_id, candidate, task, agrees and where present weight; calls: the log, for
    conversations; labels: `read_labels`. The machine's verdict on a candidate is whether it agrees with the LLM, that
    on the LLM the share of candidates that agree with it. Returns COLUMNS, a row of the LLM and of each candidate with
    enough labels; minus_llm (paired) where enough calls have a label of both, else NaN.
    Raises NotEnoughCalls when none has enough.
    """
    agrees = predictions.pivot_table(index="call_id", columns="candidate", values="agrees", aggfunc="mean")
    agrees = agrees.astype(float).fillna(0.0)
    about = predictions.drop_duplicates("call_id").set_index("call_id").loc[agrees.index]
    conversation = calls.drop_duplicates("call_id").set_index("call_id")["conversation_id"].reindex(agrees.index)
    rows: Sampled = {
        "weights": about.get("weight", None),
        "strata": about["task"],
        "cluster": conversation.fillna(agrees.index.to_series()),
    }
    human = labels.pivot(index="call_id", columns="candidate", values="correct").reindex(agrees.index).astype(float)
    found = []
    for name in [LLM, *agrees]:
        if name not in human:
            continue
        machine = agrees.mean(axis=1) if name == LLM else agrees[name]
        try:
            rate = powered_rate(human[name], machine, **rows)
        except NotEnoughCalls:  # no row; `labelled` names whom the labels say nothing of
            continue
        found.append(_row(name, rate, _minus_llm(human, agrees, name, rows)))
    if not found:
        raise NotEnoughCalls("quality from human labels (of calls that the candidates answered)", len(labels), 10)
    return pd.DataFrame(found, columns=COLUMNS)


def _minus_llm(human: pd.DataFrame, agrees: pd.DataFrame, name: str, rows: Sampled) -> Difference | None:
    """A candidate's quality less the LLM's on the calls with labels of both; what differs is the machine's guess."""
    if name == LLM or LLM not in human:
        return None
    try:
        return powered_difference(human[LLM], human[name], agrees[name] - 1, **rows)
    except NotEnoughCalls:  # shown as unknown
        return None


def _row(name: str, found: Powered, less: Difference | None) -> tuple[object, ...]:
    rate, alone = found.rate, found.alone
    row = (name, found.n_labels, rate.value, rate.low, rate.high, alone.value, alone.low, alone.high)
    return (*row, *((less.value, less.low, less.high) if less else (float("nan"),) * 3))


def onto(predictions: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """`predictions` where a human verdict on a candidate's answer sets score, agrees, scorer and `provable`.

    labels: call_id, candidate, correct (`read_labels`).
    """
    keys = ["call_id", "candidate"]
    known = predictions[keys].merge(labels, on=keys, how="left")["correct"]
    done = known.notna().to_numpy()
    result = predictions.copy() if "provable" in predictions else predictions.assign(provable=True)
    right = known[done].astype(bool).to_numpy()
    result.loc[done, "agrees"] = right
    result.loc[done, "score"] = right.astype(float)
    result.loc[done, "provable"] = True
    result.loc[done, ["scorer", "agrees_when"]] = [SCORER, "a person says that it is correct"]
    return result


def labelled(predictions: pd.DataFrame, calls: pd.DataFrame, *, file: str | Path = "") -> tuple[pd.DataFrame, str]:
    """`predictions` with the human verdicts of `file` ("": none), and a sentence that says what they show.

    calls: the log, call_id and conversation_id. Raises BadInput for labels that cannot be used.
    """
    if not file:
        return predictions, "No human labels were given: whether the LLM itself is right is not known."
    labels = read_labels(file, calls, predictions["candidate"].unique())
    try:
        found = quality(predictions, calls, labels)
    except NotEnoughCalls as error:
        return onto(predictions, labels), f"The human labels say nothing of quality yet. {error}."
    told = "; ".join(_told(row) for row in found.to_dict("records"))
    few = sorted(set(labels["candidate"]) - set(found["candidate"]))
    told += f". Too few labels to say it of {', '.join(few)}" if few else ""
    return onto(predictions, labels), f"Correct, by human labels and machine verdicts: {told}."


def _told(row: dict[Hashable, object]) -> str:
    interval = f"{row['quality']:.1%} ({row['low']:.1%} to {row['high']:.1%}, {row['n_labels']} labels"
    said = (
        f"{row['candidate']} {interval}; labels alone {row['labels_alone_low']:.1%} to {row['labels_alone_high']:.1%})"
    )
    if row["minus_llm"] == row["minus_llm"]:
        less = f"{row['minus_llm']:+.1%} ({row['minus_llm_low']:+.1%} to {row['minus_llm_high']:+.1%})"
        said += f", less the LLM's {less}"
    return said
