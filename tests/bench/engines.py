"""Does a tuned small model decide, in the gateway's code and in another engine, as step 04 decided on its test calls?

    python tests/bench/engines.py RUN [--quick]

RUN: a folder of `migrate run` whose step 03 tuned a model; it is copied, nothing is written into it. The tuned model
answers every held-out call of the tasks that it was trained for, and step 04 tunes a policy for it alone, at the run's
guarantee. Then `migrate policy check` asks all test calls of the routed tasks again: in the engine that was measured,
and in llama.cpp's server as `migrate serve` starts it (the adapter merged, a GGUF of 16 bits).
Last line: {"slm_calls" (test calls of tasks that the model may answer), "same_as_measured", "same_llama",
"changed_llama" (share of answers that are others), "bound_llama", "kept_bound_llama", "max_loss", "max_kept_error",
"carried_llama"}; shares weighted to the traffic.
"""

import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")

import pandas as pd

from migration import benchmark, costs, routing
from migration.artifacts import Run, open_step
from migration.files import read_json
from migration.live.rungs.local import quantisation_of
from migration.live.server.check import checked
from migration.routing.present import read_recognition, write_policy

STEPS = ("01_traffic_audit", "02_candidate_benchmark", "03_qlora_finetune", "04_router_tuning")
QUICK = 30


def copied(run: Path, folder: Path) -> Run:
    """The steps of a run that are needed, without its caches."""
    for step in STEPS:
        shutil.copytree(run / step, folder / step)
    shutil.copy(run / "run.json", folder)
    return Run(folder)


def answered(run: Run, most: int | None) -> pd.DataFrame:
    """What the tuned model says to the held-out calls of its tasks, as step 03 scores it. most: calls, None for all."""
    known = run.summary("03_qlora_finetune")
    tasks = pd.read_parquet(run.path / "01_traffic_audit" / "tasks.parquet")
    calls = benchmark.with_task_options(pd.read_parquet(run.path / "01_traffic_audit" / "calls.parquet"), tasks)
    held = benchmark.eligible(calls)
    held = held[held["task"].isin(known["tasks_trained"])].assign(weight=1.0).head(most)
    adapter = str(run.path / "03_qlora_finetune" / "adapter")
    base, tuned = known["base_model"], known["tuned"]
    candidate = benchmark.Candidate(tuned, base, adapter=adapter, quantize=quantisation_of(run.path))
    said = benchmark.ask([candidate], held, calls, cache=run.path / "cache", progress=None)
    key = said["call_id"].map(calls.set_index("call_id")["conversation_id"])
    return benchmark.score(said, held).assign(conversation_id=key.fillna(said["call_id"]))


def retuned(run: Run, answers: pd.DataFrame) -> list[str]:
    """Step 04 for the tuned model alone, at the guarantee that the run had. Returns the routed tasks."""
    former = read_json(run.path / "04_router_tuning" / "policy.json")["guarantee"]
    limits = {name: former[name] for name in ("max_loss", "max_kept_error", "confidence_level")}
    (run.path / "03_qlora_finetune" / "checksums.json").unlink()  # its answers are others from here on
    answers.to_parquet(run.path / "03_qlora_finetune" / "predictions.parquet")
    step = open_step(run.path, "04_router_tuning")
    calls = pd.read_parquet(run.path / "01_traffic_audit" / "calls.parquet")
    prices = costs.unit_prices(step, costs.read_assumptions(""))
    tuned = routing.tune(
        routing.gather(calls, [answers], prices=prices), llm=calls["model"].mode()[0],
        recognition=read_recognition(step), prices=prices, **limits,
    )  # fmt: skip
    write_policy(step.path, tuned.policy)
    step.write("decisions.parquet", routing.decide(tuned.policy, tuned.rows))
    step.finish({}, decision="")
    return tuned.policy.routed_tasks


def main(run: Path, most: int | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(run, Path(folder) / "run")
        answers = answered(copy, most)
        print(f"{len(answers)} held-out calls answered, {answers['agrees'].mean():.1%} as the LLM", flush=True)
        routed = retuned(copy, answers)
        print(f"routed at the run's guarantee: {', '.join(routed) or 'nothing'}", flush=True)
        said: dict[str, object] = {"slm_calls": int((answers["split"] == "test").sum())} if not routed else {}
        for found in checked(copy.path, {}, len(answers)) if routed else ():
            print(f"\n{found}", flush=True)
            facts = found.summary()
            if found.measured:
                said = {"slm_calls": facts["calls"], "same_as_measured": facts["same_decisions"]}
            else:
                names = {"same_decisions": "same", "changed": "changed", "bound": "bound", "kept_bound": "kept_bound"}
                said |= {f"{short}_llama": round(float(facts[name]), 4) for name, short in names.items()}
                said |= {name: facts[name] for name in ("max_loss", "max_kept_error")}
                said["carried_llama"] = facts["carried"]
    print(json.dumps(said))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} held-out calls, which prove nothing")
    asked = parser.parse_args()
    main(asked.run, QUICK if asked.quick else None)
