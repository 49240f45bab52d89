"""Programs that an earlier run of ours started and, being killed, could not end."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

STOP_WITHIN = 2.0
"""Seconds for a program to end in order before it is ended by force."""


class Leftover:
    """Remembers in a file which program we run, so that the next run can end it if this one is killed.

    The promise: only a process is ended that this file names, that was started with `argument`, and whose
    starter is gone.
    """

    def __init__(self, file: Path, argument: str) -> None:
        self._file = file
        self._argument = os.fsencode(argument)

    def note(self, pid: int) -> None:
        """We run this process now."""
        self._file.write_text(f"{pid} {os.getpid()}")

    def forget(self) -> None:
        """It has ended; a file that stays all the same names nobody who runs."""
        with suppress(OSError):
            self._file.unlink()

    def find(self) -> int | None:
        """The process that an earlier run has left behind, if one runs."""
        try:
            child, parent = (int(word) for word in self._file.read_text().split())
            command = Path(f"/proc/{child}/cmdline").read_bytes()
            child_of = int(Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            return None
        return child if self._argument in command and child_of != parent else None

    async def end(self) -> int | None:
        """End it, if there is one, and wait until it has ended; returns which it was.

        One that we are not allowed to end is left alone, as if there were none.
        """
        pid = self.find()
        if pid is None:
            return None
        try:
            with suppress(ProcessLookupError):
                await _end(pid)
        except OSError:
            return None
        self.forget()
        return pid


async def _end(pid: int) -> None:
    """End a process that is not our child; a descriptor tells when it has."""
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(pid)
    loop.add_reader(descriptor, ended.set)
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_WITHIN):
                await ended.wait()
        except TimeoutError:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
