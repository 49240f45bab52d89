"""What one listener has still to be told: bounded, and never out of order within a topic."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Self

import msgspec

from qfluxd.api.wire import Message


class FeedStats(msgspec.Struct, frozen=True):
    """Counts of one feed: waiting now, and since its start dropped for want of room, and handed out."""

    queued: int
    dropped: int
    taken: int


class Feed:
    """Keeps what waits for one listener within bounds, losing the oldest and counting what it loses.

    Of a retained topic only the newest message waits. Events wait in a line of their own, ticks and log lines in
    another, so that a flood of ticks loses no event. Answers are never dropped: whoever asks bounds them.
    """

    def __init__(
        self, truth: Mapping[str, Message], leave: Callable[["Feed"], None], *, events: int, quick: int
    ) -> None:
        self._truth = truth
        self._leave = leave
        self._sure: OrderedDict[str | int, Message] = OrderedDict()
        self._events: deque[int] = deque()
        self._most_events = events
        self._quick: deque[Message] = deque()
        self._most_quick = quick
        self._number = 0
        self._wake = asyncio.Event()
        self._dropped = 0
        self._taken = 0

    @property
    def stats(self) -> FeedStats:
        """Counts, as of now."""
        return FeedStats(len(self._sure) + len(self._quick), self._dropped, self._taken)

    def put(self, message: Message) -> None:
        """Queue one message; of a retained topic it takes the place of the one that waits."""
        if message.retain:
            self._sure[message.topic] = message
        elif message.qos:
            self._put_event(message)
        else:
            self._put_quick(message)
        self._wake.set()

    def answer(self, message: Message) -> None:
        """Queue an answer to a request; it is never dropped while it waits."""
        self._number += 1
        self._sure[self._number] = message
        self._wake.set()

    def restate(self, *first: str) -> None:
        """Queue everything retained, these topics before all others, then what was waiting."""
        waiting = self._sure
        topics = dict.fromkeys([*(topic for topic in first if topic in self._truth), *self._truth])
        self._sure = OrderedDict((topic, self._truth[topic]) for topic in topics)
        self._sure.update((key, message) for key, message in waiting.items() if isinstance(key, int))
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
            self._sure[self._number] = msgspec.structs.replace(message, again=True)
            self._sure.move_to_end(self._number, last=False)
            self._events.appendleft(self._number)
        self._shorten_events()
        self._wake.set()

    def take(self, sure: int, quick: int) -> list[Message]:
        """Hand out what waits, at most so many of QoS 1 and so many of QoS 0; empty when there is none."""
        batch = [self._pop_sure() for _ in range(min(sure, len(self._sure)))]
        batch += [self._quick.popleft() for _ in range(min(quick, len(self._quick)))]
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
        while not (batch := self.take(len(self._sure), len(self._quick))):
            await self.wait()
        return batch

    def close(self) -> None:
        """Be told nothing more."""
        self._leave(self)

    def _put_event(self, message: Message) -> None:
        self._number += 1
        self._sure[self._number] = message
        self._events.append(self._number)
        self._shorten_events()

    def _shorten_events(self) -> None:
        while len(self._events) > self._most_events:
            del self._sure[self._events.popleft()]
            self._dropped += 1

    def _put_quick(self, message: Message) -> None:
        if len(self._quick) >= self._most_quick:
            self._quick.popleft()
            self._dropped += 1
        self._quick.append(message)

    def _pop_sure(self) -> Message:
        key, message = self._sure.popitem(last=False)
        if self._events and self._events[0] == key:
            self._events.popleft()
        return message
