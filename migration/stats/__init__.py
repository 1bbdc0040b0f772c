"""Intervals and tests, each as a value that carries its n: none can be shown without it.

Rates, differences, corrections for many tests and sample sizes; all valid with weights, with strata that were sampled
apart, and with conversations whose calls resemble each other.
Out of scope: what was measured, and why.
"""

from migration.stats.design import Sampled
from migration.stats.differences import Difference, mcnemar, paired_bootstrap, paired_difference
from migration.stats.multiplicity import (
    calls_at_best,
    calls_for_width,
    calls_to_decide,
    effective_trials,
    holm,
    simultaneous,
)
from migration.stats.powered import Powered, powered_difference, powered_rate
from migration.stats.rates import (
    Rate,
    agreement_rate,
    constant_rate,
    kappa,
    weighted_rate,
    wilson,
    wilson_bounds,
)

__all__ = [
    "Difference",
    "Powered",
    "Rate",
    "Sampled",
    "agreement_rate",
    "calls_at_best",
    "calls_for_width",
    "calls_to_decide",
    "constant_rate",
    "effective_trials",
    "holm",
    "kappa",
    "mcnemar",
    "paired_bootstrap",
    "paired_difference",
    "powered_difference",
    "powered_rate",
    "simultaneous",
    "weighted_rate",
    "wilson",
    "wilson_bounds",
]
