"""Bets that may be open at the same time: each is made with the money that is free when it is made.

The bettor of `qfluxd.evidence.betting` puts a fraction of his wealth on every trade. Where trades overlap, part of that
wealth is still out when the next one opens, so he bets the fraction of what he has left, and an open bet counts as lost
until it comes back. What he has at hand is then never more than what his bets are worth, and that is a non-negative
supermartingale where no trade had an edge when it was opened: Ville's bound (1939) holds for it, whatever the outcomes
that are known tell him to do next. The mean of trades that overlap would not do: who goes on while he loses and pauses
when he has won makes that mean positive with a fair coin.
"""

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import add, attrgetter, mul, sub
from typing import Final, NamedTuple

import msgspec

from qfluxd.evidence.betting import FRACTIONS, Wealth, mean_log, mirrored
from qfluxd.model import Millis

type _Row = tuple[float, ...]
"""A number for each fraction, first of those who bet on an edge, then of those who bet on a loss."""

HIGHEST: Final = 100
"""A payout, in percent, above which none is known to be: what choices that differ are reckoned with."""
_COUNT: Final = len(FRACTIONS)
_ZEROS: Final[_Row] = (0.0,) * (2 * _COUNT)
_ONES: Final[_Row] = (1.0,) * (2 * _COUNT)
_LEAST: Final = 1e-100
"""Who has less than this of what is out does not bet: floats end not far below."""
_REMEMBERED: Final = 256
"""Moments to which one can go back; what comes later still is rare, and then all is bet on again."""
_NEVER: Final = math.inf


class Bet(msgspec.Struct, frozen=True):
    """What one bet came to: opened `at`, known from `until` on.

    A unit of stake came to `result`, between -1 and `most`, the best that it could have come to, known before.
    """

    at: Millis
    until: Millis
    result: float
    most: float = 1.0


class Bets:
    """Bets of one kind, with the evidence that on average they gain, and that they lose.

    The promise: however they come in, the evidence is that of the order in which they were opened and known. Those of
    one moment share one bet. If none of them had an edge when it was opened, given all that was known then, the first
    wealth ever reaches 1 / alpha with a probability of at most alpha; if none had a loss, so does the second. Bets that
    do not overlap give exactly what `Wealth.after` gives one by one.
    """

    def __init__(self, bets: Iterable[Bet] = ()) -> None:
        self._known = sorted(bets, key=_opened)
        self._stops: deque[_Stop] = deque(maxlen=_REMEMBERED)
        self._now = _FRESH
        self._go_on()

    def __len__(self) -> int:
        return len(self._known)

    def add(self, bet: Bet) -> None:
        """One more has come out.

        Raises:
            ValueError: a result that is not between -1 and the most that it could be.
        """
        terms(bet.result, bet.most)
        if self._known and bet.at > self._known[-1].at:
            purse = self._now.settled(bet.at)
            self._stops.append(_Stop(len(self._known), purse))
            self._known.append(bet)
            self._now = purse.placed([bet])
        else:
            self._add_late(bet)

    @property
    def evidence(self) -> tuple[Wealth, Wealth]:
        """That there is an edge, and that there is a loss."""
        return self.as_of(_NEVER)

    def as_of(self, now: float) -> tuple[Wealth, Wealth]:
        """The same as it stood at a moment: what was still out counts as lost. All that began before must be here."""
        purse = self._now.settled(now)
        logs = tuple(map(add, purse.logs, map(math.log, purse.free)))
        return Wealth(False, logs[:_COUNT], purse.peaks[0]), Wealth(True, logs[_COUNT:], purse.peaks[1])

    def _add_late(self, bet: Bet) -> None:
        """One that was not opened after all others: all is bet on again from the last stop that is still right."""
        place = bisect_right(self._known, bet.at, key=_opened)
        self._known.insert(place, bet)
        while self._stops and self._stops[-1].first >= place:
            self._stops.pop()
        self._go_on()

    def _go_on(self) -> None:
        first, purse = self._stops.pop() if self._stops else _Stop(0, _FRESH)
        for together in _moments(self._known, first):
            purse = purse.settled(together[0].at)
            self._stops.append(_Stop(first, purse))
            purse = purse.placed(together)
            first += len(together)
        self._now = purse


