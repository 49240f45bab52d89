"""Frames reach a quick consumer at once, a slow one in order, and a hopeless one with every loss told."""

import asyncio
from time import time_ns

import pytest

from qfluxd.chrome.channel import Channel
from qfluxd.chrome.pages import FramesLost, PageCrashed, PageEvent
from qfluxd.model import Frame

SLOW = 10_000_000_000
"""A wall-clock time so much later than the last that a consumer must have been slow."""


class Consumer:
    """Remembers what it gets, in order."""

    def __init__(self) -> None:
        self.got: list[Frame | PageEvent] = []

    def channel(self, **limits: int) -> Channel:
        """A channel to this consumer."""
        return Channel(self.got.append, self.got.append, **limits)


def frame(number: int, size: int = 1) -> Frame:
    """A frame that can be told from others by its time."""
    return Frame(number, "c", b"x" * size)


def overrun(channel: Channel, frames: int, *, start: int = 0, size: int = 1) -> None:
    """Put frames as if the consumer had used up its turn on the first of them."""
    now = time_ns()
    for number in range(start, start + frames):
        channel.put(frame(number, size), now if number == start else now + SLOW)


async def test_a_frame_is_seen_at_once() -> None:
    """Nothing waits: the consumer has the frame before `put` returns."""
    consumer = Consumer()
    channel = consumer.channel()
    channel.put(frame(1), time_ns())
    assert consumer.got == [frame(1)]
    assert channel.queued == 0


async def test_a_used_up_turn_makes_frames_wait() -> None:
    """A consumer that took its time gets the rest later, and a new turn with the next read."""
    consumer = Consumer()
    channel = consumer.channel()
    overrun(channel, 3)
    assert consumer.got == [frame(0)]
    assert channel.queued == 2
    await channel.empty()
    channel.end_turn()
    channel.put(frame(3), time_ns() + 2 * SLOW)
    assert consumer.got == [frame(number) for number in range(4)]
    assert channel.peak == 2


async def test_waiting_frames_are_delivered_by_the_task() -> None:
    """`run` empties the queue without being asked, and lets the loop turn in between."""
    got: list[Frame] = []
    all_came = asyncio.Event()

    def see(frame: Frame) -> None:
        got.append(frame)
        if len(got) == 1000:
            all_came.set()

    channel = Channel(see, lambda _event: None)
    async with asyncio.TaskGroup() as group, asyncio.timeout(10):
        task = group.create_task(channel.run())
        overrun(channel, 1000)
        await all_came.wait()
        task.cancel()
    assert got == [frame(number) for number in range(1000)]


async def test_an_event_never_overtakes_a_frame() -> None:
    """A crash is told after the frames that came before it."""
    consumer = Consumer()
    channel = consumer.channel()
    overrun(channel, 2)
    channel.say(PageCrashed("t", "oom"))
    channel.put(frame(2), time_ns())
    await channel.empty()
    assert consumer.got == [frame(0), frame(1), PageCrashed("t", "oom"), frame(2)]


async def test_an_overflow_is_one_hole_told_once() -> None:
    """Past the bound the older half goes, and one notice stands where the hole is, with its exact size and edges."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=10)
    overrun(channel, 12)
    await channel.empty()
    assert consumer.got == [frame(0), FramesLost(6, 1, 6), *(frame(number) for number in range(7, 12))]
    assert channel.lost == 6


async def test_overflows_without_a_delivery_between_are_one_hole() -> None:
    """A consumer that takes nothing for long hears of its loss once."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=10)
    overrun(channel, 100)
    await channel.empty()
    told = [item for item in consumer.got if isinstance(item, FramesLost)]
    assert told == [FramesLost(channel.lost, 1, channel.lost)]
    assert len(consumer.got) - len(told) + channel.lost == 100
    assert consumer.got[1] == told[0]


async def test_two_episodes_are_told_twice() -> None:
    """After the consumer has caught up, a new loss is a new notice."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=10)
    for start in (0, 100):
        overrun(channel, 12, start=start)
        await channel.empty()
        channel.end_turn()
    assert [item.lost for item in consumer.got if isinstance(item, FramesLost)] == [6, 6]


async def test_bytes_are_bounded_too() -> None:
    """A few huge frames overflow as many small ones do."""
    consumer = Consumer()
    channel = consumer.channel(most_bytes=1000)
    overrun(channel, 7, size=200)
    assert channel.queued == 2
    assert channel.lost == 4


async def test_an_overflow_drops_no_event() -> None:
    """Events stay, in their order, though the frames around them go."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=10)
    overrun(channel, 3)
    channel.say(PageCrashed("t", "oom"))
    overrun(channel, 12, start=3)
    await channel.empty()
    assert consumer.got[1] == PageCrashed("t", "oom")
    assert isinstance(consumer.got[2], FramesLost)


async def test_a_loss_that_nobody_counted_stays_uncounted() -> None:
    """A hole of unknown size that grows is still of unknown size."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=10)
    overrun(channel, 2)
    channel.say(FramesLost(None, 1, 2))
    overrun(channel, 12, start=3)
    await channel.empty()
    assert [item for item in consumer.got if isinstance(item, FramesLost)] == [FramesLost(None, 1, 7)]


async def test_what_the_consumer_raises_comes_out() -> None:
    """A mistake in the consumer is not swallowed."""

    def broken(_frame: Frame) -> None:
        raise ZeroDivisionError

    channel = Channel(broken, lambda _event: None)
    with pytest.raises(ZeroDivisionError):
        channel.put(frame(1), time_ns())


async def test_one_can_wait_for_what_was_put_in_so_far() -> None:
    """Nothing waiting: at once. Else as soon as the last frame before the call was seen, whatever comes behind it."""
    consumer = Consumer()
    channel = consumer.channel()
    await channel.caught_up()
    overrun(channel, 3)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(channel.caught_up())
        await asyncio.sleep(0)
        assert not waiting.done()
        channel.put(frame(3), time_ns() + SLOW)
        delivery = group.create_task(channel.run())
        await waiting
        assert consumer.got[:3] == [frame(number) for number in range(3)]
        delivery.cancel()


async def test_waiting_ends_also_where_frames_had_to_be_dropped() -> None:
    """A mark is not dropped with the frames around it."""
    consumer = Consumer()
    channel = consumer.channel(most_frames=4)
    overrun(channel, 3)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        waiting = group.create_task(channel.caught_up())
        await asyncio.sleep(0)
        overrun(channel, 20, start=10)
        delivery = group.create_task(channel.run())
        await waiting
        delivery.cancel()
    assert channel.lost
