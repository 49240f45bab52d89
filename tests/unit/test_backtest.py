"""A backtest by hand: where trades are entered and ended, what they earn, and what is not known."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from qfluxd.errors import DataError
from qfluxd.market.layout import Shelf
from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.research.backtest import Backtest, Engine, Latency, Result, planned, run
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.settings import MarketSettings
from qfluxd.strategies.random import Random
from qfluxd.strategy import View
from tests.support.recordings import BEGIN, Made, candles_of, dataset, market, put

ASSET = "EURUSD_otc"
ENGINES: tuple[Engine, ...] = ("vector", "event")
ALWAYS = {"rate": 1.0, "expiry": "30s"}


def steady(*, until: Millis = 20 * MINUTE, step: Millis = 500, price: Any = lambda at: 1.1) -> Made:
    """A tick every half second, at a price that is a function of the time since `BEGIN`."""
    at = np.arange(100, until, step)
    return Made(BEGIN + at, np.array([price(each) for each in at.tolist()]), ((BEGIN, 80, True),))


def rising(at: Millis) -> float:
    """A price that goes up with every tick."""
    return 1.0 + at / 1e9


def coin(**terms: Any) -> Backtest:
    """A plan that speaks at every minute, on terms."""
    return Backtest(plans=(planned("random", options=ALWAYS, name="coin"),), **terms)


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    """Twenty minutes of a rising price."""
    return dataset(tmp_path, {ASSET: steady(price=rising)})


@pytest.mark.parametrize("engine", ENGINES)
def test_entry_and_end(data: Dataset, engine: Engine) -> None:
    """A trade is entered at the first tick from signal plus latency on, and ends with the last tick up to its end.

    The candle from minute 1 closes with the tick at 2:00.100; the first tick from 400 ms later on is that at 2:00.600,
    and 30 s after the full second of it the last tick is that at 2:29.600.
    """
    trade = run(coin(latency=Latency((400,))), data, engine=engine).trades.row(0, named=True)
    two = BEGIN + 2 * MINUTE
    times = {name: round(trade[name].timestamp() * 1000) - two for name in ("candle", "signalled", "opened", "closes")}
    assert times == {"candle": -MINUTE, "signalled": 100, "opened": 600, "closes": 30 * SECOND}
    assert (trade["open_price"], trade["close_price"]) == (rising(two + 600 - BEGIN), rising(two + 29_600 - BEGIN))
    assert trade["id"] == f"coin/{ASSET}/{two - MINUTE}"


@pytest.mark.parametrize("engine", ENGINES)
def test_without_latency_the_very_next_tick_is_it(data: Dataset, engine: Engine) -> None:
    """The tick that closes the candle is heard already: no trade can be entered at its price."""
    trade = run(coin(), data, engine=engine).trades.row(0, named=True)
    assert round(trade["signalled"].timestamp() * 1000) == BEGIN + 2 * MINUTE + 100
    assert round(trade["opened"].timestamp() * 1000) == BEGIN + 2 * MINUTE + 600


@pytest.mark.parametrize("engine", ENGINES)
def test_profit(data: Dataset, engine: Engine) -> None:
    """On a rising price calls win 80 % of their stake, and puts lose it."""
    trades = run(coin(), data, engine=engine).trades
    won = trades.filter(trades["side"] == "call")
    lost = trades.filter(trades["side"] == "put")
    assert set(won["outcome"]) | set(lost["outcome"]) == {"won", "lost"}
    assert set(won["profit"]) == {Decimal("0.80")}
    assert set(lost["profit"]) == {Decimal("-1.00")}


@pytest.mark.parametrize("engine", ENGINES)
def test_ties_are_refunded(tmp_path: Path, engine: Engine) -> None:
    """With the decimals that the broker shows, a move behind them is none."""
    data = dataset(tmp_path, {ASSET: steady(price=rising)})
    result = run(coin(digits=2), data, engine=engine)
    assert set(result.trades["outcome"]) == {"tie"}
    assert set(result.trades["profit"]) == {Decimal("0.00")}


@pytest.mark.parametrize("engine", ENGINES)
def test_unknown_payout_stays_unknown(tmp_path: Path, engine: Engine) -> None:
    """Where nobody has told a payout the trade came out, and what it earned is not known; an assumed one is used."""
    made = Made(steady(price=rising).at, steady(price=rising).price)
    data = dataset(tmp_path, {ASSET: made})
    told = run(coin(), data, engine=engine)
    assert set(told.trades["code"]) == {"payout_unknown"}
    assert told.trades["payout"].null_count() == told.trades["profit"].null_count() == told.trades.height > 10
    assert told.summary().unknown == told.trades.height
    assert set(run(coin(payout=92), data, engine=engine).trades["payout"]) == {92}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_payout_holds_no_longer_than_its_day(tmp_path: Path, engine: Engine) -> None:
    """What was told on one day is not taken for the next; from the first word of that day on it is known again."""
    midnight = BEGIN // 86_400_000 * 86_400_000 + 86_400_000
    at = np.arange(midnight - 10 * MINUTE, midnight + 10 * MINUTE, 500) + 100
    rows = ((int(at[0]), 80, True), (midnight + 5 * MINUTE, 90, True))
    data = dataset(tmp_path, {ASSET: Made(at, np.linspace(1, 2, at.size), rows)})
    trades = run(coin(), data, engine=engine).trades
    told = [
        (opened // MINUTE, payout)
        for opened, payout in zip(trades["opened"].to_physical(), trades["payout"], strict=True)
    ]
    assert {payout for minute, payout in told if minute < midnight // MINUTE} == {80}
    assert {payout for minute, payout in told if 0 <= minute - midnight // MINUTE < 5} == {None}
    assert {payout for minute, payout in told if minute >= midnight // MINUTE + 5} == {90}


@pytest.mark.parametrize("engine", ENGINES)
def test_no_tick_no_outcome(tmp_path: Path, engine: Engine) -> None:
    """Around a silence trades are not filled or unknown, and candles that it touches are not traded on."""
    made = steady(price=rising)
    heard = ~((made.at > BEGIN + 5 * MINUTE + 15 * SECOND) & (made.at < BEGIN + 5 * MINUTE + 45 * SECOND))
    data = dataset(tmp_path, {ASSET: Made(made.at[heard], made.price[heard], made.payouts)})
    result = run(coin(latency=Latency((20_000,))), data, engine=engine)
    by_minute = {(row["candle"].minute - 20) % 60: row["code"] for row in result.trades.iter_rows(named=True)}
    first = min(by_minute)
    assert result.trades["code"].to_list().count("quiet") >= 1, by_minute
    assert dict(result.refusals.select("code", "count").iter_rows())["candle_incomplete"] >= 1
    assert first >= 0


@pytest.mark.parametrize("engine", ENGINES)
def test_closed_assets_are_not_traded(tmp_path: Path, engine: Engine) -> None:
    """While the broker lists an asset as closed its signals are refused."""
    made = steady(price=rising)
    rows = ((BEGIN, 80, True), (BEGIN + 8 * MINUTE, 80, False), (BEGIN + 12 * MINUTE, 85, True))
    data = dataset(tmp_path, {ASSET: Made(made.at, made.price, rows)})
    result = run(coin(), data, engine=engine)
    assert result.refusals.rows() == [("coin", "asset_closed", 4), ("coin", "candle_incomplete", 1)]
    assert result.signals == {"coin": result.trades.height + 5}
    assert set(result.trades["payout"]) == {80, 85}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_the_data_end_before_is_unknown(tmp_path: Path, engine: Engine) -> None:
    """A trade that had not ended with the data is not guessed."""
    data = dataset(tmp_path, {ASSET: steady(until=10 * MINUTE + 20 * SECOND, price=rising)})
    last = run(coin(), data, engine=engine).trades.row(-1, named=True)
    assert (last["outcome"], last["code"], last["close_price"], last["profit"]) == ("unknown", "data_ended", None, None)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_share_of_orders_is_refused(tmp_path: Path, engine: Engine) -> None:
    """The broker turns down as many as it is told to, and with another seed others."""
    data = dataset(tmp_path, {ASSET: steady(until=200 * MINUTE, step=2_000, price=rising)})
    ids = [set(run(coin(refuse=0.3, seed=seed), data, engine=engine).trades["id"]) for seed in (0, 1)]
    assert 110 < len(ids[0]) < 160
    assert ids[0] != ids[1]
    assert not run(coin(refuse=1.0), data, engine=engine).trades.height


@pytest.mark.parametrize("engine", ENGINES)
def test_limits_are_the_desks(tmp_path: Path, engine: Engine) -> None:
    """One open trade at a time refuses every other signal of a plan whose trades last two candles."""
    data = dataset(tmp_path, {ASSET: steady(price=rising)})
    plan = planned("random", options={"rate": 1.0, "expiry": "90s"}, name="coin", risk={"max_open": 1})
    result = run(Backtest(plans=(plan,)), data, engine=engine)
    assert dict(result.refusals.select("code", "count").iter_rows())["too_many_open"] == 9
    assert result.trades.height == 9


@pytest.mark.parametrize("engine", ENGINES)
def test_stakes_follow_the_balance(tmp_path: Path, engine: Engine) -> None:
    """A percentage is of what the account holds after the trades before; the stake is out while a trade is open."""
    data = dataset(tmp_path, {ASSET: steady(price=rising)})
    plan = planned("random", options=ALWAYS, name="coin", stake={"policy": "percent", "percent": 10})
    trades = run(Backtest(plans=(plan,), balance=Decimal(1_000)), data, engine=engine).trades
    balance = Decimal(1_000)
    for stake, profit in trades.select("stake", "profit").iter_rows():
        assert stake == (balance / 10).quantize(Decimal("0.01"), "ROUND_DOWN")
        balance += profit or 0
    assert trades.height > 10


@pytest.mark.parametrize("engine", ENGINES)
def test_measured_latency_is_drawn_by_the_signal(data: Dataset, engine: Engine) -> None:
    """Each signal has a latency of its own out of those measured, and the same in every run."""
    result = run(coin(latency=Latency((0, 900, 4_000))), data, engine=engine)
    took = result.trades["opened"].to_physical() - result.trades["signalled"].to_physical()
    assert set(took) == {500, 1_000, 4_000}
    assert run(coin(latency=Latency((0, 900, 4_000))), data, engine=engine).fingerprint == result.fingerprint


# ------------------------------------------------------------------------------------------------------- by candles


def by_candles(root: Path, **columns: Any) -> Dataset:
    """Ten minutes of candles that open at 1, 2, 3 … and close 0.5 higher."""
    opens = np.arange(1.0, 11.0)
    rows = {
        "at": BEGIN + np.arange(10) * MINUTE,
        "open": opens,
        "high": opens + 0.7,
        "low": opens - 0.2,
        "close": opens + 0.5,
        "ticks": np.full(10, 60),
        "quality": ["whole"] * 10,
        **columns,
    }
    put(root, Shelf("candles", ASSET, MINUTE), rows)
    return open_dataset(root)


@pytest.mark.parametrize("engine", ENGINES)
def test_by_candles_alone(tmp_path: Path, engine: Engine) -> None:
    """Entered at the next candle's open, ended at the close of the candle that ends with it, whatever the latency."""
    plan = planned("random", options={"rate": 1.0, "expiry": "2m"}, name="coin")
    settings = Backtest(plans=(plan,), payout=80, latency=Latency((400,)))
    result = run(settings, by_candles(tmp_path), engine=engine)
    trade = result.trades.row(0, named=True)
    assert (trade["candle"].timestamp() * 1000 - BEGIN) / MINUTE == 1
    assert (trade["open_price"], trade["close_price"]) == (3.0, 4.5)
    assert result.dataset.prices == "candles"
    assert result.trades["code"].to_list()[-2:] == ["data_ended", "data_ended"]


