"""The daemon's pulse: memory, how punctual its loop is, how much of the time it was live."""

import asyncio
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from qfluxd.model import Millis

_PAGE_KB = 4
_LAG_STEP = 0.25
_LAG_KEPT = 240


def memory_mb(pids: Iterable[int | str] = ("self",)) -> float | None:
    """Resident memory in MB (a million bytes) of these processes together; None where none can be read."""
    pages = [count for pid in pids if (count := _resident_pages(pid)) is not None]
    return round(sum(pages) * _PAGE_KB * 1024 / 1e6, 1) if pages else None


def _resident_pages(pid: int | str) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return None  # gone, or another user's: systemd hides those


class LoopLag:
    """How late the event loop is: the overshoot of a short sleep, over the last minute."""

    def __init__(self) -> None:
        self._seen: deque[float] = deque(maxlen=_LAG_KEPT)

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_STEP
            await asyncio.sleep(_LAG_STEP)
            self._seen.append(max(0.0, loop.time() - due))

    def p99_ms(self) -> float:
        """The 99th percentile in milliseconds, 0 before the first measurement."""
        if not self._seen:
            return 0.0
        ordered = sorted(self._seen)
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] * 1000, 1)


class Availability:
    """What share of a recent stretch of time was good.

    The promise: time before the first word counts as not good, and a stretch longer than the daemon has
    lived is measured over its life only.
    """

    def __init__(self, began: Millis, keep: Millis = 86_400_000) -> None:
        self._began = began
        self._keep = keep
        self._spans: deque[tuple[Millis, Millis]] = deque()
        self._since: Millis | None = None

    def on_state(self, good: bool, at: Millis) -> None:
        """From `at` on it is good, or not."""
        if good and self._since is None:
            self._since = at
        elif not good and self._since is not None:
            self._spans.append((self._since, at))
            self._since = None
            while self._spans and self._spans[0][1] < at - self._keep:
                self._spans.popleft()

    def share(self, length: Millis, now: Millis) -> float | None:
        """Between 0 and 1 for the last `length`; None before any time has passed."""
        start = max(self._began, now - length)
        if now <= start:
            return None
        spans = [*self._spans, *([] if self._since is None else [(self._since, now)])]
        good = sum(max(0, min(end, now) - max(begin, start)) for begin, end in spans)
        return round(good / (now - start), 4)
