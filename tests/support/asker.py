"""Somebody on MQTT who asks a daemon for things, as a script or Home Assistant does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiomqtt
import msgspec

from tests.support.brokers import BASE


@dataclass(slots=True)
class Asker:
    """Somebody on MQTT: sends requests, and keeps the newest answer to each id and the newest of each topic."""

    line: aiomqtt.Client
    events: list[dict[str, Any]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    session: dict[str, Any] = field(default_factory=dict)
    states: dict[str, bytes] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Keep what comes."""
        async for message in self.line.messages:
            topic, raw = str(message.topic).removeprefix(BASE), bytes(message.payload)
            own_words = topic.startswith(("strategy/", "control/")) and topic.endswith("/set")
            is_json = topic != "screenshot/image" and not own_words
            payload = msgspec.json.decode(raw or b"{}") if is_json else {}
            async with self.news:
                self.states[topic] = raw
                if topic == "session":
                    self.session = payload
                elif topic == "event/trade":
                    self.events.append(payload)
                elif topic == "event/signal":
                    self.signals.append(payload)
                elif topic == "event/alert":
                    self.alerts.append(payload)
                elif topic.startswith("response/") and payload.get("id") is not None:
                    self.answers[str(payload["id"])] = payload
                self.news.notify_all()

    async def say(self, command: str, **arguments: object) -> None:
        """Send one request."""
        await self.line.publish(f"{BASE}request/{command}", json.dumps(arguments), qos=1)

    async def ask(self, command: str, ident: str, within: float = 10, **arguments: object) -> dict[str, Any]:
        """Send one request and wait for its final answer."""
        self.answers.pop(ident, None)
        await self.say(command, id=ident, **arguments)
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(lambda: self.answers.get(ident, {}).get("final"))
        return self.answers[ident]

    async def until(self, true: Callable[[], object], within: float = 10) -> None:
        """Wait until what came makes this true."""
        async with asyncio.timeout(within), self.news:
            await self.news.wait_for(true)

    def state(self, topic: str) -> dict[str, Any]:
        """The newest JSON object on a topic."""
        decoded = msgspec.json.decode(self.states.get(topic) or b"{}")
        assert isinstance(decoded, dict)
        return decoded

    def open_trades(self) -> set[str]:
        """The trades that were told as accepted and not as settled since we came."""
        ended = {event["trade"]["id"] for event in self.events if event["event_type"] == "settled"}
        return {event["trade"]["id"] for event in self.events if event["event_type"] == "accepted"} - ended

    async def at_most_open(self, count: int) -> None:
        """Wait until no more trades than that are open."""
        async with asyncio.timeout(60), self.news:
            await self.news.wait_for(lambda: len(self.open_trades()) <= count)

    def forget(self) -> None:
        """What was said of the session so far does not count any more."""
        self.session = {}

    async def ready(self, within: float = 30) -> None:
        """Wait until the session has been ready, with an account in front, for a second on end."""
        async with asyncio.timeout(within):
            while True:
                async with self.news:
                    await self.news.wait_for(self._is_ready)
                try:
                    async with asyncio.timeout(1), self.news:
                        await self.news.wait_for(lambda: not self._is_ready())
                except TimeoutError:
                    return

    def _is_ready(self) -> bool:
        return self.session.get("state") == "ready" and self.session.get("account") is not None


@asynccontextmanager
async def open_asker(port: int) -> AsyncIterator[Asker]:
    """Connect to the MQTT broker on this port of loopback, and listen."""
    async with aiomqtt.Client("127.0.0.1", port) as line, asyncio.TaskGroup() as group:
        await line.subscribe(f"{BASE}#", qos=1)
        asker = Asker(line)
        listening = group.create_task(asker.listen(), name="asker")
        try:
            yield asker
        finally:
            listening.cancel()