def difference(one: float, other: float, most: float) -> float:
    """How much better one choice came out than another at one chance: (one - other) / (1 + most), from -1 to 1.

    Both are what a unit of stake came to, 0 where nothing was staked. As the result of a `Bet` it is evidence for one
    of two strategies that need not trade alike (a bounded mean tested by betting: Waudby-Smith and Ramdas 2024). `most`
    is the largest payout that there can be, as a fraction, known before either trades. What is paid at that chance
    would not do: whether the second one trades, and with that the scale, may hang on how the first one came out.
    """
    return (one - other) / (1 + most)


@lru_cache(maxsize=4096)
def terms(result: float, most: float) -> tuple[_Row, _Row]:
    """Of a wealth of 1, what each fraction puts on a bet, and what of that comes back.

    Who bets on a loss loses up to `most` for each unit, so that much is put aside, and never more than there is.

    Raises:
        ValueError: the result is not between -1 and `most`.
    """
    if not -1 <= result <= most:
        raise ValueError(f"a unit of stake cannot come to {result} where the most it can come to is {most}")
    against = mirrored(most)
    held = (*FRACTIONS, *(fraction * most for fraction in against))
    back = (*(fraction * (1 + result) for fraction in FRACTIONS), *(f * (most - result) for f in against))
    return held, back


# ------------------------------------------------------------------------------------------------------- the purse


class _Due(msgspec.Struct, frozen=True):
    """What comes back at a moment."""

    until: Millis
    back: _Row


class _Purse(msgspec.Struct, frozen=True):
    """What is at hand and what is out, in units of exp(logs); `peaks` are the logarithms of the most at hand ever."""

    logs: _Row = _ZEROS
    free: _Row = _ONES
    out: tuple[_Due, ...] = ()
    peaks: tuple[float, float] = (0.0, 0.0)

    def placed(self, bets: list[Bet]) -> "_Purse":
        """After these were opened in one moment: they share one bet."""
        purse = self if min(self.free) > _LEAST and max(self.free) < 1 / _LEAST else self._rebased()
        stake, out, kept = purse.free, list(purse.out), purse.free
        if min(stake) <= _LEAST or len(bets) > 1:
            stake = tuple(free / len(bets) if free > _LEAST else 0.0 for free in stake)
        for bet in bets:
            held, back = terms(bet.result, bet.most)
            out.append(_Due(max(bet.until, bet.at + 1), tuple(map(mul, stake, back))))
            kept = tuple(map(sub, kept, map(mul, stake, held)))
        return _Purse(purse.logs, kept, tuple(sorted(out, key=_due)), purse.peaks)

    def settled(self, now: float) -> "_Purse":
        """After all that is due by now has come back."""
        purse = self
        while purse.out and purse.out[0].until <= now:
            purse = purse._next()
        return purse

    def _next(self) -> "_Purse":
        count = bisect_right(self.out, self.out[0].until, key=_due)
        free = self.free
        for due in self.out[:count]:
            free = tuple(map(add, free, due.back))
        logs = tuple(map(add, self.logs, map(math.log, free)))
        peaks = (max(self.peaks[0], mean_log(logs[:_COUNT])), max(self.peaks[1], mean_log(logs[_COUNT:])))
        rest = self.out[count:]
        return _Purse(self.logs, free, rest, peaks) if rest else _Purse(logs, _ONES, (), peaks)

    def _rebased(self) -> "_Purse":
        """The same in another unit, so that no number leaves the range of a float."""
        unit = tuple(map(max, self.free, *(due.back for due in self.out)))
        each = tuple(1 / size for size in unit)
        out = tuple(_Due(due.until, tuple(map(mul, due.back, each))) for due in self.out)
        logs = tuple(map(add, self.logs, map(math.log, unit)))
        return _Purse(logs, tuple(map(mul, self.free, each)), out, self.peaks)


class _Stop(NamedTuple):
    """The purse before the bets of one moment, and the place of the first of them."""

    first: int
    purse: _Purse


_FRESH: Final = _Purse()


def _moments(bets: list[Bet], first: int) -> Iterator[list[Bet]]:
    for _, together in groupby(bets[first:], key=_opened):
        yield list(together)


_opened = attrgetter("at")
_due = attrgetter("until")
