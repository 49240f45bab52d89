"""The practice broker's clock: two hours ahead of UTC, as fast as asked for."""

import time

from qfluxd.model import Millis

AHEAD: Millis = 7_200_000
"""The broker's stamps are UTC plus this, written as if they were UTC."""


class MarketClock:
    """The market's time in ms; it starts where it is told and runs `speed` times as fast as the wall clock."""

    def __init__(self, start: Millis | None = None, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"a speed of {speed} would not move; give a number above 0")
        self._origin = _wall()
        self.start = self._origin + AHEAD if start is None else start
        self.speed = speed

    def now(self) -> Millis:
        """The moment on the broker's clock."""
        return int(self.start + (_wall() - self._origin) * self.speed)

    def seconds_until(self, at: Millis) -> float:
        """How long to wait, in seconds of the wall clock; 0 for what has passed."""
        return max(0.0, (at - self.now()) / self.speed / 1000)


def _wall() -> Millis:
    return time.time_ns() // 1_000_000
