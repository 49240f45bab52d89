"""The outbox knows the newest of everything and tells each change once, as seldom as promised."""

import asyncio
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.api.feed import Feed
from qfluxd.api.outbox import Outbox, Stream
from qfluxd.api.wire import Message
from qfluxd.model import (
    AccountState,
    Alert,
    Candle,
    Gap,
    Outcome,
    PlanPhase,
    PlanState,
    Quote,
    Series,
    Session,
    SessionState,
    Signal,
    Tick,
    TradingSwitch,
    Verdict,
)
from qfluxd.settings import RiskSettings

AT = 1_763_769_600_000
MINUTE = Series("EURUSD_otc", 60_000)
MINUTE_TOPIC = "candle/eurusd_otc/1m"
QUOTE_TOPIC = "asset/eurusd_otc"


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def candle(at: int, close: float = 1.0) -> Candle:
    return Candle(MINUTE, at, 1.0, 1.0, 1.0, close, 1, "whole")


def quote(price: float, at: int = AT) -> Quote:
    return Quote("EURUSD_otc", price, 92, True, None, at)


def session(state: SessionState) -> Session:
    return Session(state, "why", state == "ready", None, None, None, None, AT)


def verdict(outcome: Outcome, at: int, asset: str = "EURUSD_otc") -> Verdict:
    series = Series(asset, 60_000)
    signal = Signal(f"ema/{asset}/{at}", "ema", "ema_cross", series, at - 60_000, at, "call", 0.5, 60_000, "shadow")
    return Verdict(signal, outcome, outcome, "", AT + 600_000)


def plan(phase: PlanPhase) -> PlanState:
    return PlanState("ema", "ema_cross", phase != "gone", "shadow", phase, "", ("EURUSD_otc",), 60_000, {})


def told(feed: Feed) -> list[Message]:
    return feed.take(1_000_000, 1_000_000)


def values(feed: Feed, key: str) -> list[Any]:
    return [msgspec.json.decode(message.payload)[key] for message in told(feed)]


@pytest.mark.parametrize(
    ("stream", "topics"),
    [
        ("ticks", ["tick/eurusd_otc"]),
        ("candles", [MINUTE_TOPIC]),
        ("both", [MINUTE_TOPIC, "tick/eurusd_otc"]),
    ],
)
def test_stream_decides_what_is_told(stream: Stream, topics: list[str]) -> None:
    """Ticks, candles or both are told, as the setting says."""
    outbox = Outbox(stream)
    feed = outbox.subscribe()
    outbox.on_fact(Tick("EURUSD_otc", AT, 1.1))
    outbox.on_fact(candle(AT))
    assert [message.topic for message in told(feed)] == topics


def test_truth_is_the_newest_of_every_retained_topic() -> None:
    """Of what is retained the outbox keeps the newest message, of other messages nothing."""
    outbox = Outbox()
    for at in (AT, AT + 60_000):
        outbox.on_fact(candle(at))
        outbox.on_fact(Tick("EURUSD_otc", at, 1.1))
    outbox.on_fact(AccountState(Decimal(5), "USD", "demo", AT))
    assert list(outbox.truth) == [MINUTE_TOPIC, "account"]
    assert msgspec.json.decode(outbox.truth[MINUTE_TOPIC].payload)["at"] == AT + 60_000


def test_history_tells_only_its_newest_candle() -> None:
    """Candles of the past that are seeded in one go come out as the newest of each series."""
    outbox = Outbox()
    feed = outbox.subscribe()
    for at in range(AT, AT + 600_000, 60_000):
        outbox.on_fact(candle(at))
    assert values(feed, "at") == [AT + 540_000]


def test_a_candle_older_than_the_newest_is_not_told() -> None:
    """A topic never steps back in time; the newest candle itself may be told better."""
    outbox = Outbox()
    feed = outbox.subscribe()
    outbox.on_fact(candle(AT + 60_000))
    outbox.on_fact(candle(AT))
    assert values(feed, "at") == [AT + 60_000]
    outbox.on_fact(candle(AT + 60_000, close=1.5))
    assert values(feed, "close") == [1.5]


def test_what_is_said_already_is_not_said_again() -> None:
    """A retained message equal to the one before it is not sent, unless it would expire."""
    outbox = Outbox()
    feed = outbox.subscribe()
    health = Message("health", b"{}", retain=True, qos=1, expiry=90)
    for _ in range(2):
        outbox.on_fact(candle(AT))
        assert [message.topic for message in told(feed)] in ([MINUTE_TOPIC], [])
        outbox.put(health)
        assert told(feed) == [health]


def test_an_asset_is_told_at_once_and_then_once_a_second() -> None:
    """The first quote goes out at once; of those within the same second the last one, when the second is over."""
    watch = Watch()
    outbox = Outbox(clock=watch)
    feed = outbox.subscribe()
    outbox.on_fact(quote(1.0))
    assert values(feed, "price") == [1.0]
    for price in (1.1, 1.2, 1.3):
        watch.now += 0.2
        outbox.on_fact(quote(price))
        outbox.sweep()
    assert told(feed) == []
    watch.now += 0.41
    outbox.sweep()
    assert values(feed, "price") == [1.3]


def test_the_last_quote_is_never_lost() -> None:
    """What is held back when the daemon stops goes out before it leaves."""
    outbox = Outbox(clock=Watch())
    feed = outbox.subscribe()
    outbox.on_fact(quote(1.0))
    outbox.on_fact(quote(1.1))
    outbox.flush()
    assert values(feed, "price") == [1.1]
    assert b"1.1" in outbox.truth[QUOTE_TOPIC].payload


