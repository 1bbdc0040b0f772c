"""Two hundred faults at once, of the small model, of the LLM and of both: each caller gets an answer or a proper error,
and the log says which. A policy is replaced and a log's disk fills up under the same load.
The long form is `python tests/bench/gateway.py --soak`, against `migrate serve` in a process of its own."""

import asyncio
import json
from collections import Counter

from live_faults import calls, everybody, lost
from live_runs import policy, put
from servers import serving_app

from migration.live import Hybrid
from migration.live.decisions import DecisionLog, writer
from migration.live.rungs.upstream import Upstream
from migration.live.server.gateway import Bounds, Gateway
from migration.live.server.metrics import Metrics


def under_faults(run, llm_url, small_url, log) -> list[str]:
    """What each caller of `calls` got, while the policy is replaced twice."""
    metrics = Metrics()
    hybrid = Hybrid(run, upstreams={"small": small_url}, timeout=0.4, log=log, observe=metrics.observe)
    made = Gateway(hybrid, Upstream(llm_url), metrics, bounds=Bounds(llm_seconds=0.8))

    async def replace() -> None:
        for threshold in (0.6, 0.4):
            await asyncio.sleep(0.5)
            put(run, policy(threshold))

    with serving_app(made.app()) as at:
        return asyncio.run(everybody(at, replace))


def test_none_of_two_hundred_faults_is_lost(run, llm_url, small_url):
    log = DecisionLog(run / "live", masked=False)
    found = under_faults(run, llm_url, small_url, log)
    assert len(found) == len(calls()) >= 200
    assert lost(found, run / "live") == []
    assert sum(" says " in said for said in found) > len(found) / 5, "a busy machine answers fewer in time"
    lines = [json.loads(line) for file in (run / "live").glob("decisions-*") for line in file.read_text().splitlines()]
    assert len({line["policy"] for line in lines}) >= 2, "the policy was replaced under way"
    assert Counter(line["decision"] for line in lines)["error"] > 10


def test_a_full_disk_under_the_log_costs_no_call(run, llm_url, small_url):
    (run / "live" / f"decisions-{writer.today()}.jsonl").symlink_to("/dev/full")
    log = DecisionLog(run / "live", masked=False)
    found = under_faults(run, llm_url, small_url, log)
    assert log.lost == len(found), "each lost line is counted"
    assert "No space left" in (log.problem or "")
