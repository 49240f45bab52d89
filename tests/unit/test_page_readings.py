"""What a value of the page is worth beside what the broker said."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from qfluxd.drivers.pocketoption.controls import readings
from qfluxd.drivers.pocketoption.controls.favourites import scanned
from qfluxd.drivers.pocketoption.controls.readings import Seen, SeenFavourite
from qfluxd.drivers.pocketoption.controls.scan import Menu, profiled
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.wire.values import ChartSettings
from qfluxd.model import HOUR, MINUTE, Asset, Assets, Balance, ChartShown, DealOpened, Favorites, OpenDeals
from qfluxd.sights import Reading
from tests.unit.test_told import deal

NOON = 1_800_000_000_000 // (24 * HOUR) * 24 * HOUR + 12 * HOUR
PLAIN = Seen(
    address="https://pocketoption.com/en/cabinet/demo-quick-high-low/",
    login=False,
    demo_body=True,
    label="QT Demo",
    balance="48,446.09",
    balance_class="js-hd js-balance-demo",
    balance_text="48,446.09",
    balance_status="show",
    currency="USD",
    banner=None,
    asset="EUR/USD OTC",
    timeframe="M1",
    expiry="00:01:00",
    expiry_block="Time 00:01:00",
    stake="10",
    stake_icon="currency-icon currency-icon--usd",
    payout="+92%",
    call=True,
    put=True,
    inactive=False,
    favourites=(),
    favourites_shown=True,
    sidebar=True,
    open_trades="0",
    covering=(),
    css_zoom=1.0,
    viewport=(1600, 900),
)
EURUSD = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 90, True, True, (60_000,), 5_000)


def seen(**changes: Any) -> Seen:
    """The platform's page with some of it otherwise."""
    return structs.replace(PLAIN, **changes)


def told(*values: Any) -> Told:
    """What the sockets said."""
    known = Told()
    for value in values:
        known.hear(value)
    return known


def test_the_broker_s_word_goes_before_the_page_s() -> None:
    """Where they differ both are told."""
    known = told(Balance(Decimal(5), "real"), Assets((EURUSD,)), ChartShown("EURUSD_otc", 300_000))
    assert readings.account(PLAIN, known) == Reading("real", "socket", "demo")
    assert readings.balance(PLAIN, known) == Reading(Decimal(5), "socket", Decimal("48446.09"))
    assert readings.timeframe(PLAIN, known) == Reading(300_000, "socket", 60_000)
    assert readings.payout(PLAIN, known) == Reading(90, "socket", 92)
    assert readings.asset(PLAIN, known) == Reading("EURUSD_otc", "socket", "EURUSD_otc")
    assert readings.currency(PLAIN, known) == Reading("USD", "page", "USD")


@pytest.mark.parametrize(
    ("changes", "account"),
    [
        ({}, Reading("demo", "page", "demo")),
        ({"label": "QT Real"}, Reading("real", "page", "real")),
        ({"label": None}, Reading("demo", "page", "demo")),
        ({"label": None, "balance_class": "js-balance-real-USD"}, Reading("real", "page", "real")),
        ({"label": None, "balance_class": None}, Reading("demo", "page", "demo")),
        ({"label": None, "balance_class": None, "demo_body": False}, Reading("demo", "address", None)),
        ({"label": None, "balance_class": None, "demo_body": False, "address": "https://x.y/z"}, Reading()),
    ],
)
def test_the_account_is_taken_from_the_best_witness(changes: dict[str, Any], account: Reading[str]) -> None:
    """Label, classes, body and address, and none of them where all are silent."""
    assert readings.account(seen(**changes), Told()) == account


@pytest.mark.parametrize(
    ("changes", "hidden"),
    [
        ({}, False),
        ({"balance_status": "hide", "balance_text": "*******"}, True),
        ({"balance_status": None, "balance_text": "*******"}, True),
        ({"balance_text": None, "balance_status": None}, None),
    ],
)
def test_a_hidden_balance_is_noticed(changes: dict[str, Any], hidden: bool | None) -> None:
    """By its mark or by the stars themselves."""
    assert readings.balance_hidden(seen(**changes)) is hidden


@pytest.mark.parametrize(
    ("text", "block", "saved", "now", "clock"),
    [
        ("00:01:00", "Time 00:01:00", 60_000, NOON, False),
        ("12:01:30", "Time 12:01:30", 60_000, NOON, True),
        ("11:59:30", "Time 11:59:30", 60_000, NOON + 10 * MINUTE, None),
        ("12:01:30", "Time UTC+0 12:01:30", None, NOON, True),
        ("13:31:00", "Time 13:31:00", None, NOON + 90 * MINUTE, True),
        ("00:05:00", "Time 00:05:00", None, NOON + 10 * MINUTE, False),
        ("00:31:00", "Time 00:31:00", None, NOON, None),
        ("00:05:00", "Time 00:05:00", 60_000, NOON + 10 * MINUTE, None),
        ("", "Time", 60_000, NOON, None),
    ],
)
def test_a_length_is_told_from_a_time_of_day(
    text: str, block: str, saved: int | None, now: int, clock: bool | None
) -> None:
    """By what the page has saved, by the clock, and not at all where nothing tells; only a sure length is a reading."""
    known = told(ChartSettings("EURUSD_otc", 60_000, expiry=saved))
    shown = seen(expiry=text, expiry_block=block)
    assert readings.clock_mode(shown, known, now) is clock
    assert (readings.expiry(shown, known, now) != Reading()) is (clock is False)


