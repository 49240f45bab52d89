"""Who works the page when: one at a time, and orders before all that waits."""

import asyncio

import pytest

from qfluxd.drivers.pocketoption.controls.turns import Turns


class Queue:
    """People who want a turn, and the order in which they had it."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.had: list[str] = []
        self._at_work = 0

    async def work(self, name: str, *, order: bool = False) -> None:
        """Take a turn, and let others run meanwhile."""
        async with self.turns.turn(order=order):
            self._at_work += 1
            assert self._at_work == 1
            await asyncio.sleep(0)
            self.had.append(name)
            self._at_work -= 1

    async def line_up(self, *names: str) -> list[asyncio.Task[None]]:
        """Let them come one after the other; those in capitals come with an order."""
        tasks = []
        for name in names:
            tasks.append(asyncio.ensure_future(self.work(name, order=name.isupper())))
            await asyncio.sleep(0)
        return tasks


async def test_turns_come_in_the_order_of_asking_and_orders_before_the_rest() -> None:
    """Who has begun is not disturbed; an order passes those that wait, and not the order before it."""
    queue = Queue()
    async with queue.turns.turn():
        tasks = await queue.line_up("a", "b", "A", "c", "B")
    await asyncio.gather(*tasks)
    assert queue.had == ["A", "B", "a", "b", "c"]
    assert not queue.turns.taken


async def test_who_fails_passes_the_turn_on() -> None:
    """An error in one piece of work holds nobody up."""
    queue = Queue()
    tasks: list[asyncio.Task[None]] = []

    async def fail() -> None:
        async with queue.turns.turn():
            tasks.extend(await queue.line_up("a"))
            raise RuntimeError("failed")

    with pytest.raises(RuntimeError, match="failed"):
        await fail()
    await asyncio.gather(*tasks)
    assert queue.had == ["a"]


async def test_who_stops_waiting_loses_nobody_s_turn() -> None:
    """Those cancelled while they wait, and those cancelled just as their turn came."""
    queue = Queue()
    async with queue.turns.turn():
        first, second, third = await queue.line_up("a", "b", "c")
        first.cancel()
    second.cancel()  # its turn has just been given to it
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert queue.had == ["c"]
    assert not queue.turns.taken
    await queue.work("d")
    assert queue.had == ["c", "d"]
