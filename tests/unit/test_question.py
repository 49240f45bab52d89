"""Which question of the page is about the order that was clicked."""

from decimal import Decimal

import pytest

from qfluxd.drivers.pocketoption.orders.question import fits
from qfluxd.model import Order, Side


def order(side: Side = "call", stake: str = "1") -> Order:
    """An order on an asset whose label has words and digits."""
    return Order("1", "1", "NASUSD_otc", side, Decimal(stake), 60_000, 0)


ASKED = "Confirm the trade Asset US100 OTC Forecast Buy Amount $1 Time 00:01:00 Confirm Cancel"


@pytest.mark.parametrize(
    "text",
    [
        ASKED,
        ASKED.replace("Buy", "HIGHER"),
        ASKED.replace("$1", "$1.00"),
        "Call NASUSD_otc for 1?",
        "US100 OTC up, € 1",
    ],
)
def test_the_same_trade_in_whatever_words(text: str) -> None:
    """Label or symbol, side, and stake."""
    assert fits(text, order(), "US100 OTC")


@pytest.mark.parametrize(
    "text",
    [
        ASKED.replace("US100", "US500"),
        ASKED.replace("Buy", "Sell"),
        ASKED.replace("Buy", "Buy or Sell"),
        ASKED.replace("Buy", ""),
        ASKED.replace("$1", "$10"),
        ASKED.replace("$1", "$1,000"),
        ASKED.replace("Amount $1 ", ""),
        "Leave the page?",
    ],
)
def test_another_trade(text: str) -> None:
    """One difference is enough; the digits of a time are no stake."""
    assert not fits(text, order(), "US100 OTC")


def test_the_digits_of_a_label_are_no_stake() -> None:
    """100 in the asset's name is not what is staked."""
    assert not fits(ASKED, order(stake="100"), "US100 OTC")


@pytest.mark.parametrize(
    "text",
    [
        "Buy EUR/USD OTC for $10?",
        "Buy EUR/USD (OTC) for $10?",
        "Buy AEUR/USD for $10?",
        "Buy EUR/USD Cash for $10?",
        "Buy EURUSD_otc for $10?",
    ],
)
def test_a_longer_name_is_another_asset(text: str) -> None:
    """The whole label counts; one that begins alike is another's."""
    meant = Order("1", "1", "EURUSD", "call", Decimal(10), 60_000, 0)
    others = ["EUR/USD Cash", "EURUSD_otc", "Apple"]
    assert not fits(text, meant, "EUR/USD", others=others)
    assert fits("Buy EUR/USD for $10?", meant, "EUR/USD", others=others)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Buy US100 OTC for $110? Balance $1", False),
        ("Buy US100 OTC, $1 or $2?", False),
        ("Buy US100 OTC, amount: $1, payout $1.92", True),
        ("Buy US100 OTC, amount: $2, payout $1", False),
        ("Buy US100 OTC for $1, profit 92 %", True),
        ("Buy US100 OTC for 1, profit 92 %", True),
        ("Buy US100 OTC for 1 or 2", False),
    ],
)
def test_the_stake_is_the_only_sum_or_the_one_beside_its_word(text: str, same: bool) -> None:
    """A balance or a payout that reads like the stake is none."""
    assert fits(text, order(), "US100 OTC") is same


@pytest.mark.parametrize(
    ("time", "same"),
    [
        ("00:01:00", True),
        ("01:00", True),
        ("1 min", True),
        ("60 sec", True),
        ("00:05:00", False),
        ("5 min", False),
        ("00:00:01", False),
    ],
)
def test_a_length_that_is_named_is_the_orders(time: str, same: bool) -> None:
    """One that is not named is not missed: the panel has shown it."""
    assert fits(f"Buy US100 OTC for $1, {time}", order(), "US100 OTC") is same


@pytest.mark.parametrize(
    ("named", "same"), [("demo account", True), ("Real account", False), ("demo or real", False), ("really", True)]
)
def test_an_account_that_is_named_is_the_one_in_front(named: str, same: bool) -> None:
    """No word of the other one."""
    assert fits(f"Buy US100 OTC for $1 {named}", order(), "US100 OTC", account="demo") is same
