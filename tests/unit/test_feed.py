"""A feed holds what one listener has not had yet: bounded, counted, in order."""

import asyncio

from qfluxd.api.feed import Feed, FeedStats
from qfluxd.api.outbox import Outbox
from qfluxd.api.wire import Message

MANY = 1_000_000


def event(number: int) -> Message:
    return Message("event/alert", str(number).encode(), qos=1)


def tick(number: int) -> Message:
    return Message("tick/a", str(number).encode())


def state(topic: str, number: int) -> Message:
    return Message(topic, str(number).encode(), retain=True, qos=1)


def numbers(feed: Feed) -> list[int]:
    return [int(message.payload) for message in feed.take(MANY, MANY)]


def test_of_a_retained_topic_only_the_newest_waits() -> None:
    """A new value takes the place of the one that waits, and counts as nothing dropped."""
    outbox = Outbox()
    feed = outbox.subscribe()
    for number in range(10):
        outbox.put(state("session", number))
    assert feed.stats == FeedStats(queued=1, dropped=0, taken=0)
    assert numbers(feed) == [9]


def test_the_oldest_events_are_dropped_and_counted() -> None:
    """Events beyond the bound push out the oldest."""
    outbox = Outbox()
    feed = outbox.subscribe(events=3)
    for number in range(10):
        outbox.put(event(number))
    assert feed.stats == FeedStats(queued=3, dropped=7, taken=0)
    assert numbers(feed) == [7, 8, 9]


def test_a_flood_of_ticks_loses_no_event() -> None:
    """Ticks have a bound of their own and push out only ticks."""
    outbox = Outbox()
    feed = outbox.subscribe(events=2, quick=2)
    outbox.put(event(100))
    for number in range(50):
        outbox.put(tick(number))
    assert numbers(feed) == [100, 48, 49]
    assert feed.stats.dropped == 48


def test_answers_are_never_dropped_while_they_wait() -> None:
    """However many events come, an answer waits until it is taken."""
    outbox = Outbox()
    feed = outbox.subscribe(events=1)
    feed.answer(Message("response/ping", b"7", qos=1))
    for number in range(5):
        outbox.put(event(number))
    assert numbers(feed) == [4, 7]


def test_what_has_happened_goes_before_what_is() -> None:
    """Events and signals do not wait behind the states that a candle's close brings; an answer comes behind those."""
    outbox = Outbox()
    feed = outbox.subscribe()
    for number in range(3):
        outbox.put(state(f"candle/a/{number}", number))
    outbox.put(event(10))
    outbox.put(state("signal/s/a", 11))
    feed.answer(Message("response/ping", b"12", qos=1))
    assert numbers(feed) == [10, 11, 0, 1, 2, 12]


def test_a_signal_that_is_restated_comes_once() -> None:
    """After a reconnect it is one of the states; its newest value is told."""
    outbox = Outbox()
    feed = outbox.subscribe()
    outbox.put(state("signal/s/a", 1))
    feed.restate()
    assert numbers(feed) == [1]
    feed.restate()
    outbox.put(state("signal/s/a", 2))
    assert numbers(feed)[-1] == 2


def test_take_keeps_to_the_room_there_is() -> None:
    """No more than asked for is handed out, and the rest stays in order."""
    outbox = Outbox()
    feed = outbox.subscribe()
    for number in range(4):
        outbox.put(event(number))
        outbox.put(tick(10 + number))
    assert [int(message.payload) for message in feed.take(1, 2)] == [0, 10, 11]
    assert feed.take(0, 0) == []
    assert numbers(feed) == [1, 2, 3, 12, 13]
    assert feed.stats == FeedStats(queued=0, dropped=0, taken=8)


def test_restate_brings_everything_retained_once() -> None:
    """After a reconnect all that is true is due again, the named topics first, then the events that waited."""
    outbox = Outbox()
    feed = outbox.subscribe()
    outbox.put(state("session", 1))
    outbox.put(event(5))
    outbox.put(state("info", 2))
    outbox.put(state("account", 3))
    feed.restate("info", "absent")
    assert numbers(feed) == [2, 1, 3, 5]


def test_what_may_be_lost_is_sent_again_once_and_in_front() -> None:
    """Unacknowledged events come first after a reconnect, marked; a second time they are dropped and counted."""
    outbox = Outbox()
    feed = outbox.subscribe()
    outbox.put(event(3))
    feed.give_back([event(1), state("session", 9), event(2)])
    batch = feed.take(MANY, MANY)
    assert [(int(message.payload), message.again) for message in batch] == [(1, True), (2, True), (3, False)]
    feed.give_back(batch)
    assert numbers(feed) == [3]
    assert feed.stats.dropped == 2


def test_giving_back_keeps_the_bound() -> None:
    """What is given back counts as events: beyond the bound the oldest go."""
    feed = Outbox().subscribe(events=2)
    feed.give_back([event(number) for number in range(5)])
    assert numbers(feed) == [3, 4]
    assert feed.stats.dropped == 3


async def test_a_feed_is_read_in_batches() -> None:
    """Iterating waits for something to be there, then gives all of it."""
    outbox = Outbox()
    feed = outbox.subscribe()
    waiting = asyncio.ensure_future(anext(feed))
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.put(event(1))
    outbox.put(tick(2))
    assert [int(message.payload) for message in await waiting] == [1, 2]
