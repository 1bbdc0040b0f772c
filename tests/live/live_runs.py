"""A run whose policy routes one task, as tests of the live code need it."""

import json
from pathlib import Path

import pandas as pd

from migration.live import policies
from migration.prompts.index import TemplateIndex
from migration.prompts.tokens import digest, tokens_of
from migration.routing.policy import Candidate, Policy, Rung
from migration.routing.policy.recognition import Recognition
from migration.routing.policy.signals import Calibrator, SignalScore
from migration.schema import CandidateKind, GroupTest, Guarantee

QUEUE = "Name the queue of this ticket. Answer with the name alone."
OTHER = "Write a poem about the ticket."


def asked(text: str, system: str = QUEUE) -> list[dict]:
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def recognition() -> Recognition:
    queue, other = tokens_of(QUEUE, 1500), tokens_of(OTHER, 1500)
    exact = {digest(queue): 0, digest((*queue, "<tools>", "look_up")): 0, digest(other): 1}
    return Recognition(TemplateIndex(exact, {}, {}, (1.0, 1.0), {}, {0: 0, 1: 1}), ("queue", "poem"))


def policy(threshold: float = 0.5, *, rungs: tuple[str, ...] = ("small",), proved: bool = True, **more) -> Policy:
    """Kept where the mean logprob is above -1: confidence is its logistic around there."""
    group = GroupTest("queue", ("queue",), 400, 200, 0.5, 0.01, 0.02, 0.01, 0.03, proved)
    score = SignalScore(("mean_logprob",), (-1.0,), (1.0,), {"*": (0.0, 5.0)}, Calibrator())
    return Policy(
        llm="big",
        candidates={name: Candidate(CandidateKind.SLM, price={"usd_per_1m_prompt": 1.0}) for name in rungs},
        rungs={"queue": tuple(Rung(name, threshold) for name in rungs)},
        calibrators=dict.fromkeys(rungs, score),
        recognition=recognition(),
        guarantee=Guarantee(0.05, 0.05, 0.95, 400, 200, (group,)),
        **more,
    )


def put(run: Path, made: Policy, **settings) -> str:
    """Write a policy and let it serve. Returns its version."""
    file = run / "policy.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(made.to_json()))
    version = policies.add(run / "live", file)
    policies.activate(run / "live", version, **{"shadow_share": 0.0} | settings)
    return version


def log_of(run: Path, calls: "list[dict] | pd.DataFrame") -> None:
    """The calls as step 01 leaves them, as far as rungs learn from them."""
    (run / "01_traffic_audit").mkdir(parents=True)
    log = pd.DataFrame(calls)
    log.to_parquet(run / "01_traffic_audit" / "calls.parquet")
    if "task" in log:
        log[["task"]].drop_duplicates().to_parquet(run / "01_traffic_audit" / "tasks.parquet")
