"""The list of trades beside the chart, which can be shut."""

from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.readings import read
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.errors import PageError


async def show_sidebar(touch: Touch, shown: bool) -> bool:
    """Open or shut the list of trades, and give whether it is open then."""
    if await _is(touch, shown):
        return shown
    await clear(touch)
    async with touch.trouble.working(touch.hand, page.SIDEBAR_OPENER):
        await touch.click(page.SIDEBAR_OPENER)
        if await touch.until(lambda: _is(touch, shown)) is None:
            raise PageError("control_stuck", "the trades button did not change whether the list of trades is open")
    return shown


async def _is(touch: Touch, shown: bool) -> bool | None:
    return (await read(touch.hand)).sidebar is shown or None