@pytest.mark.parametrize("engine", ENGINES)
def test_candles_cannot_tell_what_happens_inside_them(tmp_path: Path, engine: Engine) -> None:
    """A trade that ends inside a candle, or begins there, is refused with the remedy."""
    data = by_candles(tmp_path)
    with pytest.raises(DataError, match="take a multiple of the timeframe, or ticks"):
        run(coin(payout=80), data, engine=engine)
    inside = planned("random", options={"rate": 1.0}, schedule="every 25s", name="coin")
    with pytest.raises(DataError, match="inside 1m candles"):
        run(Backtest(plans=(inside,), payout=80), data, engine=engine)


def test_longer_candles_are_put_together(tmp_path: Path) -> None:
    """Plans may look at candles that are not stored, out of shorter ones that are."""
    candles_of(tmp_path, ASSET, market(3, rough=0.0), MINUTE)
    data = open_dataset(tmp_path)
    plan = planned("random", timeframe="5m", options={"rate": 1.0}, name="coin")
    settings = Backtest(plans=(plan,), payout=80)
    assert run(settings, data).fingerprint == run(settings, data, engine="event").fingerprint
    short = planned("random", timeframe="30s", options={"rate": 1.0}, name="coin")
    with pytest.raises(DataError, match="30s candles cannot be put together from those that are stored"):
        run(Backtest(plans=(short,), payout=80), data)


