"""Does what is asked: each command's answer, from the desk and whoever keeps the rest."""

import asyncio
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

import msgspec
import polars as pl

from qfluxd.api import commands as ask
from qfluxd.api.payloads import HealthPayload, StatusPayload
from qfluxd.api.wire import account_payload, candle_payload, session_payload
from qfluxd.desk import Desk
from qfluxd.market.capture import capture_name
from qfluxd.market.reading import collect
from qfluxd.market.recorder import Recorder, Recording
from qfluxd.market.store import Store
from qfluxd.model import Candle, Millis, Refusal, Series, timeframe_name


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


class Host(Protocol):
    """What only the daemon as a whole can do."""

    def status(self) -> StatusPayload:
        """As the retained topic says."""

    def health(self) -> HealthPayload:
        """Measured now."""

    def set_log_level(self, level: str, for_s: int | None) -> dict[str, Any]:
        """Change the least level that is logged."""

    def reload(self) -> dict[str, Any]:
        """Read the configuration again. Raises `ConfigError`, and then nothing has changed."""


class Performer:
    """Answers commands. The promise: a command that cannot be done is refused with a code and a sentence."""

    def __init__(
        self, desk: Desk, store: Store, recorder: Recorder, captures: Path, host: Host, now: Callable[[], Millis]
    ) -> None:
        self._desk = desk
        self._store = store
        self._recorder = recorder
        self._captures = captures
        self._host = host
        self._now = now

    async def perform(self, command: ask.Command) -> Any | Refusal:
        """The data of the answer, or why there is none."""
        match command:
            case ask.Ping():
                return {"pong": True}
            case ask.Status():
                return {
                    "status": self._host.status(),
                    "session": session_payload(self._desk.session),
                    "account": None if (account := self._desk.account) is None else account_payload(account),
                    "recording": self._recorder.status,
                }
            case ask.Health():
                return self._host.health()
            case ask.AssetsList():
                return {"assets": self._assets()}
            case ask.Candles():
                return self._known(command.series) or _told(self._desk.candles(command.series, command.count))
            case ask.History():
                return self._known(command.series) or await self._history(command)
            case ask.RecordStart():
                return self._record(command.label)
            case ask.RecordStop():
                return self._recorder.stop() or Refusal("not_recording", "nothing is being recorded")
            case ask.SetLogLevel():
                return self._host.set_log_level(command.level, command.for_s)
            case ask.Reload():
                return self._host.reload()
            case _:
                raise AssertionError(f"{command.name} has no one to do it")

    def _known(self, series: Series) -> Refusal | None:
        """Why a series cannot be asked for, None where it can."""
        if series.timeframe not in self._desk.timeframes:
            folded = ", ".join(timeframe_name(length) for length in self._desk.timeframes)
            wanted = timeframe_name(series.timeframe)
            return Refusal("unknown_timeframe", f"{wanted} is not folded here; [market] timeframes has {folded}")
        symbols = self._desk.symbols()
        if symbols and series.asset not in symbols:
            plain = {symbol.lower(): symbol for symbol in symbols}
            near = get_close_matches(series.asset.lower(), plain, n=1)
            hint = f"; did you mean {plain[near[0]]}?" if near else "; assets/list names all"
            return Refusal("unknown_asset", f"the broker lists no {series.asset}{hint}")
        return None

    async def _history(self, command: ask.History) -> dict[str, Any]:
        """Stored candles, and those in memory that the store was not given; the oldest where there are too many."""
        end = self._now() + 1 if command.end is None else command.end
        found = {candle.at: candle for candle in await asyncio.to_thread(self._stored, command, end)}
        for candle in self._desk.candles(command.series, ask.MOST_CANDLES):
            if command.start <= candle.at < end:
                found.setdefault(candle.at, candle)
        ordered = [found[at] for at in sorted(found)]
        return _told(ordered[: ask.MOST_CANDLES]) | {"complete": len(ordered) <= ask.MOST_CANDLES}

    def _stored(self, command: ask.History, end: Millis) -> list[Candle]:
        """The stored candles asked for, one more than an answer holds. Raises `DataError` where they are damaged."""
        scan = self._store.scan_candles(command.series, command.start, end).head(ask.MOST_CANDLES + 1)
        wanted = scan.with_columns(pl.col("at").dt.epoch("ms"), pl.col("quality").cast(pl.String))
        rows = collect(wanted, f"stored candles of {command.series}")
        return [Candle(command.series, **row) for row in rows.iter_rows(named=True)]

    def _record(self, label: str | None) -> Recording:
        """Begin a capture under the usual name, or that of the owner; raises `DataError` where that cannot be."""
        now = self._now()
        name = capture_name(now) if label is None else f"{label}.jsonl"
        return self._recorder.start(self._captures / name, now)

    def _assets(self) -> list[AssetAnswer]:
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


def _told(candles: list[Candle]) -> dict[str, Any]:
    return {"candles": [candle_payload(candle) for candle in candles]}
