"""Whether what serves decides as step 04 did: its test calls asked again, through the gateway's own code.

With the engine that steps 02 and 03 measured every decision must be the same, and 04's proof is of it. Another engine
(half precision in llama.cpp, a quantised vLLM) computes other last digits: its own answers to the test calls, on which
nothing was tuned, are tested against both limits, group by group, as 04 tested. Out of scope: the network (the gateway
adds none of its own), and tuning again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from migration.errors import BadInput
from migration.live.call import Call, read
from migration.live.hybrid import Hybrid
from migration.live.policies import Active, State
from migration.live.server.embedded import Embedded
from migration.routing.policy import Policy, Router
from migration.schema import CandidateKind, Guarantee

if TYPE_CHECKING:
    import pandas as pd

    from migration.stats import Rate, Sampled

AS_MEASURED = "the engine that was measured, in this process"
LLAMA = "llama.cpp's server, as `migrate serve` starts it"
PATIENCE = 120.0
"""Seconds that an answer may take here."""
ROUTING = "04_router_tuning"
ANSWERS = ("02_candidate_benchmark", "03_qlora_finetune")


@dataclass(frozen=True)
class Check:
    """What an engine did with the test calls. same: share of calls with 04's decision. Of the tasks that have rungs:
    changed: share that got a small model's answer which 04 did not count with; loss: share that differs from the LLM's
    answer (all weighted to the traffic, by conversation). differing: call_id, expected, found, reason. groups: of
    `bounds_of`. measured: whether this is the engine that 04's proof is of.
    """

    engine: str
    same: Rate
    changed: Rate
    loss: Rate
    differing: pd.DataFrame
    guarantee: Guarantee
    groups: pd.DataFrame
    measured: bool

    @property
    def as_measured(self) -> bool:
        """Whether 04's own proof stands: its engine, and every answer is the one that 04 counted with."""
        return self.measured and self.differing.empty and not self.changed.value

    @property
    def carried(self) -> bool:
        """Whether the guarantee holds with this engine: as 04 proved it, or proved again in every group."""
        limits = self.guarantee.max_loss, self.guarantee.max_kept_error
        return self.as_measured or bool((self.groups[["bound", "kept_bound"]].max() <= limits).all())

    def __str__(self) -> str:
        said = (
            f"{self.engine}: decisions as in 04 {self.same}; answers changed {self.changed}; answers that differ from "
            f"the LLM's {self.loss}. {self._why}"
        )
        if self.as_measured:
            return f"{said}The guarantee carries over: these are the answers that 04 proved it of"
        known, worst = self.guarantee, self.groups[["bound", "kept_bound"]].max()
        tested = (
            f"of a group's calls at most {worst['bound']:.1%} differ ({known.max_loss:.1%} allowed), of those kept at "
            f"most {worst['kept_bound']:.1%} ({known.max_kept_error:.1%} allowed), each with "
            f"{known.confidence_level:.0%} confidence for all groups together"
        )
        if self.carried:
            return f"{said}The guarantee carries over, proved again with these answers: {tested}"
        wanted = (
            "Ask more calls (--calls), or tune with this engine (its address as a candidate of step 02), to rely on it"
        )
        return f"{said}These answers prove too little: {tested}. {wanted}"

    @property
    def _why(self) -> str:
        """The reason that most of the calls name which were decided otherwise."""
        if self.differing.empty:
            return ""
        reason = str(self.differing["reason"].mode()[0])
        return f"{len(self.differing)} calls were decided otherwise, most often because of: {reason}. "

    def summary(self) -> dict[str, object]:
        """The figures as JSON: fractions, and the number of calls."""
        worst = self.groups[["bound", "kept_bound"]].max().round(4)
        return {"engine": self.engine, "calls": self.same.n, "same_decisions": round(self.same.value, 6),
                "differing": len(self.differing), "changed": self.changed.value, "loss": self.loss.value,
                "bound": worst["bound"], "kept_bound": worst["kept_bound"], "max_loss": self.guarantee.max_loss,
                "max_kept_error": self.guarantee.max_kept_error, "carried": self.carried}  # fmt: skip


