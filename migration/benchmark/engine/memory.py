"""The memory that a model takes while it answers, measured.

Covers: the process's resident memory (psutil, a look every few milliseconds) or the CUDA allocator's own high-water
mark. Out of scope: what runs meanwhile.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    import torch

EVERY = 0.01
"""Seconds between two looks: a peak that is shorter may be missed."""


class Peak:
    """`with Peak(device) as peak:` and afterwards `peak.mb`: megabytes taken at most on top of those taken before.

    On a CPU memory that was free in the process's own heap is used again unseen, so a number is a lower bound.
    """

    def __init__(self, device: torch.device):
        self.device, self.mb = device, 0.0

    def __enter__(self) -> Peak:
        if self.device.type == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats(self.device)
            self._before = torch.cuda.memory_allocated(self.device)
            return self
        self._process, self._over = psutil.Process(), threading.Event()
        self._before = self._process.memory_info().rss
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def _look(self) -> None:
        while not self._over.wait(EVERY):
            self._see(self._process.memory_info().rss)

    def _see(self, taken: int) -> None:
        self.mb = max(self.mb, (taken - self._before) / 1e6)

    def __exit__(self, *_: object) -> None:
        if self.device.type == "cuda":
            import torch

            self._see(torch.cuda.max_memory_allocated(self.device))
            return
        self._over.set()
        self._watch.join()
        self._see(self._process.memory_info().rss)
