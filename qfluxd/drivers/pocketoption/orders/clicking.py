"""One click on buy or sell, by the gentlest way that reaches the button, and never a second that might count."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final, Literal, Protocol

import msgspec

from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import aiming, panel
from qfluxd.drivers.pocketoption.controls.guard import SURE, Guard, Point, Reached
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.orders.confirming import Clears, Following
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Mark, Witness
from qfluxd.errors import Disconnected
from qfluxd.model import Order, Refusal, Sighting
from qfluxd.ports import Passing, Permit

type Rung = Literal["pointer", "events"]
type Missed = Literal["aside", "swallowed", "late"]
"""How a click reached no button: it was stopped beside the button, or something in the page took it, or it was never
made, as the look before it was too old."""

_LATE_LOOKS: Final = 2
"""How often a look may become too old before its click; a machine that slow is to be left alone."""

_COVERED: Final = 8.0
"""Seconds for which something that goes by itself, or can be taken away, may lie over the button."""

_FOLLOWS: Final = 0.25
"""Seconds given to an order that would come late from a click which the button never saw."""

_COVERS: Final = {
    "walls": ",".join((panel.WALLS, *page.ASSET_VEIL.selectors)),
    "toasts": ",".join(page.TOASTS.selectors),
}


class Controls(Clears, Protocol):
    """What placing needs of the rest of the page."""

    async def select_asset(self, asset: str) -> str:
        """Put the chart on an asset; gives the symbol that it shows."""


class Aim(msgspec.Struct, frozen=True):
    """What was seen when the button was aimed at: `point` is where it takes a click, `over` what lies on its middle.

    `cover` is ``wall`` where that asks something of a person, ``toast`` where it goes by itself, else ``veil``.
    """

    view: panel.Shown
    point: Point | None
    over: str | None
    cover: Literal["wall", "toast", "veil"] | None
    button: str | None
    guard: Guard
    mark: Mark


@dataclass(slots=True)
class Ladder:
    """The clicks for one order.

    The promise: `permit` allows each; after one that the button took, or that may have sent an order, there is none.
    """

    hand: Hand
    told: Told
    witness: Witness
    controls: Controls
    order: Order
    permit: Permit
    passing: Passing
    caught_up: Callable[[str], Awaitable[None]]
    in_front: Callable[[str], bool]
    record: Record
    patience: float = 1.5
    """Seconds in which an order may follow a click of which nothing else is known."""
    now: Callable[[], float] = perf_counter
    """A clock in seconds that never goes back, by which a guard is known to hold."""
    attempts: int = 0

    async def climb(self) -> Verdict:
        """Click with the pointer, and with events of our own where no pointer can reach the button."""
        rungs: list[Rung] = ["pointer", "pointer", "events"]
        late = 0
        while rungs and late <= _LATE_LOOKS:
            self.passing("sighting.before")
            aim = await self._aim_free()
            self.passing("sighting.after")
            if aim.point is None:
                rungs = ["events"]
            refusal = self._unlike(aim)
            if refusal is not None:
                await aim.guard.reached()
                return Verdict(False, refusal, again=True)
            refusal = self._shut(aim) or self._ask(aim)
            if refusal is not None:
                await aim.guard.reached()
                return Verdict(False, refusal)
            fate = await self._click(aim, rungs[0])
            match fate:
                case Verdict():
                    return fate
                case "late":
                    late += 1
                case "swallowed":
                    rungs = rungs[1:][-1:]
                case "aside":
                    rungs = rungs[1:]
        if late > _LATE_LOOKS:
            return Verdict(
                False, Refusal("control_stuck", "the page was never looked at shortly enough before a click")
            )
        return Verdict(False, Refusal("not_placed", "the button takes no click; nothing was ordered"))

    # ------------------------------------------------------------------------------------------------ aiming

    async def _aim_free(self) -> Aim:
        """Aim at a free point of the button; what can be closed is closed, what goes by itself is given the time."""
        end = perf_counter() + _COVERED
        aim = await self._aim()
        while aim.point is None and aim.cover is not None and aim.view.available and perf_counter() < end:
            await aim.guard.reached()
            with self.record.timing("uncovering"):
                closed = await self._uncover(end - perf_counter())
            self.record.note(covered_by=aim.over, cover=aim.cover, closed=closed)
            aim = await self._aim()
            if aim.cover == "veil" and not closed:
                break
        return aim

    async def _uncover(self, seconds: float) -> tuple[str, ...]:
        closed = await self.controls.close_modals()
        looked = {"s": panel.selectors(self.order.side), "covers": _COVERS, "ms": seconds * 1000}
        await self.hand.evaluate(aiming.FREE, looked, seconds=seconds + SURE)
        return closed

    async def _aim(self) -> Aim:
        guard = Guard(self.hand, trades=True, now=self.now)
        wanted = {"s": panel.selectors(self.order.side), "guard": guard.arms, "covers": _COVERS}
        mark = self.witness.mark()
        with self.record.timing("aim"):
            told = await self.hand.evaluate(aiming.AIM, wanted)
        return msgspec.convert({**told, "guard": guard, "mark": mark}, Aim)

    def _sighting(self, view: panel.Shown) -> Sighting:
        """What the page shows; the expiry's mode was made sure of when it was set, and the guard holds its text."""
        return panel.sighting(view, self.told, None if view.utc else texts.length(view.expiry))

    def _unlike(self, aim: Aim) -> Refusal | None:
        """What of the panel is not as the order wants it."""
        seen, order = self._sighting(aim.view), self.order
        if aim.button is None:
            return Refusal("button_unavailable", "the page shows no such button")
        if seen.asset != order.asset:
            return Refusal("asset_mismatch", f"the page shows {aim.view.asset} where {order.asset} is to be traded")
        if seen.expiry != order.expiry:
            return Refusal("expiry_mismatch", f"the page shows {aim.view.expiry} where {order.expiry} ms are wanted")
        if seen.stake != order.stake:
            return Refusal("stake_mismatch", f"the page shows {aim.view.stake!r} where {order.stake} is wanted")
        return None

    def _shut(self, aim: Aim) -> Refusal | None:
        """Why the button can or must not be pressed."""
        if aim.view.shut:
            return Refusal("asset_closed", f"the page says that {self.order.asset} is not traded now")
        if not aim.view.available:
            return Refusal("button_unavailable", "the page's button cannot be pressed now")
        if aim.point is None and aim.cover in ("wall", "toast"):
            return Refusal("covered", f"something lies over the button and does not go away: {aim.over}")
        return None

    def _ask(self, aim: Aim) -> Refusal | None:
        self.passing("permit.before")
        with self.record.timing("permit"):
            refusal = self._elsewhere() or self.permit.ask(self._sighting(aim.view), self.attempts + 1)
        self.passing("permit.after")
        return refusal

    def _still(self, view: panel.Shown) -> Refusal | None:
        """Whether the order whose click is out may be gone on with, now that the page shows this."""
        return self._elsewhere() or self.permit.still(self._sighting(view))

    def _elsewhere(self) -> Refusal | None:
        """What is heard belongs to the tab in front; a click in another one would be nobody's."""
        if self.in_front(self.hand.target):
            return None
        return Refusal("page_gone", "another tab has become the trading page meanwhile")

    # ---------------------------------------------------------------------------------------------- clicking

    async def _click(self, aim: Aim, rung: Rung) -> Verdict | Missed:
        """One click that was allowed; how it missed where it provably reached no button."""
        self.attempts += 1
        shown = msgspec.to_builtins(aim.view)
        note = self.record.note(attempt=self.attempts, rung=rung, over=aim.over, button=aim.button, shown=shown)
        self.passing("click.before")
        if not aim.guard.holds:
            return await self._too_late(aim, note)
        note["point"] = point = None if rung == "events" else aim.point
        self.record.dispatching()
        with self.record.timing("click"):
            note["problem"] = await aim.guard.press(point)
        self.passing("click.after")
        with self.record.timing("outcome"):
            seen = await aim.guard.reached()
        note["reached"] = None if seen is None else msgspec.to_builtins(seen)
        fate = await self._judge(aim, seen, pressed=note["problem"] is None)
        note["landed"] = fate.landed if isinstance(fate, Verdict) else False
        self.permit.clicked(self.attempts, note["landed"])
        return fate

    async def _too_late(self, aim: Aim, note: dict[str, Any]) -> Missed:
        """The guard would let go before the click is surely over: it is not made."""
        note["late"] = True
        self.permit.clicked(self.attempts, False)
        await aim.guard.reached()
        return "late"

    async def _judge(self, aim: Aim, seen: Reached | None, *, pressed: bool) -> Verdict | Missed:
        if seen is not None and seen.took:
            way = Following(
                self.hand,
                self.told,
                self.witness,
                self.controls,
                self.order,
                self.record,
                self._silent,
                self._still,
                now=self.now,
            )
            return await way.follow(aim.mark)
        if seen is None or not seen.armed or not pressed:
            return Verdict(True if await self.witness.wait_asked(aim.mark, self.patience) else None)
        late = 0 if seen.stopped else _FOLLOWS
        if await self.witness.wait_asked(aim.mark, late) or not await self._silent(aim.mark):
            return Verdict(True if self.witness.asked_since(aim.mark) else None)
        if any(why == "changed" for _, why, _ in seen.stopped):
            return Verdict(
                False, Refusal("not_placed", "the panel changed under the click; it was stopped"), again=True
            )
        return "aside" if seen.stopped else "swallowed"

    async def _silent(self, mark: Mark) -> bool:
        """Whether it is certain that no order has left the page since a mark."""
        try:
            with self.record.timing("silence"):
                await self.caught_up(self.hand.target)
        except (Refused, TimeoutError, Disconnected):
            return False
        return self.witness.clear_since(mark)
