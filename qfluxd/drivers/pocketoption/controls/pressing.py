"""One click on one control of the trade panel."""

from dataclasses import dataclass
from typing import Final

import msgspec

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption.controls import aiming
from qfluxd.drivers.pocketoption.controls.guard import Guard, Point
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.errors import PageError
from qfluxd.model import Refusal

_TRIES: Final = 3


class _Spot(msgspec.Struct, frozen=True):
    """Where a control takes a click, None where something lies over all of it; `over` is what lies over its middle."""

    point: Point | None
    over: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all clicks for one order.

    `landed` as in `qfluxd.model.Placed`. `again` where the panel was not as it was set: nothing was ordered, and it
    may be set and tried once more.
    """

    landed: bool | None
    refusal: Refusal | None = None
    again: bool = False


async def click_on(hand: Hand, control: Control, *, avoid: Control | None = None, text: str | None = None) -> None:
    """Click a control, guarded where it is free; with `text` the one that says it, and never on what is to be avoided.

    Raises:
        PageError: ``control_missing``, ``covered``, ``control_stuck`` where it moves away each time.
    """
    where = {"selectors": control.selectors, "avoid": avoid and ",".join(avoid.selectors), "text": text}
    for _ in range(_TRIES):
        guard = Guard(hand)
        spot = msgspec.convert(await hand.evaluate(aiming.SPOT, where | {"guard": guard.arms}), _Spot | None)
        if spot is None:
            raise PageError("control_missing", f"the page has no {control.name}", tried=control.selectors)
        if spot.point is None:
            raise PageError("covered", f"something lies over the page's {control.name}: {spot.over}")
        if await guard.click(spot.point):
            return
    raise PageError("control_stuck", f"the page's {control.name} moves away from under the pointer")
