"""One fit of `tracer-llm` on a folder of rows, run by `classifier.py` in an environment of its own.

    python tests/bench/peer_tracer.py FOLDER

FOLDER holds train.jsonl (input, teacher), train.npy, fresh.npy (embeddings) and fresh.json (labels). Last line:
{"seconds": of fitting, "kept": share of fresh rows handled, "error": share of those that differ (null: none handled)}.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import tracer

TARGET = 0.97


def main(folder: Path) -> None:
    config = tracer.FitConfig(target_teacher_agreement=TARGET, skip_candidates=("gbt",), verbose=False)
    start = time.perf_counter()
    tracer.fit(folder / "train.jsonl", folder / "artifact", np.load(folder / "train.npy"), config)
    seconds = time.perf_counter() - start
    kept = error = None
    try:
        found = tracer.load_router(folder / "artifact").predict_batch(np.load(folder / "fresh.npy"))
        handled = np.asarray(found["handled"], bool)
        truth = np.array(json.loads((folder / "fresh.json").read_text()), object)
        kept = float(handled.mean())
        if handled.any():
            error = float((np.array(found["labels"], object)[handled] != truth[handled]).mean())
    except (FileNotFoundError, ValueError) as problem:  # it deploys nothing where no candidate passes its gate
        print(f"no router: {problem}")
    print(json.dumps({"seconds": seconds, "kept": kept or 0.0, "error": error}))


main(Path(sys.argv[1]))