def check(run: Path, upstreams: Mapping[str, str], engine: str, *, calls: int = 200, measured: bool = False) -> Check:
    """Ask the test calls of step 04 again, `calls` of routed tasks and as many others, by 04's own policy.

    upstreams: candidate -> address; a candidate without one is answered in this process, as it was measured. measured:
    whether that is the engine of steps 02 and 03. An answer may have as many tokens as it had in 02. Raises BadInput
    where the policy routes nothing or the run lacks a step.
    """
    import pandas as pd

    from migration.audit.pii import mask_answers
    from migration.stats import weighted_rate

    policy = Policy.load(run / ROUTING / "policy.json")
    if policy.guarantee is None or not policy.routed_tasks:
        raise BadInput(f"{run / ROUTING / 'policy.json'} routes nothing: there is nothing to check")
    expected = sampled(run, policy.routed_tasks, calls)
    state = State(Active(policy.version), Router(policy))
    with_answers = Hybrid(run, upstreams=upstreams, timeout=PATIENCE, log=False)
    found = [_asked(with_answers, state, call) for call in calls_of(run, expected["call_id"].tolist())]
    rows = expected.merge(pd.DataFrame(found), "inner", "call_id")
    rows["reference"] = rows["call_id"].map(_logged(run, rows["call_id"].tolist()))
    same = (rows["candidate"] == rows["found"]) & (rows["rung"] == rows["at"])
    kept = rows["found"] != policy.llm
    changed = kept & (~same | (mask_answers(rows)["output"] != rows["measured"]))  # kept answers are masked
    rows = rows.assign(kept=kept, lost=kept & ~_agrees(rows, run))
    names = {"candidate": "expected", "reason_now": "reason"}
    differing = rows.loc[~same, ["call_id", "candidate", "found", "reason_now"]].rename(columns=names)
    routed = rows["task"].isin(policy.routed_tasks)
    of_all, of_routed = _design(rows), _design(rows[routed])
    return Check(
        engine,
        weighted_rate(same.to_numpy(float), **of_all),
        weighted_rate(changed[routed].to_numpy(float), **of_routed),
        weighted_rate(rows.loc[routed, "lost"].to_numpy(float), **of_routed),
        differing.reset_index(drop=True),
        policy.guarantee,
        bounds_of(rows, policy.guarantee),
        measured,
    )


def bounds_of(rows: pd.DataFrame, guarantee: Guarantee) -> pd.DataFrame:
    """group, calls, bound (of the loss), kept_bound (of the error of the kept calls) of each group that 04 proved: the
    groups share the chance of error, so that all bounds hold together at the guarantee's confidence level.

    rows: task, kept, lost (bool), weight, conversation. A group without a call is bounded by 1.
    """
    import numpy as np
    import pandas as pd

    from migration.routing.tuning.proof import risk

    proved = [group for group in guarantee.groups if group.proved]
    level, found = (1 - guarantee.confidence_level) / len(proved), []
    for group in proved:
        own, bounds = rows[rows["task"].isin(group.tasks)], (1.0, 1.0)
        if len(own):
            code, place = pd.factorize(own["conversation"])[0], np.where(own["kept"], 0, 1)
            bounds = risk.upper_bounds(
                risk.keep(own["lost"].to_numpy(float), own["weight"].to_numpy(float), code, place, 1), level
            )[:2]
        found.append((group.group, len(own), *bounds))
    return pd.DataFrame(found, columns=["group", "calls", "bound", "kept_bound"])


def _design(rows: pd.DataFrame) -> Sampled:
    return {"weights": rows["weight"], "strata": rows["task"], "cluster": rows["conversation"]}


def checked(run: Path, upstreams: dict[str, str], calls: int) -> Iterator[Check]:
    """The rungs as they were measured; then at `upstreams`, or where `migrate serve` has its small models."""
    yield check(run, {}, AS_MEASURED, calls=calls, measured=True)
    if upstreams:
        yield check(run, upstreams, ", ".join(f"{name} at {at}" for name, at in upstreams.items()), calls=calls)
        return
    policy, own = Policy.load(run / ROUTING / "policy.json"), Embedded(run)
    asked = {rung.candidate: policy.candidates[rung.candidate] for rungs in policy.rungs.values() for rung in rungs}
    try:
        own.start({name: one for name, one in asked.items() if one.kind == CandidateKind.SLM})
        if own.addresses:
            yield check(run, own.addresses, LLAMA, calls=calls)
    finally:
        own.stop()


