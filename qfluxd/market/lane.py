"""One asset's own time: what each tick and each moment of silence does to its bars."""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from qfluxd.market.cascade import NEVER, Level, bar_end
from qfluxd.market.past import Past
from qfluxd.market.quality import BLIND, FILLED
from qfluxd.model import SECOND, Candle, Gap, History, Millis, Series, Tick

RECENT: Final = 256
"""Ticks remembered per asset, about two minutes: the broker's history may arrive behind live ticks."""

_RUN_TICKS: Final = 8
_RUN_FOR: Final[Millis] = 4 * SECOND
"""So many ticks in a row behind an asset's time, over so long, mean that its time was wrong. A little longer than
the broker's clock takes to step back: a clock still ahead would close the first bars too early."""

type Rung = tuple[Millis, Millis | None, bool]
"""A timeframe, the one that feeds it, and whether its candles are told."""


class Counts(msgspec.Struct, frozen=True):
    """What became of the ticks that were heard, and how often an asset fell silent.

    `ticks` counts all; of these `repeated` (already known) and `late` (their bar had closed) were not
    folded, `backward` were folded out of their order. `restarts` is how often an asset began anew at an
    earlier time, as its newest stamp had turned out to be wrong.
    """

    ticks: int = 0
    late: int = 0
    repeated: int = 0
    backward: int = 0
    gaps: int = 0
    restarts: int = 0


class Run:
    """Ticks in a row that lie behind one newest stamp and ascend among themselves."""

    __slots__ = ("behind", "count", "first", "newest")

    def __init__(self) -> None:
        self.behind = self.first = self.newest = NEVER
        self.count = 0

    def take(self, at: Millis, last: Millis) -> None:
        """Go on with a tick stamped `at`, or begin with it where it does not follow."""
        if last != self.behind or at < self.newest:
            self.behind, self.first, self.count = last, at, 1
        elif at > self.newest:
            self.count += 1
        self.newest = at

    def is_of(self, last: Millis) -> bool:
        """Whether more than a straggler lies behind `last`, and nothing came at or after it since."""
        return self.count > 1 and self.behind == last

    @property
    def is_long(self) -> bool:
        """Whether it can only be that the stamp it lies behind was wrong."""
        return self.count >= _RUN_TICKS and self.newest - self.first >= _RUN_FOR


class Lane:
    """All series of one asset, and the time up to which they are closed.

    The promise: time only moves forward, bars close in its order, and a closed bar is never touched by a
    tick; save that the asset begins anew where a long run of ticks shows its time to be wrong. Whoever
    changes `last` or the finest bar from outside sets `limit` to `NEVER`.
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
        "restarts",
        "run",
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
        self.run = Run()
        self.heard = self.late = self.repeated = self.backward = self.gaps = self.restarts = 0

    @property
    def has_begun(self) -> bool:
        """Whether a tick was ever heard or told."""
        return self.last != NEVER

    @property
    def counts(self) -> Counts:
        """The counters as they stand."""
        return Counts(self.heard, self.late, self.repeated, self.backward, self.gaps, self.restarts)

    def hear(self, tick: Tick) -> Sequence[Candle | Gap]:
        """Fold any live tick; returns what closed before it."""
        at = tick.at
        if at <= self.last or at < self.base.start:
            if self._is_wrong_by(tick):
                self._begin_anew(tick)
            else:
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

    def is_in_doubt(self, history: History) -> bool:
        """Whether the newest ticks lie behind the asset's time, and the history's too."""
        return bool(history.ticks) and self.run.is_of(self.last) and self._is_far_ahead(history.ticks[-1].at)

    def _is_far_ahead(self, at: Millis) -> bool:
        return self.last - at > self.quiet_after

    def _is_wrong_by(self, tick: Tick) -> bool:
        """Whether the asset's time is wrong by the run of ticks that this one is of; a known one proves nothing."""
        if not self._is_far_ahead(tick.at):
            self.run = Run()
        elif tick not in self.recent:
            self.run.take(tick.at, self.last)
            return self.run.is_long
        return False

    def _begin_anew(self, tick: Tick) -> None:
        """Let the tick be the first after the wrong time: the forming bars are dropped, a gap is owed."""
        first = self.run.first
        start = max((known.at for known in self.recent if known.at < first), default=first)
        self.owed.append(Gap(self.asset, start, tick.at))
        self.gaps += 1
        self.restarts += 1
        self.begin(tick.at, tick.price)
        for level in self.levels:
            level.past = Past(self.keep, [row for row in level.past.rows() if row.at < level.start])
        self.run = Run()
        self.recent.clear()
        self.deaf = False
        self.since = tick.at
        self.fold(tick)

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
