"""Whatever happens to the line, a connected broker keeps exactly what is true."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from qfluxd.api.outbox import Outbox
from qfluxd.api.wire import Message
from qfluxd.model import Candle, Quote, Series

EVENTS, QUICK = 5, 3
ASSETS = ("A", "B", "#A")
MANY = 1_000_000


@dataclass
class Kept:
    """A broker's memory, and the order in which events reached it."""

    retained: dict[str, bytes] = field(default_factory=dict)
    events: list[int] = field(default_factory=list)

    def take(self, message: Message) -> None:
        """As a broker does."""
        if message.retain:
            self.retained[message.topic] = message.payload
        elif message.qos:
            self.events.append(int(message.payload))


class Reconnects(RuleBasedStateMachine):
    """An outbox, one feed of it, and a broker that is lost at any moment, with or without its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.outbox = Outbox(clock=lambda: self.now)
        self.feed = self.outbox.subscribe(events=EVENTS, quick=QUICK)
        self.broker = Kept()
        self.connected = False
        self.flying: list[Message] = []
        self.told = 0

    @rule(asset=st.sampled_from(ASSETS), at=st.integers(0, 5), close=st.integers(1, 3))
    def closes(self, asset: str, at: int, close: int) -> None:
        self.outbox.on_fact(Candle(Series(asset, 60_000), at, 1.0, 1.0, 1.0, float(close), 1, "whole"))

    @rule(asset=st.sampled_from(ASSETS), price=st.integers(1, 3))
    def quotes(self, asset: str, price: int) -> None:
        self.outbox.on_fact(Quote(asset, float(price), None, None, None, 0))

    @rule(seconds=st.floats(0, 2))
    def waits(self, seconds: float) -> None:
        self.now += seconds
        self.outbox.sweep()

    @rule(topic=st.sampled_from(["session", "info"]), value=st.integers(0, 2))
    def states(self, topic: str, value: int) -> None:
        self.outbox.put(Message(topic, b"%d" % value, retain=True, qos=1))

    @rule()
    def alerts(self) -> None:
        self.told += 1
        self.outbox.put(Message("event/alert", b"%d" % self.told, qos=1))

    @rule()
    def ticks(self) -> None:
        self.outbox.put(Message("tick/a", b"1"))

    @precondition(lambda self: not self.connected)
    @rule(forgetful=st.booleans())
    def connects(self, forgetful: bool) -> None:
        if forgetful:
            self.broker.retained.clear()
        self.connected = True
        self.feed.restate("info")

    @precondition(lambda self: self.connected)
    @rule(room=st.integers(0, 4))
    def sends(self, room: int) -> None:
        self.flying += self.feed.take(room, room)

    @precondition(lambda self: self.connected)
    @rule(arrived=st.integers(0, 4))
    def acknowledges(self, arrived: int) -> None:
        for message in self.flying[:arrived]:
            self.broker.take(message)
        del self.flying[:arrived]

    @precondition(lambda self: self.connected)
    @rule(arrived=st.integers(0, 4))
    def breaks(self, arrived: int) -> None:
        """Some of what was on its way arrived, though nobody knows."""
        for message in self.flying[:arrived]:
            self.broker.take(message)
        self.feed.give_back(message for message in self.flying if message.qos)
        self.flying.clear()
        self.connected = False

    @precondition(lambda self: self.connected)
    @rule()
    def settles(self) -> None:
        """When all is sent and acknowledged, what the broker keeps is what is true."""
        self.flying += self.feed.take(MANY, MANY)
        self.acknowledges(MANY)
        assert self.broker.retained == {topic: message.payload for topic, message in self.outbox.truth.items()}

    @invariant()
    def is_bounded(self) -> None:
        assert self.feed.stats.queued <= len(self.outbox.truth) + EVENTS + QUICK

    @invariant()
    def loses_no_event_uncounted(self) -> None:
        waiting = self.told - len(set(self.broker.events))
        assert waiting <= self.feed.stats.queued + len(self.flying) + self.feed.stats.dropped


TestReconnects = Reconnects.TestCase
TestReconnects.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
