"""Recorded market data as our own values, and candles made by somebody else to compare with."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import polars as pl

from qfluxd.model import HOUR, SECOND, Bar, Candle, Gap, History, Millis, Series, Tick
from tests.support.fixtures import fixture

SERVER: Millis = 2 * HOUR
"""The server's lead over UTC in every recording."""
CAPTURES = ("detailed_websocket_data_20250831_224741", "detailed_websocket_data_20250903_003350")

type Ohlc = tuple[Millis, float, float, float, float]


def candle_at(series: Series, candles: Iterable[Candle]) -> list[Ohlc]:
    """Opening time and prices of a series' candles, as a tuple each."""
    return [(c.at, c.open, c.high, c.low, c.close) for c in candles if c.series == series]


def only_candles(news: Iterable[Candle | Gap]) -> list[Candle]:
    """Without the gaps."""
    return [fact for fact in news if isinstance(fact, Candle)]


def polars_candles(ticks: Sequence[Tick], timeframe: Millis, origin: Millis = SERVER) -> list[tuple[float, ...]]:
    """(at, open, high, low, close, ticks) of one asset's ordered ticks, by polars' own `group_by_dynamic`."""
    frame = pl.DataFrame(
        {"at": [tick.at for tick in ticks], "price": [tick.price for tick in ticks]},
        schema={"at": pl.Int64, "price": pl.Float64},
    ).with_columns((pl.col("at") + origin).cast(pl.Datetime("ms")))
    price = pl.col("price")
    made = frame.group_by_dynamic("at", every=f"{timeframe}ms").agg(
        price.first().alias("o"), price.max().alias("h"), price.min().alias("l"), price.last().alias("c"), pl.len()
    )
    return made.with_columns(pl.col("at").cast(pl.Int64) - origin).rows()


class Capture:
    """What one recorded page load said about the market."""

    def __init__(self, name: str) -> None:
        self.live_before: list[Tick] = []
        self.live_after: list[Tick] = []
        for line in _lines(f"frames/{name}.events.jsonl"):
            row = json.loads(line)
            match row["event"]:
                case "updateHistoryNewFast":
                    self.history = _history(row["payload"])
                case "loadHistoryPeriodFast":
                    self.page = _page(row["payload"])
                case "updateStream":
                    heard = self.live_after if hasattr(self, "history") else self.live_before
                    heard += (Tick(asset, _utc(at), price) for asset, at, price in row["payload"])


def clean_ticks(name: str, day: datetime) -> list[Tick]:
    """A tick file of whole-second server times on a day: the Z in it is a lie, its header comes twice."""
    ticks = []
    for stamp, asset, price in csv.reader(_lines(f"ticks/{name}")):
        if stamp != "timestamp":
            clock = datetime.strptime(stamp, "%H:%M:%SZ").replace(tzinfo=UTC)
            at = datetime.combine(day, clock.time(), UTC).timestamp()
            ticks.append(Tick(asset, _utc(at), float(price)))
    return ticks


def dirty_ticks() -> list[Tick]:
    """The file with 15,988 stamps of zero distance and 248 steps back."""
    rows = csv.DictReader(_lines("ticks/EURUSD_otc_live_20250719.csv"))
    return [Tick("EURUSD_otc", _utc(float(row["time"])), float(row["price"])) for row in rows]


def captured_ticks() -> tuple[list[Tick], int]:
    """A recorder's ticks that matched by shape, and how many of its rows were sentiment (a number, no price)."""
    rows = json.loads("".join(_lines("ticks/gbpusd_ticks_capture.json")))["ticks"]
    ticks = [Tick("GBPUSD_otc", _utc(at), price) for at, price in rows if price is not None]
    return ticks, len(rows) - len(ticks)


def recorded_candles(path: str) -> list[Ohlc]:
    """A recorder's candle file (columns timestamp, open, close, high, low) as (at, open, high, low, close)."""
    found = []
    for stamp, o, c, h, low in csv.reader(_lines(path)):
        if stamp != "timestamp":
            at = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC).timestamp()
            found.append((_utc(at), float(o), float(h), float(low), float(c)))
    return found


def server_candles(path: str, timeframe: Millis) -> list[Bar]:
    """The rows of such a file that are the server's and finished: up to the first off-grid one, less the last."""
    bars: list[Bar] = []
    for row in recorded_candles(path):
        if (row[0] + SERVER) % timeframe or (bars and row[0] - bars[-1].at != timeframe):
            break
        bars.append(Bar(*row))
    return bars[:-1]


def walk(asset: str, start: Millis, count: int, step: Millis = 500) -> Iterator[Tick]:
    """Ticks at an even step with prices that go up and down."""
    for number in range(count):
        yield Tick(asset, start + number * step, 1 + (number * 37 % 101) / 1000)


def _lines(name: str) -> list[str]:
    return fixture(name).read_text().splitlines()


def _utc(seconds: float) -> Millis:
    return round(seconds * SECOND) - SERVER


def _history(payload: dict) -> History:  # type: ignore[type-arg]
    asset = payload["asset"]
    bars = tuple(Bar(_utc(t), o, h, low, c) for t, o, c, h, low in reversed(payload["candles"]))
    ticks = tuple(Tick(asset, _utc(at), price) for at, price in payload["history"])
    return History(Series(asset, payload["period"] * SECOND), bars, ticks)


def _page(payload: dict) -> History:  # type: ignore[type-arg]
    rows = payload["data"]
    bars = tuple(Bar(_utc(r["time"]), r["open"], r["high"], r["low"], r["close"]) for r in rows)
    return History(Series(payload["asset"], payload["period"] * SECOND), bars, ())
