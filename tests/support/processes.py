"""Waits for processes of other programs to end."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path


async def wait_gone(pid: int, seconds: float = 5.0) -> None:
    """Return when that process has ended; a TimeoutError says that it lives on."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(handle, ended.set)
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def group(pid: int) -> list[int]:
    """The processes that belong to the group which `pid` leads."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[2]) == pid:
                    members.append(int(entry.name))
    return members


def children(word: str) -> list[int]:
    """The processes that we have started with that word in their command."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == os.getpid() and word.encode() in (entry / "cmdline").read_bytes():
                    members.append(int(entry.name))
    return members