@pytest.mark.parametrize(
    ("icon", "stake"),
    [
        ("currency-icon currency-icon--usd", Reading(Decimal(10), "page", Decimal(10))),
        ("currency-icon currency-icon--eur", Reading(Decimal(10), "page", Decimal(10))),
        (None, Reading(Decimal(10), "page", Decimal(10))),
        ("currency-icon currency-icon--percent", Reading()),
        ("currency-icon", Reading()),
    ],
)
def test_a_stake_in_percent_is_no_stake(icon: str | None, stake: Reading[Decimal]) -> None:
    """Ten percent are not ten dollars."""
    assert readings.stake(seen(stake_icon=icon), Told()) == stake


def test_a_stake_that_the_page_does_not_show_is_the_one_it_saved() -> None:
    """What an order is made of goes before the page's own note of it."""
    known = told(ChartSettings("EURUSD_otc", 60_000, demo_stake=Decimal(7)), Balance(Decimal(1), "demo"))
    assert readings.stake(PLAIN, known) == Reading(Decimal(10), "page", Decimal(10))
    assert readings.stake(seen(stake=None), known) == Reading(Decimal(7), "socket", None)


def test_an_asset_is_known_by_its_label_or_by_its_favourite() -> None:
    """Without either the page's name for it is no symbol."""
    star = SeenFavourite("EURUSD_otc", "EUR/USD OTC", "+92", selected=True, visible=True)
    assert readings.asset(PLAIN, Told()) == Reading()
    assert readings.asset(seen(favourites=(star,)), Told()) == Reading("EURUSD_otc", "page", "EURUSD_otc")
    assert readings.asset(PLAIN, told(Assets((EURUSD,)))) == Reading("EURUSD_otc", "page", "EURUSD_otc")


def test_open_trades_are_counted_by_the_broker() -> None:
    """The badge stands beside it; without either nothing is told."""
    known = told(OpenDeals(()), DealOpened(deal("a")))
    assert readings.open_trades(seen(open_trades="3"), known) == Reading(1, "socket", 3)
    assert readings.open_trades(seen(open_trades=None), Told()) == Reading()


def test_a_payout_of_a_closed_asset_is_none_of_the_broker_s() -> None:
    """Only the page may still show one."""
    known = told(Assets((structs.replace(EURUSD, open=False),)), ChartShown("EURUSD_otc", None))
    assert readings.payout(seen(payout="N/A"), known) == Reading()


def test_favourites_that_the_page_does_not_hold_are_told_by_the_broker() -> None:
    """Each with the broker's payout; one that was unstarred a moment ago is not told any more."""
    items = (
        SeenFavourite("EURUSD_otc", "EUR/USD OTC", "+92", selected=True, visible=True),
        SeenFavourite("OLD", "Old", "+80", selected=False, visible=True),
    )
    gold = structs.replace(EURUSD, symbol="XAUUSD_otc", label="Gold OTC", payout=60)
    shut = structs.replace(EURUSD, symbol="SHUT", label="Shut", open=False)
    known = told(Assets((EURUSD, gold, shut)), Favorites(("EURUSD_otc", "XAUUSD_otc", "SHUT")))
    found = scanned(seen(favourites=items), known, 61)
    assert [(one.asset, one.label, one.payout, one.visible) for one in found.favorites] == [
        ("EURUSD_otc", "EUR/USD OTC", Reading(90, "socket", 92), True),
        ("XAUUSD_otc", "Gold OTC", Reading(60, "socket", None), False),
        ("SHUT", "Shut", Reading(None, "socket", None), False),
    ]
    assert found.eligible == ("EURUSD_otc",)


def test_a_user_menu_is_sorted_into_what_it_says() -> None:
    """By what each line looks like, in whatever order."""
    lines = ("Jane Doe", "ID 12345678", "jane@example.org", "Beginner", "310 / 1,000 XP", "Logout")
    known = profiled(PLAIN, Menu(lines, "Beginner", ("Trading", "Logout")), Told())
    assert (known.display_name, known.user_id, known.email) == ("Jane Doe", "12345678", "jane@example.org")
    assert (known.level, known.experience) == ("Beginner", (310, 1_000))
    empty = profiled(PLAIN, Menu((), None, ()), Told())
    assert (empty.display_name, empty.user_id, empty.email, empty.experience) == (None, None, None, None)
