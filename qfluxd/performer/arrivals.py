"""Tells when the broker has filled in the past of a series."""

import asyncio

from qfluxd.model import Candle, Fact, Series


class Arrivals:
    """A sink that wakes those who wait for past candles. The promise: one that comes after `expect` is not missed."""

    def __init__(self) -> None:
        self._expected: dict[Series, asyncio.Event] = {}

    def on_fact(self, fact: Fact) -> None:
        """Take note of a candle that somebody waits for."""
        if self._expected and type(fact) is Candle and fact.quality == "backfilled":
            event = self._expected.get(fact.series)
            if event is not None:
                event.set()

    def expect(self, series: Series) -> asyncio.Event:
        """An event that is set when past candles of this series come in."""
        return self._expected.setdefault(series, asyncio.Event())

    def forget(self, series: Series) -> None:
        """Nobody waits for it any more."""
        self._expected.pop(series, None)
