"""Which question of the page is about the order that was clicked."""

from decimal import Decimal

import pytest

from qfluxd.drivers.pocketoption.question import fits
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
