"""The MQTT edge: tells what the outbox holds and answers requests, for as long as the daemon lives.

A broker that is away, hung, restarted or refuses the login is waited for; the daemon goes on meanwhile. After each
connect everything retained is sent again, because a broker may have lost it.
"""

import asyncio
import ssl
from time import monotonic
from typing import Never
from uuid import uuid4

import msgspec
from structlog import get_logger

from qfluxd.api import wire
from qfluxd.api.answers import Answers, host_now
from qfluxd.api.client import LoginRefused, VersionRefused, Way
from qfluxd.api.commands import Perform, Stored, nothing_stored
from qfluxd.api.line import Line, Received, open_line
from qfluxd.api.mosquitto import is_loopback
from qfluxd.api.outbox import Outbox
from qfluxd.api.payloads import MqttHealth, StatusPayload
from qfluxd.api.replies import Replies
from qfluxd.api.setting import PATTERNS
from qfluxd.errors import ConfigError, Disconnected, Mistake
from qfluxd.keeping import keep
from qfluxd.model import Alert
from qfluxd.settings import MqttSettings

GREETED = 5.0
"""Seconds for which our own ``online`` is news to another daemon of this name."""
_AT_ONCE = 32
"""Messages that are sent before others have their turn."""
FLUSH_WITHIN = 1.0
"""Seconds on the way out for what waits to be sent, and again for the goodbye to be acknowledged."""

_OF_STRATEGIES = ("strategy/+", "signal/+/+")
"""Retained topics that outlive a strategy that was taken out of the configuration while no daemon was there."""

