"""Answers what is asked about the market: assets, candles in memory, candles on disk."""

import asyncio
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import msgspec
import polars as pl

from qfluxd.api import commands as ask
from qfluxd.api.shapes import candle_payload
from qfluxd.desk import Desk
from qfluxd.market.reading import collect
from qfluxd.market.store import Store
from qfluxd.model import SECOND, Candle, Millis, Refusal, Series, timeframe_name


class AssetAnswer(msgspec.Struct, frozen=True):
    """One asset in the answer to `assets/list`; `expiries` are names such as 1m, `price` the newest one heard."""

    asset: str
    label: str
    kind: str
    digits: int
    payout: int
    open: bool
    otc: bool
    expiries: tuple[str, ...]
    price: float | None


class MarketAnswers:
    """What the desk and the store know of the market. The promise: it only looks."""

    def __init__(self, desk: Desk, store: Store, now: Callable[[], Millis]) -> None:
        self._desk = desk
        self._store = store
        self._now = now

    def unknown_asset(self, asset: str) -> str | None:
        """A sentence about a symbol that the broker does not list; None where it does, or nobody knows yet."""
        symbols = self._desk.symbols()
        if not symbols or asset in symbols:
            return None
        plain = {symbol.lower(): symbol for symbol in symbols}
        near = get_close_matches(asset.lower(), plain, n=1)
        hint = f"; did you mean {plain[near[0]]}?" if near else "; assets/list names all"
        return f"the broker lists no {asset}{hint}"

    def least_expiry(self, asset: str | None) -> Millis:
        """The shortest trade that the broker offers on this asset; of an asset that nobody knows, on any."""
        offered = self._desk.assets()
        named = [listed.min_expiry for listed in offered if listed.symbol == asset]
        return min(named or [listed.min_expiry for listed in offered], default=SECOND)

    def unknown(self, series: Series) -> Refusal | None:
        """Why a series cannot be asked for, None where it can."""
        if series.timeframe not in self._desk.timeframes:
            folded = ", ".join(timeframe_name(length) for length in self._desk.timeframes)
            wanted = timeframe_name(series.timeframe)
            return Refusal("timeframe_unknown", f"{wanted} is not folded here; [market] timeframes has {folded}")
        sentence = self.unknown_asset(series.asset)
        return None if sentence is None else Refusal("asset_unknown", sentence)

    def candles(self, command: ask.Candles) -> Any | Refusal:
        """The newest closed candles."""
        return self.unknown(command.series) or told(self._desk.candles(command.series, command.count))

    async def history(self, command: ask.History) -> Any | Refusal:
        """Stored candles, and those in memory that the store was not given; the oldest where there are too many.

        Raises `DataError` where stored ones are damaged.
        """
        if refused := self.unknown(command.series):
            return refused
        end = self._now() + 1 if command.end is None else command.end
        found = {candle.at: candle for candle in await asyncio.to_thread(self._stored, command, end)}
        for candle in self._desk.candles(command.series, ask.MOST_CANDLES):
            if command.start <= candle.at < end:
                found.setdefault(candle.at, candle)
        ordered = [found[at] for at in sorted(found)]
        return told(ordered[: ask.MOST_CANDLES]) | {"complete": len(ordered) <= ask.MOST_CANDLES}

    def _stored(self, command: ask.History, end: Millis) -> list[Candle]:
        """The stored candles asked for, one more than an answer holds."""
        scan = self._store.scan_candles(command.series, command.start, end).head(ask.MOST_CANDLES + 1)
        wanted = scan.with_columns(pl.col("at").dt.epoch("ms"), pl.col("quality").cast(pl.String))
        rows = collect(wanted, f"stored candles of {command.series}")
        return [Candle(command.series, **row) for row in rows.iter_rows(named=True)]

    def assets(self) -> list[AssetAnswer]:
        """Every asset that the broker offers."""
        return [
            AssetAnswer(
                asset=asset.symbol,
                label=asset.label,
                kind=asset.kind,
                digits=asset.digits,
                payout=asset.payout,
                open=asset.open,
                otc=asset.otc,
                expiries=tuple(timeframe_name(expiry) for expiry in asset.expiries),
                price=self._desk.price(asset.symbol),
            )
            for asset in self._desk.assets()
        ]


def told(candles: list[Candle]) -> dict[str, Any]:
    """Candles as an answer shows them."""
    return {"candles": [candle_payload(candle) for candle in candles]}
