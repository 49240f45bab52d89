"""Commands that run until someone has had enough: Ctrl-C and SIGTERM end them in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def until_stopped(work: Coroutine[Any, Any, Any], seconds: float | None = None) -> Any:
    """Run `work` to its end, until a signal, or for `seconds`; what it gives, or None where it was stopped."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None
    stopped = asyncio.Event()

    def stop() -> None:
        stopped.set()
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    timer = None if seconds is None else loop.call_later(seconds, stop)
    try:
        return await work
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise
        task.uncancel()
        return None
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        if timer is not None:
            timer.cancel()
