"""Everything heard is kept: ticks, candles, gaps, payouts, the crowd; by asset and day, in files any tool reads."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import chain
from math import inf
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl
import structlog

from qfluxd.market.layout import LAST_MILLIS, Day, Kind, Shelf, day_of, folder_name
from qfluxd.market.offers import Offers
from qfluxd.market.parts import QUALITY_CODE, Part
from qfluxd.market.reading import scan
from qfluxd.market.tidy import Chore, delete_old, merge_where_due, sweep_leftovers
from qfluxd.market.writer import Writer
from qfluxd.model import Alert, Candle, Fact, Gap, Millis, Quote, Series, Tick
from qfluxd.settings import StoreSettings

type Stream = Literal["ticks", "candles", "both"]
type _Key = tuple[Kind, str, Millis, Day]

FLUSH_EVERY = 5.0
"""Seconds between two flushes: with the time a flush takes, a kill loses less than ten seconds."""

_MOST_WAITING = 500_000
"""Rows kept while the disk refuses them: a quarter of an hour of 50 busy assets, at most 25 MB."""

_TIDY_EVERY = 60.0
_TIDY_FOR = 1.0
_IDLE_FOR = 600.0

log = structlog.get_logger()


class StoreStatus(msgspec.Struct, frozen=True):
    """How storing goes. `waiting` rows are not on disk yet; `lost` ones never will be."""

    waiting: int
    written: int
    lost: int
    files: int
    bytes: int
    problem: str | None


class Store:
    """Takes facts at once and brings them to disk a few seconds later.

    The promise: of what it took, a kill loses at most ten seconds and damages nothing; a disk that refuses
    is told of once, tried again at each flush, and costs nothing until half a million rows wait.
    """

    def __init__(
        self,
        folder: Path,
        settings: StoreSettings,
        stream: Stream = "both",
        *,
        report: Callable[[Alert], None] = lambda alert: None,
        captures: Path | None = None,
        flush_every: float = FLUSH_EVERY,
    ) -> None:
        """`report` hears of trouble, on the thread of `run`; `captures` is the folder whose old captures go too."""
        self._keep_days = settings.keep_days
        self._choose(stream)
        self._off = not (settings.parquet or settings.csv)
        self._report = report
        self._captures = captures
        self._flush_every = flush_every
        self._writer = Writer(folder, parquet=settings.parquet, csv=settings.csv)
        self._writing = threading.Lock()  # a cancelled `run` may leave a write behind that `close` has to wait for
        self._offers = Offers()
        self._open: dict[_Key, Part] = {}
        self._full: list[Part] = []
        self._taken = 0
        self._lost = 0
        self._told: str | None = None
        self._chores = self._plan_chores(sweep_leftovers(folder, self._refused))
        self._tidied: tuple[Day, int] | None = None
        self._tidy_at = 0.0
        self._stuck: str | None = None
        self._untidy: str | None = None
        self._aside: deque[Path] = deque()

    def reconfigure(self, settings: StoreSettings, stream: Stream) -> None:
        """Take over what can change while running: what is stored, and for how many days it is kept."""
        self._keep_days = settings.keep_days
        self._choose(stream)

    def _choose(self, stream: Stream) -> None:
        self._ticks = stream in ("ticks", "both")
        self._candles = stream in ("candles", "both")

    # ------------------------------------------------------------------------------------------- hearing

    def on_fact(self, fact: Fact) -> None:
        """Take a tick, a candle, a gap, or what is new in a quote; whatever else is passed over."""
        if self._off:
            return
        if type(fact) is Tick:
            if self._ticks:
                self._take("ticks", fact.asset, 0, fact.at, fact.price)
        elif type(fact) is Candle:
            if self._candles:
                quality = QUALITY_CODE[fact.quality]
                row = (fact.at, fact.open, fact.high, fact.low, fact.close, fact.ticks, quality)
                self._take("candles", fact.series.asset, fact.series.timeframe, *row)
        elif type(fact) is Gap:
            self._take("gaps", fact.asset, 0, fact.start, fact.end)
        elif type(fact) is Quote:
            for kind, at, values in self._offers.on_quote(fact):
                self._take(kind, fact.asset, 0, at, *values)

    def _take(self, kind: Kind, asset: str, timeframe: Millis, at: Millis, *rest: float) -> None:
        key = (kind, asset, timeframe, day_of(at))
        part = self._open.get(key)
        if part is None:
            part = self._begin(key, at)
        if part is None or self._taken - self._writer.rows >= _MOST_WAITING:
            self._lost += 1
            return
        part.add(at, *rest)
        self._taken += 1
        if part.is_full():
            self._full.append(self._open.pop(key))

    def _begin(self, key: _Key, at: Millis) -> Part | None:
        kind, asset, timeframe, day = key
        try:
            folder_name(asset)
        except ValueError:
            return None
        if not 0 <= at <= LAST_MILLIS:
            return None
        part = self._open[key] = Part(Shelf(kind, asset, timeframe), day)
        return part

    # ------------------------------------------------------------------------------------------- storing

    async def run(self) -> None:
        """Flush every few seconds, and tidy up in between, until cancelled; then call `close`."""
        while True:
            await asyncio.sleep(self._flush_every)
            self._close_idle(self._flush_every)
            await asyncio.to_thread(self._write, self._unwritten())
            self._after_write()
            await asyncio.to_thread(self._tidy)
            self._tell()

    def flush(self) -> None:
        """Write all that waits, now, on this thread."""
        self._write(self._unwritten())
        self._after_write()
        self._tell()

    def close(self) -> None:
        """Write all that waits and let go of the folder."""
        self.flush()
        self._writer.close()

    def status(self) -> StoreStatus:
        """How storing goes."""
        writer = self._writer
        return StoreStatus(
            self._taken - writer.rows, writer.rows, self._lost, writer.files, writer.bytes, self._problem()
        )

    def _problem(self) -> str | None:
        return self._writer.problem or self._untidy

    def _unwritten(self) -> list[Part]:
        return [part for part in self._parts() if not self._writer.has(part)]

    def _parts(self) -> list[Part]:
        """All parts in memory, oldest first; other threads may ask while rows arrive.

        The open ones are copied first, each list in one step: a part that is closed meanwhile is in both.
        """
        growing = list(self._open.values())
        return list(dict.fromkeys([*self._full, *growing]))

    def _write(self, parts: list[Part]) -> None:
        with self._writing:
            self._writer.write(parts)

    def _after_write(self) -> None:
        self._full = [part for part in self._full if not self._writer.has(part)]

    def _close_idle(self, elapsed: float) -> None:
        """Parts of another day than today that nothing is added to any more need not grow."""
        today = _today()
        for key, part in list(self._open.items()):
            part.idle += 1
            if part.day != today and part.idle * elapsed >= _IDLE_FOR:
                self._full.append(self._open.pop(key))

    def _tell(self) -> None:
        """Say once that the disk refuses, once that it takes again, and each file set aside."""
        problem = self._problem()
        if (problem is None) != (self._told is None):
            self._told = problem
            if problem is not None:
                self._alert("store_failing", f"{problem}; {self.status().waiting} rows wait in memory")
            else:
                self._alert("store_recovered", f"stored files are written again; {self._lost} rows were lost")
        while self._aside:
            self._alert("store_damaged", f"{self._aside.popleft()} could not be read and was set aside")

    def _alert(self, code: str, detail: str) -> None:
        log.warning(code, detail=detail)
        self._report(Alert(code, detail, _now()))

    # -------------------------------------------------------------------------------------------- tidying

    def _tidy(self) -> None:
        """Go on with the chores for a moment; begin them anew every minute."""
        until = time.monotonic() + _TIDY_FOR
        with self._writing:
            if self._writer.problem is not None:
                return
            for chore in self._chores:
                self._do(chore)
                if time.monotonic() > until:
                    return
        if until > self._tidy_at:
            self._tidy_at = until + _TIDY_EVERY
            self._chores = self._plan_chores()
            self._untidy, self._stuck = self._stuck, None

    def _do(self, chore: Chore) -> None:
        """One chore; what the disk refuses is left for the next round, and the others go on."""
        try:
            self._aside.extend(chore() or ())
        except OSError as error:
            self._refused(error)

    def _refused(self, error: OSError) -> None:
        self._stuck = self._stuck or str(error)

    def _plan_chores(self, *first: Iterator[Chore]) -> Iterator[Chore]:
        yield from chain(*first)
        today, root = _today(), self._writer.root
        yield from merge_where_due(root, today, self._first_open, self._refused)
        wanted = today, self._keep_days  # read once: another number of days asks for another look
        if self._tidied != wanted:
            yield from delete_old(root, self._captures, *wanted, self._refused)
            if self._stuck is None:
                self._tidied = wanted

    def _first_open(self, shelf: Shelf, day: Day) -> float:
        growing = self._open.get((shelf.kind, shelf.asset, shelf.timeframe, day))  # before the full ones: see _parts
        mine = [growing] if growing is not None else []
        mine += [part for part in list(self._full) if part.shelf == shelf and part.day == day]
        return min((part.number for part in mine if part.number is not None), default=inf)

    # -------------------------------------------------------------------------------------------- reading

    def scan_ticks(self, asset: str, start: Millis, end: Millis) -> pl.LazyFrame:
        """The ticks of [start, end), ascending: at, price. Holds what has not been written yet too.

        This and the other scans may be called on any thread; they read today's files at once.
        """
        return self._scan(Shelf("ticks", asset), start, end)

    def scan_candles(self, series: Series, start: Millis, end: Millis) -> pl.LazyFrame:
        """The candles that open in [start, end), ascending, one per `at`; the best known of each."""
        return self._scan(Shelf("candles", series.asset, series.timeframe), start, end)

    def scan_gaps(self, asset: str, start: Millis, end: Millis) -> pl.LazyFrame:
        """The stretches that were not heard and begin in [start, end): start, end."""
        return self._scan(Shelf("gaps", asset), start, end)

    def _scan(self, shelf: Shelf, start: Millis, end: Millis) -> pl.LazyFrame:
        return scan(self._writer.root, shelf, start, end, self._parts)


def _now() -> Millis:
    return time.time_ns() // 1_000_000


def _today() -> Day:
    return day_of(_now())