# ------------------------------------------------------------------------------------------------------ what is wrong


def test_what_cannot_be_run_is_told(data: Dataset, tmp_path: Path) -> None:
    """Each names the place and the remedy."""
    with pytest.raises(DataError, match=r"holds EURUSD_otc, and the plans trade GBPUSD_otc"):
        run(Backtest(plans=(planned("random", assets=["GBPUSD_otc"]),)), data)
    with pytest.raises(DataError, match="random: rate"):
        planned("random", options={"rate": 2})
    with pytest.raises(ValueError, match="each by another name"):
        Backtest(plans=(planned("random"), planned("random")))
    with pytest.raises(DataError, match="longer than the timeframe"):
        run(Backtest(plans=(planned("topdown", timeframe="5m", options={"higher": ["1m"]}),)), data)


def test_ticks_that_step_back_are_refused(tmp_path: Path) -> None:
    """A data set is in order; one that is not has not been made by the store."""

    class Unsorted(Dataset):
        __slots__ = ()

        def ticks(self, asset: str, start: Millis | None = None, end: Millis | None = None) -> Any:
            return super().ticks(asset, start, end).reverse()

    found = dataset(tmp_path, {ASSET: steady()})
    for engine in ENGINES:
        with pytest.raises(DataError, match="step back in time"):
            run(coin(), Unsorted(found.root, found.assets, found.start, found.end), engine=engine)