# Anybody may write to `status`: not JSON, not UTF-8, nested too deep.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class MqttEdge:
    """One daemon's presence on MQTT: while it is connected, the broker's retained topics equal the outbox's.

    `session` is the id by which ``status`` tells this run from those before it. Two daemons of one name would both do
    what is asked: each learns of the other by its ``online``, and says so (`rival`).
    """

    def __init__(
        self,
        settings: MqttSettings,
        name: str,
        outbox: Outbox,
        perform: Perform,
        stored: Stored = nothing_stored,
    ) -> None:
        self.session = str(uuid4())
        self._settings = settings
        self._base = f"qfluxd/{name}/"
        self._identity = f"qfluxd-{name}-{self.session[:8]}"
        self._feed = outbox.subscribe()
        self._replies = Replies(self._base, Answers(perform, stored=stored), self._feed)
        self._modern = True
        self._connected = False
        self._since = host_now()
        self._connects = 0
        self._received = 0
        self._said: type[Disconnected] | None = None
        self._outbox = outbox
        self._rivals: set[str] = set()
        self._greeted = -GREETED

    @property
    def health(self) -> MqttHealth:
        """How the line is, as of now."""
        stats = self._feed.stats
        return MqttHealth(
            self._connected,
            ("5" if self._modern else "3.1.1") if self._connected else None,
            self._since,
            max(0, self._connects - 1),
            stats.queued,
            stats.dropped,
            stats.taken,
            self._received,
        )

    @property
    def rival(self) -> str | None:
        """A sentence about another daemon of our name that is online, None while there is none."""
        if not self._rivals:
            return None
        return f"another qfluxd is online as {self._base.rstrip('/')}; stop it, or give one another [daemon] name"

    async def run(self) -> None:
        """Stay connected until cancelled, then flush, say ``offline`` and disconnect, within about three seconds.

        Raises:
            ConfigError: the certificate authority file cannot be used.
        """
        self._warn_of_open_network()
        tls = _tls(self._settings)
        try:
            async with asyncio.TaskGroup() as work:
                await keep(
                    lambda: self._one_line(work, Way(self._settings, self._identity, self._modern, tls)),
                    self._on_trouble,
                )
        finally:
            self._feed.close()

    async def _one_line(self, work: asyncio.TaskGroup, way: Way) -> None:
        will = wire.status("offline", self.session, "lost", host_now())
        async with open_line(way, self._base, will, self._feed.nudge) as line:
            try:
                await self._greet(line)
                self._feed.on_pressing = lambda: self._press(line)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._send(line), name="mqtt send")
                    group.create_task(self._hear(line, work), name="mqtt hear")
            except asyncio.CancelledError:
                await self._part(line)
                raise
            finally:
                self._on_ended(line)

    async def _greet(self, line: Line) -> None:
        """Hear requests first, so that none sent on our birth is missed; then say everything."""
        if not await line.subscribe("request/#", stored=True):
            get_logger().warning("mqtt broker forbids us to hear requests", topic=f"{self._base}request/#")
        for pattern in PATTERNS:
            if not await line.subscribe(pattern, stored=True):
                get_logger().warning("mqtt broker forbids us to hear settings", topic=f"{self._base}{pattern}")
        await line.subscribe("status", stored=False)
        for pattern in _OF_STRATEGIES:
            await line.subscribe(pattern, stored=True)
        self._rivals.clear()  # those that are there answer our greeting
        self._greet_others(line)
        self._feed.restate("info")
        self._on_connected()

    async def _send(self, line: Line) -> Never:
        while True:
            if self._pump(line):
                await asyncio.sleep(0)  # what was sent is written, and others have their turn
            else:
                await self._feed.wait()

    def _pump(self, line: Line) -> int:
        """Send some of what waits; how many messages that were."""
        sure, quick = line.room
        batch = self._feed.take(min(sure, _AT_ONCE), min(quick, _AT_ONCE))
        for message in batch:
            line.send(message)
        return len(batch)

    def _press(self, line: Line) -> None:
        """Send what has just happened in the very call that tells of it: the desk may be busy for a while yet."""
        batch = self._feed.take_pressing(line.room[0])
        for message in batch:
            line.send(message)
        if batch:
            line.flush()

    async def _hear(self, line: Line, work: asyncio.TaskGroup) -> Never:
        while True:
            message = await line.receive()
            self._received += 1
            if message.topic == "status":
                self._on_status(line, message)
            elif _strategy_of(message.topic) is not None:
                self._clear_bygone(message)
            else:
                self._replies.take(message, work, echoes=not self._modern)

    async def _part(self, line: Line) -> None:
        """Answer what is open, send what waits, say goodbye; each within bounds, for the broker may hang."""
        await self._replies.stop()
        await self._settle(line)
        line.send(wire.status("offline", self.session, "stop", host_now()))
        await self._settle(line)

    async def _settle(self, line: Line) -> None:
        try:
            async with asyncio.timeout(FLUSH_WITHIN):
                while self._feed.stats.queued or not line.idle:
                    if not self._pump(line):
                        await self._feed.wait()
                    await asyncio.sleep(0)
        except TimeoutError:
            get_logger().warning("mqtt broker did not take everything before we left", queued=self._feed.stats.queued)

    def _on_status(self, line: Line, message: Received) -> None:
        """Say again that we are here when a will or a goodbye that came late says otherwise."""
        try:
            status = msgspec.json.decode(message.payload, type=StatusPayload)
        except _UNREADABLE:
            status = None
        if message.retain or (status is not None and status.session == self.session and status.state == "online"):
            return
        if status is not None and status.state == "online":
            self._on_rival(line, status.session)
            return
        if status is not None:
            self._rivals.discard(status.session)
        self._greet_others(line)

    def _clear_bygone(self, message: Received) -> None:
        """What the broker has retained of a strategy that there is no more; another daemon of our name may have it."""
        ours = self._outbox.truth.get(f"strategy/{_strategy_of(message.topic)}")
        if message.retain and message.payload and not self._rivals and (ours is None or not ours.payload):
            self._outbox.put(wire.cleared(message.topic))

    def _greet_others(self, line: Line) -> None:
        line.send(wire.status("online", self.session, "start", host_now()))
        self._greeted = monotonic()

    def _on_rival(self, line: Line, session: str) -> None:
        """Another daemon of our name: a person is told once, and it is told of us unless it has just heard us."""
        known = session in self._rivals
        self._rivals.add(session)
        if not known:
            get_logger().warning("another qfluxd uses this name", name=self._base, session=session)
            self._outbox.on_fact(Alert("name_taken", f"{self.rival}; no trade is opened until then", host_now()))
        if not known or monotonic() - self._greeted >= GREETED:
            self._greet_others(line)

    def _on_connected(self) -> None:
        self._connected, self._since = True, host_now()
        self._connects += 1
        self._said = None
        get_logger().info(
            "mqtt connected",
            host=self._settings.host,
            port=self._settings.port,
            protocol="5" if self._modern else "3.1.1",
        )

    def _on_ended(self, line: Line) -> None:
        self._feed.on_pressing = lambda: None
        if self._connected:
            self._connected, self._since = False, host_now()
        self._feed.give_back(line.unsettled)

    def _on_trouble(self, error: Disconnected) -> None:
        """Say once what is wrong, and again only when something else is."""
        if isinstance(error, VersionRefused) and self._modern:
            self._modern = False
            get_logger().info("mqtt broker does not speak version 5, using 3.1.1", host=self._settings.host)
            return
        if self._said is type(error):
            return
        events = {LoginRefused: "mqtt refused login", VersionRefused: "mqtt broker speaks neither 5 nor 3.1.1"}
        first = "mqtt lost" if self._connects and self._said is None else "mqtt unreachable"
        self._said = type(error)
        get_logger().warning(
            events.get(type(error), first), host=self._settings.host, port=self._settings.port, reason=str(error)
        )

    def _warn_of_open_network(self) -> None:
        if not is_loopback(self._settings.host) and self._settings.username is None:
            get_logger().warning(
                "mqtt without a login beyond this machine: whoever reaches the broker can send requests",
                host=self._settings.host,
            )


def _strategy_of(topic: str) -> str | None:
    """The strategy whose state or signal a topic holds; None for any other topic."""
    match topic.split("/"):
        case ["strategy", name] | ["signal", name, _]:
            return name
    return None


def _tls(settings: MqttSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.ca)
    except OSError as error:
        raise ConfigError(Mistake("mqtt.ca", f"{settings.ca} cannot be used: {error}", "settings")) from error
