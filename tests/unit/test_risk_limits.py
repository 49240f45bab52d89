"""The limits of account, asset and strategy: each stops what it is for, in its own scope, at its very figure."""

from decimal import Decimal
from typing import Any

import pytest

from qfluxd.model import HOUR, MINUTE, SECOND, Asset, Order, Refusal, Session, TradingSwitch
from qfluxd.settings import Limits, RiskSettings
from qfluxd.trading.risk import Exposure, Exposures, Intent, Picture, at_click, before, before_shadow, break_even
from tests.unit.test_risk import SIGHTING, changed

AT = 1_763_769_600_000  # Saturday, 22 November 2025, 00:00 UTC
ORDER = Order("o1", '"r1"', "EURUSD_otc", "call", Decimal(10), 60_000, AT, plan="trend")
ASSET = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (5_000,), 5_000)
SESSION = Session("ready", "market data", True, "demo", "EURUSD_otc", 60_000, 0, AT)
INTENT = Intent("trend", Limits(), 0.7, 0.6, AT - MINUTE, "whole", 92)
PICTURE = Picture(
    AT,
    SESSION,
    "demo",
    TradingSwitch("active", "", AT),
    ASSET,
    Exposures(plan=Exposure()),
    None,
    Decimal(1000),
    INTENT,
)
WHERE = {
    "account": ("exposure__account", "account: ", "[risk] "),
    "asset": ("exposure__asset", "asset EURUSD_otc: ", "[risk.asset] "),
    "plan": ("exposure__plan", "strategy trend: ", "its "),
}


def limited(scope: str, limits: dict[str, Any], picture: Picture = PICTURE) -> tuple[Picture, RiskSettings]:
    """The same picture with limits in one scope."""
    if scope == "plan":
        return changed(picture, intent__limits=Limits(**limits)), RiskSettings()
    return picture, RiskSettings(**(limits if scope == "account" else {"asset": limits}))


