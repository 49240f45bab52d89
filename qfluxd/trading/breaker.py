"""Stops trying what keeps failing, and tries again after a while."""

from collections.abc import Callable
from typing import Literal

type BreakerState = Literal["closed", "open", "half-open"]


class Breaker:
    """Counts failures in a row of one thing.

    The promise: after `fails` of them nothing is allowed for `cooldown` seconds; then tries are allowed, and the first
    that ends decides: a failure shuts the way again, a success clears it.
    """

    def __init__(self, fails: int, cooldown: float, now: Callable[[], float]) -> None:
        """`now` is a clock in seconds that never goes back."""
        self._fails = fails
        self._cooldown = cooldown
        self._now = now
        self._failures = 0
        self._opened: float | None = None

    @property
    def state(self) -> BreakerState:
        """``closed`` lets everything through, ``open`` nothing, ``half-open`` a try."""
        if self._opened is None:
            return "closed"
        return "open" if self.wait > 0 else "half-open"

    @property
    def wait(self) -> float:
        """Seconds until a try is allowed; 0 where it is."""
        if self._opened is None:
            return 0.0
        return max(0.0, self._opened + self._cooldown - self._now())

    def failed(self) -> bool:
        """Take note of a failure; true where the breaker opens by it for the first time since it was closed."""
        self._failures += 1
        first = self._opened is None
        if self._failures < self._fails:
            return False
        self._opened = self._now()
        return first

    def succeeded(self) -> bool:
        """Take note of a success; true where the breaker closes by it."""
        was_open = self._opened is not None
        self._failures, self._opened = 0, None
        return was_open
