"""The chart's timeframe, by the menu that also holds the chart types."""

from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.readings import read
from qfluxd.drivers.pocketoption.controls.touch import Part, Touch
from qfluxd.errors import PageError
from qfluxd.model import Millis, timeframe_name

_ANSWERS = 4.0
_ONLY_HERE = frozenset({"S5", "M2", "D1"})
"""What the menu of the visible range does not offer all of, though it looks alike."""


async def select_timeframe(touch: Touch, timeframe: Millis) -> Millis:
    """Put the chart on a timeframe, and give the one that it shows then.

    Raises:
        PageError: ``timeframe_unknown`` the page's chart has no such timeframe; or that of a control.
    """
    label = texts.timeframe_label(timeframe)
    if label is None:
        name = timeframe_name(timeframe)
        offered = ", ".join(map(timeframe_name, texts.TIMEFRAMES.values()))
        raise PageError("timeframe_unknown", f"the page's chart has no {name}; it has {offered}")
    if touch.told.timeframe == timeframe and await _badge(touch, timeframe):
        return timeframe
    await clear(touch)
    try:
        await _choose(touch, label, timeframe)
    finally:
        await clear(touch)
    return timeframe


async def _choose(touch: Touch, label: str, timeframe: Millis) -> None:
    async with touch.trouble.working(touch.hand, page.CHART_MENU_OPENER, page.CHART):
        await touch.click(page.CHART_MENU_OPENER)
        if await touch.until(lambda: _listed(touch)) is None:
            raise PageError("control_stuck", "the chart's menu with the timeframes did not open")
    async with touch.trouble.working(touch.hand, page.TIMEFRAME_ITEMS, page.CHART_MENU):
        await touch.click(page.TIMEFRAME_ITEMS, Part(texts=(label,), within=page.CHART_MENU))
        if await touch.told.until(lambda: touch.told.timeframe == timeframe or None, _ANSWERS) is None:
            raise PageError("control_stuck", f"a click on {label} did not put the chart on it")
        if await touch.until(lambda: _badge(touch, timeframe)) is None:
            raise PageError("control_stuck", f"the chart's menu does not show {label}")


async def _listed(touch: Touch) -> bool | None:
    """Whether the timeframes are there to be chosen."""
    items = await touch.items(page.TIMEFRAME_ITEMS, within=page.CHART_MENU)
    return {item.text for item in items} >= _ONLY_HERE or None


async def _badge(touch: Touch, timeframe: Millis) -> bool | None:
    return texts.timeframe((await read(touch.hand)).timeframe) == timeframe or None
