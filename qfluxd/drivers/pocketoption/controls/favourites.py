"""The favourites: what they pay, and putting the chart on one of them."""

from functools import partial

from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.picker import select_asset
from qfluxd.drivers.pocketoption.controls.readings import Seen, SeenFavourite, read, shown_asset
from qfluxd.drivers.pocketoption.controls.touch import Part, Spot, Touch
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.sights import Favorite, FavoritesScan, Reading

_MOVES = 1.0
"""Seconds in which an arrow has moved the bar."""
_MOST_MOVES = 40
_ANSWERS = 4.0
_UNSEEN = SeenFavourite(None, "", None, selected=False, visible=False)


async def scan(touch: Touch, min_payout: int) -> FavoritesScan:
    """Every favourite with its payout, also those out of sight, and those that pay at least `min_payout` percent."""
    async with touch.trouble.working(touch.hand, page.FAVOURITES):
        seen = await read(touch.hand)
        if seen.favourites_shown is None and touch.told.favourites is None:
            raise PageError("control_missing", "the page shows no favourites, and the broker has told none")
    return scanned(seen, touch.told, min_payout)


def scanned(seen: Seen, told: Told, min_payout: int) -> FavoritesScan:
    """The favourites that the page shows and those that the broker names beside them."""
    items = {item.asset: item for item in seen.favourites if item.asset}
    symbols = tuple(dict.fromkeys((*items, *(told.favourites or ()))))
    if told.favourites is not None:
        symbols = tuple(symbol for symbol in symbols if symbol in told.favourites)
    known = tuple(_favourite(symbol, items.get(symbol, _UNSEEN), seen, told) for symbol in symbols)
    eligible = (one.asset for one in known if one.payout.value is not None and one.payout.value >= min_payout)
    return FavoritesScan(known, tuple(eligible), min_payout)


def _favourite(symbol: str, item: SeenFavourite, seen: Seen, told: Told) -> Favorite:
    shown = texts.percent(item.payout)
    asset = told.assets.get(symbol)
    if asset is None:
        payout = Reading(shown, None if shown is None else "page", shown)
    else:
        payout = Reading(asset.payout if asset.open else None, "socket", shown)
    visible = item.visible and bool(seen.favourites_shown)
    return Favorite(symbol, item.label or told.label(symbol) or symbol, payout, item.selected, visible)


async def select_favourite(touch: Touch, pick: str, min_payout: int) -> str:
    """Put the chart on a favourite, and give the symbol that it shows then.

    `pick` is a symbol, or ``first``, ``last`` or ``best`` of those that pay at least `min_payout` percent.

    Raises:
        PageError: ``not_favourite``, ``payout_too_low``, ``asset_closed``, or that of a control.
    """
    await clear(touch)
    found = await scan(touch, min_payout)
    symbol = _picked(found, pick)
    seen = await read(touch.hand)
    if touch.told.asset == symbol and shown_asset(seen, touch.told) == symbol:
        return symbol
    if not seen.favourites_shown:
        return await select_asset(touch, symbol)
    async with touch.trouble.working(touch.hand, page.FAVOURITE_ITEMS, page.FAVOURITES):
        await _click(touch, symbol)
        if await touch.told.until(lambda: touch.told.asset == symbol or None, _ANSWERS) is None:
            raise PageError("control_stuck", f"a click on the favourite {symbol} did not put the chart on it")
        if await touch.until(lambda: _shown(touch, symbol)) is None:
            raise PageError("control_stuck", f"the page does not name {symbol} above its chart")
    return symbol


def _picked(found: FavoritesScan, pick: str) -> str:
    by_symbol = {one.asset: one for one in found.favorites}
    eligible = [by_symbol[symbol] for symbol in found.eligible]
    if pick in ("first", "last", "best"):
        if not eligible:
            raise PageError("payout_too_low", f"no favourite pays {found.min_payout} % now")
        if pick == "best":
            return max(eligible, key=lambda one: one.payout.value or 0).asset
        return eligible[0 if pick == "first" else -1].asset
    if pick not in by_symbol:
        raise PageError("not_favourite", f"{pick} is no favourite")
    if pick not in found.eligible:
        pays = by_symbol[pick].payout.value
        if pays is None:
            raise PageError("asset_closed", f"{pick} is closed now")
        raise PageError("payout_too_low", f"{pick} pays {pays} % now, less than {found.min_payout} %")
    return pick


async def _click(touch: Touch, symbol: str) -> None:
    """Bring a favourite into sight by the bar's arrows, as its track is moved and not scrolled, and click its name."""
    item = page.favourite_item(symbol)
    name = Part(target=page.FAVOURITE_LABEL, reveal=False)
    for _ in range(_MOST_MOVES):
        spot, window = await touch.see(item, name), await touch.see(page.FAVOURITES_WINDOW, Part(reveal=False))
        if spot is None or window is None:
            raise PageError("control_missing", f"the bar of favourites has no {symbol}", tried=item.selectors)
        if _inside(spot, window):
            await touch.click(item, name)
            return
        left = spot.box[0] < window.box[0]
        await touch.click(page.FAVOURITES_LEFT if left else page.FAVOURITES_RIGHT, Part(reveal=False))
        if await touch.until(partial(_moved, touch, symbol, spot), _MOVES) is None:
            raise PageError("control_stuck", "the arrows of the favourites move nothing")
    raise PageError("control_stuck", f"the arrows of the favourites do not bring {symbol} into sight")


async def _moved(touch: Touch, symbol: str, was: Spot) -> bool | None:
    now = await touch.see(page.favourite_item(symbol), Part(target=page.FAVOURITE_LABEL, reveal=False))
    return None if now is None or now.box[0] == was.box[0] else True


def _inside(spot: Spot, window: Spot) -> bool:
    """Whether the middle of a favourite's name is within the bar, with a little to spare."""
    middle = spot.box[0] + spot.box[2] / 2
    return window.box[0] + 4 < middle < window.box[0] + window.box[2] - 4


async def _shown(touch: Touch, symbol: str) -> bool | None:
    return shown_asset(await read(touch.hand), touch.told) == symbol or None
