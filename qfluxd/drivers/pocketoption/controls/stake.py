"""Sets the stake of the next trade, and makes sure that the page holds exactly that."""

from decimal import Decimal
from typing import Final

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import inpage
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.panel import agreed, look, look_for, stake_of
from qfluxd.drivers.pocketoption.controls.pressing import click_on
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError

_SHOWS: Final = 0.5
"""Seconds in which the panel shows a change."""


async def set_stake(hand: Hand, told: Told, trouble: Trouble, stake: Decimal) -> Decimal:
    """Set the stake in money, and give it as the page shows it.

    The field is set as the browser sets one, with the event that follows; typing is tried only where the page takes
    no notice of that, because typed digits may be added to those that are there.

    Raises:
        PageError: ``stake_mismatch`` where the page shows another stake all the same, or tells the broker so;
            ``control_missing``, ``control_stuck``, ``covered``.
    """
    text, before = f"{stake.normalize():f}", told.settings
    async with trouble.working(hand, page.AMOUNT, page.PANEL):
        view = await look(hand)
        if view.stake is None:
            raise PageError("control_missing", "the page shows no field for the stake")
        if not view.money:
            await _leave_percent(hand)
        elif stake_of(view) == stake:
            return stake
        for way in (_fill, _fill, _type, _fill):
            await way(hand, text)
            view = await look(hand)
            if stake_of(view) == stake and await agreed(told, before, lambda: told.stake, stake):
                return stake
        if stake_of(view) == stake:
            raise PageError("stake_mismatch", f"the page shows {text}, and saved {told.stake}")
        raise PageError("stake_mismatch", f"the page shows {view.stake!r} where {text} was set")


async def _fill(hand: Hand, text: str) -> None:
    await hand.evaluate(inpage.FILL_STAKE, {"selectors": page.AMOUNT.selectors, "text": text})


async def _type(hand: Hand, text: str) -> None:
    await click_on(hand, page.AMOUNT)
    await hand.select_all()
    await hand.type_text(text)
    await hand.press("Escape")  # a click on the field may have opened a keyboard of the page's own


async def _leave_percent(hand: Hand) -> None:
    await click_on(hand, page.AMOUNT_MODE)
    view = await look_for(hand, _SHOWS, money=True)
    if not view.money:
        raise PageError("control_stuck", "the stake stays a percentage")
