"""The evidence of very many trades at once: the values of `qfluxd.evidence.Bets` whenever a trade has ended."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.evidence import FRACTIONS, Wealth
from qfluxd.evidence.betting import mirrored
from qfluxd.strategy import Floats

type Times = NDArray[np.int64]
type Places = NDArray[np.intp]

_OFTEN: Final = 256
"""So many moments of betting pass before numbers are brought back to a size that floats can hold."""
_NOTHING: Final = 1e-300
"""Stands for a wealth that is lost: its logarithm is still a number."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What somebody sees who looks whenever a trade has ended, at `at` (ms UTC).

    `edge` and `loss` are the logarithms of the two wealths at those moments, open bets counted as lost; `final` are the
    wealths at the end. The promise: they are those of `qfluxd.evidence.Bets`, within rounding.
    """

    at: Times
    edge: Floats
    loss: Floats
    final: tuple[Wealth, Wealth]


def looks(at: Times, until: Times, result: Floats, most: Floats) -> Looks:
    """The evidence of trades that were opened `at` and ended `until` (ms UTC), in any order.

    A unit of stake came to `result`, and could at most have come to `most` (both fractions). Trades that overlap no
    other are taken all at once; only the others are walked through one by one.

    Raises:
        ValueError: a result that is not between -1 and the most that it could be.
    """
    if not ((result >= -1) & (result <= most)).all():
        raise ValueError("a unit of stake cannot come to less than -1, or to more than the most it can come to")
    order = np.argsort(at, kind="stable")
    bets = _Columns(at[order], np.maximum(until, at + 1)[order], result[order], most[order])
    alone = bets.alone()
    easy, tangled = _together(bets.only(alone)), _walked(bets.only(~alone))
    times = np.concatenate([easy[0], tangled[0]])
    steps = np.concatenate([easy[1], tangled[1]], axis=1)
    by_time = np.argsort(times, kind="stable")
    edge, gain = _mean(steps[: len(FRACTIONS)], by_time)
    loss, fall = _mean(steps[len(FRACTIONS) :], by_time)
    peaks = (max(0.0, float(edge.max(initial=0.0))), max(0.0, float(loss.max(initial=0.0))))
    return Looks(times[by_time], edge, loss, (Wealth(False, gain, peaks[0]), Wealth(True, fall, peaks[1])))


@dataclass(frozen=True, slots=True)
class _Columns:
    """Bets in the order in which they were opened."""

    at: Times
    until: Times
    result: Floats
    most: Floats

    def only(self, rows: NDArray[np.bool_]) -> "_Columns":
        return _Columns(self.at[rows], self.until[rows], self.result[rows], self.most[rows])

    def alone(self) -> NDArray[np.bool_]:
        """Which of them overlap none that was opened or ends at another moment."""
        if not self.at.size:
            return np.zeros(0, bool)
        over = np.maximum.accumulate(self.until)
        chain = np.cumsum(np.concatenate([[True], self.at[1:] >= over[:-1]])) - 1
        first = np.concatenate([[0], np.flatnonzero(np.diff(chain)) + 1])
        starts_once = np.maximum.reduceat(self.at, first) == self.at[first]
        ends_once = np.minimum.reduceat(self.until, first) == np.maximum.reduceat(self.until, first)
        return np.asarray((starts_once & ends_once)[chain])

    def first(self) -> Places:
        """The place of the first bet of each moment."""
        return np.flatnonzero(np.concatenate([[True], np.diff(self.at) > 0])[: self.at.size])

    def gains(self) -> Floats:
        """What a wealth of 1 gains by each bet: a row for each fraction."""
        return np.concatenate([np.multiply.outer(FRACTIONS, self.result), -self._against() * self.result])

    def held(self) -> Floats:
        """What is put aside for each bet, as `qfluxd.evidence.bets.terms` tells it: a row for each fraction."""
        plain = np.broadcast_to(np.array(FRACTIONS)[:, None], (len(FRACTIONS), self.at.size))
        return np.concatenate([plain, self._against() * self.most])

    def _against(self) -> Floats:
        kinds, which = np.unique(self.most, return_inverse=True)
        return np.array([mirrored(float(most)) for most in kinds]).reshape(-1, len(FRACTIONS)).T[:, which]


def _together(bets: _Columns) -> tuple[Times, Floats]:
    """When bets that overlap no others ended, and by how much the logarithms grew then: a row for each fraction."""
    first = bets.first()
    if not first.size:
        return bets.until, np.zeros((2 * len(FRACTIONS), 0))
    gains = bets.gains()
    if first.size < bets.at.size:
        gains = np.add.reduceat(gains, first, axis=1) / np.diff(np.append(first, bets.at.size))
    return bets.until[first], np.log1p(gains, out=gains)


def _walked(bets: _Columns) -> tuple[Times, Floats]:
    """The same for bets that overlap: they are opened and come back one after the other."""
    walk = _Walk(bets)
    return walk.ends, np.diff(walk.logs(), axis=0, prepend=0.0).T


class _Walk:
    """What is at hand, in units of exp(base), while bets are opened and come back."""

    def __init__(self, bets: _Columns) -> None:
        first = bets.first()
        count = np.diff(np.append(first, bets.at.size))
        moment = np.repeat(np.arange(first.size), count)
        held = bets.held() / count[moment]
        back = held + bets.gains() / count[moment]
        closing = np.argsort(bets.until, kind="stable")
        self.ends, ended = np.unique(bets.until[closing], return_index=True)
        self._due = np.searchsorted(self.ends, bets.at[first], side="right").tolist()
        self._kept = (1 - np.add.reduceat(held, first, axis=1)).T.copy() if first.size else held.T
        self._back = back.T[closing]
        self._moment = moment[closing].tolist()
        self._ended = [*ended.tolist(), closing.size]
        self._oldest = np.minimum.accumulate(moment[closing][::-1])[::-1]
        self._base = np.zeros(2 * len(FRACTIONS))
        self._free = np.ones(2 * len(FRACTIONS))
        self._stakes = np.zeros_like(self._kept)
        self._seen = np.zeros((self.ends.size, 2 * len(FRACTIONS)))

    def logs(self) -> Floats:
        """The logarithms of what is at hand whenever one has ended: a row for each such moment."""
        done = 0
        for start in range(0, len(self._due), _OFTEN):
            stop = min(start + _OFTEN, len(self._due))
            told = done
            for moment in range(start, stop):
                done = self._come_back(done, self._due[moment])
                self._stakes[moment] = self._free
                self._free *= self._kept[moment]
            self._note(told, done)
            self._rebase(done, stop)
        told, done = done, self._come_back(done, self.ends.size)
        self._note(told, done)
        return self._seen

    def _come_back(self, done: int, due: int) -> int:
        for end in range(done, due):
            for row in range(self._ended[end], self._ended[end + 1]):
                self._free += self._back[row] * self._stakes[self._moment[row]]
            self._seen[end] = self._free
        return due

    def _note(self, told: int, done: int) -> None:
        self._seen[told:done] = self._base + np.log(np.maximum(self._seen[told:done], _NOTHING))

    def _rebase(self, done: int, stop: int) -> None:
        if done == self.ends.size:
            return
        out = slice(self._oldest[self._ended[done]], stop)
        unit = np.maximum(np.maximum(self._free, self._stakes[out].max(axis=0)), _NOTHING)
        self._base += np.log(unit)
        self._free /= unit
        self._stakes[out] /= unit


def _mean(steps: Floats, by_time: Places) -> tuple[Floats, tuple[float, ...]]:
    """The logarithm of the mean of the fractions' wealths at each time, and each fraction's at the end."""
    mean, ends = np.full(by_time.size, -np.inf), []
    for step in steps:
        grown = np.cumsum(step[by_time])
        np.logaddexp(mean, grown, out=mean)
        ends.append(float(grown[-1]) if grown.size else 0.0)
    return mean - np.log(len(steps)), tuple(ends)
