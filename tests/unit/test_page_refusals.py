"""What is turned down before the page is touched at all."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.controls.picker import select_asset, star
from qfluxd.drivers.pocketoption.controls.timeframe import select_timeframe
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import Asset, Assets

OPEN = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (60_000,), 5_000)
SHUT = Asset("#AAPL", "Apple", "stock", 2, 50, False, False, (60_000,), 60_000)

type Work = Callable[[Touch], Awaitable[Any]]


@pytest.mark.parametrize(
    ("assets", "work", "code"),
    [
        ((), lambda touch: select_asset(touch, "EURUSD_otc"), "not_ready"),
        ((), lambda touch: star(touch, "EURUSD_otc", starred=True), "not_ready"),
        ((OPEN, SHUT), lambda touch: select_asset(touch, "EURUSD_otc_otc"), "asset_unknown"),
        ((OPEN, SHUT), lambda touch: select_asset(touch, "eurusd_otc"), "asset_unknown"),
        ((OPEN, SHUT), lambda touch: star(touch, "AAPL", starred=True), "asset_unknown"),
        ((OPEN, SHUT), lambda touch: select_asset(touch, "#AAPL"), "asset_closed"),
        ((OPEN, SHUT), lambda touch: select_timeframe(touch, 240_000), "timeframe_unknown"),
    ],
)
async def test_what_cannot_be_is_refused_without_a_hand_on_the_page(
    assets: tuple[Asset, ...], work: Work, code: str
) -> None:
    """Symbols are taken exactly as the broker has them, and nothing is guessed at."""
    told = Told()
    if assets:
        told.hear(Assets(assets))
    no_hand, no_trouble = cast(Hand, None), cast(Trouble, None)
    with pytest.raises(PageError) as refused:
        await work(Touch(no_hand, told, no_trouble))
    assert refused.value.code == code


async def test_a_timeframe_that_is_not_there_is_told_with_those_that_are() -> None:
    """They are named as they are asked for, not as the page writes them."""
    with pytest.raises(PageError, match="it has 5s, 10s, 15s, 30s, 1m, 2m, 3m, 5m, 10m, 15m, 30m, 1h, 4h, 1d"):
        await select_timeframe(Touch(cast(Hand, None), Told(), cast(Trouble, None)), 420_000)
