"""Trades on paper that plans want: the same limits as real orders, in a ledger of their own."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.model import Assets, Order, Refusal
from qfluxd.settings import Limits, RiskSettings
from qfluxd.trading.risk import Intent
from tests.support.deskside import LATENCY, Deskside
from tests.support.stand import ASSET, BEGIN, OTHER, Tell, plan

FIVE = Tell(expiry="5s")


@pytest.fixture
def paper(tmp_path: Path) -> Iterator[Any]:
    """Makes desks with one plan in mode shadow; closes them."""
    made: list[Deskside] = []

    def make(*, limits: Limits | None = None, **risk: Any) -> Deskside:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        it = plan(mode="shadow", strategy=FIVE, limits=limits, assets=(ASSET,))
        made.append(Deskside(folder, it, **risk).connect())
        return made[-1]

    yield make
    for side in made:
        side.close()


def outcomes(side: Deskside) -> list[tuple[str, str]]:
    """What each signal came to first, and the code."""
    firsts: dict[str, tuple[str, str]] = {}
    for verdict in side.verdicts:
        firsts.setdefault(verdict.signal.id, (verdict.outcome, verdict.code))
    return list(firsts.values())


def test_a_deal_is_entered_after_its_latency_and_settled_by_ticks(paper: Any) -> None:
    """With the payout of the signal; its verdict is told to the end, and nothing is in the journal of orders."""
    side = paper().run(17_000, price=lambda at: 1.1 + at / 1e7)
    pending, opened, won = [deal for deal in side.deals if deal.candle == BEGIN + 5_000]
    assert (pending.outcome, opened.outcome, won.outcome) == ("pending", "open", "won")
    assert opened.opened is not None
    assert opened.opened >= pending.signalled + LATENCY
    assert (won.profit, won.payout, won.plan, won.digits) == (Decimal("0.92"), 92, "a", 5)
    told = [v for v in side.verdicts if v.signal.candle == BEGIN + 5_000]
    assert [(v.outcome, v.profit) for v in told] == [("shadow", None), ("won", Decimal("0.92"))]
    assert {v.trade for v in told} == {won.id}
    assert side.trades == []


def test_the_switch_and_the_page_do_not_concern_it(paper: Any) -> None:
    """Trading that is paused, or an account that nobody has named, stops no deal on paper."""
    side = paper()
    side.acts.turn("killed", "enough")
    side.run(10_600)
    assert outcomes(side)[-1] == ("shadow", "let_through")


@pytest.mark.parametrize(
    ("risk", "limits", "code"),
    [
        ({"max_stake": 0.5}, Limits(), "stake_too_high"),
        ({}, Limits(max_stake=Decimal("0.5")), "stake_too_high"),
        ({}, Limits(min_payout=93), "payout_too_low"),
        ({}, Limits(min_confidence=0.6), "confidence_too_low"),
        ({}, Limits(require_probability=True), "below_break_even"),
        ({"hours": "12:00-13:00"}, Limits(), "outside_hours"),
        ({"asset": {"min_stake": 2}}, Limits(), "stake_too_low"),
    ],
)
def test_the_guards_of_real_orders_hold(paper: Any, risk: dict[str, Any], limits: Limits, code: str) -> None:
    """The account's, the asset's and the plan's own."""
    side = paper(limits=limits, **risk).run(10_600)
    assert outcomes(side)[-1] == ("refused", code)
    assert side.deals == []


def test_a_candle_that_was_not_heard_in_full_is_no_ground(paper: Any) -> None:
    """The first one after the start."""
    side = paper().run(5_600)
    assert outcomes(side) == [("refused", "candle_incomplete")]


def test_what_is_on_paper_counts_in_limits_of_its_own(paper: Any) -> None:
    """One open deal of the plan at a time, however many real ones there are."""
    side = paper(limits=Limits(max_open=1))
    side.run(20_600, price=lambda at: 1.1 + at / 1e7)
    assert [code for _, code in outcomes(side)] == ["candle_incomplete", "let_through", "too_many_open", "let_through"]


def test_losses_on_paper_stop_it(paper: Any) -> None:
    """A streak of them, and what the day may lose: by deals on paper alone."""
    fall = {"price": lambda at: 1.1 - at / 1e7}
    streak = paper(limits=Limits(loss_streak=1, cool_down="10m")).run(21_000, **fall)
    assert outcomes(streak)[-1] == ("refused", "cooling_down")
    day = paper(max_daily_loss=2).run(31_000, **fall)
    assert outcomes(day)[-1] == ("refused", "daily_loss")
    assert day.orders.exposures(day.at, "demo").account.lost == 0


def test_a_rate_is_counted_across_a_restart(paper: Any) -> None:
    """What earlier deals used up of an hour is used up: the ledger takes them from the journal as they come."""
    limits = Limits(orders_per_hour=2)
    first = paper(limits=limits).run(20_600)
    taken = [deal for deal in first.deals if deal.outcome == "pending"]
    assert len(taken) == 2
    after = paper(limits=limits, one_per_candle=False)
    for deal in first.deals:
        after.shadowing.on_deal(msgspec.structs.replace(deal, id=f"before-{deal.id}"))
    after.run(15_600)
    assert [code for _, code in outcomes(after)] == ["candle_incomplete", "too_many_hour", "too_many_hour"]


def test_a_lower_limit_holds_at_once(paper: Any) -> None:
    """As after a command or a reload; and the day may begin elsewhere."""
    side = paper().run(10_600)
    side.shadowing.reconfigure(RiskSettings(max_stake=Decimal("0.5"), timezone="Europe/Berlin"))
    side.run(15_600)
    assert outcomes(side)[-1] == ("refused", "stake_too_high")


def test_an_asset_that_is_not_listed_any_more_is_refused(paper: Any) -> None:
    """The broker's newest list counts."""
    side = paper().run(9_000)
    kept = [asset for asset in side.desk.assets() if asset.symbol == OTHER]
    side.hear(Assets(tuple(kept)))
    side.run(10_600)
    assert outcomes(side)[-1] == ("refused", "asset_unknown")


def test_stale_data_is_refused(paper: Any) -> None:
    """Where nobody has heard a tick for long there is no price to enter at."""
    side = paper().run(10_600)
    signal = side.verdicts[-1].signal
    side.at += 60_000
    order = Order("x", '"x"', ASSET, "call", Decimal(1), 5_000, side.at, None, "a")
    intent = Intent("a", Limits(), 0.5, None, BEGIN + 5_000, "whole", 92)
    refused = side.shadowing.open(order, intent, signal, side.at)
    assert isinstance(refused, Refusal)
    assert refused.code == "stale"