def sampled(run: Path, tasks: Collection[str], calls: int) -> pd.DataFrame:
    """`calls` of 04's decisions on test calls of `tasks` (those that have rungs), as many of the others, and what 04
    counted with (`measured`: the kept answer's text). Raises BadInput where the run lacks a step."""
    import pandas as pd

    try:
        decided = pd.read_parquet(run / ROUTING / "decisions.parquet")
        names = ["call_id", "candidate", "output", "task_type"]
        answers = [pd.read_parquet(run / step / "predictions.parquet", columns=names) for step in ANSWERS]
    except FileNotFoundError as error:
        raise BadInput(f"the decisions are checked against steps 02 to 04: {error.filename} is missing") from error
    test = decided[decided["part"] == "test"].drop(columns=["agrees"])
    routed = test["task"].isin(list(tasks))
    drawn = pd.concat([_drawn(part, calls) for part in (test[routed], test[~routed])])
    known = pd.concat(answers).drop_duplicates(["call_id", "candidate"], keep="last")
    said = known[["call_id", "candidate", "output"]].rename(columns={"output": "measured"})
    of_call = known.drop_duplicates("call_id")[["call_id", "task_type"]]
    return drawn.merge(said, "left", ["call_id", "candidate"]).merge(of_call, "left", "call_id").reset_index(drop=True)


def _drawn(test: pd.DataFrame, calls: int) -> pd.DataFrame:
    """`calls` of them at random; each then stands for as much more of the traffic (`weight`)."""
    drawn = test.sample(min(calls, len(test)), random_state=7)
    return drawn.assign(weight=drawn["weight"] * (len(test) / max(len(drawn), 1)))


def calls_of(run: Path, call_ids: list[str]) -> Iterator[Call]:
    """The logged calls as an application would make them, in this order, at the time when they were made."""
    import pyarrow.dataset as ds

    from migration.benchmark.candidates import answer_limits

    data, at = ds.dataset(run / "01_traffic_audit" / "calls.parquet"), ds.field
    names = ["call_id", "created_at", "conversation_id", "model", "messages", "tools", "response_format", "task"]
    names = [name for name in (*names, "max_tokens") if name in data.schema.names]
    rows = data.to_table(columns=names, filter=at("call_id").isin(call_ids)).to_pandas()
    learned = data.to_table(columns=["task", "split", "completion_tokens", "response"]).to_pandas()
    rows = rows.assign(max_tokens=answer_limits(learned, rows)).set_index("call_id").loc[call_ids]
    for call_id, row in zip(call_ids, rows.to_dict("records"), strict=True):
        body = {"model": row["model"], "messages": list(row["messages"]), "max_tokens": int(row["max_tokens"])}
        texts = {name: row.get(name) for name in ("tools", "response_format")}
        body |= {name: json.loads(text) for name, text in texts.items() if isinstance(text, str) and text}
        yield replace(read(body), call_id=call_id, created_at=row["created_at"].to_pydatetime())


def _asked(hybrid: Hybrid, state: State, call: Call) -> dict[str, object]:
    settled = hybrid.settle(state, call)
    decision, answer = settled.decision, settled.answer
    return {"call_id": call.call_id, "found": decision.candidate, "at": decision.rung, "reason_now": decision.reason,
            "output": answer.text if answer else None}  # fmt: skip


def _logged(run: Path, call_ids: list[str]) -> pd.Series:
    """The LLM's logged answers to these calls, by call_id, as they are."""
    import pyarrow.dataset as ds

    data, wanted = ds.dataset(run / "01_traffic_audit" / "calls.parquet"), ds.field("call_id").isin(call_ids)
    return data.to_table(columns=["call_id", "response"], filter=wanted).to_pandas().set_index("call_id")["response"]


def _agrees(rows: pd.DataFrame, run: Path) -> pd.Series:
    """Whether each answer now delivered is the LLM's, by step 02's scorers; True where the LLM answers."""
    import pandas as pd

    from migration.benchmark import score, with_task_options

    tasks = pd.read_parquet(run / "01_traffic_audit" / "tasks.parquet")
    kept, agrees = rows["output"].notna(), pd.Series(True, rows.index)
    if kept.any():
        asked = rows.loc[kept, ["call_id", "task", "task_type", "output", "reference"]].assign(error=None)
        agrees[kept] = score(with_task_options(asked.reset_index(drop=True), tasks))["agrees"].to_numpy(bool)
    return agrees
