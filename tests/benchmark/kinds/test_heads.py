"""The head's confidence is the chance of being right, whatever the labels are worth."""

import numpy as np
import pytest
from scipy import sparse

from migration.benchmark.kinds.heads import fit_head, fit_linear, scores
from migration.benchmark.kinds.views import Views


def rows(n, noise, rng):
    """Views of three groups whose labels are drawn anew in a share `noise` of rows."""
    y = rng.integers(0, 3, n)
    meaning = (np.eye(8)[y] * 2 + rng.normal(size=(n, 8))).astype(np.float32)
    words = sparse.csr_matrix((rng.random((n, 20)) < 0.1).astype(np.float32))
    return Views(meaning, words), np.where(rng.random(n) < noise, rng.integers(0, 3, n), y)


@pytest.mark.parametrize("noise", [0.0, 0.3, 1.0])
def test_confidence_is_the_share_of_right_answers(noise):
    rng = np.random.default_rng(2)
    (x, y), (fresh, truth) = rows(900, noise, rng), rows(3000, noise, rng)
    head = fit_head(x, y, np.ones((len(y), 3), bool))
    chances = head.probabilities(fresh, np.ones((len(truth), 3), bool))
    right, sure = chances.argmax(1) == truth, head.confidence(chances.max(1))
    assert sure.mean() == pytest.approx(right.mean(), abs=0.05)
    upper = sure >= np.median(sure)
    assert sure[upper].mean() == pytest.approx(right[upper].mean(), abs=0.07)


def test_a_class_that_a_row_may_not_have_has_no_chance():
    x, y = rows(300, 0, np.random.default_rng(4))
    may = np.ones((300, 3), bool)
    may[:, 2] = False
    head = fit_head(x, np.where(y == 2, -1, y), may)
    assert head.probabilities(x, may)[:, 2].max() == 0


@pytest.mark.parametrize("present", [[1], [0, 2], [0, 1, 2]])
def test_weights_stand_in_the_columns_of_their_classes(present):
    x, y = rows(300, 0, np.random.default_rng(6))
    kept = np.isin(y, present)
    found = scores(x.meaning[kept], fit_linear(x.meaning[kept], y[kept], 4, 1.0)).argmax(1)
    assert (found == y[kept]).mean() > 0.8
