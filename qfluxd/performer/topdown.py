"""Takes the chart through a stack of timeframes, from the whole to the detail, and puts it back."""

import asyncio
from typing import Any

import msgspec
import structlog

from qfluxd.api.commands import Topdown
from qfluxd.api.payloads import CandlePayload
from qfluxd.api.shapes import candle_payload
from qfluxd.desk import Desk
from qfluxd.errors import PageError, QfluxdError
from qfluxd.model import Millis, Series, timeframe_name
from qfluxd.performer.arrivals import Arrivals
from qfluxd.performer.pictures import Pictures
from qfluxd.ports import Hands

log = structlog.get_logger()

HISTORY_WITHIN = 3.0
"""Seconds in which the broker tells the past after the chart has changed; it tells none that the page knows."""
BACK_WITHIN = 15.0
"""Seconds for putting the chart back, orders that come first included."""
MOST_TRIES = 3
"""How often one timeframe is begun anew because the chart was moved meanwhile, as an order does."""


class Floor(msgspec.Struct, frozen=True):
    """One timeframe of the stack; `screenshot` is a file below the state folder."""

    timeframe: str
    candles: tuple[CandlePayload, ...]
    screenshot: str | None


class Descent:
    """One walk down the timeframes of an asset. The promise: the chart is put back, whatever becomes of the walk."""

    def __init__(self, command: Topdown, hands: Hands, desk: Desk, arrivals: Arrivals, pictures: Pictures) -> None:
        self._command = command
        self._hands = hands
        self._desk = desk
        self._arrivals = arrivals
        self._pictures = pictures

    async def run(self) -> dict[str, Any]:
        """The data of the answer; raises as `Hands` does."""
        before = self._desk.session
        try:
            floors = [await self._floor(length) for length in self._command.lengths]
        finally:
            restored = await self._put_back(before.asset, before.timeframe)
        return {"asset": self._command.asset, "floors": floors, "restored": restored}

    async def _floor(self, length: Millis) -> Floor:
        series = Series(self._command.asset, length)
        came = self._arrivals.expect(series)
        try:
            for _ in range(MOST_TRIES):
                await self._show(series)
                await self._wait_for_past(series, came)
                file = await self._picture()
                if self._is_on(series):
                    return self._told(series, file)
        finally:
            self._arrivals.forget(series)
        raise PageError("control_stuck", f"the chart does not stay on {series}; something else moves it")

    async def _show(self, series: Series) -> None:
        await self._hands.select_asset(series.asset)
        await self._hands.select_timeframe(series.timeframe)

    async def _wait_for_past(self, series: Series, came: asyncio.Event) -> None:
        if len(self._desk.candles(series, self._command.count)) >= self._command.count:
            return
        try:
            async with asyncio.timeout(HISTORY_WITHIN):
                await came.wait()
        except TimeoutError:
            log.debug("no past for a timeframe", series=str(series))  # the page had asked for it before

    async def _picture(self) -> str | None:
        if not self._command.screenshots:
            return None
        return (await self._pictures.take(self._hands, "chart", publish=False)).file

    def _is_on(self, series: Series) -> bool:
        session = self._desk.session
        return (session.asset, session.timeframe) == (series.asset, series.timeframe)

    def _told(self, series: Series, file: str | None) -> Floor:
        candles = self._desk.candles(series, self._command.count)
        return Floor(timeframe_name(series.timeframe), tuple(candle_payload(candle) for candle in candles), file)

    async def _put_back(self, asset: str | None, timeframe: Millis | None) -> bool:
        """Whether the chart is on what it was on before; what fails here is told and hides nothing."""
        try:
            async with asyncio.timeout(BACK_WITHIN):
                if asset is not None:
                    await self._hands.select_asset(asset)
                if timeframe is not None:
                    await self._hands.select_timeframe(timeframe)
        except (QfluxdError, TimeoutError) as problem:
            log.warning("chart not put back", asset=asset, reason=str(problem))
            return False
        return asset is not None
