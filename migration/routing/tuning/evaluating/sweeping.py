"""Every threshold of a cascade, exactly: share, quality and cost by one sort and cumulative sums.

A score is 0..1, a loss is the LLM's score minus what the hybrid delivers, a cost is in any one unit of money.
Out of scope: which threshold may be guaranteed (`thresholds`), models, files, tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from migration.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd


def columns(**named: object) -> list[np.ndarray]:
    """The arrays as float (n,), a single number being repeated. Raises BadInput naming the array and the index.

    A confidence or a score to sort by may be infinite; nothing else may.
    """
    arrays = {name: _as_numbers(name, values) for name, values in named.items()}
    n = max((array.size for array in arrays.values() if array.ndim), default=1)
    if n == 0:
        raise BadInput(f"{next(iter(arrays))} is empty: nothing to tune on")
    for name, array in arrays.items():
        if array.ndim > 1 or (array.ndim == 1 and array.size != n):
            raise BadInput(f"{name} has shape {array.shape}, the longest of the others has length {n}")
        for kind, test in (("NaN", np.isnan), ("infinite", np.isinf)):
            wrong = np.flatnonzero(test(np.atleast_1d(array)))
            if len(wrong) and not (kind == "infinite" and name in ("confidence", "score")):
                raise BadInput(f"{name} is {kind} at index {wrong[0]} ({len(wrong)} in all)")
    return [np.broadcast_to(array, (n,)) if array.ndim == 0 else array for array in arrays.values()]


def _as_numbers(name: str, values: object) -> np.ndarray:
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError) as error:
        raise BadInput(f"{name} holds something that is no number: {error}") from error


def descending(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Order from the highest score down, and the position of the last item of each group of ties."""
    order = np.argsort(score)[::-1]
    ordered = score[order]
    return order, np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)


def sweep(
    confidence: np.ndarray,
    slm_score: np.ndarray,
    llm_score: np.ndarray,
    slm_cost: np.ndarray | float,
    llm_cost: np.ndarray | float,
    *,
    weight: np.ndarray | float = 1.0,
) -> pd.DataFrame:
    """Every threshold of a cascade, exactly: one sort and cumulative sums, O(n log n).

    The SLM's answer is kept where confidence >= threshold. The SLM is paid always, the LLM where escalated.
    Returns one row a distinct threshold, ascending: threshold, slm_share, quality, cost (means a request).
    Raises BadInput for NaN or unequal lengths. slm_score, llm_score: 0..1 (n,); slm_cost, llm_cost: (n,) or one number,
    in any one unit; weight: the traffic that each call stands for.
    """
    import pandas as pd

    confidence, slm, llm, slm_cost, llm_cost, weight = columns(
        confidence=confidence,
        slm_score=slm_score,
        llm_score=llm_score,
        slm_cost=slm_cost,
        llm_cost=llm_cost,
        weight=weight,
    )
    order, last = descending(confidence)
    last = last[::-1]
    ends = order[last]
    total = weight.sum()

    def kept(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values[order])[last] / total

    return pd.DataFrame(
        {
            "threshold": confidence[ends],
            "slm_share": kept(weight),
            "quality": kept(weight * (slm - llm)) + (weight @ llm) / total,
            "cost": (weight @ (slm_cost + llm_cost)) / total - kept(weight * llm_cost),
        },
        copy=False,
    )
