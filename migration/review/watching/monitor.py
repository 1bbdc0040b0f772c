"""A watch over a mean loss that may be looked at whenever one likes: testing by betting, conversation by conversation.

What it does: raises an alarm when the mean loss is over its limit, soon after it went there, and with a bounded chance
of ever raising one otherwise. Out of scope: where losses come from, and what is done on an alarm.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from migration.errors import BadInput

WINDOW = 256
"""Conversations, newest first, to which calls may still be added; what bounds memory and work."""
PATIENCE = 100
"""Conversations over which the prior of the change point is about even; past it, it falls like 1 / (k log^2 k)."""
MOST_STAKED = 0.9
"""The largest part of the wealth that one conversation can cost."""
LEARNED = 50
"""Conversations that only teach how large conversations are, where calls come with conversations or weights."""


class Monitor:
    """Evidence against "the mean loss is at most `limit`", and an alarm with a bounded rate of false ones.

    A gambler bets on each conversation's losses being over the limit: a conversation multiplies the wealth by
    1 + bet * sum(weight * (loss - limit)), which no quiet traffic makes grow on average. The wealth is a mixture over
    when the change came (a sum over start times with a prior, as in Shiryaev and Roberts' procedure) and over sizes of
    bets. By Ville's inequality it ever reaches 1 / false_alarm with chance `false_alarm` at most, over the whole
    stream, however often one looks (Timans et al. 2025, arXiv 2506.16416; e-detectors: Shin, Ramdas, Rinaldo 2022).

    limit, false_alarm: fractions in (0, 1). evidence: the wealth now, 1 at the start. alarm: whether it ever reached
    1 / false_alarm; it stays. conversations, calls: how many were observed. Raises BadInput for limits outside (0, 1).

    Notes: quiet means that whatever came before, a new conversation's weighted losses are on average at most the limit.
    Losses within a conversation may depend on each other in any way. A conversation may go on in a later `observe` as
    long as at most WINDOW others began since; then its id counts as a new one. Who looks while conversations are open
    takes their calls so far for the whole: where first calls lose more than later ones, whole conversations must be
    observed. Bets are scaled to the largest conversation so far; one that is larger still is weighed down, so that it
    cannot cost more than MOST_STAKED. So sizes that nobody has seen yet are taken not to exist: where one conversation
    in more than LEARNED makes up for the losses of all others, these are taken to lose too much.
    """

    def __init__(self, limit: float, false_alarm: float = 0.05):
        for name, value in (("limit", limit), ("false_alarm", false_alarm)):
            if not 0 < value < 1:
                raise BadInput(f"{name} must lie between 0 and 1, not {value}")
        self.limit, self.false_alarm = float(limit), float(false_alarm)
        self.alarm, self.evidence, self.calls, self.conversations = False, 1.0, 0, 0
        sizes = 2.0 ** np.arange(-2, max(0.0, math.log2(MOST_STAKED / limit)) + 1e-9)
        self._bets = sizes[sizes <= MOST_STAKED / limit]
        self._settled = np.full(len(self._bets), -np.inf)  # log wealth of changes that came before the window
        self._begun = np.empty((0, len(self._bets)))  # the same after each conversation of the window
        self._before, self._largest = 0, 0.0  # how many they are; the largest weight among them
        self._sized = False  # whether calls came with conversations or weights
        self._number: dict[Hashable, int] = {}  # conversation id -> how many began before it
        self._excess, self._weight, self._scale = np.empty(0), np.empty(0), np.empty(0)  # of those in the window

    def observe(
        self,
        losses: Sequence[float] | np.ndarray,
        cluster: Sequence[Hashable] | np.ndarray | None = None,
        weight: Sequence[float] | np.ndarray | float | None = None,
    ) -> bool:
        """Take in calls in the order they came; returns `alarm`.

        losses: (n,) in 0..1. cluster: (n,) conversation ids, None where a call stands alone. weight: (n,) or one
        number, calls of the traffic that a call speaks for (1 / its chance of being observed). Raises BadInput.
        """
        weight_given = weight is not None
        losses, weight = _checked(losses, weight)
        if cluster is not None and len(cluster) != len(losses):
            raise BadInput(f"cluster has length {len(cluster)}, losses has length {len(losses)}")
        self._sized |= cluster is not None or weight_given
        if len(losses):
            place = self._places([None] * len(losses) if cluster is None else list(cluster))
            self._add(place, weight, weight * (losses - self.limit))
            self._judge(int(place.min()))
            self.calls += len(losses)
        return self.alarm

    def _places(self, cluster: list[Hashable]) -> np.ndarray:
        """Where in the window each call's conversation stands; new ones are opened at its end."""
        number = np.empty(len(cluster), int)
        for i, key in enumerate(cluster):
            known = None if key is None else self._number.get(key)
            if known is None:
                known, self.conversations = self.conversations, self.conversations + 1
                if key is not None:
                    self._number[key] = known
            number[i] = known
        return number - self._before

    def _add(self, place: np.ndarray, weight: np.ndarray, excess: np.ndarray) -> None:
        old, now = len(self._weight), self.conversations - self._before
        self._weight = np.append(self._weight, np.zeros(now - old))
        self._excess = np.append(self._excess, np.zeros(now - old))
        np.add.at(self._weight, place, weight)
        np.add.at(self._excess, place, excess)
        scale = np.maximum.accumulate(np.append(self._largest, self._weight))[:-1]
        learned = LEARNED if self._sized else 0
        scale[: max(0, learned - self._before)] = np.inf  # no bet yet
        self._scale = np.append(self._scale, scale[old:])
        if not self._before and not learned:
            self._scale[0] = self._weight[0]  # nothing came before the first one: its own size has to do

    def _judge(self, first: int) -> None:
        """The wealth after each conversation of the window from `first` on, and the alarm; the oldest then leave."""
        weight, scale = self._weight[first:, None], self._scale[first:, None]
        bet = np.minimum(self._bets / scale, MOST_STAKED / (self.limit * weight))
        gained = np.cumsum(np.log1p(bet * self._excess[first:, None]), axis=0)
        since = self._before + first + np.arange(len(gained))
        not_begun = _not_begun(since + 1)
        starts = np.log(_not_begun(since) - not_begun)[:, None] - np.vstack([np.zeros_like(gained[:1]), gained[:-1]])
        past = self._begun[first - 1] if first else self._settled
        begun = np.logaddexp.accumulate(np.vstack([past, starts]), axis=0)[1:] + gained
        wealth = not_begun + np.exp(np.minimum(begun, 700)).mean(axis=1)
        self.evidence = float(wealth[-1])
        self.alarm = self.alarm or bool(wealth.max() >= 1 / self.false_alarm)
        self._begun = np.vstack([self._begun[:first], begun])
        if (leaving := len(self._weight) - WINDOW) > 0:
            self._leave(leaving)

    def _leave(self, leaving: int) -> None:
        self._largest = max(self._largest, float(self._weight[:leaving].max()))
        self._settled = self._begun[leaving - 1]
        self._before += leaving
        self._excess, self._weight, self._scale = (a[leaving:] for a in (self._excess, self._weight, self._scale))
        self._begun = self._begun[leaving:]
        while self._number and self._number[oldest := next(iter(self._number))] < self._before:
            del self._number[oldest]


def _not_begun(conversations: np.ndarray) -> np.ndarray:
    """Prior chance that the change comes after so many conversations."""
    return math.log(PATIENCE) / np.log(PATIENCE + conversations)


def _checked(losses: object, weight: object) -> tuple[np.ndarray, np.ndarray]:
    try:
        losses = np.asarray(losses, float).reshape(-1)
        weight = np.broadcast_to(np.asarray(1.0 if weight is None else weight, float), losses.shape)
    except (TypeError, ValueError) as error:
        raise BadInput(f"losses and weight must be numbers, one weight a loss: {error}") from error
    wrong = np.flatnonzero(~((losses >= 0) & (losses <= 1)))
    if len(wrong):
        raise BadInput(f"losses is {losses[wrong[0]]} at index {wrong[0]}; losses lie within 0..1")
    wrong = np.flatnonzero(~((weight > 0) & np.isfinite(weight)))
    if len(wrong):
        raise BadInput(f"weight is {weight[wrong[0]]} at index {wrong[0]}; weights are positive and finite")
    return losses, weight
