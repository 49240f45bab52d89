"""The guards: each stops what it is for, with its own code, and none stops a good order."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from qfluxd.model import Asset, Order, Session, Sighting, TradingSwitch
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk import Exposure, Exposures, Picture, at_click, before

AT = 1_763_769_600_000
ORDER = Order("o1", '"r1"', "EURUSD_otc", "call", Decimal(10), 60_000, AT)
ASSET = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (5_000,), 5_000)
SESSION = Session("ready", "market data", True, "demo", "EURUSD_otc", 60_000, 0, AT)
PICTURE = Picture(AT, SESSION, "demo", TradingSwitch("active", "", AT), ASSET, Exposures(), None, Decimal(1000))
SIGHTING = Sighting("EURUSD_otc", 60_000, Decimal("10.00"), 92, "demo", "demo", True)
RISK = RiskSettings()


def changed[T: msgspec.Struct](value: T, **fields: Any) -> T:
    """The same with other fields; a dotted name reaches into a field of a field."""
    for name, new in fields.items():
        outer, _, inner = name.partition("__")
        value = msgspec.structs.replace(
            value, **{outer: changed(getattr(value, outer), **{inner: new}) if inner else new}
        )
    return value


def code(order: Order, picture: Picture, risk: RiskSettings = RISK) -> str | None:
    """The code with which an order is stopped before the page is touched, which a click has to have too."""
    refusal = before(order, picture, risk)
    assert (at_click(order, SIGHTING, picture, risk) is None) == (refusal is None)
    return None if refusal is None else refusal.code


def test_a_good_order_passes_and_may_be_clicked() -> None:
    """Nothing stops it, not even a limit that it just reaches."""
    assert code(ORDER, PICTURE) is None
    assert at_click(ORDER, SIGHTING, PICTURE, RISK) is None
    edge = Exposures(Exposure(2, Decimal(20), Decimal(20), 5))
    assert code(ORDER, changed(PICTURE, exposure=edge)) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"journal": "the disk is full"}, "journal_failed"),
        ({"switch": TradingSwitch("killed", "losing", AT)}, "killed"),
        ({"switch": TradingSwitch("paused", "", AT)}, "paused"),
        ({"session__state": "stale"}, "stale"),
        ({"session__state": "login_required"}, "not_ready"),
        ({"session__account": None}, "account_unclear"),
        ({"session__account": "real"}, "real_not_allowed"),
        ({"expected": "real"}, "wrong_account"),
        ({"asset": None}, "asset_unknown"),
        ({"asset__open": False}, "asset_closed"),
        ({"asset__min_expiry": 61_000}, "expiry_not_offered"),
        ({"exposure__account__open": 3}, "too_many_open"),
        ({"exposure__account__at_risk": Decimal("40.01")}, "daily_loss"),
        ({"exposure__account__lost": Decimal("40.01")}, "daily_loss"),
        ({"exposure__account__let_through": 6}, "rate_limited"),
    ],
)
def test_each_picture_that_stops_has_its_code(fields: dict[str, Any], expected: str) -> None:
    """What is known of the world stops the order, before the page is touched and before the click."""
    assert code(ORDER, changed(PICTURE, **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"stake": Decimal(0)}, "bad_stake"),
        ({"stake": Decimal(-1)}, "bad_stake"),
        ({"stake": Decimal("NaN")}, "bad_stake"),
        ({"stake": Decimal("Infinity")}, "bad_stake"),
        ({"stake": Decimal("1.005")}, "bad_stake"),
        ({"stake": Decimal("10.01")}, "stake_too_high"),
        ({"stake": Decimal("1E+40")}, "stake_too_high"),
        ({"expiry": 60_500}, "expiry_not_offered"),
        ({"expiry": 4_000}, "expiry_not_offered"),
        ({"expiry": 43_201_000}, "expiry_not_offered"),
        ({"expires_at": AT}, "expired"),
        ({"expires_at": AT - 1}, "expired"),
    ],
)
def test_each_order_that_is_none_has_its_code(fields: dict[str, Any], expected: str) -> None:
    """What the order itself says stops it."""
    assert code(changed(ORDER, **fields), PICTURE) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"asset": "GBPUSD_otc"}, "asset_mismatch"),
        ({"asset": None}, "asset_mismatch"),
        ({"expiry": 30_000}, "expiry_mismatch"),
        ({"expiry": None}, "expiry_mismatch"),
        ({"stake": Decimal(110)}, "stake_mismatch"),
        ({"stake": None}, "stake_mismatch"),
        ({"available": False}, "button_unavailable"),
        ({"account_label": None}, "account_unclear"),
        ({"account_address": None}, "account_unclear"),
        ({"account_label": "real"}, "real_not_allowed"),
        ({"account_address": "real"}, "real_not_allowed"),
    ],
)
def test_what_the_page_shows_stops_the_click(fields: dict[str, Any], expected: str) -> None:
    """Whatever the page shows other than the order, or does not show at all, has its code."""
    refusal = at_click(ORDER, changed(SIGHTING, **fields), PICTURE, RISK)
    assert refusal is not None
    assert refusal.code == expected


def test_an_account_that_is_not_clear_comes_with_its_remedy() -> None:
    """Whoever does not speak is named, with what makes him speak."""
    unheard = before(ORDER, changed(PICTURE, session__account=None), RISK)
    elsewhere = at_click(ORDER, changed(SIGHTING, account_address=None), PICTURE, RISK)
    assert unheard is not None
    assert "page/reload" in unheard.detail
    assert elsewhere is not None
    assert "cabinet" in elsewhere.detail


def test_the_real_account_needs_the_file_and_every_witness() -> None:
    """With allow_real all three must say real; one that says demo, or nothing, stops the click."""
    risk = RiskSettings(allow_real=True)
    picture = changed(PICTURE, session__account="real", expected="real")
    assert at_click(ORDER, changed(SIGHTING, account_label="real", account_address="real"), picture, risk) is None
    for label, address in (("real", "demo"), ("demo", "real"), (None, "real"), ("real", None)):
        refusal = at_click(ORDER, changed(SIGHTING, account_label=label, account_address=address), picture, risk)
        assert refusal is not None
        assert refusal.code == "account_unclear"
    demo = at_click(ORDER, SIGHTING, changed(PICTURE, expected="real"), risk)
    assert demo is not None
    assert demo.code == "wrong_account"


def test_where_every_account_is_play_money_any_will_do() -> None:
    """A driver that expects no account lets the one that all witnesses name through."""
    assert at_click(ORDER, SIGHTING, changed(PICTURE, expected=None), RISK) is None


def test_a_refusal_says_what_to_do() -> None:
    """The sentence names the setting or the remedy."""
    killed = before(ORDER, changed(PICTURE, switch=TradingSwitch("killed", "losing", AT)), RISK)
    assert killed is not None
    assert killed.detail == "trading is killed: losing; trading/resume with a reason lets orders through again"