def test_a_quote_that_changed_back_is_not_told() -> None:
    """Nothing is told when after a second an asset stands where it was told to stand."""
    watch = Watch()
    outbox = Outbox(clock=watch)
    feed = outbox.subscribe()
    outbox.on_fact(quote(1.0))
    outbox.on_fact(quote(1.1))
    outbox.on_fact(quote(1.0, at=AT + 500))
    watch.now += 5
    outbox.sweep()
    assert values(feed, "price") == [1.0]


async def test_held_quotes_are_sent_by_the_running_outbox() -> None:
    """While it runs the outbox sends held quotes by itself when they are due, and the rest when it ends."""
    outbox = Outbox()
    feed = outbox.subscribe()
    running = asyncio.create_task(outbox.run())
    outbox.on_fact(quote(1.0))
    assert [message.topic for message in await anext(feed)] == [QUOTE_TOPIC]
    outbox.on_fact(quote(1.1))
    async with asyncio.timeout(3):
        assert b"1.1" in (await anext(feed))[0].payload
    outbox.on_fact(quote(1.2))
    running.cancel()
    await asyncio.wait([running])
    assert values(feed, "price") == [1.2]


def test_a_session_is_told_as_event_only_when_its_state_changes() -> None:
    """Each session is retained; the event tells of a new state once."""
    outbox = Outbox()
    feed = outbox.subscribe()
    states: list[SessionState] = ["starting", "ready", "ready", "stale"]
    events = []
    for state in states:
        outbox.on_fact(session(state))
        events += [message for message in told(feed) if message.topic == "event/session"]
    assert [msgspec.json.decode(event.payload)["event_type"] for event in events] == ["starting", "ready", "stale"]


def test_every_feed_is_told_and_one_that_left_is_not() -> None:
    """Each listener gets everything from its start until it closes."""
    outbox = Outbox()
    first, second = outbox.subscribe(), outbox.subscribe()
    outbox.on_fact(Alert("one", "1", AT))
    first.close()
    outbox.on_fact(Alert("two", "2", AT))
    assert values(first, "code") == ["one"]
    assert values(second, "code") == ["one", "two"]


def test_a_gap_that_leads_back_lets_its_asset_begin_anew() -> None:
    """Where an asset's stamps had been wrong, its topic follows it back; an ordinary gap changes nothing."""
    outbox = Outbox()
    outbox.on_fact(candle(AT + 600_000))
    outbox.on_fact(Gap("EURUSD_otc", AT + 600_000, AT + 700_000))
    outbox.on_fact(candle(AT))
    assert outbox.truth[MINUTE_TOPIC].payload.count(str(AT + 600_000).encode()) == 1
    outbox.on_fact(Gap("EURUSD_otc", AT - 10_000, AT - 5_000))
    outbox.on_fact(candle(AT))
    assert msgspec.json.decode(outbox.truth[MINUTE_TOPIC].payload)["at"] == AT


def test_new_limits_are_told_at_once() -> None:
    """Limits that were read again stand beside the switch that holds; before there is a switch nothing is said."""
    outbox = Outbox()
    feed = outbox.subscribe()
    outbox.reconfigure("both", RiskSettings(max_open=2))
    assert told(feed) == []
    outbox.on_fact(TradingSwitch("active", "start", AT))
    outbox.reconfigure("both", RiskSettings(max_open=5))
    assert values(feed, "max_open") == [5]
    outbox.reconfigure("both", RiskSettings(max_open=5))
    assert told(feed) == []


def test_a_signals_topic_is_about_the_newest() -> None:
    """What becomes of an older signal is an event, and never replaces a newer signal of that strategy and asset."""
    outbox = Outbox()
    feed = outbox.subscribe()
    topic = "signal/ema/eurusd_otc"
    for fact in (verdict("shadow", AT), verdict("shadow", AT + 60_000), verdict("won", AT)):
        outbox.on_fact(fact)
    messages = told(feed)
    assert [message.topic for message in messages if message.retain] == [topic]
    assert msgspec.json.decode(outbox.truth[topic].payload)["at"] == AT + 60_000
    events = [msgspec.json.decode(message.payload) for message in messages if message.topic == "event/signal"]
    assert [(event["event_type"], event["signal"]["at"]) for event in events] == [
        ("shadow", AT),
        ("shadow", AT + 60_000),
        ("won", AT),
    ]
    outbox.on_fact(verdict("lost", AT + 60_000))
    assert msgspec.json.decode(outbox.truth[topic].payload)["outcome"] == "lost"


def test_each_asset_has_its_own_newest_signal() -> None:
    """An older signal on another asset is told on that asset's topic."""
    outbox = Outbox()
    outbox.on_fact(verdict("told", AT + 60_000))
    outbox.on_fact(verdict("told", AT, "GBPUSD_otc"))
    assert list(outbox.truth) == ["signal/ema/eurusd_otc", "signal/ema/gbpusd_otc"]


def test_a_strategy_that_is_gone_leaves_no_topic() -> None:
    """Its state and signals are cleared and stay so, whatever still becomes of its trades; events tell of those."""
    outbox = Outbox()
    for fact in (plan("running"), verdict("shadow", AT), verdict("shadow", AT, "GBPUSD_otc")):
        outbox.on_fact(fact)
    feed = outbox.subscribe()
    for fact in (plan("gone"), verdict("won", AT)):
        outbox.on_fact(fact)
    assert {topic: message.payload for topic, message in outbox.truth.items()} == {
        "strategy/ema": b"",
        "signal/ema/eurusd_otc": b"",
        "signal/ema/gbpusd_otc": b"",
    }
    assert "event/signal" in [message.topic for message in told(feed)]
    for fact in (plan("running"), verdict("shadow", AT + 60_000)):
        outbox.on_fact(fact)
    assert all(outbox.truth[topic].payload for topic in ("strategy/ema", "signal/ema/eurusd_otc"))
