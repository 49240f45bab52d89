"""What follows a click that the button took: an order leaves, or the page asks whether it is meant."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Final, Protocol

import msgspec

from qfluxd.chrome.page import Hand, NotDone
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import aiming, panel
from qfluxd.drivers.pocketoption.controls.guard import SURE, Guard, Point
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.controls.scrub import clean_text
from qfluxd.drivers.pocketoption.orders.question import fits
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Mark, Witness
from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Order, Refusal

_ORDERS: Final = 0.08
_ASKS: Final = 1.5
_CONFIRMS: Final = 3.0
_CLOSES: Final = 0.25
"""Seconds: an order follows its click; a question comes instead; the order follows the answer, ours or a person's; the
same of a person who was faster where we have closed the question."""

_TRIES: Final = 4
"""How often the question's yes is pressed at while it provably does not take it."""


class Clears(Protocol):
    """What takes away what lies over the page."""

    async def close_modals(self, *, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Close all but these kinds; gives the names of what was closed."""


class _Question(msgspec.Struct, frozen=True):
    """What the page asks while its panel shows `view`.

    `point` is where the answer that was aimed at takes a click, None where something lies over it or it is not there.
    """

    text: str
    view: panel.Shown
    point: Point | None
    guard: Guard


@dataclass(frozen=True, slots=True)
class Following:
    """What comes after the button took the click for one order.

    The promise: yes is said to a question about this very order alone, once, and with leave; who has it no longer says
    no.
    """

    hand: Hand
    told: Told
    witness: Witness
    controls: Clears
    order: Order
    record: Record
    silent: Callable[[Mark], Awaitable[bool]]
    """Whether it is certain that no order has left the page since a mark."""
    still: Callable[[panel.Shown], Refusal | None]
    """Whether yes may be said, with what the panel shows."""
    now: Callable[[], float] = perf_counter
    asks: float = _ASKS
    confirms: float = _CONFIRMS

    async def follow(self, mark: Mark) -> Verdict:
        """What has become of the click; `mark` is from before it."""
        with self.record.timing("order"):
            if await self.witness.wait_asked(mark, _ORDERS):
                return Verdict(True)
            try:
                question = await self._wait_question(mark)
                return Verdict(True) if question is None else await self._answer(mark, question)
            except (NotDone, Disconnected, msgspec.ValidationError) as problem:
                self.record.note(problem=str(problem))
                return self._unsure(mark)

    async def _wait_question(self, mark: Mark) -> _Question | None:
        end = perf_counter() + self.asks
        while perf_counter() < end:
            if question := await self._question(page.CONFIRM_YES):
                return question
            if await self.witness.wait_asked(mark, _ORDERS):
                break
        return None

    async def _question(self, answer: Control) -> _Question | None:
        """The page's question, with that answer to it aimed at; None where it asks nothing."""
        guard = Guard(self.hand, now=self.now)
        looked = {
            "s": panel.selectors(self.order.side),
            "modal": page.CONFIRMATION.selectors,
            "answer": answer.selectors,
            "guard": guard.arms,
        }
        told = await self.hand.evaluate(aiming.QUESTION, looked, seconds=SURE)
        return None if told is None else msgspec.convert({**told, "guard": guard}, _Question)

    # ---------------------------------------------------------------------------------------------------- answering

    async def _answer(self, mark: Mark, question: _Question | None) -> Verdict:
        """Say yes, as part of the same click; no where it is about something else, or yes may not or cannot be said."""
        closed: tuple[str, ...] = ()
        for _ in range(_TRIES):
            if question is None:
                break
            closed = ()
            note = self.record.note(question=clean_text(question.text), covered=question.point is None)
            if not self._fits(question):
                return await self._decline(mark, "the page asked about another trade and was told no")
            if question.point is None:
                await question.guard.reached()  # or it would stop who takes away what lies over the question
                note["closed"] = closed = await self._uncover()
            elif (refusal := self.still(question.view)) is not None:
                return await self._decline(mark, refusal.detail, refusal.code)
            elif not question.guard.holds:
                await question.guard.reached()
            else:
                problem = await question.guard.press(question.point)
                seen = await question.guard.reached()
                note["pressed"] = None if seen is None else msgspec.to_builtins(seen)
                if seen is None or seen.took or not seen.armed or problem is not None:
                    return await self._waited(mark)
            question = await self._question(page.CONFIRM_YES)
        if question is not None:
            return await self._decline(mark, "the page's question could not be answered")
        return (
            await self._closed(mark, "the page's question was closed unanswered")
            if closed
            else await self._waited(mark)
        )

    def _fits(self, question: _Question) -> bool:
        assets = self.told.assets
        others = [name for asset in assets.values() for name in (asset.symbol, asset.label)]
        account = panel.label_of(question.view)
        return fits(question.text, self.order, self.told.label(self.order.asset), others=others, account=account)

    async def _uncover(self) -> tuple[str, ...]:
        """Take away what lies over the question; what does not go is met again when yes is aimed at."""
        try:
            return await self.controls.close_modals(keep=("confirmation",))
        except PageError:
            return ()

    async def _decline(self, mark: Mark, why: str, code: str = "not_placed") -> Verdict:
        """Say no, and make sure that it was we who have closed the question."""
        for _ in range(_TRIES):
            question = await self._question(page.CONFIRM_NO)
            if question is None:
                return await self._waited(mark)  # somebody else was faster, and nobody knows with what
            if await self._says_no(question):
                left = await self._question(page.CONFIRM_NO)
                if left is None:
                    return await self._closed(mark, why, code)
                await left.guard.reached()
        return self._unsure(mark)

    async def _says_no(self, question: _Question) -> bool:
        """Whether no, or Escape where it cannot be pressed, was surely what the question got."""
        if question.point is None:
            await question.guard.reached()
            await self.hand.press("Escape")
            return True
        if not question.guard.holds:
            await question.guard.reached()
            return False
        await question.guard.press(question.point)
        seen = await question.guard.reached()
        return seen is not None and seen.took

    # ------------------------------------------------------------------------------------------------- what it means

    async def _closed(self, mark: Mark, why: str, code: str = "not_placed") -> Verdict:
        """We have closed the question: nothing was placed, unless an order has left all the same."""
        if await self.witness.wait_asked(mark, _CLOSES) or not await self.silent(mark):
            return self._unsure(mark)
        return Verdict(False, Refusal(code, why))

    async def _waited(self, mark: Mark) -> Verdict:
        """It was answered, by us or by a person: the order is given the time to leave."""
        await self.witness.wait_asked(mark, self.confirms)
        return self._unsure(mark)

    def _unsure(self, mark: Mark) -> Verdict:
        return Verdict(True if self.witness.asked_since(mark) else None)
