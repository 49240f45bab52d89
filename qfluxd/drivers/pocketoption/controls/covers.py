"""What lies over the trading page, and how each of it is taken away."""

import msgspec

from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import looks
from qfluxd.drivers.pocketoption.controls.diagnostics import as_trouble
from qfluxd.drivers.pocketoption.controls.guard import Guard
from qfluxd.drivers.pocketoption.controls.touch import Part, Touch
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.errors import PageError

_TOASTS_GO = 8.0
"""Seconds in which a toast goes by itself."""
_LOADS = 10.0
"""Seconds in which the page has loaded."""
_ESCAPES = 0.3
"""Seconds in which Escape has shut a drop-down."""
_MOST = 6
"""Things that lie over each other at the most."""

_MENUS = ("dropdown", "deposit", "confirmation")
_KNOWN = ("loader", "promo", "tutorial", *_MENUS)


class Cover(msgspec.Struct, frozen=True):
    """Something that lies over the page, and whether it lies over the trade panel."""

    name: str
    over: bool


async def covering(touch: Touch) -> list[Cover]:
    """What lies over the page now, the topmost first."""
    with as_trouble(page.BODY):
        return msgspec.convert(await touch.hand.evaluate(looks.COVERS, looks.COVERS_OF), list[Cover])


async def clear(touch: Touch, *, toasts: bool = False, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Take away what lies over the page, and tell what went.

    A question whether to trade is left by Escape, never answered. What nobody knows how to close stays, and so do
    toasts unless they are to be waited for; those beside the trade panel are in nobody's way. The kinds named in
    `keep` are left alone.

    Raises:
        PageError: ``control_stuck`` or ``control_missing`` where something that can be closed does not go.
    """
    closed: list[str] = []
    for _ in range(_MOST):
        names = (cover.name for cover in await covering(touch))
        name = next((name for name in names if name in _KNOWN and name not in keep), None)
        if name is None:
            break
        await _close(touch, name)
        closed.append(name)
    if toasts and await _toasts_go(touch):
        closed.append("toast")
    return tuple(dict.fromkeys(closed))


async def _close(touch: Touch, name: str) -> None:
    match name:
        case "loader":
            await _gone(touch, page.LOADER, _LOADS)
        case "promo":
            await _dismiss(touch, page.PROMO, page.PROMO_CLOSE)
        case "tutorial":
            await _dismiss(touch, page.TUTORIAL, page.TUTORIAL_CLOSE)
        case _:
            await shut_menu(touch)


async def shut_menu(touch: Touch) -> None:
    """Shut the drop-down that is open: by Escape, else by a click beside it; what opens in its place is another one."""
    async with touch.trouble.working(touch.hand, page.DROPDOWN):
        await touch.hand.evaluate(looks.HOLD, {"dropdown": page.DROPDOWN.selectors})
        await touch.press("Escape")
        if await touch.until(lambda: _left(touch), _ESCAPES):
            return
        await _click_beside(touch)
        if not await touch.until(lambda: _left(touch)):
            raise PageError("control_stuck", "the page's open drop-down does not shut")


async def _left(touch: Touch) -> bool | None:
    """Whether the drop-down that was to be shut is."""
    return True if await touch.hand.evaluate(looks.LEFT) else None


async def _click_beside(touch: Touch) -> None:
    """Click a place of the chart that no menu of it lies on; the layer behind a drop-down takes it."""
    guard = Guard(touch.hand)
    point = await touch.hand.evaluate(looks.BESIDE, {"guard": guard.arms})
    if point is not None:
        await guard.click(point)


async def _dismiss(touch: Touch, cover: Control, by: Control) -> None:
    async with touch.trouble.working(touch.hand, by, cover):
        await touch.click(by, Part(reveal=False))
        if not await touch.goes(cover):
            raise PageError("control_stuck", f"the page's {cover.name} does not go")


async def _gone(touch: Touch, cover: Control, seconds: float) -> None:
    async with touch.trouble.working(touch.hand, cover):
        if not await touch.goes(cover, seconds):
            raise PageError("control_stuck", f"the page's {cover.name} does not go")


async def _toasts_go(touch: Touch) -> bool:
    """Whether toasts lay over the trade panel and have gone."""
    if not await _toasts(touch):
        return False

    async def gone() -> bool | None:
        return None if await _toasts(touch) else True

    return await touch.until(gone, _TOASTS_GO) is not None


async def _toasts(touch: Touch) -> bool:
    return any(cover.over and cover.name == "toast" for cover in await covering(touch))