def refusal(order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Why an order is stopped, at its signal, at its click, and where it is followed on paper alike."""
    found = before(order, picture, risk)
    assert at_click(order, SIGHTING, picture, risk) == found
    assert before_shadow(order, picture, risk) == found
    return found


MEASURES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ({"max_open": 2}, {"open": 1}, {"open": 2}, "too_many_open"),
    ({"max_at_risk": 30}, {"at_risk": Decimal(20)}, {"at_risk": Decimal("20.01")}, "too_much_at_risk"),
    ({"max_per_currency": 1}, {"alike": 0}, {"alike": 1}, "correlated"),
    ({"max_daily_loss": 40}, {"lost": Decimal(30)}, {"lost": Decimal(20), "at_risk": Decimal(11)}, "daily_loss"),
    ({"max_weekly_loss": 40}, {"lost_in_week": Decimal(30)}, {"lost_in_week": Decimal(31)}, "weekly_loss"),
    ({"stop_at_daily_profit": 5}, {"result": Decimal("4.99")}, {"result": Decimal(5)}, "daily_profit"),
    (
        {"stop_at_weekly_profit": 5},
        {"result_in_week": Decimal("4.99")},
        {"result_in_week": Decimal(5)},
        "weekly_profit",
    ),
    ({"max_drawdown": 40}, {"drawdown": Decimal(30)}, {"drawdown": Decimal(31)}, "drawdown"),
    ({"max_drawdown": 40}, {"deepest": Decimal("39.99")}, {"deepest": Decimal(40)}, "drawdown"),
    ({"loss_streak": 2}, {"losses": 1, "lost_at": AT}, {"losses": 2, "lost_at": AT}, "cooling_down"),
    (
        {"loss_streak": 2, "cool_down": "5m"},
        {"losses": 9, "lost_at": AT - 5 * MINUTE},
        {"losses": 2, "lost_at": AT - 5 * MINUTE + 1},
        "cooling_down",
    ),
    ({"orders_per_minute": 2}, {"let_through": 1}, {"let_through": 2}, "rate_limited"),
    ({"orders_per_hour": 2}, {"in_hour": 1}, {"in_hour": 2}, "too_many_hour"),
    ({"orders_per_day": 2}, {"in_day": 1}, {"in_day": 2}, "too_many_day"),
]


@pytest.mark.parametrize("scope", WHERE)
@pytest.mark.parametrize(("limits", "good", "bad", "code"), MEASURES)
def test_each_scope_is_measured_by_its_own_limits(
    scope: str, limits: dict[str, Any], good: dict[str, Any], bad: dict[str, Any], code: str
) -> None:
    """What just reaches a limit passes, what goes beyond does not, and the sentence names scope, limit and figures."""
    place, name, table = WHERE[scope]
    picture, risk = limited(scope, limits)
    fine, much = ({f"{place}__{field}": value for field, value in given.items()} for given in (good, bad))
    assert refusal(ORDER, changed(picture, **fine), risk) is None
    found = refusal(ORDER, changed(picture, **much), risk)
    assert found is not None
    assert found.code == code
    assert found.detail.startswith(name)
    for key in limits.keys() - {"cool_down"}:
        assert f"{table}{key}" in found.detail
        assert f"{limits[key]}" in found.detail


@pytest.mark.parametrize("scope", WHERE)
@pytest.mark.parametrize(
    ("limits", "fields", "code"),
    [
        ({"max_stake": 9}, {}, "stake_too_high"),
        ({"min_stake": 11}, {}, "stake_too_low"),
        ({"min_payout": 93}, {}, "payout_too_low"),
        ({"min_payout": 90}, {"intent__payout": None}, "payout_unknown"),
        ({"min_payout": 90}, {"intent__payout": 89}, "payout_too_low"),
        ({"min_payout": 90}, {"asset__payout": 89}, "payout_too_low"),
        ({"break_even_margin": 0.08}, {}, "below_break_even"),
        ({"break_even_margin": 0}, {"intent__payout": None}, "payout_unknown"),
        ({"break_even_margin": 0}, {"intent__probability": float("nan")}, "below_break_even"),
        ({"require_probability": True}, {"intent__probability": None}, "below_break_even"),
        ({"min_confidence": 0.71}, {}, "confidence_too_low"),
        ({"min_confidence": 0.0}, {"intent__confidence": float("nan")}, "confidence_too_low"),
        ({"min_balance": 991}, {}, "balance_too_low"),
        ({"min_balance": 980}, {"exposure__account__on_its_way": Decimal(11)}, "balance_too_low"),
        ({"min_balance": 0}, {"balance": None}, "balance_unknown"),
        ({"max_clock_offset": 1}, {"session__clock_offset_ms": 1_001}, "clock_off"),
        ({"max_clock_offset": 1}, {"session__clock_offset_ms": -1_001}, "clock_off"),
        ({"hours": "08:00-20:00"}, {}, "outside_hours"),
        ({"days": "mon-fri"}, {}, "outside_hours"),
        ({"hours": "00:00-01:00", "days": "sun-fri"}, {}, "outside_hours"),
        ({"one_per_candle": True}, {"exposure__candle_taken": True}, "candle_taken"),
    ],
)
def test_each_scope_has_its_demands(scope: str, limits: dict[str, Any], fields: dict[str, Any], code: str) -> None:
    """What an order and its signal must be like, by the limits of account, asset or strategy."""
    _, name, table = WHERE[scope]
    picture, risk = limited(scope, limits)
    if code == "candle_taken":
        risk = risk.model_copy(update={"one_per_candle": scope == "account"})
    found = refusal(ORDER, changed(picture, **fields), risk)
    assert found is not None
    assert found.code == code
    assert found.detail.startswith(name)
    assert any(f"{table}{key}" in found.detail for key in limits)


@pytest.mark.parametrize(
    "limits",
    [
        {"max_stake": 10, "min_stake": 10},
        {"min_payout": 92, "min_confidence": 0.7, "min_balance": 990},
        {"break_even_margin": 0.079, "require_probability": True},
        {"max_clock_offset": 0.001, "hours": "23:00-00:01", "days": "fri"},
        {"hours": "00:00-24:00", "days": "sat"},
        {"loss_streak": 1, "stop_at_daily_profit": 1, "stop_at_weekly_profit": 1, "max_at_risk": 10},
        {"max_drawdown": 10, "max_daily_loss": 10, "max_weekly_loss": 10, "max_per_currency": 1},
        {"orders_per_minute": 1, "orders_per_hour": 1, "orders_per_day": 1, "one_per_candle": True, "max_open": 1},
    ],
)
@pytest.mark.parametrize("scope", WHERE)
def test_a_first_order_that_just_meets_every_demand_passes(scope: str, limits: dict[str, Any]) -> None:
    """No limit stops what it allows."""
    picture, risk = limited(scope, limits)
    assert refusal(ORDER, changed(picture, session__clock_offset_ms=1), risk) is None


def test_every_scope_binds_at_once() -> None:
    """A strategy's own limit does not loosen the account's, nor the account's that of an asset."""
    picture, _ = limited("plan", {"max_stake": 1000, "one_per_candle": False})
    found = refusal(changed(ORDER, stake=Decimal(11)), picture, RiskSettings())  # the account's own is 10
    assert found == Refusal("stake_too_high", "account: 11 is more than [risk] max_stake, 10")
    taken = refusal(ORDER, changed(picture, exposure__candle_taken=True), RiskSettings())
    assert taken is not None
    assert taken.code == "candle_taken"
    assert refusal(ORDER, changed(picture, exposure__candle_taken=True), RiskSettings(one_per_candle=False)) is None


def test_an_order_by_command_is_bound_by_account_and_asset_alone() -> None:
    """It has no confidence, no probability and no candle; payout, balance, counts and hours bind it all the same."""
    order = changed(ORDER, plan=None)
    picture = changed(PICTURE, intent=None, exposure=Exposures(candle_taken=True))
    free = {"min_confidence": 1, "break_even_margin": 1, "require_probability": True, "one_per_candle": True}
    assert refusal(order, picture, RiskSettings.model_validate({**free, "asset": free})) is None
    demands: list[tuple[dict[str, object], str]] = [
        ({"min_payout": 93}, "payout_too_low"),
        ({"min_balance": 991}, "balance_too_low"),
        ({"hours": "08:00-20:00"}, "outside_hours"),
    ]
    for limits, code in demands:
        for table in (limits, {"asset": limits}):
            found = refusal(order, picture, RiskSettings.model_validate(table))
            assert found is not None
            assert found.code == code


@pytest.mark.parametrize(
    ("quality", "candle", "stopped"),
    [
        ("whole", AT, False),
        ("backfilled", AT, False),
        ("partial", AT, True),
        ("empty", AT, True),
        (None, AT, True),
        (None, None, False),
    ],
)
def test_a_signal_must_rest_on_a_candle_that_is_known_in_full(quality: Any, candle: int | None, stopped: bool) -> None:
    """Whole or backfilled, always; a signal that rests on none is judged by the rest."""
    found = refusal(ORDER, changed(PICTURE, intent__quality=quality, intent__candle=candle), RiskSettings())
    assert (found is not None and found.code == "candle_incomplete") is stopped
    assert (found is None) is not stopped


@pytest.mark.parametrize(
    "fields",
    [{"intent": None}, {"intent__plan": "other"}, {"exposure__plan": None}],
)
def test_an_order_of_a_plan_is_never_judged_without_that_plan(fields: dict[str, Any]) -> None:
    """Where its limits or what is at stake by it are not known it is stopped; so is a command with an intent."""
    found = refusal(ORDER, changed(PICTURE, **fields), RiskSettings())
    assert found is not None
    assert found.code == "strategy_unknown"
    claimed = refusal(changed(ORDER, plan=None), PICTURE, RiskSettings())
    assert claimed is not None
    assert claimed.code == "strategy_unknown"


def test_break_even_is_where_a_payout_neither_earns_nor_loses() -> None:
    """At 92 % a win has to come in 52 of 100 cases, at 100 % in half, at 0 % always."""
    assert break_even(92) == pytest.approx(0.520833, abs=1e-6)
    assert break_even(100) == 0.5
    assert break_even(0) == 1
    for payout in (10, 50, 85, 92, 218):
        p = break_even(payout)
        assert p * payout / 100 - (1 - p) == pytest.approx(0)


def test_the_payout_that_the_page_shows_counts_where_it_is_less() -> None:
    """At the click the page has the last word on the payout, downwards only; where it shows none the list stands."""
    risk = RiskSettings(min_payout=90)
    shown = {payout: at_click(ORDER, changed(SIGHTING, payout=payout), PICTURE, risk) for payout in (89, 90, 300, None)}
    assert {payout: found and found.code for payout, found in shown.items()} == {
        89: "payout_too_low",
        90: None,
        300: None,
        None: None,
    }
    low = changed(PICTURE, asset__payout=89)
    found = at_click(ORDER, changed(SIGHTING, payout=300), low, risk)
    assert found is not None
    assert found.code == "payout_too_low"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"journal": "the disk is full"}, None),
        ({"switch": TradingSwitch("killed", "", AT)}, None),
        ({"session__account": None}, None),
        ({"session__account": "real"}, None),
        ({"session__state": "stale"}, "stale"),
        ({"asset": None}, "asset_unknown"),
        ({"asset__open": False}, "asset_closed"),
        ({"exposure__account__open": 3}, "too_many_open"),
        ({"exposure__account__lost": Decimal(50)}, "daily_loss"),
    ],
)
def test_on_paper_all_holds_but_what_is_about_the_real_thing(fields: dict[str, Any], code: str | None) -> None:
    """A shadow order needs no journal, switch or account; data, asset and limits bind it as they do a real one."""
    found = before_shadow(ORDER, changed(PICTURE, **fields), RiskSettings())
    assert (found and found.code) == code


