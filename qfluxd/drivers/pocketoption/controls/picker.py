"""The list of assets: putting the chart on one of them, and starring them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import looks
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.readings import favourites, read, shown_asset
from qfluxd.drivers.pocketoption.controls.touch import Part, Touch
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import Asset

_FILTERS = 0.5
"""Seconds in which the list follows what is searched."""
_ANSWERS = 4.0
"""Seconds in which the page asks for another asset, or the broker tells the favourites."""


class Row(msgspec.Struct, frozen=True):
    """One row of the list: an asset's label, its payout as it is written, and its marks."""

    label: str
    payout: str | None
    open: bool
    starred: bool


async def select_asset(touch: Touch, symbol: str) -> str:
    """Put the chart on an asset, and give the symbol that it shows then.

    Raises:
        PageError: ``asset_unknown``, ``asset_closed``, or that of a control.
    """
    asset = _tradable(touch.told, symbol)
    if await _on_chart(touch, asset):
        return symbol
    async with _listed(touch, asset) as row:
        if not row.open:
            raise PageError("asset_closed", f"the page's list shows {asset.label} as closed")
        async with touch.trouble.working(touch.hand, page.PICKER_ROWS, page.PICKER):
            await touch.click(page.PICKER_ROWS, _row(asset, page.PICKER_LINK))
            if await touch.told.until(lambda: touch.told.asset == symbol or None, _ANSWERS) is None:
                raise PageError("control_stuck", f"a click on {asset.label} did not put the chart on it")
    if await touch.until(lambda: _shown(touch, asset)) is None:
        raise await touch.trouble.report(
            touch.hand, page.SYMBOL, "asset_mismatch", f"the page does not name {asset.label} above its chart"
        )
    return symbol


async def star(touch: Touch, symbol: str, starred: bool) -> tuple[str, ...]:
    """Add an asset to the favourites or take it out, and give all of them as the broker tells them then.

    Raises:
        PageError: ``asset_unknown``, or that of a control.
    """
    asset = _known(touch.told, symbol)
    async with _listed(touch, asset) as row:
        if row.starred != starred:
            async with touch.trouble.working(touch.hand, page.PICKER_STAR, page.PICKER):
                await touch.click(page.PICKER_ROWS, _row(asset, page.PICKER_STAR))
                if await touch.told.until(lambda: _is_starred(touch.told, symbol) == starred or None, _ANSWERS) is None:
                    raise PageError("control_stuck", f"the star of {asset.label} did not change the favourites")
    return favourites(await read(touch.hand), touch.told).value or ()


def _is_starred(told: Told, symbol: str) -> bool | None:
    return None if told.favourites is None else symbol in told.favourites


@asynccontextmanager
async def _listed(touch: Touch, asset: Asset) -> AsyncIterator[Row]:
    """The open list with this asset's row in it; it is shut afterwards, whatever happens."""
    await clear(touch)
    await _open(touch)
    try:
        yield await _found(touch, asset)
    finally:
        await clear(touch)


async def _open(touch: Touch) -> None:
    async with touch.trouble.working(touch.hand, page.PICKER_OPENER, page.CHART):
        await touch.click(page.PICKER_OPENER)
        if await touch.appears(page.PICKER) is None:
            raise PageError("control_stuck", "a click on the asset's name did not open the list of assets")


async def _found(touch: Touch, asset: Asset) -> Row:
    """The asset's row, searched by several words; each label belongs to one asset only."""
    async with touch.trouble.working(touch.hand, page.PICKER_SEARCH, page.PICKER):
        if (field := await touch.appears(page.PICKER_SEARCH)) is None:
            raise PageError("control_missing", "the list of assets has no search")
        for words in _searches(asset):
            await touch.hand.fill(field.selector, words)
            row = await touch.until(lambda: _row_of(touch, asset.label), _FILTERS)
            if row is not None:
                return row
    raise PageError("asset_unknown", f"the page's list has no {asset.label}")


async def _row_of(touch: Touch, label: str) -> Row | None:
    rows = await touch.hand.evaluate(looks.ROWS, looks.ROWS_OF)
    return next((row for row in msgspec.convert(rows or [], list[Row]) if row.label == label), None)


def _row(asset: Asset, target: page.Control) -> Part:
    return Part(texts=(asset.label,), within=page.PICKER, says=page.PICKER_LABEL, target=target)


def _searches(asset: Asset) -> tuple[str, ...]:
    """What may find an asset: its letters only, its name, its symbol, and the whole list."""
    name = asset.label.removesuffix(" OTC")
    symbol = asset.symbol.removesuffix("_otc").lstrip("#")
    return tuple(dict.fromkeys((texts.compact(asset.label), name, symbol, "")))


def _known(told: Told, symbol: str) -> Asset:
    if not told.assets:
        raise PageError("not_ready", "the broker has not told its assets since we listen; reload the page")
    if (asset := told.assets.get(symbol)) is None:
        raise PageError("asset_unknown", f"the broker has no asset {symbol}")
    return asset


def _tradable(told: Told, symbol: str) -> Asset:
    asset = _known(told, symbol)
    if not asset.open:
        raise PageError("asset_closed", f"{asset.label} is closed now")
    return asset


async def _on_chart(touch: Touch, asset: Asset) -> bool:
    return touch.told.asset == asset.symbol and await _shown(touch, asset) is not None


async def _shown(touch: Touch, asset: Asset) -> bool | None:
    return shown_asset(await read(touch.hand), touch.told) == asset.symbol or None
