"""A line that broke is opened again, and nothing else is forgiven."""

import asyncio
from itertools import pairwise

import pytest

from qfluxd.errors import Disconnected, ProtocolError
from qfluxd.keeping import keep


async def test_a_lost_line_is_opened_again() -> None:
    """Each loss is told, also out of a task group, and another session follows."""
    reasons: list[str] = []
    attempts = 0

    async def session() -> None:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            raise ProtocolError("enough")
        async with asyncio.TaskGroup() as group:
            group.create_task(lose(f"loss {attempts}"))

    async def lose(reason: str) -> None:
        raise Disconnected(reason)

    with pytest.raises(ProtocolError, match="enough"):
        await keep(session, lambda lost: reasons.append(str(lost)))
    assert reasons == ["loss 1", "loss 2"]


async def test_the_waits_stay_short() -> None:
    """Six failures in a row are tried within the time that a cure may take to be noticed, each."""
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def session() -> None:
        times.append(loop.time())
        if len(times) == 6:
            raise ProtocolError("enough")
        raise Disconnected("again")

    with pytest.raises(ProtocolError):
        await keep(session, lambda lost: None)
    assert max(later - earlier for earlier, later in pairwise(times)) < 3


async def test_it_ends_when_it_is_cancelled_whatever_the_session_does() -> None:
    """A session that is cancelled at the very moment in which it is lost does not start another one."""
    started = asyncio.Event()
    sessions = 0

    async def session() -> None:
        nonlocal sessions
        sessions += 1
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise Disconnected("lost while leaving") from None

    task = asyncio.ensure_future(keep(session, lambda lost: None))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sessions == 1