def test_summary_and_tables(tmp_path: Path) -> None:
    """All tables of a result add up to its trades."""
    data = dataset(tmp_path, {ASSET: market(5), "GBPUSD_otc": market(6)})
    plans = tuple(planned("random", name=name, options={"rate": 0.5, "seed": n}) for n, name in enumerate("ab"))
    result: Result = run(Backtest(plans=plans, payout=85), data)
    total = result.trades["profit"].sum()
    for key in ("hour", "weekday", "asset", "payout", "side", "plan"):
        table = result.by(key)
        assert table["trades"].sum() == result.trades.height
        assert table["profit"].sum() == total
    equity = result.equity()
    assert equity["equity"].to_list()[-1] == total == result.summary().profit
    assert (equity["drawdown"] >= 0).all()
    assert sum(result.summary(plan).won for plan in "ab") == result.summary().won
    assert result.streaks.won > 1


class Broken(Random):
    """A strategy that raises at a certain height of the price."""

    def signals(self, view: View) -> pl.DataFrame:
        """Raises once there are ten candles."""
        if view.height >= 10:
            raise ZeroDivisionError("no way out")
        return super().signals(view)


class Sideways(Random):
    """A strategy that answers what makes no sense."""

    def signals(self, view: View) -> pl.DataFrame:
        """A confidence above 1."""
        return super().signals(view).with_columns(confidence=pl.lit(3.0))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("strategy", "said"), [(Broken(), "ZeroDivisionError: no way out"), (Sideways(), "of 3.0")])
def test_a_strategy_that_fails_ends_the_run(data: Dataset, engine: Engine, strategy: Any, said: str) -> None:
    """Both ways say which plan it was, and what it raised."""
    plan = replace(planned("random", options=ALWAYS, name="coin"), strategy=strategy)
    with pytest.raises(DataError, match=f"coin: the strategy failed: .*{said}"):
        run(Backtest(plans=(plan,)), data, engine=engine)


def test_what_only_the_desk_can_tell(data: Dataset) -> None:
    """A grace between two beats of the clock is refused by the quick way, which names the other."""
    odd = MarketSettings(grace=0.55)
    with pytest.raises(DataError, match="--engine event takes any"):
        run(coin(market=odd), data)
    assert run(coin(market=odd), data, engine="event").trades.height > 10


def test_progress_is_told(data: Dataset) -> None:
    """Up to the last of as many as there are."""
    for engine in ENGINES:
        told: list[tuple[int, int, str]] = []
        run(coin(), data, engine=engine, tell=lambda *what, told=told: told.append(what))
        assert told
        assert told[-1][0] == told[-1][1]
