"""The market as it is told: history that ends exactly where the stream goes on."""

import numpy as np
import pytest

from qfluxd.model import MINUTE
from qfluxd.practice.assets import Catalogue, known_listings
from qfluxd.practice.market import Market
from qfluxd.practice.synthetic import SyntheticPrices

NOW = 1_793_620_801_234
CATALOGUE = Catalogue(known_listings(), seed=7)
PRICES = SyntheticPrices(CATALOGUE, seed=7)


@pytest.fixture
def market() -> Market:
    return Market(PRICES, NOW, seed=7)


def test_stream_goes_on_exactly_where_history_ends(market: Market) -> None:
    """History and the ticks told after it are together every tick there is, once."""
    market.watch("EURUSD_otc")
    told = [*market.due(NOW + 7_000), *market.due(NOW + 9_999)]
    history = market.history("EURUSD_otc", MINUTE)["history"]
    later = [(quote.at, quote.price) for quote in market.due(NOW + 300_000)]
    past = [(round(at * 1000), price) for at, price in history]
    ticks = PRICES.ticks("EURUSD_otc", past[0][0] - 1, NOW + 300_000)
    assert past + later == list(zip(ticks.at.tolist(), ticks.price.tolist(), strict=True))
    assert {(quote.at, quote.price) for quote in told} <= set(past)


def test_history_asked_for_while_ticks_are_being_told_has_no_repetition(market: Market) -> None:
    """Between any two of the ticks that are due together, a symbol's history ends before its next tick."""
    for symbol in CATALOGUE.symbols[:30]:
        market.watch(symbol)
    last: dict[str, int] = {}
    for quote in market.due(NOW + 1_500):
        last[quote.symbol] = quote.at
        for symbol, at in last.items():
            assert round(market.history(symbol, MINUTE)["history"][-1][0] * 1000) == at


def test_due_ticks_of_many_assets_come_in_order_of_time(market: Market) -> None:
    """Ticks of 50 assets are told in ascending order, about two a second each."""
    for symbol in CATALOGUE.symbols[:50]:
        market.watch(symbol)
    told = list(market.due(NOW + 10_000))
    assert [quote.at for quote in told] == sorted(quote.at for quote in told)
    assert 50 * 18 < len(told) < 50 * 24
    assert market.next_due is not None
    assert market.next_due > NOW + 10_000


def test_an_unwatched_asset_falls_silent_and_loses_nothing(market: Market) -> None:
    """What was not told while nobody watched is in the history; what is told later follows on it."""
    market.watch("EURUSD_otc")
    market.unwatch("EURUSD_otc")
    assert list(market.due(NOW + 5_000)) == []
    market.watch("EURUSD_otc")
    assert next(market.due(NOW + 6_000)).at > NOW + 5_000


def test_history_is_in_the_platforms_shape(market: Market) -> None:
    """98 rows [time, open, close, high, low], newest first, ending 1 to 7 minutes ago; 9 to 13 minutes of ticks."""
    answer = market.history("EURUSD_otc", MINUTE)
    rows = answer["candles"]
    assert list(answer) == ["asset", "period", "history", "candles"]
    assert answer["period"] == 60
    assert len(rows) == 98
    assert [row[0] for row in rows] == [rows[0][0] - 60 * n for n in range(98)]
    assert all(row[3] >= max(row[1:]) and row[4] <= min(row[1:]) for row in rows)
    assert 60 <= NOW / 1000 - rows[0][0] <= 420
    assert 1100 < len(answer["history"]) < 1700


def test_history_ticks_fold_to_the_served_candles(market: Market) -> None:
    """Every minute that the ticks cover whole and that is among the candles agrees in all four prices."""
    answer = market.history("GBPUSD_otc", MINUTE)
    rows = {row[0]: row[1:] for row in answer["candles"]}
    buckets: dict[int, list[float]] = {}
    for at, price in answer["history"]:
        buckets.setdefault(int(at // 60 * 60), []).append(price)
    first = min(buckets)
    shared = {start: prices for start, prices in buckets.items() if start in rows and start != first}
    assert len(shared) >= 3
    for start, prices in shared.items():
        assert rows[start] == [prices[0], prices[-1], max(prices), min(prices)]


def test_older_candles_overlap_by_one(market: Market) -> None:
    """150 rows ascending, the last being the oldest that was known."""
    oldest = market.history("GBPUSD_otc", MINUTE)["candles"][-1]
    rows = market.older("GBPUSD_otc", MINUTE, oldest[0] * 1000, 150 * MINUTE)
    assert len(rows) == 150
    assert np.array_equal(np.diff([row["time"] for row in rows]), np.full(149, 60))
    last = rows[-1]
    assert [last["time"], last["open"], last["close"], last["high"], last["low"]] == oldest


def test_older_candles_go_no_further_back_than_asked(market: Market) -> None:
    """An offset of ten minutes gives the row asked for and ten before it."""
    rows = market.older("GBPUSD_otc", MINUTE, NOW // MINUTE * MINUTE - 20 * MINUTE, 10 * MINUTE)
    assert len(rows) == 11


def test_the_price_of_a_shut_market_is_not_made_up(market: Market) -> None:
    """A market that has not ticked for a minute has no price now."""
    assert market.price("EURUSD_otc") is not None
    assert market.price("YERUSD_otc") is None
