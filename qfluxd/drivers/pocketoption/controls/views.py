"""Pictures of the trading page, its chart and its trade panel."""

from struct import unpack_from

from qfluxd.chrome.page import Box
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls.diagnostics import as_trouble
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.errors import PageError
from qfluxd.sights import Picture, What

_QUALITY = 80
_SIZE_AT = 16
"""Where a PNG tells its width and height, each in four bytes."""
_PARTS: dict[What, Control] = {"chart": page.CHART, "panel": page.PANEL}


async def picture(touch: Touch, what: What) -> Picture:
    """A screenshot as PNG and JPEG; neither scrolls nor closes anything."""
    clip = await _box(touch, _PARTS[what]) if what in _PARTS else None
    with as_trouble(page.BODY):
        png = await touch.hand.screenshot(clip)
        jpeg = await touch.hand.screenshot(clip, jpeg_quality=_QUALITY)
    width, height = unpack_from(">II", png, _SIZE_AT)
    return Picture(what, png, jpeg, width, height)


async def _box(touch: Touch, control: Control) -> Box:
    """The part of a control that is in sight."""
    async with touch.trouble.working(touch.hand, control):
        found = await touch.hand.find(control.selectors)
        box = None if found is None else await touch.hand.box(found.selector)
        view = await touch.hand.view()
        if box is None:
            raise PageError("control_missing", f"the page has no {control.name}")
        left, top = max(0.0, box.x), max(0.0, box.y)
        right, bottom = min(float(view.width), box.x + box.width), min(float(view.height), box.y + box.height)
        if right - left < 1 or bottom - top < 1:
            raise PageError("control_missing", f"the page's {control.name} is out of sight")
        return Box(left, top, right - left, bottom - top)
