"""A daemon that is killed at one named point: `python -m tests.crash.victim SETTINGS.json POINT`."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import uvloop

from qfluxd.config import load
from qfluxd.daemon import Daemon

FIRST = "received.before"
"""The point at which an order comes in; points that are passed before it belong to the order before."""


class Fuse:
    """Ends this process without a word at a named point of the next order, or at once where `early`."""

    def __init__(self, point: str) -> None:
        self._early = point.startswith("early:")
        self._point = point.removeprefix("early:")
        self._armed = self._early

    def __call__(self, point: str) -> None:
        """Passed a point."""
        self._armed = self._armed or point == FIRST
        if self._armed and point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


async def live(settings: dict[str, object], point: str) -> None:
    """Run the daemon until it is killed or told to stop."""
    daemon = Daemon(load(Path("/dev/null"), settings), passing=Fuse(point))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, daemon.stop)
    await daemon.run()


if __name__ == "__main__":
    uvloop.run(live(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2]))
