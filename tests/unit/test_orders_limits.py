"""What limits rest on outlives the daemon, and a drawdown that is reached ends trading until a person resumes it."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Alert, Refusal, TradingState
from qfluxd.settings import Limits, RiskSettings
from qfluxd.trading.risk import Exposures
from tests.support.betting import Shop

NOON = 1_763_985_600_000  # Monday, 24 November 2025, 12:00 UTC


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """An account that may lose 20 from its best; each order is a minute long."""
    risk = RiskSettings.model_validate({"max_drawdown": 20, "orders_per_minute": 100, "max_daily_loss": 1000})
    shop = Shop(tmp_path, risk, Limits(), NOON)
    shop.beat()
    shop.wait(61 * SECOND)  # whose orders may have left before the start does not matter any more
    yield shop
    shop.stop()


def trade(shop: Shop, stake: int, share: str | None = "-1", plan: str | None = "trend") -> Refusal | None:
    """A trade that runs off for this share of its stake; None for one of which nobody hears any more."""
    order, intent = shop.wish(plan, "EURUSD_otc", stake, shop.now // MINUTE * MINUTE)
    refusal = shop.ask(order, intent)
    if refusal is None:
        refusal = shop.click(order, intent, "lost" if share is None else "told")
        shop.wait(61 * SECOND)
        if share is not None:
            shop.settle(Decimal(share), told=True)
    return refusal


def exposures(shop: Shop) -> Exposures:
    """What is at stake by plan trend on EURUSD_otc."""
    order, intent = shop.wish("trend", "EURUSD_otc", 1, 0)
    return shop.picture(order, intent).exposure


def state(shop: Shop) -> TradingState:
    """Whether orders are let through."""
    return shop.orders.switch.state


def restart(shop: Shop) -> None:
    """Another daemon takes up the journal."""
    shop.stop()
    shop.start()
    shop.beat()


def test_a_drawdown_that_is_reached_kills_until_a_person_resumes(shop: Shop) -> None:
    """It says so with its figures, no start undoes it, and what counts is counted anew from the resume on."""
    for stake, share in ((10, "1"), (10, "-1"), (10, "-1")):
        assert trade(shop, stake, share) is None
    switch = shop.orders.switch
    assert (switch.state, switch.reason) == (
        "killed",
        "drawdown of 20 since trading was last resumed with a reason, [risk] max_drawdown is 20",
    )
    assert [fact.code for fact in shop.said if isinstance(fact, Alert)] == ["drawdown"]
    refusal = trade(shop, 1)
    assert refusal is not None
    assert refusal.code == "killed"
    restart(shop)
    assert shop.orders.switch == switch
    shop.turn("active")
    restart(shop)
    assert state(shop) == "active"
    assert exposures(shop).account.drawdown == 0
    assert trade(shop, 10) is None
    restart(shop)
    assert exposures(shop).account.drawdown == 10


def test_a_switch_that_is_turned_off_and_on_counts_no_drawdown_anew(shop: Shop) -> None:
    """Only a person who says why begins anew, by the journal too."""
    trade(shop, 10)
    assert exposures(shop).account.drawdown == 10
    for _ in range(2):
        shop.turn("paused")
        assert shop.orders.turn("active", "", shop.at) is None
        assert exposures(shop).account.drawdown == 10
        restart(shop)
    assert exposures(shop).account.drawdown == 10
    shop.turn("paused")
    shop.turn("active")
    assert exposures(shop).account.drawdown == 0
    restart(shop)
    assert exposures(shop).account.drawdown == 0


def test_an_order_that_could_fall_further_is_refused_before(shop: Shop) -> None:
    """With 15 lost a stake of 6 is too much and one of 5 is not; trading is not killed for what was only asked."""
    for stake in (10, 5):
        trade(shop, stake)
    refusal = trade(shop, 6)
    assert refusal is not None
    assert refusal.code == "drawdown"
    assert state(shop) == "active"
    assert trade(shop, 5) is None
    assert state(shop) == "killed"


def test_a_doubt_that_counts_as_lost_kills_too(shop: Shop) -> None:
    """Once its deal cannot be open any more; whoever resumes has looked at it, and it counts no more."""
    trade(shop, 10)
    trade(shop, 10, None)
    assert state(shop) == "active"
    shop.wait(2 * MINUTE)
    assert state(shop) == "killed"
    shop.turn("active")
    shop.wait(MINUTE)
    assert state(shop) == "active"
    assert exposures(shop).account.drawdown == 0


def test_a_limit_that_is_lowered_below_what_was_lost_kills_at_once(shop: Shop) -> None:
    """With the next beat; one that is taken away kills nothing."""
    trade(shop, 10)
    shop.orders.reconfigure(RiskSettings())
    shop.beat()
    assert state(shop) == "active"
    shop.orders.reconfigure(RiskSettings.model_validate({"max_drawdown": 10}))
    shop.beat()
    assert state(shop) == "killed"


def test_a_drawdown_kills_a_paused_daemon_too(shop: Shop) -> None:
    """So that it is not resumed by habit."""
    trade(shop, 10)
    order, intent = shop.wish(None, "EURUSD_otc", 10, None)
    assert shop.ask(order, intent) is None
    assert shop.click(order, intent, "told") is None
    shop.turn("paused")
    shop.wait(61 * SECOND)
    shop.settle(Decimal(-1), told=True)
    assert state(shop) == "killed"


def test_everything_that_limits_rest_on_outlives_the_daemon(shop: Shop) -> None:
    """Results, streaks, counts, open stakes, doubts and candles, in every scope: the next daemon sees them the same."""
    for stake, share in ((2, "0.9"), (3, "-1"), (4, "-1")):
        trade(shop, stake, share)
    trade(shop, 1, "-1", None)
    trade(shop, 5, None)
    shop.wait(10 * MINUTE)
    order, intent = shop.wish("trend", "EURUSD_otc", 6, NOON)
    assert shop.ask(order, intent) is None
    assert shop.click(order, intent, "told") is None
    before = exposures(shop)
    assert before.plan is not None
    assert (before.account.open, before.account.lost, before.plan.lost) == (1, Decimal("11.2"), Decimal("10.2"))
    assert (before.account.losses, before.plan.losses) == (4, 3)
    restart(shop)
    assert exposures(shop) == before
    shop.wait(HOUR)
    assert exposures(shop).account.in_hour == 0
    restart(shop)
    assert exposures(shop).account.in_hour == 0
    assert exposures(shop).account.in_day == 6


def test_an_order_keeps_its_plan_and_its_candle(shop: Shop) -> None:
    """In the journal, and in whatever is told of it."""
    trade(shop, 1)
    (told,) = shop.journal.trades(1)
    assert told.plan == "trend"
    assert shop.orders.trade(told.id) == told
    (passed,) = [passed for _, passed in shop.journal.let_through()]
    assert (passed.plan, passed.candle) == ("trend", shop.bets["o1"].candle)


def test_a_doubt_that_is_forgotten_stays_lost_for_its_week(shop: Shop) -> None:
    """Two days later nobody tells of the order any more; the week still knows what it may have cost."""
    trade(shop, 10, None)
    for _ in range(3):
        shop.wait(DAY)
    assert [exposures(shop).account.lost, exposures(shop).account.lost_in_week] == [Decimal(0), Decimal(10)]
    restart(shop)
    assert exposures(shop).account.lost_in_week == 10
    shop.wait(4 * DAY)
    assert exposures(shop).account.lost_in_week == 0


def test_days_begin_anew_where_they_are_told_to(shop: Shop) -> None:
    """A reload with another day_starts counts today's results by it."""
    trade(shop, 3)
    shop.wait(HOUR)
    assert exposures(shop).account.lost == 3
    shop.orders.reconfigure(RiskSettings(day_starts="13:00"))
    assert exposures(shop).account.lost == 0
    shop.orders.reconfigure(RiskSettings(day_starts="12:00", timezone="UTC"))
    assert exposures(shop).account.lost == 3
