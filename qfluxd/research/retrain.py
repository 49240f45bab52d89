"""Training in a process of its own, so that the daemon goes on hearing and trading meanwhile."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qfluxd.errors import QfluxdError
from qfluxd.model import SECOND, Millis
from qfluxd.research.succession import candidate_file
from qfluxd.strategies.card import Card, digest, read_card

LIMIT: Final[Millis] = 3600 * SECOND
NICE: Final = 15
"""How far behind everything else a training stands in the queue for the processor, 0 to 19."""


class RetrainingFailed(QfluxdError):
    """No new model was made; the one in use stays. The sentence says why."""


async def retrain(
    model: Path, recipe: Path, arguments: Sequence[str] = (), *, limit: Millis = LIMIT, nice: int = NICE
) -> Card:
    """Train by a recipe's file and write what comes of it beside `model`, as its candidate; gives the candidate's card.

    `arguments` are more words for `qfluxd train`, such as ``--config``. The process has at most `limit` ms; when this
    is cancelled it is ended too.

    Raises:
        RetrainingFailed: the training failed, took too long, or left no readable card.
    """
    candidate = candidate_file(model)
    words = ["train", "--recipe", str(recipe), "--out", str(candidate), "--json", *arguments]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "qfluxd", *words),
        stdin=DEVNULL,
        stdout=DEVNULL,
        stderr=PIPE,
        start_new_session=True,
    )
    try:
        _step_back(process, nice)
        async with asyncio.timeout(limit / 1000):
            _, said = await process.communicate()
    except TimeoutError:
        raise RetrainingFailed(f"training by {recipe} took longer than {limit // SECOND} s and was ended") from None
    finally:
        await _end(process)
    if process.returncode:
        raise RetrainingFailed(f"training by {recipe} failed: {_last_line(said) or f'exit {process.returncode}'}")
    try:
        return read_card(candidate, digest(await asyncio.to_thread(candidate.read_bytes)))
    except (OSError, ValueError) as problem:
        raise RetrainingFailed(f"training by {recipe} left nothing that can be used: {problem}") from None


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
