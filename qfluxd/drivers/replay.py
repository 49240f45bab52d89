"""A recorded session as a driver: the same frames through the same codec, at any speed."""

import asyncio
from typing import Annotated, Literal

import msgspec
from pydantic import Field

from qfluxd.beats import Beats
from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.errors import DataError
from qfluxd.market.capture import read_capture
from qfluxd.model import Millis, Note, Situation
from qfluxd.ports import DriverHealth, Ear, Resting, Surroundings
from qfluxd.settings import OwnPath, Table

_NOTES: msgspec.json.Decoder[Note] = msgspec.json.Decoder(Note)

_YIELD_EVERY = 256
"""Frames between two turns of the event loop at full speed, so that sinks can keep up."""

Speed = Literal["max"] | Annotated[float, Field(gt=0, le=10_000)]


class Config(Table):
    """[driver.replay]: play a capture instead of listening to a page."""

    file: OwnPath = Field(description="the capture to play")
    speed: Speed = Field(default=1.0, description='1 is as fast as it was recorded; "max" does not wait at all')
    server_offset: int = Field(default=7200, description="seconds the recorded server's clock was ahead of UTC")


def connect(config: Config, surroundings: Surroundings) -> "Replay":
    """The driver for `config`; the file is opened when it runs."""
    return Replay(config, surroundings)


class Replay:
    """Plays one capture to its end.

    The promise: at every speed the desk hears the same events with the same times in the same order.
    """

    def __init__(self, config: Config, surroundings: Surroundings) -> None:
        self._config = config
        self._see = surroundings.see
        self._codec = Codec(config.server_offset)
        self._frames = 0
        self._newest: Millis = 0

    @property
    def server_offset(self) -> int:
        """As the capture's broker had it."""
        return self._config.server_offset

    @property
    def account(self) -> None:
        """None is asked for: nothing can be ordered."""
        return

    @property
    def hands(self) -> None:
        """There is no page to work."""
        return

    def now(self) -> Millis:
        """The clock of the machine that recorded, at the newest frame (`qfluxd.ports.Timed`)."""
        return self._newest

    def health(self) -> DriverHealth:
        """What has been played so far."""
        return DriverHealth(frames=self._frames, events=dict(self._codec.counts), errors=dict(self._codec.errors))

    async def run(self, ear: Ear) -> None:
        """Play the file once. Raises `DataError` where it is not a capture."""
        follower = Follower(self._codec, ear)
        pace = None if self._config.speed == "max" else _Pace(self._config.speed)
        beats = Beats(ear)
        rest = ear.rest if isinstance(ear, Resting) else None
        for frame in read_capture(self._config.file):
            if pace is not None:
                await pace.wait(frame.at)
            elif self._frames % _YIELD_EVERY == 0:
                await asyncio.sleep(0)
            self._newest = frame.at
            beats.up_to(frame.at)
            self._frames += 1
            self._see(frame)
            if frame.note:
                ear.hear_note(frame.at, _note(frame.data))
            else:
                follower.see(frame)
            if rest is not None:
                await rest()
        follower.say(self._newest, Situation("waiting_page", "the capture has ended"))


def _note(data: bytes) -> Note:
    try:
        return _NOTES.decode(data)
    except msgspec.MsgspecError as error:
        raise DataError(f"the capture holds a note that makes no sense ({error}); delete that line") from error


class _Pace:
    """Waits so that the capture's time passes `speed` times as fast as ours."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._loop = asyncio.get_running_loop()
        self._began: tuple[float, Millis] | None = None

    async def wait(self, at: Millis) -> None:
        if self._began is None:
            self._began = (self._loop.time(), at)
        began, first = self._began
        delay = began + (at - first) / 1000 / self._speed - self._loop.time()
        if delay > 0:
            await asyncio.sleep(delay)
