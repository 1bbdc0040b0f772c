"""Every benchmark still runs in its quick form and ends with the JSON line that DESIGN promises."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent / "bench"
KEYS = {
    "structure": {"now"},
    "classifier": {"kept", "tracer_kept", "broken", "tracer_broken", "answers_per_s"},
    "agreement": {"false_pass", "true_pass"},
    "audit": {"speedup", "memory_ratio"},
    "scale": {"lines_per_s", "peak_gib", "linear"},
    "finetune_gpu": {"device", "rows"},
    "sweep": {"seconds_1e6", "speedup"},
    "gateway": {"added_ms_c1", "throughput_ratio"},
    "route": {"decisions_per_s", "p50_ms"},
    "routing_quality": {"mmlu_apgr", "mmlu_apgr_no_subject", "gsm8k_apgr", "violations", "kept"},
    "guarantee": {"worst_violation", "delta", "kept_share_of_best"},
    "coverage": {
        "worst_low",
        "worst_high",
        "false_move_now",
        "decided",
        "quiet_shifted",
        "ppi_coverage",
        "ppi_narrower",
    },
    "monitor": {"false_alarms", "delay_8", "delay_10", "delay_15"},
    "labelling": {"width_50_chosen", "width_50_random"},
    "loop": {"share_loop", "share_fixed", "loss_loop", "loss_fixed"},
    "retunings": {"broken", "broken_naive", "delta", "runs"},
    "projection_coverage": {"trials", "coverage", "lowest", "as_nominal"},
}
NEEDS_SHARED = {"classifier", "routing_quality"}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_benchmark_ends_with_its_json_line(name, request):
    if name in NEEDS_SHARED:
        request.getfixturevalue("shared")
    done = subprocess.run(
        [sys.executable, BENCH / f"{name}.py", "--quick"], capture_output=True, text=True, check=False, timeout=400
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert KEYS[name] <= set(json.loads(done.stdout.strip().splitlines()[-1]))
