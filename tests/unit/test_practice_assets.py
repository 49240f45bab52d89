"""The practice broker's list of assets, in the platform's own shape."""

import pytest

from qfluxd.model import DAY, HOUR, MINUTE
from qfluxd.practice import hours
from qfluxd.practice.assets import Catalogue, known_listings

MONDAY = 1_793_577_600_000
CATALOGUE = Catalogue(known_listings(), seed=1)


def row(symbol: str, at: int) -> list[object]:
    return next(row for row in CATALOGUE.rows(at) if row[1] == symbol)


def test_a_row_has_the_platforms_columns() -> None:
    """19 columns: id, symbol, label, kind, digits, payout, expiries and schedule where the platform has them."""
    at = MONDAY + 10 * HOUR
    eurusd, otc = row("EURUSD", at), row("EURUSD_otc", at)
    assert {len(row) for row in CATALOGUE.rows(at)} == {19}
    assert otc[2:5] == ["EUR/USD OTC", "currency", 5]
    assert (eurusd[9], otc[9]) == (0, 1)
    assert (eurusd[10], otc[11]) == (otc[0], eurusd[0])
    assert (otc[14], otc[16], otc[17], otc[18]) == (True, 0, 5, -1)
    assert (eurusd[14], eurusd[16], eurusd[17]) == (True, (MONDAY + 5 * DAY) // 1000, 60)


def test_a_shut_market_says_when_it_opens() -> None:
    """On Sunday a real pair is inactive, scheduled -1, and names Monday as its opening."""
    eurusd = row("EURUSD", MONDAY - HOUR)
    assert (eurusd[14], eurusd[16], eurusd[18]) == (False, -1, MONDAY // 1000)
    never = row("YERUSD_otc", MONDAY)
    assert (never[14], never[16], never[18]) == (False, -1, -1)


def test_symbols_are_as_irregular_as_the_platforms() -> None:
    """Names that no rule would guess are in the list, with more than 50 open OTC assets and digits from 0 to 10."""
    names = set(CATALOGUE.symbols)
    assert {"#AAPL_otc", "ADA-USD_otc", "DASH_USD", "UKBrent_otc", "AMZN_otc"} <= names
    assert sum(CATALOGUE.is_open(name, MONDAY) and name.endswith("_otc") for name in names) > 50
    assert {0, 10} <= {CATALOGUE[name].digits for name in names}


def test_payouts_move_and_are_the_same_for_the_same_seed() -> None:
    """Payouts lie in the platform's range, change over an hour, and a second list agrees with the first."""
    twin = Catalogue(known_listings(), seed=1)
    before, after = ({row[1]: row[5] for row in CATALOGUE.rows(MONDAY + n * HOUR)} for n in (0, 1))
    assert before != after
    assert all(24 <= payout <= 92 for payout in before.values())
    assert before == {row[1]: row[5] for row in twin.rows(MONDAY)}


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("weekdays", MONDAY - MINUTE, MONDAY),
        ("weekdays", MONDAY, MONDAY + 5 * DAY),
        ("session", MONDAY + 17 * HOUR, MONDAY + 23 * HOUR),
        ("always", MONDAY, None),
    ],
)
def test_the_next_change_of_a_market(name: hours.Hours, at: int, expected: int | None) -> None:
    """Opening and closing times follow the week on the broker's clock."""
    assert hours.next_change(name, at) == expected
