"""One press of one thing on the page, guarded where it happens, and what became of it."""

from dataclasses import dataclass
from typing import Final

import msgspec

from qfluxd.chrome.page import Hand, NotDone
from qfluxd.drivers.pocketoption import aiming
from qfluxd.errors import Disconnected
from qfluxd.model import Refusal

ARMED: Final = 8.0
"""Seconds after which the guard in the page lets go by itself, should we be gone."""

SURE: Final = 10.0
"""Seconds in which a page that stands still has to answer."""

type Point = tuple[float, float]


class Reached(msgspec.Struct, frozen=True):
    """What the guard saw: whether what was aimed at took the click, and which events were stopped on their way.

    `armed` is whether the guard was still there when it was asked.
    """

    armed: bool
    took: bool
    trusted: bool | None
    stopped: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of all clicks for one order.

    `landed` as in `qfluxd.model.Placed`. `again` where the panel was not as it was set: nothing was ordered, and it
    may be set and tried once more.
    """

    landed: bool | None
    refusal: Refusal | None = None
    again: bool = False


async def press(hand: Hand, ident: str, point: Point | None) -> str | None:
    """Press what is armed under `ident`, with the pointer or, without a point, with events of our own.

    Gives what went wrong, None where the page has had the whole click.
    """
    try:
        if point is not None:
            await hand.click_at(*point)
        elif await hand.evaluate(aiming.FIRE, ident, seconds=SURE) is None:
            return "another document"
    except (NotDone, Disconnected) as problem:
        return str(problem)
    return None


async def reached(hand: Hand, ident: str) -> Reached | None:
    """What the guard saw, which is let go; None where nobody can tell: the document is another, or does not answer."""
    try:
        told = await hand.evaluate(aiming.OUTCOME, ident, seconds=SURE)
    except (NotDone, Disconnected):
        return None
    return msgspec.convert(told, Reached | None)
