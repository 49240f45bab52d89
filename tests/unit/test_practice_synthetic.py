"""Made-up prices: the same every time, exact at every length of bar, and spaced like the platform's."""

import numpy as np
import pytest

from qfluxd.model import DAY, HOUR, MINUTE, SECOND
from qfluxd.practice.assets import Catalogue, known_listings
from qfluxd.practice.bars import Bars, as_bars, fold
from qfluxd.practice.synthetic import SyntheticPrices

MONDAY = 1_793_577_600_000  # 2026-11-02 00:00 on the broker's clock
NOON = MONDAY + 12 * HOUR
NAMES = ("EURUSD_otc", "USDJPY_otc", "LBPUSD_otc", "USDVND_otc", "BTCUSD_otc", "#AAPL_otc", "NASUSD_otc", "EURUSD")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(known_listings(), seed=1)


@pytest.fixture(scope="module")
def prices(catalogue: Catalogue) -> SyntheticPrices:
    return SyntheticPrices(catalogue, seed=1)


def equal(one: Bars, other: Bars) -> bool:
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))


@pytest.mark.parametrize("symbol", NAMES)
def test_minute_bars_are_what_their_ticks_fold_to(prices: SyntheticPrices, symbol: str) -> None:
    """Folding the ticks of two hours gives the served one-minute bars in all four prices."""
    ticks = prices.ticks(symbol, NOON - 1, NOON + 2 * HOUR - 1)
    assert equal(fold(as_bars(ticks), MINUTE), prices.bars(symbol, MINUTE, NOON + 2 * HOUR, 120))


@pytest.mark.parametrize("seconds", [5, 10, 15, 30, 120, 180, 300, 900, 1800, 3600])
def test_bars_of_every_length_are_what_their_ticks_fold_to(prices: SyntheticPrices, seconds: int) -> None:
    """Bars shorter and longer than a minute are exact folds of the same ticks."""
    period = seconds * SECOND
    served = prices.bars("GBPUSD_otc", period, NOON, 3)
    ticks = prices.ticks("GBPUSD_otc", int(served.at[0]) - 1, NOON - 1)
    assert equal(fold(as_bars(ticks), period), served)


@pytest.mark.parametrize("period", [4 * HOUR, DAY])
def test_long_bars_are_what_minute_bars_fold_to(prices: SyntheticPrices, period: int) -> None:
    """98 long bars equal the aggregate of all their minutes, and are 98 in a row."""
    served = prices.bars("GBPUSD_otc", period, MONDAY, 98)
    minutes = prices.bars("GBPUSD_otc", MINUTE, MONDAY, 98 * period // MINUTE)
    assert equal(fold(minutes, period), served)
    assert np.array_equal(np.diff(served.at), np.full(97, period))


def test_an_unfinished_bar_ends_where_it_is_asked_to(prices: SyntheticPrices) -> None:
    """An hour asked for at 50 minutes past closes with the last tick before that."""
    served = prices.bars("EURUSD_otc", HOUR, NOON + 50 * MINUTE, 2)
    assert served.at[-1] == NOON
    assert served.close[-1] == prices.ticks("EURUSD_otc", NOON, NOON + 50 * MINUTE - 1).price[-1]


def test_the_same_seed_gives_the_same_prices(catalogue: Catalogue, prices: SyntheticPrices) -> None:
    """Another instance, asked in another order, gives identical ticks; another seed does not."""
    twin, other = SyntheticPrices(catalogue, seed=1), SyntheticPrices(catalogue, seed=2)
    late = twin.ticks("EURUSD_otc", NOON + HOUR, NOON + 2 * HOUR)
    twin.bars("EURUSD_otc", DAY, NOON, 10)
    mine = prices.ticks("EURUSD_otc", NOON, NOON + 2 * HOUR)
    assert np.array_equal(mine.between(NOON + HOUR, NOON + 2 * HOUR).price, late.price)
    assert np.array_equal(mine.at, twin.ticks("EURUSD_otc", NOON, NOON + 2 * HOUR).at)
    assert not np.array_equal(mine.price, other.ticks("EURUSD_otc", NOON, NOON + 2 * HOUR).price)


def test_ticks_come_like_the_platforms(prices: SyntheticPrices) -> None:
    """Mean distance 0.47 s, none under 0.2 or over 0.73, and a quarter to a third repeat the price before."""
    ticks = prices.ticks("EURGBP_otc", NOON, NOON + HOUR)
    apart = np.diff(ticks.at)
    assert abs(apart.mean() - 473) < 5
    assert apart.min() >= 200
    assert apart.max() <= 730
    assert 0.24 < float((np.diff(ticks.price) == 0).mean()) < 0.34


@pytest.mark.parametrize("symbol", NAMES)
def test_prices_have_the_assets_digits(prices: SyntheticPrices, catalogue: Catalogue, symbol: str) -> None:
    """No price has more decimals than its asset, and it moves at all."""
    ticks = prices.ticks(symbol, NOON, NOON + 5 * MINUTE).price.tolist()
    assert all(round(price, catalogue[symbol].digits) == price for price in ticks)
    assert len(set(ticks)) > 5


def test_what_is_to_come_follows_on_what_has_been(prices: SyntheticPrices) -> None:
    """`upcoming` gives exactly the ticks that history will have, starting after the moment it is asked."""
    coming = prices.upcoming("AUDCAD_otc", NOON + 12_345)
    told = [next(coming) for _ in range(400)]
    ticks = prices.ticks("AUDCAD_otc", NOON + 12_345, told[-1][0])
    assert told == list(zip(ticks.at.tolist(), ticks.price.tolist(), strict=True))


def test_the_rate_can_be_chosen(catalogue: Catalogue) -> None:
    """At four ticks a second and asset there are a little over four, still in ascending order."""
    ticks = SyntheticPrices(catalogue, seed=1, rate=4).ticks("EURUSD_otc", NOON, NOON + MINUTE)
    assert 240 <= ticks.at.size <= 260
    assert np.diff(ticks.at).min() > 0


@pytest.mark.parametrize("rate", [0, 0.2, 0.55, 1000])
def test_an_impossible_rate_is_refused(catalogue: Catalogue, rate: float) -> None:
    """A rate that does not fit a minute is an error at once."""
    with pytest.raises(ValueError, match="ticks a second"):
        SyntheticPrices(catalogue, seed=1, rate=rate)


def test_a_shut_market_has_no_ticks_and_its_bars_end_at_the_close(prices: SyntheticPrices) -> None:
    """On a Sunday the real pair has no ticks; its newest bar is Friday's last minute; the OTC pair goes on."""
    sunday = MONDAY - 12 * HOUR
    assert prices.ticks("EURUSD", sunday - HOUR, sunday).at.size == 0
    bars = prices.bars("EURUSD", MINUTE, sunday, 98)
    assert bars.at[-1] == MONDAY - 2 * DAY - MINUTE
    assert bars.at.size == 98
    assert next(prices.upcoming("EURUSD", sunday))[0] >= MONDAY
    assert prices.ticks("EURUSD_otc", sunday - HOUR, sunday).at.size > 7000
    assert next(prices.upcoming("YERUSD_otc", sunday), None) is None
