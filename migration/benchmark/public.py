"""Public benchmarks: the article's head-to-head table, checked, and an own run of lm-evaluation-harness.

Covers: data/models.csv and what it claims. Out of scope: the team's own prompts, which is why it decides nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from migration.errors import BadInput
from migration.files import PROJECT
from migration.models import find, plain_folder

BASELINE, CLAIM = "GPT-3.5 Turbo", 0.10
"""The article: small models of 3 to 9B are "within 5-10% of GPT-3.5" on knowledge benchmarks."""
SCORES = ("mmlu", "hellaswag", "arc_c")


def head_to_head(path: Path = PROJECT / "data" / "models.csv") -> pd.DataFrame:
    """The article's eight models with what its claims come to.

    Columns: model, parameters_b (billions), mmlu, hellaswag, arc_c (percent), usd_m_low, usd_m_high (USD per million
    tokens), laptop, memory_gb, source and as_of (where the figures were read), report and report_date (the model's own
    report), mmlu_gap (share below GPT-3.5 Turbo; negative: above) and flag (what does not hold, "" where all does).
    The reports prompt differently (shots, chat or base model), so a gap of a few points between them means nothing.
    """
    models = pd.read_csv(path, keep_default_na=False, na_values={"memory_gb": [""]})
    base = models.loc[models["model"] == BASELINE].iloc[0]
    gaps = pd.DataFrame({test: 1 - models[test] / float(base[test]) for test in SCORES})
    models["mmlu_gap"] = gaps["mmlu"]
    far = [_flag(gap) if small == "yes" else "" for gap, small in zip(gaps.to_numpy(), models["laptop"], strict=True)]
    models["flag"] = ["; ".join(filter(None, pair)) for pair in zip(far, models.pop("doubt"), strict=True)]
    return models


def _flag(gaps: np.ndarray) -> str:
    names = dict(zip(SCORES, ("MMLU", "HellaSwag", "ARC-C"), strict=True))
    far = [f"{gap:.0%} on {names[test]}" for gap, test in zip(gaps, SCORES, strict=True) if gap > CLAIM]
    return f"not within 5-10% of {BASELINE}: below it by {', '.join(far)}" if far else ""


def lm_eval(spec: str, tasks: list[str], *, include: Path | None = None) -> pd.DataFrame:
    """Public benchmarks of a candidate on this machine, by lm-evaluation-harness (`pip install migration[lm-eval]`).

    spec: what `models.find` takes; tasks: the harness's names, such as `mmlu`, `arc_challenge`, `hellaswag`,
    whose questions it downloads from the hub, or those of YAML files in the folder `include`, which may name local
    ones. Columns: task, metric, value, stderr. Raises BadInput where the harness is not
    installed, ModelNotFound for an unknown model.
    """
    folder = plain_folder(find(spec))
    import torch

    try:
        from lm_eval import simple_evaluate
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        raise BadInput("public benchmarks need lm-evaluation-harness: pip install 'migration[lm-eval]'") from error
    found: dict[str, Any] = simple_evaluate(
        model="hf",
        model_args={"pretrained": str(folder)},
        tasks=list(tasks),
        task_manager=TaskManager(include_path=str(include) if include else None, include_defaults=include is None),
        batch_size=16,
        device="cuda" if torch.cuda.is_available() else "cpu",
    )
    rows = [
        (task, metric.removesuffix(",none"), float(value), values.get(metric.replace(",", "_stderr,", 1)))
        for task, values in found["results"].items()
        for metric, value in values.items()
        if isinstance(value, float) and "_stderr" not in metric
    ]
    return pd.DataFrame(rows, columns=["task", "metric", "value", "stderr"])
