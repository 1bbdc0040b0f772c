"""What a month would cost with other traffic, another share of small models, another price of the GPU; and from which
traffic on a plan saves.

In the central simulation, today's mix and prices. Out of scope: what is uncertain (`projection`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from migration.costs.parts import Basis, Plan
from migration.costs.projection import central, demand, project
from migration.costs.scenarios import Gpu


def breakeven_calls(basis: Basis, stay: Plan, plan: Plan) -> float | None:
    """Calls a month (all kinds) from which a running month of `plan` saves money; None where no volume does.

    In the central simulation, today's mix and prices, without what is spent once.
    """
    today, most = float(basis.traffic.month()["calls"].sum()), 1e7
    if plan.hosting not in ("", "api"):
        peak, job = demand(basis, plan)
        most = min(most, 40 / max(peak.per_s * job.gpu_s * 1.3, 1e-12))  # up to some 40 GPUs
    times = np.geomspace(1e-3, max(most, 1.0), 400)
    many = replace(central(basis).repeated(len(times)), volume=times)
    saves = (project(basis, many, stay, months=1).running - project(basis, many, plan, months=1).running)[:, 0] > 0
    if not saves[-1]:
        return None
    return float(times[0 if saves.all() else len(saves) - int(np.argmin(saves[::-1]))] * today)


def small_share(basis: Basis, plan: Plan) -> float:
    """Share (0..1) of the calls that can move which `plan` leaves to small models."""
    return float(1 - project(basis, central(basis), plan, months=1).llm_share[0, 0])


def what_if(
    basis: Basis, stay: Plan, plan: Plan
) -> Callable[[np.ndarray, float, float], tuple[np.ndarray, np.ndarray]]:
    """A function (traffic (n,), share, gpu) to USD a running month, staying and under `plan`, each (n,).

    traffic: multiples of today's; share: of the calls that can move, what small models answer, laid on the tasks as the
    plan lays its own; gpu: a multiple of the price and the rent of what runs the small model.
    """
    planned, to_llm = small_share(basis, plan), plan.ladder.to_llm

    def bill(traffic: np.ndarray, share: float, gpu: float) -> tuple[np.ndarray, np.ndarray]:
        many = replace(central(basis).repeated(len(traffic)), volume=np.asarray(traffic, float))
        here = project(basis, many, stay, months=1).running[:, 0]
        if planned > 0:
            many = replace(many, routes=_scaled(many.routes, to_llm, share / planned))
        terms = replace(basis.terms, gpu=_priced(basis.terms.gpu, gpu), cpu=_priced(basis.terms.cpu, gpu))
        return here, project(replace(basis, terms=terms), many, plan, months=1).running[:, 0]

    return bill


def _scaled(routes: np.ndarray, to_llm: np.ndarray, times: float) -> np.ndarray:
    """`routes` (W, T, K) with what small models answer of each task `times` as much (at most all of it); the ways that
    end at the LLM (K,) share the rest as before."""
    small, llm = routes * ~to_llm, routes * to_llm
    kept, asked = small.sum(axis=2, keepdims=True), llm.sum(axis=2, keepdims=True)
    small = small * np.minimum(times, 1 / np.maximum(kept, 1e-12))
    left = 1 - small.sum(axis=2, keepdims=True)
    llm = llm * np.divide(left, asked, where=asked > 0, out=np.zeros_like(left))
    llm[:, :, :1] += np.where(asked > 0, 0.0, left)
    return small + llm


def _priced(machine: Gpu, times: float) -> Gpu:
    prices = {"price_usd": machine.price_usd * times, "rent_usd_hour": machine.rent_usd_hour * times}
    return machine.model_copy(update=prices)
