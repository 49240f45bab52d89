"""Places one trade on the page: asset, expiry and stake in that order, a last look, one click, and the proof of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import Final

import structlog

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import panel
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble, as_trouble
from qfluxd.drivers.pocketoption.controls.expiry import set_expiry
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.controls.stake import set_stake
from qfluxd.drivers.pocketoption.orders.clicking import Controls, Ladder
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Millis, Order, Placed, Refusal
from qfluxd.ports import Passing, Permit

log = structlog.get_logger()

_STEPS: Final = ("asset", "expiry", "stake", "sighting", "permit", "click", "after")
POINTS: Final = tuple(f"{step}.{when}" for step in _STEPS for when in ("before", "after"))
"""What an order passes on the page; permit and click once for each attempt, the first three for each round."""

_ROUNDS: Final = 4
"""How often the panel is set at most, where it does not stay as it was set or something comes to lie over it."""

_PICTURE: Final = 1.5
"""Seconds for which an order that is done waits for the picture from before it."""

_AGAIN: Final = {
    "covered": 1,
    "asset_mismatch": 1,
    "expiry_mismatch": 1,
    "stake_mismatch": 1,
    "control_stuck": _ROUNDS - 1,
    "control_missing": _ROUNDS - 1,
}
"""After which troubles with a control there is another round, and how many have to be left for it.

A control that is missing is looked for once more: a page that has changed is not to be hammered.
"""


@dataclass(frozen=True, slots=True)
class Placing:
    """Places trades on the page.

    The promise: nothing is clicked but with the permit's leave, on a panel that shows exactly the order; one order at
    most leaves the page for it; and what was seen and done lies in the order's folder.
    """

    told: Told
    witness: Witness
    trouble: Trouble
    caught_up: Callable[[str], Awaitable[None]]
    """Returns when every frame that a tab has sent before was heard; by the tab's target."""
    in_front: Callable[[str], bool]
    """Whether a tab is the trading page now; by its target."""
    passing: Passing
    state_dir: Path

    async def place(self, hand: Hand, controls: Controls, order: Order, permit: Permit) -> Placed:
        """Place one order; a page that does not let itself be worked is a refusal."""
        record = Record(hand, order, self.witness, self.state_dir)
        return await _Placement(self, hand, controls, order, permit, record).run()


@dataclass(slots=True)
class _Placement:
    """One order on its way through the page."""

    way: Placing
    hand: Hand
    controls: Controls
    order: Order
    permit: Permit
    record: Record
    ladder: Ladder = field(init=False)

    def __post_init__(self) -> None:
        way = self.way
        self.ladder = Ladder(
            self.hand,
            way.told,
            way.witness,
            self.controls,
            self.order,
            self.permit,
            way.passing,
            way.caught_up,
            way.in_front,
            self.record,
        )

    async def run(self) -> Placed:
        async with asyncio.TaskGroup() as group:
            picture = group.create_task(self._kept(self.record.before()), name="picture before the trade")
            verdict = await self._outcome()
            await asyncio.wait([picture], timeout=_PICTURE)
            picture.cancel()  # a page that has been left meanwhile may never give it
        async with self._step("after"):
            folder = await self._kept(self.record.after(verdict, self.ladder.attempts))
        took = self.record.whole()
        log.info(
            "order worked", order=self.order.id, attempts=self.ladder.attempts, landed=verdict.landed, took_ms=took
        )
        return Placed(self.ladder.attempts, verdict.landed, verdict.refusal, folder, took)

    async def _kept[T](self, keeping: Awaitable[T]) -> T | None:
        """What is kept of an order: whatever goes wrong with it neither cuts the click off nor undoes its outcome."""
        (kept,) = await asyncio.gather(keeping, return_exceptions=True)
        if not isinstance(kept, BaseException):
            return kept
        log.error("artifacts not kept", order=self.order.id, reason=repr(kept))
        return None

    async def _outcome(self) -> Verdict:
        """What became of it; what the page does not let itself be asked for is a refusal."""
        try:
            with as_trouble(page.PANEL):
                return await self._try()
        except PageError as problem:
            seen = {"artifact": problem.artifact, "tried": problem.tried}
            return Verdict(False, Refusal(problem.code, problem.detail, seen))
        except Disconnected as problem:
            return Verdict(False, Refusal("page_gone", str(problem)))

    async def _try(self) -> Verdict:
        """Set the panel and click; set it anew where it did not stay so and nothing was ordered."""
        for left in reversed(range(_ROUNDS)):
            try:
                await self._set()
                verdict = await self.ladder.climb()
            except PageError as problem:
                if left < _AGAIN.get(problem.code, _ROUNDS):
                    raise
                self.record.note(problem=problem.code, detail=problem.detail)
            else:
                if not (verdict.again and left):
                    break
        return verdict

    async def _set(self) -> None:
        """Asset, expiry, stake, in that order, for each may change those after it; what is right is left alone."""
        order, told = self.order, self.way.told
        view = await self._uncovered()
        async with self._step("asset"):
            if panel.asset_of(view, told) != order.asset:
                await self.controls.select_asset(order.asset)
                view = await panel.look(self.hand)
        async with self._step("expiry"):
            if panel.expiry_of(view, told, _now()) != order.expiry:
                await set_expiry(self.hand, told, self.way.trouble, order.expiry)
                view = await panel.look(self.hand)
        async with self._step("stake"):
            if panel.stake_of(view) != order.stake:
                await set_stake(self.hand, told, self.way.trouble, order.stake)

    async def _uncovered(self) -> panel.Shown:
        """The panel, in front and with nothing over the page that asks something of a person."""
        view = await panel.look(self.hand)
        if view.hidden:
            await self.hand.bring_to_front()
        if view.walled:
            self.record.note(closed=await self.controls.close_modals())
            view = await panel.look(self.hand)
        return view

    @asynccontextmanager
    async def _step(self, step: str) -> AsyncIterator[None]:
        self.way.passing(f"{step}.before")
        with self.record.timing(step):
            yield
        self.way.passing(f"{step}.after")


def _now() -> Millis:
    return time_ns() // 1_000_000
