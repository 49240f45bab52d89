"""Prices out of a file of recorded ticks, streamed again with the stamps they had."""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import numpy as np
import structlog

from qfluxd.errors import DataError
from qfluxd.model import DAY, SECOND, Millis
from qfluxd.practice.assets import Listing, known_listings
from qfluxd.practice.bars import Bars, Ticks, as_bars, fold

_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)Z?")
_DATE = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)")
_SYMBOL = re.compile(r"#?[A-Za-z0-9]+(?:-[A-Z]+)?(?:_otc(?![a-z]))?")

log = structlog.get_logger()


class Row(NamedTuple):
    """One tick of a file: symbol, stamp in ms of the broker's clock, price."""

    symbol: str
    at: Millis
    price: float


class TickFile:
    """Prices of one file. History is the file's own past; the stream is its rows in their own order."""

    def __init__(self, rows: Iterable[Row], skipped: int = 0) -> None:
        self.skipped = skipped
        self._rows: dict[str, list[Row]] = {}
        for row in rows:
            self._rows.setdefault(row.symbol, []).append(row)
        if not self._rows:
            raise DataError("not one tick could be read from the file; it needs timestamp,asset,price or time,price")
        self._sorted = {symbol: _ascending(part) for symbol, part in self._rows.items()}
        self.first: Millis = min(int(ticks.at[0]) for ticks in self._sorted.values())

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The file's symbols as assets; what is not in the practice broker's table is listed as it is found."""
        known = {listing.symbol: listing for listing in known_listings()}
        return tuple(
            _listing(number, symbol, rows, known.get(symbol))
            for number, (symbol, rows) in enumerate(self._rows.items(), start=1)
        )

    def ticks(self, symbol: str, after: Millis, until: Millis) -> Ticks:
        """The ticks later than `after`, up to and including `until`, sorted and without repeated stamps."""
        return self._sorted[symbol].between(after, until)

    def bars(self, symbol: str, period: Millis, until: Millis, count: int) -> Bars:
        """The newest `count` bars made of the ticks before `until`."""
        return fold(as_bars(self.ticks(symbol, -1, until - 1)), period).last(count)

    def upcoming(self, symbol: str, after: Millis) -> Iterator[tuple[Millis, float]]:
        """The rows that follow the first one stamped later than `after`, as the file has them."""
        rows = self._rows[symbol]
        start = next((number for number, row in enumerate(rows) if row.at > after), len(rows))
        return ((row.at, row.price) for row in rows[start:])


def read_ticks(path: Path) -> TickFile:
    """Read ``timestamp,asset,price``, ``time,price`` or ``{"ticks": [[time, price], …]}``; bad rows are counted.

    Raises:
        DataError: the file cannot be read, or holds no tick.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a file of ticks ({error})") from error
    raw = list(_json_rows(text, path) if text.lstrip().startswith("{") else _csv_rows(text, path))
    rows = [row for row in raw if row is not None]
    ticks = TickFile(_spread(_from_midnight(rows, path)), skipped=len(raw) - len(rows))
    log.info("tick file read", file=path.name, ticks=len(rows), skipped=ticks.skipped, symbols=len(ticks.listings))
    return ticks


def _json_rows(text: str, path: Path) -> Iterator[Row | None]:
    try:
        pairs = list(json.loads(text)["ticks"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f'{path}: is not {{"ticks": [[time, price], …]}}') from error
    symbol = _symbol_in(path)
    for pair in pairs:
        yield _row(symbol, *pair) if isinstance(pair, list) and len(pair) == 2 else None


def _csv_rows(text: str, path: Path) -> Iterator[Row | None]:
    symbol = _symbol_in(path)
    for fields in csv.reader(text.splitlines()):
        match fields:
            case ["timestamp" | "time", *_] | []:
                continue
            case [stamp, asset, price]:
                yield _row(asset, stamp, price)
            case [stamp, price]:
                yield _row(symbol, stamp, price)
            case _:
                yield None


def _row(symbol: str, stamp: object, price: object) -> Row | None:
    try:
        at = _millis(str(stamp))
        value = float(str(price))
    except ValueError:
        return None
    return Row(symbol, at, value) if symbol and at >= 0 and math.isfinite(value) and value > 0 else None


def _millis(stamp: str) -> Millis:
    if clock := _CLOCK.fullmatch(stamp):
        hours, minutes, seconds = map(int, clock.groups())
        return ((hours * 60 + minutes) * 60 + seconds) * SECOND
    seconds_since_1970 = float(stamp)
    if not math.isfinite(seconds_since_1970):
        raise ValueError(stamp)
    return round(seconds_since_1970 * 1000)


def _from_midnight(rows: list[Row], path: Path) -> Iterator[Row]:
    """Give stamps that are only a time of day the date in the file's name, and a new one after midnight."""
    day = _day_in(path)
    before: dict[str, Millis] = {}
    turned: dict[str, int] = {}
    for row in rows:
        if row.at >= DAY:
            yield row
            continue
        if before.get(row.symbol, 0) - row.at > DAY // 2:
            turned[row.symbol] = turned.get(row.symbol, 0) + 1
        before[row.symbol] = row.at
        yield row._replace(at=row.at + (day + turned.get(row.symbol, 0)) * DAY)


def _spread(rows: Iterable[Row]) -> Iterator[Row]:
    """Ticks that share a whole second are spread over it, in their order."""
    waiting: dict[str, list[Row]] = {}
    for row in rows:
        waiting.setdefault(row.symbol, []).append(row)
    for part in waiting.values():
        for at, same in groupby(part, key=lambda row: row.at):
            group = list(same)
            step = SECOND / len(group) if at % SECOND == 0 else 0
            yield from (row._replace(at=at + int(number * step)) for number, row in enumerate(group))


def _ascending(rows: list[Row]) -> Ticks:
    at, first = np.unique(np.array([row.at for row in rows], dtype=np.int64), return_index=True)
    return Ticks(at, np.array([row.price for row in rows])[first])


def _listing(number: int, symbol: str, rows: list[Row], known: Listing | None) -> Listing:
    if known is not None:
        return Listing(number, symbol, known.label, known.kind, known.digits, known.price)
    digits = max(len(f"{row.price:.10f}".rstrip("0").partition(".")[2]) for row in rows[:1000])
    bare = symbol.removesuffix("_otc")
    label = f"{bare[:3]}/{bare[3:]}" if re.fullmatch("[A-Z]{6}", bare) else bare
    return Listing(number, symbol, label + " OTC" * symbol.endswith("_otc"), "currency", digits, rows[0].price)


def _symbol_in(path: Path) -> str:
    """The symbol a file is named after: `EURUSD_otc_live.csv`, `gbpusd_ticks.json`."""
    found = _SYMBOL.match(path.stem)
    name = found[0] if found else path.stem
    known = {listing.symbol.upper(): listing.symbol for listing in known_listings()}
    return known.get(name.upper(), name)


def _day_in(path: Path) -> int:
    """Days since 1970 of the date in the file's name, else of the file."""
    if found := _DATE.search(path.stem):
        year, month, day = map(int, found.groups())
        try:
            return int(datetime(year, month, day, tzinfo=UTC).timestamp()) * SECOND // DAY
        except ValueError:
            pass
    return int(path.stat().st_mtime) * SECOND // DAY
