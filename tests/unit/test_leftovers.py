"""What a killed run has left behind is ended by the next one, and nothing else is."""

import asyncio
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qfluxd.leftovers import Leftover
from tests.support.processes import wait_gone

# A run that starts a program, notes it as its own, says which it is, and is then killed by the test.
RUN = """
import subprocess, sys, time
from pathlib import Path
from qfluxd.leftovers import Leftover
child = subprocess.Popen(["sleep", "61.5"], stdout=subprocess.DEVNULL)
Leftover(Path(sys.argv[1]), "61.5").note(child.pid)
print(child.pid, flush=True)
time.sleep(60)
"""


async def left_behind(file: Path) -> int:
    """A process whose starter was killed."""
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, str(file), stdout=subprocess.PIPE)
    assert run.stdout is not None
    pid = int(await run.stdout.readline())
    run.kill()
    await run.wait()
    return pid


async def test_a_program_whose_starter_was_killed_is_ended(tmp_path: Path) -> None:
    """It is found by its file and argument, ended, and forgotten."""
    file = tmp_path / "pid"
    pid = await left_behind(file)
    assert await Leftover(file, "61.5").end() == pid
    await wait_gone(pid)
    assert not file.exists()


async def test_another_program_with_that_number_is_left_alone(tmp_path: Path) -> None:
    """A number that has been given to something else names nothing of ours."""
    file = tmp_path / "pid"
    pid = await left_behind(file)
    try:
        assert await Leftover(file, "another argument").end() is None
        os.kill(pid, 0)
    finally:
        os.kill(pid, signal.SIGKILL)


async def test_a_program_that_its_starter_still_looks_after_is_left_alone(tmp_path: Path) -> None:
    """Two runs at a time do not end each other's programs."""
    child = await asyncio.create_subprocess_exec("sleep", "62.5")
    leftover = Leftover(tmp_path / "pid", "62.5")
    leftover.note(child.pid)
    assert await leftover.end() is None
    child.kill()
    await child.wait()


async def test_a_file_that_makes_no_sense_names_nobody(tmp_path: Path) -> None:
    """Neither does one that is not there."""
    file = tmp_path / "pid"
    assert await Leftover(file, "x").end() is None
    file.write_text("hello")
    assert await Leftover(file, "x").end() is None


async def test_one_that_may_not_be_ended_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that the system does not let us end keeps nobody from starting."""
    file = tmp_path / "pid"
    pid = await left_behind(file)

    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with monkeypatch.context() as patch:
        patch.setattr(signal, "pidfd_send_signal", forbidden)
        assert await Leftover(file, "61.5").end() is None
    assert await Leftover(file, "61.5").end() == pid


def test_a_note_that_cannot_be_removed_breaks_nothing(tmp_path: Path) -> None:
    """Ending in good order does not depend on the disk."""
    (tmp_path / "pid").mkdir()
    Leftover(tmp_path / "pid", "x").forget()
    assert Leftover(tmp_path / "pid", "x").find() is None
