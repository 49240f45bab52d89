"""How much is logged, and whether topics tell it too."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, cast

from qfluxd.api import wire
from qfluxd.api.outbox import Outbox
from qfluxd.api.payloads import LogLevel
from qfluxd.observability import logs


class Loudness:
    """The level of the log. The promise: a change for a while ends by itself, at the level that is set by then."""

    def __init__(self, level: LogLevel, outbox: Outbox, on_change: Callable[[], None]) -> None:
        self._level = level
        self._outbox = outbox
        self._on_change = on_change
        self._back: asyncio.TimerHandle | None = None
        self._end_topic: Callable[[], None] = lambda: None

    def set(self, level: LogLevel, for_s: int | None = None) -> dict[str, Any]:
        """Change the least level that is logged, until the next change or for some seconds."""
        before = logs.level()
        self._stay()
        if for_s is None:
            self._level = level
        else:
            self._back = asyncio.get_running_loop().call_later(for_s, lambda: self._apply(self._level))
        self._apply(level)
        return {"level": level, "before": before, "for_s": for_s}

    def publish(self, level: Literal["off"] | LogLevel) -> None:
        """Tell lines of this level and above on topics too, or no more."""
        self.close()
        if level != "off":
            self._end_topic = logs.add_sink(lambda *line: self._outbox.put(wire.log(*line)), level)

    def close(self) -> None:
        """Tell no more."""
        self._end_topic()
        self._end_topic = lambda: None

    def _apply(self, level: str) -> None:
        logs.set_level(cast(LogLevel, level))
        self._on_change()

    def _stay(self) -> None:
        if self._back is not None:
            self._back.cancel()
            self._back = None
