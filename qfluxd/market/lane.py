"""One asset's own time: what each tick and each moment of silence does to its bars."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from qfluxd.market.cascade import NEVER, Level, bar_end
from qfluxd.market.past import Past
from qfluxd.market.quality import BLIND, FILLED
from qfluxd.model import Candle, Gap, Millis, Series, Tick

RECENT: Final = 256
"""Ticks remembered per asset, about two minutes: the broker's history may arrive behind live ticks."""

type Rung = tuple[Millis, Millis | None, bool]
"""A timeframe, the one that feeds it, and whether its candles are told."""


class Counts(msgspec.Struct, frozen=True):
    """What became of the ticks that were heard, and how often an asset fell silent.

    `ticks` counts all; of these `repeated` (already known) and `late` (their bar had closed) were not
    folded, `backward` were folded out of their order.
    """

    ticks: int = 0
    late: int = 0
    repeated: int = 0
    backward: int = 0
    gaps: int = 0


class Lane:
    """All series of one asset, and the time up to which they are closed.

    The promise: time only moves forward, bars close in its order, and a closed bar is never touched by a
    tick. Whoever changes `last` or the finest bar from outside sets `limit` to `NEVER`.
    """

    __slots__ = (
        "asset",
        "backward",
        "base",
        "deaf",
        "first",
        "gaps",
        "heard",
        "is_chain",
        "keep",
        "last",
        "late",
        "levels",
        "limit",
        "owed",
        "quiet_after",
        "recent",
        "repeated",
        "since",
    )

    def __init__(self, asset: str, rungs: Sequence[Rung], origin: Millis, quiet_after: Millis, keep: int) -> None:
        self.asset = asset
        self.quiet_after = quiet_after
        self.keep = keep
        self.levels = _levels(asset, rungs, origin, keep)
        self.base = self.levels[0]
        self.is_chain = all(len(level.feeds) <= 1 for level in self.levels)
        self.recent: deque[Tick] = deque(maxlen=RECENT)
        self.first = NEVER  # stamp of the finest bar's first tick
        self.last = NEVER  # newest stamp
        self.since = NEVER  # from here to `last` every tick is known
        self.limit = NEVER  # ticks after `last` and before this need nothing but folding
        self.deaf = False  # the feed was lost and nothing was heard since
        self.owed: list[Gap] = []  # not told yet
        self.heard = self.late = self.repeated = self.backward = self.gaps = 0

    @property
    def has_begun(self) -> bool:
        """Whether a tick was ever heard or told."""
        return self.last != NEVER

    @property
    def counts(self) -> Counts:
        """The counters as they stand."""
        return Counts(self.heard, self.late, self.repeated, self.backward, self.gaps)

    def hear(self, tick: Tick) -> Sequence[Candle | Gap]:
        """Fold any live tick; returns what closed before it."""
        at = tick.at
        if at <= self.last or at < self.base.start:
            self._hear_again(tick)
            return self.take_owed()
        closed: list[Candle] = []
        if at - self.last > self.quiet_after or self.deaf:
            self.wake(tick, closed)
        elif at >= self.base.end:
            self.pass_time(at, 0, closed)
        self.fold(tick)
        return [*self.take_owed(), *closed] if self.owed else closed

    def begin(self, at: Millis, price: float) -> None:
        """Let the bars that hold `at` be the first."""
        for level in self.levels:
            level.begin(at, price)

    def wake(self, tick: Tick, out: list[Candle]) -> None:
        """A tick after time that nobody heard: bars begin, or go on half known, and a gap is owed."""
        if self.has_begun:
            self.owed.append(Gap(self.asset, self.last, tick.at))
            self.gaps += 1
            self.pass_time(tick.at, BLIND, out)
        else:
            self.begin(tick.at, tick.price)
        self.deaf = False
        self.since = tick.at

    def take_owed(self) -> list[Candle | Gap]:
        """The gaps that nobody was told of yet."""
        owed: list[Candle | Gap] = [*self.owed]
        self.owed.clear()
        return owed

    def pass_time(self, to: Millis, traits: int, out: list[Candle]) -> None:
        """Close every bar that ends by `to`. `traits` tell of the time passed: 0, or `BLIND`."""
        base = self.base
        if traits:
            for level in self.levels:
                level.traits |= traits
        if base.end > to:
            return
        is_ordered = self.is_chain and base.end + base.timeframe > to
        base.shut(to, traits, out)
        if not is_ordered:
            out.sort(key=bar_end)

    def fold(self, tick: Tick, told: int = 0) -> None:
        """Put a tick, not older than the newest, into the finest bar; `told` is `TOLD` for history."""
        base, price = self.base, tick.price
        if base.traits & FILLED:
            if price > base.high:
                base.high = price
            elif price < base.low:
                base.low = price
            base.close = price
            base.ticks += 1
        else:
            base.open = base.high = base.low = base.close = price
            base.ticks = 1
            self.first = tick.at
        base.traits |= FILLED | told
        self.last = tick.at
        self.limit = base.end
        self.recent.append(tick)

    def fold_backward(self, tick: Tick) -> None:
        """Put a tick that is older than the newest, but not than the finest bar, into it."""
        base, price = self.base, tick.price
        base.high = max(base.high, price)
        base.low = min(base.low, price)
        base.ticks += 1
        if tick.at < self.first:
            self.first, base.open = tick.at, price
        self.recent.append(tick)

    def _hear_again(self, tick: Tick) -> None:
        """A tick behind its time: known already, too late, or merely out of its order."""
        base, at, price = self.base, tick.at, tick.price
        if at == self.last and price == base.close:
            self.repeated += 1
        elif at < base.start:
            self.late += 1
            self.last = max(self.last, at)
        elif at == self.last:
            self.fold(tick)
        elif tick in self.recent:
            self.repeated += 1
        else:
            self.backward += 1
            self.fold_backward(tick)


def _levels(asset: str, rungs: Sequence[Rung], origin: Millis, keep: int) -> tuple[Level, ...]:
    levels: dict[Millis, Level] = {}
    for timeframe, feeder, shown in rungs:
        source = None if feeder is None else levels[feeder]
        level = Level(Series(asset, timeframe), origin, source, Past(keep), shown=shown)
        if source is not None:
            source.feeds += (level,)
        levels[timeframe] = level
    return tuple(levels.values())
