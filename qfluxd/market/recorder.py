"""Recording on request: frames go to a capture from `start` to `stop`."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from qfluxd.errors import DataError
from qfluxd.market.capture import CaptureWriter
from qfluxd.model import Alert, Frame, Millis

FLUSH_EVERY = 0.5
"""Seconds between two flushes of a capture: a kill loses less than a second."""

log = structlog.get_logger()


class Recording(msgspec.Struct, frozen=True):
    """A capture that is being, or was, written. `lost` frames found no room while the disk refused."""

    path: str
    since: Millis
    frames: int
    bytes: int
    lost: int


class Recorder:
    """Sees every frame, and writes them down while it is asked to.

    The promise: seeing a frame never waits for the disk; a kill loses less than a second of frames.
    """

    def __init__(self, report: Callable[[Alert], None] = lambda alert: None) -> None:
        """`report` hears when the disk refuses and when it takes again."""
        self._report = report
        self._writer: CaptureWriter | None = None
        self._since: Millis = 0
        self._problem: str | None = None
        self._told: str | None = None

    def see(self, frame: Frame) -> None:
        """Take one frame that is clean of secrets."""
        if self._writer is not None:
            self._writer.see(frame)

    @property
    def status(self) -> Recording | None:
        """The recording that is going on, if one is."""
        return None if self._writer is None else self._described(self._writer)

    def start(self, path: Path, now: Millis) -> Recording:
        """Begin a capture. Raises `DataError` where one is going on, or the file cannot be begun."""
        if self._writer is not None:
            raise DataError(f"a recording to {self._writer.path} is going on; stop it first")
        self._writer = CaptureWriter(path)
        self._since = now
        self._problem = self._told = None
        return self._described(self._writer)

    def stop(self) -> Recording | None:
        """End the capture and say what it holds, None where none was going on.

        Raises `DataError` where the last of it could not be written; it has ended then too.
        """
        if self._writer is None:
            return None
        writer = self._writer
        try:
            writer.close()
            return self._described(writer)
        except OSError as error:
            raise DataError(f"{writer.path}: its end could not be written ({error.strerror})") from error
        finally:
            self._writer = None

    async def run(self) -> None:
        """Flush twice a second, until cancelled; then call `stop`."""
        while True:
            await asyncio.sleep(FLUSH_EVERY)
            if (writer := self._writer) is not None:
                await asyncio.to_thread(self._flush, writer)
                self._tell(writer)

    def _described(self, writer: CaptureWriter) -> Recording:
        return Recording(str(writer.path), self._since, writer.frames, writer.bytes, writer.lost)

    def _flush(self, writer: CaptureWriter) -> None:
        try:
            writer.flush()
            self._problem = None
        except OSError as error:
            self._problem = str(error)

    def _tell(self, writer: CaptureWriter) -> None:
        """Say once that the disk refuses, and once that it takes again."""
        if (self._problem is None) == (self._told is None):
            return
        self._told = self._problem
        if self._problem is not None:
            self._alert("record_failing", f"{writer.path}: {self._problem}; frames wait in memory")
        else:
            self._alert("record_recovered", f"{writer.path} is written again; {writer.lost} frames were lost")

    def _alert(self, code: str, detail: str) -> None:
        log.warning(code, detail=detail)
        self._report(Alert(code, detail, time.time_ns() // 1_000_000))
