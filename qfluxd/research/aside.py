"""Work of research in a process of its own, so that the daemon goes on hearing and trading meanwhile."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import Final, NamedTuple

from qfluxd.model import Millis

NICE: Final = 15
"""How far behind everything else such a process stands in the queue for the processor, 0 to 19."""


class Said(NamedTuple):
    """How it ended: its exit code, its standard output, and the last line that it complained with."""

    code: int
    out: bytes
    last: str


async def aside(words: Sequence[str], limit: Millis, *, nice: int = NICE) -> Said:
    """Run ``qfluxd WORDS`` to its end. When this is cancelled it is ended too, with all that it has started.

    Raises `TimeoutError` where it takes longer than `limit` ms; it is ended then.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "qfluxd", *words), stdin=DEVNULL, stdout=PIPE, stderr=PIPE, start_new_session=True
    )
    try:
        _step_back(process, nice)
        async with asyncio.timeout(limit / 1000):
            out, complaints = await process.communicate()
    finally:
        await _end(process)
    return Said(process.returncode or 0, out, _last_line(complaints))


def _step_back(process: Process, nice: int) -> None:
    """Give it a low priority; threads that it starts later have the same."""
    with contextlib.suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, nice)


async def _end(process: Process) -> None:
    """End it and whatever it has started, where it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("qfluxd: ") if lines else ""
