"""What the page's own words mean, as the platform writes them."""

import json
from decimal import Decimal
from typing import Any

import pytest

from qfluxd.drivers.pocketoption import texts
from tests.support.fixtures import fixture


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("48,446.09", "48446.09"),
        ("0.00", "0.00"),
        ("1", "1"),
        ("$5", "5"),
        ("$1,234,567.8", "1234567.8"),
        (" 250.00 ", "250.00"),
        ("10 €", "10"),
    ],
)
def test_an_amount_is_read_exactly(text: str, amount: str) -> None:
    """Separators go, digits stay, and nothing is rounded."""
    assert texts.money(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["*******", "", None, "N/A", "1,23", "1,2345.00", "-5", "1.2.3", "QT Demo", "12 % of 5"]
)
def test_what_is_no_amount_is_none(text: str | None) -> None:
    """A hidden balance is not zero, and a separator in the wrong place is not believed."""
    assert texts.money(text) is None


@pytest.mark.parametrize(("text", "percent"), [("+92%", 92), ("+92", 92), ("92 %", 92), ("+0", 0), ("+100%", 100)])
def test_a_payout_is_read(text: str, percent: int) -> None:
    """With and without its signs."""
    assert texts.percent(text) == percent


@pytest.mark.parametrize("text", ["N/A", "", None, "+$1.92", "+101%", "+1.5%", "-5%"])
def test_what_is_no_payout_is_none(text: str | None) -> None:
    """The amount that a win brings back is no percentage."""
    assert texts.percent(text) is None


@pytest.mark.parametrize(
    ("text", "length"), [("00:01:00", 60_000), ("00:00:03", 3_000), ("04:00:00", 14_400_000), (" 00:05:30 ", 330_000)]
)
def test_a_length_of_trade_is_read(text: str, length: int) -> None:
    """Hours, minutes and seconds."""
    assert texts.length(text) == length


@pytest.mark.parametrize("text", ["01:00", "00:60:00", "00:00:61", "S30", "+S30", "", None])
def test_what_is_no_length_is_none(text: str | None) -> None:
    """Half a length is none, and the presets are not what is set."""
    assert texts.length(text) is None


def test_every_timeframe_of_the_page_is_read_from_its_badge() -> None:
    """What the page calls a timeframe is read back as the same one, also within other text."""
    for label, timeframe in texts.TIMEFRAMES.items():
        assert texts.timeframe(label) == timeframe
        assert texts.timeframe(f"chart {label} 2") == timeframe
        assert texts.timeframe_label(timeframe) == label
    assert texts.timeframe("M7") is None
    assert texts.timeframe("XM1") is None
    assert texts.timeframe(None) is None
    assert texts.timeframe_label(420_000) is None


@pytest.mark.parametrize(
    ("label", "account"),
    [("QT Demo", "demo"), ("QT Real", "real"), ("demo", "demo"), ("Democracy", None), (None, None)],
)
def test_the_label_names_the_account(label: str | None, account: str | None) -> None:
    """Only whole words count."""
    assert texts.account_of_label(label) == account


@pytest.mark.parametrize(
    ("names", "account"),
    [("js-hd js-balance-demo", "demo"), ("js-hd js-balance-real-USD", "real"), ("js-hd", None), (None, None)],
)
def test_the_class_of_the_balance_names_the_account(names: str | None, account: str | None) -> None:
    """As the platform has it for both accounts."""
    assert texts.account_of_class(names) == account


@pytest.mark.parametrize(
    ("url", "account"),
    [
        ("https://pocketoption.com/en/cabinet/demo-quick-high-low/", "demo"),
        ("https://pocket2.click/cabinet/demo-quick-high-low", "demo"),
        ("https://pocketoption.com/en/cabinet/try-demo/", "demo"),
        ("https://pocketoption.com/en/cabinet/quick-high-low/", "real"),
        ("https://pocketoption.com/en/cabinet/quick-high-low/?demo-", "real"),
        ("https://pocketoption.com/en/cabinet/deposit-step-1/", None),
        ("https://pocketoption.com/en/login/", None),
        ("https://demo-api-eu.po.market/quick-high-low/", None),
    ],
)
def test_the_address_names_the_account(url: str, account: str | None) -> None:
    """Only a trading page's path says anything of it."""
    assert texts.account_of_address(url) == account


def test_a_login_page_is_known_by_its_address() -> None:
    """Wherever the path begins."""
    assert texts.asks_login("https://pocketoption.com/en/login/")
    assert not texts.asks_login("https://pocketoption.com/en/cabinet/demo-quick-high-low/?from=/login")


def test_an_asset_is_searched_by_its_letters() -> None:
    """The page's search finds pairs without stroke and OTC."""
    assert texts.compact("EUR/USD OTC") == "EURUSD"
    assert texts.compact("EUR/USD") == "EURUSD"
    assert texts.compact("Brent Oil OTC") == "BrentOil"
    assert texts.compact("OTC") == "OTC"


# ------------------------------------------------------------------------------------- what was saved of the platform


def saved(name: str) -> Any:
    """A saved file of the platform's page."""
    return json.loads(fixture(f"dom/{name}").read_text())


def test_the_text_of_a_whole_page_is_read_line_by_line() -> None:
    """Account, balance, favourites, timeframe, expiry and payout of 2 September 2025."""
    raw = saved("session_scan_20250902_101534.json")["raw"]["balance_and_account_meta"]["balance_text"]
    lines = raw.split("\n")
    assert texts.account_of_label(lines[0]) == "demo"
    assert lines[1] == "USD"
    assert texts.money(lines[2]) == Decimal("48426.60")
    favourites = dict(zip(lines[4:-1:3], map(texts.percent, lines[5:-1:3]), strict=False))
    assert favourites["AUD/CAD OTC"] == 92
    assert favourites["NZD/USD OTC"] == 68
    assert favourites["KES/USD OTC"] == 41
    assert favourites["EUR/GBP OTC"] == 89
    assert texts.timeframe(lines[lines.index("UTC+0") - 3]) == 60_000
    assert texts.length(lines[lines.index("Time") + 1]) == 60_000
    assert texts.percent(lines[lines.index("Payout") + 1]) == 92


def test_the_favourites_that_were_seen_have_their_payouts() -> None:
    """As they stood on 2 January 2026."""
    payouts = {
        row["data_id"]: texts.percent(row["payout"])
        for row in saved("favorites_visible_20260102_220154.json")["visible"]
    }
    assert len(payouts) == 11
    assert (payouts["EURUSD_otc"], payouts["CADJPY_otc"], payouts["CADCHF_otc"], payouts["AUDNZD_otc"]) == (
        92,
        41,
        84,
        57,
    )


def test_the_field_that_typing_had_ruined_is_read_as_what_it_held() -> None:
    """Ten typed behind the 1 that was there made 110, and that is what is read."""
    retries = saved("duration_amount_interaction_summary_20250901_115016.json")["amount"]["retries"]
    assert [texts.money(retry["raw_value"]) for retry in retries] == [Decimal(110)] * 3
