"""Torch takes the cores that are free, and gives back what it had."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from migration.models import threads
from migration.models.threads import fitting, free_cores


@given(st.integers(1, 64), st.floats(0, 1))
def test_one_thread_at_least_and_none_more_than_cores_are_free(most, busy):
    found = fitting(most, busy)
    assert 1 <= found <= most
    assert found == 1 or found <= most * (1 - busy) + 0.5
    assert (fitting(most, 0.0), fitting(most, 1.0)) == (most, 1)


@pytest.mark.parametrize(("busy", "expected"), [(0.0, 2), (50.0, 1), (100.0, 1)])
def test_the_threads_are_as_before_afterwards(monkeypatch, busy, expected):
    monkeypatch.setattr(threads.psutil, "cpu_percent", lambda interval: busy)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with free_cores() as found:
            assert found == torch.get_num_threads() == expected
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
