"""Every symbol has one name in topics, and no two share one."""

import re

from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from qfluxd.api.topics import Topics


def test_a_name_is_the_symbol_made_plain() -> None:
    """Lower case, and only letters, digits, underscore and hyphen."""
    topics = Topics()
    assert [topics[symbol] for symbol in ("EURUSD_otc", "#AAPL_otc", "A/B+C #", "BTC-USD")] == [
        "eurusd_otc",
        "aapl_otc",
        "abc",
        "btc-usd",
    ]


def test_two_symbols_never_share_a_name() -> None:
    """The later of two that look alike gets a number, and a warning names both."""
    topics = Topics()
    with capture_logs() as logs:
        assert [topics["#AAPL"], topics["AAPL"], topics["aapl"], topics["AAPL-2"]] == [
            "aapl",
            "aapl-2",
            "aapl-3",
            "aapl-2-2",
        ]
    assert [(line["asset"], line["other"]) for line in logs] == [
        ("AAPL", "#AAPL"),
        ("aapl", "#AAPL"),
        ("AAPL-2", "AAPL"),
    ]


def test_a_list_gives_the_same_names_in_any_order() -> None:
    """Names learned from the broker's list do not depend on its order, nor on which symbol ticks first."""
    one, other = Topics(), Topics()
    one.learn({"AAPL", "#AAPL", "EURUSD"})
    other.learn({"EURUSD", "#AAPL", "AAPL"})
    assert [one[symbol] for symbol in ("AAPL", "#AAPL")] == [other[symbol] for symbol in ("AAPL", "#AAPL")]


@given(st.lists(st.text(max_size=12)))
def test_any_symbols_at_all(symbols: list[str]) -> None:
    """Whatever the broker calls its assets, names are fit for a topic, stable and unique."""
    topics = Topics()
    names = {symbol: topics[symbol] for symbol in symbols}
    assert len(set(names.values())) == len(names)
    assert all(re.fullmatch("[a-z0-9_-]+", name) for name in names.values())
    assert names == {symbol: topics[symbol] for symbol in symbols}
