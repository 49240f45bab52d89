"""Working a control as a person would: look for it, point at what is free of it, click, and look again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import looks
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble, as_trouble
from qfluxd.drivers.pocketoption.controls.guard import Guard, Point
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError

LOOK = 0.02
"""Seconds between two looks at the page, which does not tell when it has changed."""

APPEARS = 2.0
"""Seconds in which something that a click opens is there."""

_TRIES = 3
_SETTLES = 1.0
"""Seconds in which a control stands still."""


class Spot(msgspec.Struct, frozen=True):
    """Where a control is: `box` is x, y, width, height in CSS pixels of the viewport.

    `point` is one at which a click reaches it, None where there is none; `over` is what lies on its middle. `moves` is
    whether it moved while it was looked at.
    """

    selector: str
    box: tuple[float, float, float, float]
    shown: bool
    moves: bool
    point: Point | None
    over: str | None


class Item(msgspec.Struct, frozen=True):
    """One element of a list: what it says and where it leads."""

    text: str
    address: str | None
    shown: bool


@dataclass(frozen=True, slots=True)
class Part:
    """Which of a control's elements is meant, where a control has many.

    One that says exactly one of `texts`, `says` being the child that does; looked for inside the first shown element of
    `within`. What is clicked is its child `target`. With `reveal` it is scrolled into sight.
    """

    texts: tuple[str, ...] = ()
    within: Control | None = None
    says: Control | None = None
    target: Control | None = None
    reveal: bool = True


WHOLE = Part()


@dataclass(frozen=True, slots=True)
class Touch:
    """What every control is worked with: the hand on the page, what the sockets said, and who reports trouble.

    The promise: a click is made only where the control stands still, and nothing else gets it.
    """

    hand: Hand
    told: Told
    trouble: Trouble

    async def see(self, control: Control, part: Part = WHOLE, *, guard: Guard | None = None) -> Spot | None:
        """Where a control is, scrolled into sight; None where the page has none. With `guard` for a click to come."""
        with as_trouble(control):
            looked = _looked(control, part) | {"guard": None if guard is None else guard.arms}
            return msgspec.convert(await self.hand.evaluate(looks.SPOT, looked), Spot | None)

    async def click(self, control: Control, part: Part = WHOLE) -> Spot:
        """Click a control.

        Raises:
            PageError: ``control_missing`` it is not there or not shown; ``covered`` something lies over all of it.
        """
        for _ in range(_TRIES):
            aimed = await self.until(lambda: self._aimed(control, part), _SETTLES)
            if aimed is None:
                raise _unreachable(control, await self.see(control, part))
            spot, point, guard = aimed
            with as_trouble(control):
                if await guard.click(point):
                    return spot
        raise PageError("control_stuck", f"the page's {control.name} moves away from under the pointer")

    async def _aimed(self, control: Control, part: Part) -> tuple[Spot, Point, Guard] | None:
        """Where it can be clicked, if it stands still; the click is guarded from here on."""
        guard = Guard(self.hand)
        spot = await self.see(control, part, guard=guard)
        return None if spot is None or spot.point is None else (spot, spot.point, guard)

    async def items(self, control: Control, *, within: Control | None = None) -> list[Item]:
        """All elements of a control."""
        looked = {"selectors": control.selectors, "within": None if within is None else within.selectors}
        with as_trouble(control):
            return msgspec.convert(await self.hand.evaluate(looks.ITEMS, looked), list[Item])

    async def press(self, key: str) -> None:
        """Press a key."""
        with as_trouble(page.BODY):
            await self.hand.press(key)

    async def until[T](self, look: Callable[[], Awaitable[T | None]], seconds: float = APPEARS) -> T | None:
        """What `look` finds on the page, as soon as it does; None when it has not in that time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while True:
            found = await look()
            if found is not None or loop.time() >= end:
                return found
            await asyncio.sleep(LOOK)

    async def appears(self, control: Control, seconds: float = APPEARS) -> Spot | None:
        """Where a control is shown, as soon as it is."""
        return await self.until(lambda: self._shown(control), seconds)

    async def goes(self, control: Control, seconds: float = APPEARS) -> bool:
        """Whether a control is gone from sight within that time."""
        return await self.until(lambda: self._gone(control), seconds) is not None

    async def _shown(self, control: Control) -> Spot | None:
        spot = await self.see(control)
        return spot if spot is not None and spot.shown else None

    async def _gone(self, control: Control) -> bool | None:
        return None if await self._shown(control) else True


def _looked(control: Control, part: Part) -> dict[str, object]:
    return {
        "selectors": control.selectors,
        "texts": part.texts or control.texts,
        "within": None if part.within is None else part.within.selectors,
        "child": None if part.says is None else part.says.selectors,
        "target": None if part.target is None else part.target.selectors,
        "reveal": part.reveal,
    }


def _unreachable(control: Control, spot: Spot | None) -> PageError:
    if spot is None or not spot.shown:
        return PageError("control_missing", f"the page shows no {control.name}", tried=control.selectors)
    if spot.over is not None:
        return PageError("covered", f"the page's {control.name} is covered by {spot.over}")
    return PageError("control_stuck", f"the page's {control.name} does not stand still")
