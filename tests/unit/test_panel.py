"""What the words of the trade panel mean."""

from decimal import Decimal
from typing import Any

import pytest

from qfluxd.drivers.pocketoption.controls.panel import (
    agreed,
    asset_of,
    expiry_of,
    label_of,
    looks_like_clock,
    shown,
    sighting,
    stake_of,
)
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.wire.values import ChartSettings
from qfluxd.model import Asset, Assets, ChartShown

MIDDAY = 1_795_348_800_000 + 12 * 3_600_000 + 10 * 60_000
"""Ten minutes past an hour of UTC: no usual length is a time of day soon."""


def view(**changed: Any) -> Any:
    """A panel at rest on the demo account."""
    words = {
        "asset": "EUR/USD OTC",
        "expiry": "00:01:00",
        "utc": False,
        "open": False,
        "stake": "10",
        "money": True,
        "payout": "+92%",
        "label": "QT Demo",
        "demo": True,
        "real": False,
        "address": "https://pocketoption.com/en/cabinet/demo-quick-high-low/",
        "button": True,
        "available": True,
        "shut": False,
        "hidden": False,
        "walled": False,
    }
    return shown(words | changed)


def told(expiry: int | None = None) -> Told:
    """What the sockets said: two assets, and perhaps the saved length."""
    known = Told()
    rows = [("EURUSD_otc", "EUR/USD OTC"), ("#AAPL_otc", "Apple OTC"), ("#AAPL2_otc", "Apple OTC")]
    assets = [Asset(symbol, label, "currency", 5, 92, True, True, (60_000,), 5_000) for symbol, label in rows]
    known.hear(Assets(tuple(assets)))
    if expiry is not None:
        known.hear(ChartSettings("EURUSD_otc", 60_000, "chart-1", expiry=expiry))
    return known


def test_a_panel_at_rest() -> None:
    """All that decides on the click is read from the page itself."""
    seen = sighting(view(), told(), 60_000)
    assert (seen.asset, seen.expiry, seen.stake, seen.payout) == ("EURUSD_otc", 60_000, Decimal(10), 92)
    assert (seen.account_label, seen.account_address, seen.available) == ("demo", "demo", True)


@pytest.mark.parametrize("minute", range(3, 29))
def test_a_usual_length_is_believed_most_of_the_time(minute: int) -> None:
    """One minute is no time of day while the clock is far from one."""
    now = MIDDAY - MIDDAY % 3_600_000 + minute * 60_000
    assert expiry_of(view(), told(), now) == 60_000


@pytest.mark.parametrize("ahead", [1_000, 60_000, 119_000])
@pytest.mark.parametrize("zone", [0, 3_600_000, 5 * 3_600_000 + 1_800_000])
def test_a_length_that_could_be_a_time_of_day_is_not_believed(ahead: int, zone: int) -> None:
    """Whatever half hour beside UTC the page's clock is set to."""
    now = 300_000 - ahead - zone + 20 * 86_400_000
    assert looks_like_clock(300_000, now)
    assert expiry_of(view(expiry="00:05:00"), told(), now) is None


@pytest.mark.parametrize("length", [60_000, 300_000, 3_600_000, 14_400_000])
def test_a_time_of_day_that_is_the_length_itself_is_not_believed(length: int) -> None:
    """Right before midnight of its clock a trade of five minutes closes at 00:05:00."""
    assert looks_like_clock(length, 20 * 86_400_000 - 20_000)


def test_a_length_beside_another_saved_one_is_not_believed() -> None:
    """The page saves the length also in clock mode, where it shows something else."""
    assert expiry_of(view(), told(expiry=60_000), MIDDAY) == 60_000
    assert expiry_of(view(), told(expiry=300_000), MIDDAY) is None
    assert expiry_of(view(utc=True), told(expiry=60_000), MIDDAY) is None


def test_a_percentage_is_no_stake() -> None:
    """Nor is a field that shows nothing readable."""
    assert stake_of(view(stake="1,250.50")) == Decimal("1250.50")
    assert stake_of(view(money=False)) is None
    assert stake_of(view(stake="")) is None


def test_assets_with_one_label() -> None:
    """What the chart is on by the socket decides; without its word nobody is believed."""
    known = told()
    assert asset_of(view(asset="Apple OTC"), known) is None
    known.hear(ChartShown("#AAPL2_otc", 60_000))
    assert asset_of(view(asset="Apple OTC"), known) == "#AAPL2_otc"
    assert asset_of(view(asset="EUR/USD OTC"), known) == "EURUSD_otc"
    assert asset_of(view(asset="Something"), known) is None
    assert asset_of(view(asset=None), known) is None


def test_a_page_that_contradicts_itself_names_no_account() -> None:
    """Label and body, or label and banner, must not differ."""
    assert label_of(view()) == "demo"
    assert label_of(view(label="QT Real", demo=False, real=True)) == "real"
    assert label_of(view(label="QT Real")) is None
    assert label_of(view(real=True)) is None
    assert label_of(view(label="Balance")) is None


async def test_what_the_page_saves_must_follow_what_it_shows() -> None:
    """Silence is consent, and so is what was saved before; another word since then is not."""
    known = told(expiry=60_000)
    before = known.settings
    assert await agreed(known, before, lambda: known.expiry, 300_000)
    known.hear(ChartSettings("EURUSD_otc", 60_000, "chart-1", expiry=300_000))
    assert await agreed(known, before, lambda: known.expiry, 300_000)
    assert not await agreed(known, before, lambda: known.expiry, 30_000)
