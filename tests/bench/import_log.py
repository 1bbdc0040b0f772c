"""How fast a log streams in, and in how little memory: lines a second, peak memory, against the number of lines.

    python tests/bench/import_log.py            # 100,000, 500,000 and 5,000,000 lines: some minutes
    python tests/bench/import_log.py --quick    # 20,000 and 40,000 lines

Each size is imported in a process of its own, so that its peak is its own.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

WORDS = [f"word{n}" for n in range(2000)]
IMPORT = """
import json, resource, sys, time
from migration.audit import import_log
began = time.process_time()
report = import_log(sys.argv[1], sys.argv[2], progress=lambda _: None)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps([report.calls, report.seconds, time.process_time() - began, peak]))
"""


def write_log(path: Path, lines: int) -> None:
    """Calls of a classifier: a shared system prompt, 40 words of a customer, a label; 1% fail."""
    random = Random(7)
    with gzip.open(path, "wt", compresslevel=1) as file:
        for n in range(lines):
            asked = [
                {"role": "system", "content": "You sort messages into one of 77 intents. " * 6},
                {"role": "user", "content": " ".join(random.choices(WORDS, k=40))},
            ]
            said = {
                "model": "gpt-4o-2024-08-06",
                "choices": [{"message": {"role": "assistant", "content": WORDS[n % 77]}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 100, "completion_tokens": 3},
            }
            record = {
                "id": f"chatcmpl-{n:x}",
                "created": 1_748_736_536 + n // 10,
                "request": {"model": "gpt-4o", "messages": asked, "max_tokens": 20},
                "response": said if n % 100 else {"error": {"type": "rate_limit"}},
                "latency_ms": 400 + n % 900,
                "metadata": {"conversation_id": f"conv-{n // 4:x}", "channel": "chat"},
            }
            file.write(json.dumps(record) + "\n")


def main(sizes: list[int]) -> None:
    print(f"{'lines':>10} {'seconds':>8} {'CPU s':>7} {'lines/s':>8} {'peak GiB':>9}")
    with TemporaryDirectory() as folder:
        log, out = Path(folder) / "log.jsonl.gz", Path(folder) / "calls.parquet"
        for lines in sizes:
            write_log(log, lines)
            done = subprocess.run([sys.executable, "-c", IMPORT, log, out], check=True, capture_output=True, text=True)
            calls, seconds, cpu, peak = json.loads(done.stdout)
            assert calls == lines
            print(f"{lines:>10,} {seconds:>8.1f} {cpu:>7.1f} {lines / seconds:>8,.0f} {peak:>9.2f}", flush=True)
    print(json.dumps({"lines": lines, "lines_per_s": round(lines / seconds), "peak_gib": round(peak, 2)}))


if __name__ == "__main__":
    main([20_000, 40_000] if "--quick" in sys.argv else [100_000, 500_000, 5_000_000])
