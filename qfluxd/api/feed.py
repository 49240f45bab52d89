"""What one listener has still to be told: bounded, and never out of order within a topic."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Self

import msgspec

from qfluxd.api.wire import Message

_PRESSING = "signal/"
"""Retained topics that go before the others: those that are followed by a person, or by a trade."""


class FeedStats(msgspec.Struct, frozen=True):
    """Counts of one feed: waiting now, and since its start dropped for want of room, and handed out."""

    queued: int
    dropped: int
    taken: int


class Feed:
    """Keeps what waits for one listener within bounds, losing the oldest and counting what it loses.

    Of a retained topic only the newest message waits. What has happened (events, signals) goes before what is, because
    many states may wait at the close of a candle; ticks and log lines go last and have a bound of their own, so that a
    flood of them loses no event. An answer goes behind the states that its request has changed, and is never dropped:
    whoever asks bounds them.
    """

    def __init__(
        self, truth: Mapping[str, Message], leave: Callable[["Feed"], None], *, events: int, quick: int
    ) -> None:
        self._truth = truth
        self._leave = leave
        self._pressing: OrderedDict[str | int, Message] = OrderedDict()
        self._states: OrderedDict[str | int, Message] = OrderedDict()
        self._first = 0  # so many states go before all else
        self._events: deque[int] = deque()
        self._most_events = events
        self._quick: deque[Message] = deque()
        self._most_quick = quick
        self._number = 0
        self._wake = asyncio.Event()
        self.on_pressing: Callable[[], None] = lambda: None
        """Called when something has happened, for whoever can take it at once."""
        self._dropped = 0
        self._taken = 0

    @property
    def stats(self) -> FeedStats:
        """Counts, as of now."""
        return FeedStats(self._due + len(self._quick), self._dropped, self._taken)

    def put(self, message: Message) -> None:
        """Queue one message; of a retained topic it takes the place of the one that waits."""
        self._wake.set()
        if not message.qos:
            self._put_quick(message)
        elif not message.retain:
            self._put_event(message)
            self.on_pressing()
        elif message.topic.startswith(_PRESSING):
            self._pressing[message.topic] = message
            self.on_pressing()
        else:
            self._states[message.topic] = message

    def answer(self, message: Message) -> None:
        """Queue an answer to a request; it is never dropped while it waits."""
        self._number += 1
        self._states[self._number] = message
        self._wake.set()

    def restate(self, *first: str) -> None:
        """Queue everything retained, these topics before all others, then what was waiting."""
        topics = dict.fromkeys([*(topic for topic in first if topic in self._truth), *self._truth])
        answers = [(key, each) for key, each in self._states.items() if isinstance(key, int)]
        self._states = OrderedDict((topic, self._truth[topic]) for topic in topics)
        self._states.update(answers)
        self._first = len(topics)
        self._pressing = OrderedDict((key, each) for key, each in self._pressing.items() if isinstance(key, int))
        self._wake.set()

    def give_back(self, messages: Iterable[Message]) -> None:
        """Queue again, in front and once only, what was taken and may not have arrived.

        Retained messages are left out: `restate` brings their truth.
        """
        for message in reversed([message for message in messages if not message.retain]):
            if message.again or not message.qos:
                self._dropped += 1
                continue
            self._number += 1
            self._pressing[self._number] = msgspec.structs.replace(message, again=True)
            self._pressing.move_to_end(self._number, last=False)
            self._events.appendleft(self._number)
        self._shorten_events()
        self._wake.set()

    def take(self, sure: int, quick: int) -> list[Message]:
        """Hand out what waits, at most so many of QoS 1 and so many of QoS 0; empty when there is none."""
        batch = [self._pop() for _ in range(min(sure, self._due))]
        batch += [self._quick.popleft() for _ in range(min(quick, len(self._quick)))]
        self._taken += len(batch)
        return batch

    def take_pressing(self, sure: int) -> list[Message]:
        """Hand out at most so many of what has happened; nothing while states have to go first."""
        batch = [] if self._first else [self._pop() for _ in range(min(sure, len(self._pressing)))]
        self._taken += len(batch)
        return batch

    def nudge(self) -> None:
        """Wake whoever is in `wait`: it may take more than before."""
        self._wake.set()

    async def wait(self) -> None:
        """Return when something was put or `nudge` was called since the last wait."""
        await self._wake.wait()
        self._wake.clear()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> list[Message]:
        """The next batch: everything that waits, at least one message."""
        while not (batch := self.take(self._due, len(self._quick))):
            await self.wait()
        return batch

    def close(self) -> None:
        """Be told nothing more."""
        self._leave(self)

    def _put_event(self, message: Message) -> None:
        self._number += 1
        self._pressing[self._number] = message
        self._events.append(self._number)
        self._shorten_events()

    def _shorten_events(self) -> None:
        while len(self._events) > self._most_events:
            del self._pressing[self._events.popleft()]
            self._dropped += 1

    def _put_quick(self, message: Message) -> None:
        if len(self._quick) >= self._most_quick:
            self._quick.popleft()
            self._dropped += 1
        self._quick.append(message)

    @property
    def _due(self) -> int:
        return len(self._pressing) + len(self._states)

    def _pop(self) -> Message:
        """What goes next of all that must arrive."""
        if self._first or not self._pressing:
            self._first = max(0, self._first - 1)
            return self._states.popitem(last=False)[1]
        key, message = self._pressing.popitem(last=False)
        if self._events and self._events[0] == key:
            self._events.popleft()
        return message
