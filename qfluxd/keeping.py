"""The one way a line that broke is opened again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Never

from qfluxd.errors import Disconnected

FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0
"""Seconds before the next attempt, doubling from the first to the longest, shortened by up to half."""

_STEADY = 2.0
"""Seconds after which a line counts as good, so that the next wait is short again."""


async def keep(session: Callable[[], Awaitable[None]], on_lost: Callable[[Disconnected], None]) -> Never:
    """Run `session` again whenever it ends with `Disconnected`, for ever; nothing else is forgiven.

    `on_lost` hears each reason before the wait. A cure is noticed within `LONGEST_WAIT` seconds.
    """
    attempt = 0
    while True:
        began = monotonic()
        try:
            await _run(session)
        except* Disconnected as trouble:
            on_lost(_first(trouble))
        attempt = 0 if monotonic() - began >= _STEADY else attempt + 1
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 10))
        await asyncio.sleep(wait * random.uniform(0.5, 1))  # noqa: S311 - jitter keeps no secret


async def _run(session: Callable[[], Awaitable[None]]) -> None:
    """Run one session in a task of its own, which ends with us.

    Before Python 3.13 a task group whose child fails can leave its task counted as cancelled, or swallow a
    cancellation that comes at the same moment; in a task of its own neither can reach the loop.
    """
    task = asyncio.ensure_future(session())
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait([task])
        raise
    task.result()


def _first(trouble: BaseExceptionGroup[Disconnected]) -> Disconnected:
    error = trouble.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
