"""What follows a click that the button took: an order leaves, or the page asks whether it is meant."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol
from uuid import uuid4

import msgspec

from qfluxd.chrome.page import Hand, NotDone
from qfluxd.drivers.pocketoption import aiming, page
from qfluxd.drivers.pocketoption.pressing import ARMED, SURE, Point, Verdict, press, reached
from qfluxd.drivers.pocketoption.question import fits
from qfluxd.drivers.pocketoption.record import Record
from qfluxd.drivers.pocketoption.scrub import clean_text
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Mark, Witness
from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Order, Refusal

_ORDERS: Final = 0.08
_ASKS: Final = 1.5
_CONFIRMS: Final = 3.0
"""Seconds: an order follows its click; a question comes instead; the order follows the answer."""

_TRIES: Final = 4
"""How often the question's yes is pressed at while it provably does not take it."""


class Clears(Protocol):
    """What takes away what lies over the page."""

    async def close_modals(self, *, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Close all but these kinds; gives the names of what was closed."""


class _Question(msgspec.Struct, frozen=True):
    """What the page asks. `point` is where its yes takes a click, None where something lies over it; `no` likewise."""

    text: str
    point: Point | None
    no: Point | None
    ident: str


@dataclass(frozen=True, slots=True)
class Following:
    """What comes after the button took the click for one order.

    The promise: yes is said to a question about this very order alone, and once.
    """

    hand: Hand
    told: Told
    witness: Witness
    controls: Clears
    order: Order
    record: Record
    silent: Callable[[Mark], Awaitable[bool]]
    """Whether it is certain that no order has left the page since a mark."""

    async def follow(self, mark: Mark) -> Verdict:
        """What has become of the click; `mark` is from before it."""
        with self.record.timing("order"):
            if await self.witness.wait_asked(mark, _ORDERS):
                return Verdict(True)
            try:
                question = await self._wait_question(mark)
                return Verdict(True) if question is None else await self._answer(mark, question)
            except (NotDone, Disconnected) as problem:
                self.record.note(problem=str(problem))
                return self._unsure(mark)

    async def _wait_question(self, mark: Mark) -> _Question | None:
        end = perf_counter() + _ASKS
        while perf_counter() < end:
            if question := await self._question():
                return question
            if await self.witness.wait_asked(mark, _ORDERS):
                break
        return None

    async def _question(self) -> _Question | None:
        ident = uuid4().hex
        looked = {
            "modal": page.CONFIRMATION.selectors,
            "yes": page.CONFIRM_YES.selectors,
            "no": page.CONFIRM_NO.selectors,
            "ident": ident,
            "seconds": ARMED,
        }
        told = await self.hand.evaluate(aiming.QUESTION, looked, seconds=SURE)
        return None if told is None else msgspec.convert({**told, "ident": ident}, _Question)

    async def _answer(self, mark: Mark, question: _Question | None) -> Verdict:
        """Say yes, as part of the same click; no where it is about something else or yes cannot be said."""
        for _ in range(_TRIES):
            if question is None:
                return await self._unless_sent(mark, "the page's question went away unanswered")
            note = self.record.note(question=clean_text(question.text), covered=question.point is None)
            if not fits(question.text, self.order, self.told.label(self.order.asset)):
                return await self._decline(mark, question, "the page asked about another trade and was told no")
            if question.point is None:
                await reached(self.hand, question.ident)  # or the guard would stop who takes away what lies over it
                note["closed"] = await self._uncover()
            else:
                problem = await press(self.hand, question.ident, question.point)
                seen = await reached(self.hand, question.ident)
                note["pressed"] = None if seen is None else msgspec.to_builtins(seen)
                if seen is None or seen.took or not seen.armed or problem is not None:
                    await self.witness.wait_asked(mark, _CONFIRMS)
                    return self._unsure(mark)
            question = await self._question()
        if question is None:
            return await self._unless_sent(mark, "the page's question went away unanswered")
        return await self._decline(mark, question, "the page's question could not be answered")

    async def _uncover(self) -> tuple[str, ...]:
        """Take away what lies over the question; what does not go is met again when yes is aimed at."""
        try:
            return await self.controls.close_modals(keep=("confirmation",))
        except PageError:
            return ()

    async def _decline(self, mark: Mark, question: _Question, why: str) -> Verdict:
        await reached(self.hand, question.ident)
        if question.no is not None:
            await self.hand.click_at(*question.no)
        else:
            await self.hand.press("Escape")
        return self._unsure(mark) if await self._question() else await self._unless_sent(mark, why)

    async def _unless_sent(self, mark: Mark, why: str) -> Verdict:
        return Verdict(False, Refusal("not_placed", why)) if await self.silent(mark) else self._unsure(mark)

    def _unsure(self, mark: Mark) -> Verdict:
        return Verdict(True if self.witness.asked_since(mark) else None)
