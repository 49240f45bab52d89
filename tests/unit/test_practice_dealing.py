"""The practice broker's desk: what a deal earns, to the cent and to the millisecond."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from qfluxd.model import Millis
from qfluxd.practice.deals import PracticeDeal, row
from tests.support.practice_desk import CATALOGUE, START, Desk

OPENED = START // 1000 * 1000


def steps(*prices: tuple[Millis, float]) -> Callable[[str, Millis], float | None]:
    """Prices that change at moments after the opening second; None before the first."""

    def price_at(_asset: str, at: Millis) -> float | None:
        return next((price for since, price in reversed(prices) if OPENED + since <= at), None)

    return price_at


def settled(desk: Desk, after: Millis) -> PracticeDeal:
    """The one deal that settles when the clock is so long after the opening second."""
    [[deal]] = desk.dealing.settle(OPENED + after)
    return deal


@pytest.mark.parametrize(
    ("side", "then", "share"),
    [("call", 1.5, 1), ("call", 0.5, -1), ("call", 1.0, 0), ("put", 0.5, 1), ("put", 1.5, -1), ("put", 1.0, 0)],
)
def test_win_tie_and_loss(side: str, then: float, share: int) -> None:
    """A win pays the stake times the payout, a tie gives the stake back, a loss takes it."""
    desk = Desk(steps((0, 1.0), (4_000, then)))
    deal = desk.send(action=side)
    assert isinstance(deal, PracticeDeal)
    assert desk.account.balances["demo"] == 990
    payout = Decimal(CATALOGUE.payout("EURUSD_otc", START)) / 10
    profit = {1: payout, 0: Decimal(0), -1: Decimal(-10)}[share]
    assert settled(desk, 5_000).profit == profit
    assert desk.account.balances["demo"] == 1000 + profit


def test_the_last_tick_at_expiry_counts() -> None:
    """A tick stamped with the expiry itself decides, the one after it does not, however late it is settled."""
    desk = Desk(steps((0, 1.0), (5_000, 1.5), (5_001, 0.5)))
    desk.send()
    assert desk.dealing.settle(OPENED + 4_999) == []
    deal = settled(desk, 60_000)
    assert (deal.close_price, deal.closes) == (1.5, OPENED + 5_000)
    assert row(deal, 1)["closeMs"] == 0


def test_profits_are_rounded_to_the_cent() -> None:
    """Half a cent goes up; the stake is taken in whole cents too."""
    desk = Desk(steps((0, 1.0), (3_000, 2.0)))
    payout = CATALOGUE.payout("EURUSD_otc", START)
    deal = desk.send(amount=1.336)
    assert isinstance(deal, PracticeDeal)
    assert deal.stake == Decimal("1.34")
    assert settled(desk, 5_000).profit == pytest.approx(Decimal(134 * payout) / 10_000, abs=Decimal("0.005"))
    assert desk.account.balances["demo"].as_tuple().exponent == -2


def test_a_deal_of_an_asset_without_a_price_is_not_opened() -> None:
    """Nothing is staked where nobody knows what on; it is on record."""
    desk = Desk(steps((2_000, 1.0)))
    assert desk.send() == "there is no price of this asset yet"
    assert [seen.refused for seen in desk.dealing.log.seen] == ["there is no price of this asset yet"]
    assert desk.account.balances["demo"] == 1000


def test_deals_settle_by_account_and_moment() -> None:
    """Deals that expire together are one batch, those of the other account and of another second are others."""
    desk = Desk(steps((0, 1.0)))
    for account, time in (("demo", 5), ("demo", 6), ("real", 5), ("demo", 5)):
        desk.send("demo" if account == "demo" else "real", time=time, isDemo=int(account == "demo"))
    batches = desk.dealing.settle(OPENED + 10_000)
    assert [[(deal.account, deal.closes - OPENED) for deal in deals] for deals in batches] == [
        [("demo", 5_000), ("demo", 5_000)],
        [("real", 5_000)],
        [("demo", 6_000)],
    ]
