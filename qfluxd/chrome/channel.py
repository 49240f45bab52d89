"""Brings frames to whoever folds them: at once while it keeps up, in order and with every loss told when not."""

import asyncio
from collections import deque
from time import time_ns
from typing import Final

from qfluxd.chrome.pages import FramesLost, PageEvent, Tell
from qfluxd.model import Frame
from qfluxd.ports import SeeFrame

# Two minutes of a page a hundred times as busy as a real one; at that age frames are history, not news.
MOST_FRAMES: Final = 200_000
# As much as Chrome itself holds back for a slow reader.
MOST_BYTES: Final = 256 * 1024 * 1024
# How long a consumer may keep the loop for one read and for one batch: longer, and beats and MQTT would stutter.
_TURN_NS: Final = 5_000_000


class Channel:
    """Frames and page events on their way, in the order they were read.

    The promise: the reader never waits for the consumer. What the consumer cannot take in time is kept up to
    `MOST_FRAMES` and `MOST_BYTES`; past either the older half is dropped in one piece, so that there is one hole and
    one `FramesLost`, delivered just before the frame that follows the hole.
    """

    def __init__(
        self, see: SeeFrame, tell: Tell, *, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES
    ) -> None:
        self.lost = 0
        self.peak = 0
        self._see = see
        self._tell = tell
        self._most = (most_frames, most_bytes)
        self._queue: deque[Frame | PageEvent | asyncio.Event] = deque()
        self._frames = 0
        self._bytes = 0
        self._turn = 0
        self._filled = asyncio.Event()

    @property
    def queued(self) -> int:
        """How many frames wait."""
        return self._frames

    def put(self, frame: Frame, now_ns: int) -> None:
        """Take a frame; `now_ns` is the wall clock in nanoseconds. It is seen at once when nothing waits before it."""
        if not self._queue:
            if not self._turn:
                self._turn = now_ns
            if now_ns - self._turn < _TURN_NS:
                self._see(frame)
                return
        self._keep(frame)

    def say(self, event: PageEvent) -> None:
        """Take an event of a page; it never overtakes a frame and is never dropped."""
        if self._queue:
            self._queue.append(event)
        else:
            self._tell(event)

    def end_turn(self) -> None:
        """What was read has been handed over; the next read gets a turn of its own."""
        self._turn = 0

    async def caught_up(self) -> None:
        """Return when all that has been put in so far has been seen; `run` does the work."""
        if self._queue:
            mark = asyncio.Event()
            self._queue.append(mark)
            await mark.wait()

    async def run(self) -> None:
        """Deliver what waits, for ever, giving the loop a turn after every batch."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            await self.empty()

    async def empty(self) -> None:
        """Deliver until nothing waits."""
        while self._queue:
            self._deliver()
            await asyncio.sleep(0)

    def _deliver(self) -> None:
        until = time_ns() + _TURN_NS
        while self._queue and time_ns() < until:
            item = self._queue.popleft()
            if isinstance(item, Frame):
                self._frames -= 1
                self._bytes -= len(item.data)
                self._see(item)
            elif isinstance(item, asyncio.Event):
                item.set()
            else:
                self._tell(item)

    def _keep(self, frame: Frame) -> None:
        self._queue.append(frame)
        self._frames += 1
        self._bytes += len(frame.data)
        if self._frames > self._most[0] or self._bytes > self._most[1]:
            self._drop_older_half()
        self.peak = max(self.peak, self._frames)
        self._filled.set()

    def _drop_older_half(self) -> None:
        told: list[PageEvent | asyncio.Event] = []
        hole: FramesLost | None = None
        while self._queue and (self._frames > self._most[0] // 2 or self._bytes > self._most[1] // 2):
            item = self._queue.popleft()
            if isinstance(item, Frame):
                self._frames -= 1
                self._bytes -= len(item.data)
                self.lost += 1
                hole = _widened(hole, FramesLost(1, item.at, item.at))
            elif isinstance(item, FramesLost):
                hole = _widened(hole, item)
            else:
                told.append(item)
        if hole is not None:
            told.append(hole)
        self._queue.extendleft(reversed(told))


def _widened(hole: FramesLost | None, more: FramesLost) -> FramesLost:
    if hole is None:
        return more
    lost = None if hole.lost is None or more.lost is None else hole.lost + more.lost
    return FramesLost(lost, hole.first, more.last)
