"""Memory is measured, not estimated: what is taken and given back again is still seen."""

import time

import pytest
import torch

from migration.benchmark.engine.memory import EVERY, Peak

CPU = torch.device("cpu")


def test_a_tensor_that_is_gone_again_was_seen():
    with Peak(CPU) as peak:
        held = torch.ones(50_000_000)  # 200 MB
        time.sleep(10 * EVERY)
        del held
    assert peak.mb == pytest.approx(200, rel=0.1)


def test_what_was_taken_before_does_not_count():
    held = torch.ones(50_000_000)
    with Peak(CPU) as peak:
        time.sleep(10 * EVERY)
    assert held.nbytes == 2e8
    assert peak.mb < 50