def test_hours_are_by_the_broker_s_clock_in_the_zone_that_is_set() -> None:
    """At 00:00 UTC it is 09:00 in Tokyo; with a broker whose clock is an hour ahead it is 10:00 there."""
    risk = RiskSettings(hours="09:00-10:00", timezone="Asia/Tokyo")
    assert refusal(ORDER, PICTURE, risk) is None
    found = refusal(ORDER, changed(PICTURE, session__clock_offset_ms=HOUR), risk)
    assert found is not None
    assert found.detail == "account: it is Sat 10:00 in Asia/Tokyo, and [risk] hours is 09:00-10:00"


@pytest.mark.parametrize("offset", [5_001, -5_001, None])
def test_no_order_goes_by_a_clock_that_is_off(offset: int | None) -> None:
    """Nobody has to set a limit: stamps that fall behind may be a market that is seen too late."""
    assert refusal(ORDER, changed(PICTURE, session__clock_offset_ms=-5_000), RiskSettings()) is None
    found = refusal(ORDER, changed(PICTURE, session__clock_offset_ms=offset), RiskSettings())
    assert found is not None
    assert found.code == "clock_off"


def test_a_cool_down_ends_by_the_broker_s_clock() -> None:
    """Its end is told in milliseconds of that clock."""
    risk = RiskSettings(loss_streak=3, cool_down="1m", max_clock_offset=60)
    cooling = changed(PICTURE, exposure__account__losses=3, exposure__account__lost_at=AT)
    found = refusal(ORDER, changed(cooling, session__clock_offset_ms=20 * SECOND), risk)
    assert found is not None
    assert found.detail == (
        "account: 3 losses in a row, and [risk] loss_streak is 3; the cool-down of 1m ends in 40000 ms"
    )
    assert refusal(ORDER, changed(cooling, session__clock_offset_ms=60 * SECOND), risk) is None
