"""Sets how long the next trade lasts, as a length and never as a time of day.

The icon beside the value flips between the two. It is touched in one case only: where the open drop-down says that it
adds to a time of day. Then one click on it leaves that mode, and the drop-down is looked at again.
"""

from time import time_ns
from typing import Final

import msgspec

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import inpage
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.panel import Shown, agreed, expiry_of, look, look_for, look_past
from qfluxd.drivers.pocketoption.controls.pressing import click_on
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import DAY, Millis, timeframe_name

_TRIES: Final = 3
_OPENS: Final = 1.5
_SHUTS: Final = 0.4
_SHOWS: Final = 1.0
"""Seconds in which the drop-down opens and shuts, and the panel shows a change."""

_PRESETS: Final = {
    3_000: "S3",
    15_000: "S15",
    30_000: "S30",
    60_000: "M1",
    180_000: "M3",
    300_000: "M5",
    1_800_000: "M30",
    3_600_000: "H1",
    14_400_000: "H4",
}


class _Offer(msgspec.Struct, frozen=True):
    """What the open drop-down shows; `clock` where it adds to a time of day."""

    clock: bool
    presets: tuple[str, ...]
    fields: tuple[str, ...]


async def set_expiry(hand: Hand, told: Told, trouble: Trouble, expiry: Millis) -> Millis:
    """Set the length, and give it as the page shows it with its drop-down shut.

    Raises:
        PageError: ``expiry_not_offered`` for a length that the page cannot show; ``expiry_mismatch`` where it shows
            another one all the same, or tells the broker so; ``control_missing``, ``control_stuck``, ``covered``.
    """
    if expiry % 1000 or not 0 < expiry < DAY:
        raise PageError("expiry_not_offered", "the page counts whole seconds, and fewer than a day's")
    before = told.settings
    async with trouble.working(hand, page.EXPIRY, page.PANEL):
        view = await look(hand)
        for _ in range(_TRIES):
            if view.expiry is None:
                raise PageError("control_missing", "the page shows no expiry")
            if expiry_of(view, told, _now()) == expiry and not view.open:
                return expiry
            if not await _work(hand, view, expiry):
                view = await look(hand)
                continue
            view = await look_for(hand, _SHOWS, expiry=_words(expiry), open=False)
            if not view.utc and not view.open and texts.length(view.expiry) == expiry:
                if await agreed(told, before, lambda: told.expiry, expiry):
                    return expiry
                raise PageError(
                    "expiry_mismatch", f"the page shows {view.expiry}, and told the broker {told.expiry} ms"
                )
        raise PageError("expiry_mismatch", f"the page shows {view.expiry} where {_words(expiry)} was set")


async def _work(hand: Hand, view: Shown, expiry: Millis) -> bool:
    """Open the drop-down, set the length, shut it again; true where it was seen to be in no clock mode."""
    offer = await _open(hand)
    if offer.clock:
        await _shut(hand)
        await _leave_clock(hand, view)
        return False
    if texts.length(view.expiry) != expiry:
        await _choose(hand, offer, expiry)
    await _shut(hand)
    return True


async def _open(hand: Hand) -> _Offer:
    offer = await _offer(hand, 0)
    if offer is None:
        await click_on(hand, page.EXPIRY_OPENER, avoid=page.EXPIRY_MODE)
        offer = await _offer(hand, _OPENS)
    if offer is None:
        raise PageError("control_stuck", "the expiry's drop-down does not open")
    return offer


async def _offer(hand: Hand, seconds: float) -> _Offer | None:
    parts = {
        "panel": page.EXPIRY_PANEL.selectors,
        "presets": page.EXPIRY_PRESETS.selectors,
        "fields": page.EXPIRY_FIELDS.selectors,
    }
    told = await hand.evaluate(inpage.EXPIRY_PANEL, {"s": parts, "ms": seconds * 1000})
    return msgspec.convert(told, _Offer | None)


async def _choose(hand: Hand, offer: _Offer, expiry: Millis) -> None:
    preset = _PRESETS.get(expiry)
    if preset in offer.presets:
        await click_on(hand, page.EXPIRY_PRESETS, text=preset)
        return
    wanted = {
        "panels": page.EXPIRY_PANEL.selectors,
        "selectors": page.EXPIRY_FIELDS.selectors,
        "values": _words(expiry).split(":"),
    }
    if not await hand.evaluate(inpage.FILL_FIELDS, wanted):
        raise PageError(
            "control_missing",
            f"the expiry's drop-down has no {timeframe_name(expiry)} and no fields for hours, minutes and seconds",
            tried=page.EXPIRY_PRESETS.selectors + page.EXPIRY_FIELDS.selectors,
        )


async def _shut(hand: Hand) -> None:
    """Escape shuts it; where it does not, a click beside it does."""
    if (await look(hand)).open:
        await hand.press("Escape")
        if (await look_for(hand, _SHUTS, open=False)).open:
            await click_on(hand, page.DROPDOWN, avoid=page.EXPIRY_PANEL)
            if (await look_for(hand, _SHUTS, open=False)).open:
                raise PageError("control_stuck", "the expiry's drop-down does not shut")


async def _leave_clock(hand: Hand, view: Shown) -> None:
    await click_on(hand, page.EXPIRY_MODE)
    await look_past(hand, _SHOWS, expiry=view.expiry)


def _words(expiry: Millis) -> str:
    minutes, seconds = divmod(expiry // 1000, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"


def _now() -> Millis:
    return time_ns() // 1_000_000
