"""Requests that come by MQTT: each is performed on its own, and its answer goes where it is waited for."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from time import monotonic

import msgspec
from structlog import get_logger

from qfluxd.api.answers import Answers
from qfluxd.api.commands import Result
from qfluxd.api.feed import Feed
from qfluxd.api.line import Received
from qfluxd.api.payloads import encode_json
from qfluxd.api.setting import command_of
from qfluxd.api.wire import Message

ECHO_WITHIN = 5.0
"""Seconds in which MQTT 3.1.1 brings back our own clearing of a retained request."""
STOP_WITHIN = 0.5
"""Seconds for requests to tell that they were stopped."""

_OURS = re.compile(r"(reply|response)/[^+#\0]{1,200}")
_THEIRS = re.compile(r"[^+#\0$][^+#\0]{0,200}")
_RELIED_ON = ("qfluxd/", "homeassistant/")
"""What others take for the word of a daemon, or of a device."""


class Replies:
    """Answers each request once performed, and clears retained ones at the broker.

    An answer goes to ``response/<command>``, or to the request's own response topic (MQTT 5), unless that is one on
    which somebody relies for something else: a request must not make the daemon forge a state or a discovery.
    """

    def __init__(self, base: str, answers: Answers, feed: Feed, timer: Callable[[], float] = monotonic) -> None:
        self._base = base
        self._answers = answers
        self._feed = feed
        self._timer = timer
        self._cleared: dict[str, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, request: Received, work: asyncio.TaskGroup, *, echoes: bool) -> None:
        """Answer one request in a task of its own; `echoes` where the broker brings our own messages back."""
        if not request.payload and (request.retain or (echoes and self._is_echo(request.topic))):
            return
        meant = command_of(request.topic, request.payload)
        name = request.topic.removeprefix("request").removeprefix("/") if meant is None else meant[0]
        if request.retain:
            get_logger().warning("mqtt request was retained", command=name)
            self._clear(request.topic)
        if meant is not None:
            request = msgspec.structs.replace(request, payload=meant[1])
        task = work.create_task(self._answer(name, request), name=f"mqtt request {name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """Give up what is being performed; each still tells so."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_WITHIN)

    async def _answer(self, name: str, request: Received) -> None:
        topic, elsewhere = self._reply_topic(name, request.reply_to)
        tell = partial(self._tell, topic, elsewhere, request.correlation)
        await self._answers.answer(name, request.payload, tell, retained=request.retain)

    def _tell(self, topic: str, elsewhere: bool, correlation: bytes | None, result: Result) -> None:
        answer = Message(topic, encode_json(result), qos=1, correlation=correlation, elsewhere=elsewhere)
        self._feed.answer(answer)

    def _reply_topic(self, name: str, wanted: str | None) -> tuple[str, bool]:
        """Where the answer goes, and whether that is a whole topic and not one below the base."""
        if wanted is not None:
            below = wanted.removeprefix(self._base)
            if wanted.startswith(self._base) and _OURS.fullmatch(below):
                return below, False
            if _THEIRS.fullmatch(wanted) and not wanted.startswith(_RELIED_ON):
                return wanted, True
            get_logger().warning("mqtt response topic is not ours to write", command=name, topic=wanted[:200])
        return f"response/{re.sub(r'[^A-Za-z0-9_/-]', '_', name)[:64] or 'unknown'}", False

    def _clear(self, topic: str) -> None:
        now = self._timer()
        self._cleared = {topic: at for topic, at in self._cleared.items() if now - at < ECHO_WITHIN}
        self._cleared[topic] = now
        self._feed.answer(Message(topic, b"", retain=True, qos=1))

    def _is_echo(self, topic: str) -> bool:
        cleared = self._cleared.pop(topic, None)
        return cleared is not None and self._timer() - cleared < ECHO_WITHIN
