"""Audits of what a profit hangs on: delays, payouts, options, chance."""

from dataclasses import replace
from decimal import Decimal
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from qfluxd.loading import load_strategy
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.market.parquet import MOMENT
from qfluxd.model import MINUTE, SECOND, Millis
from qfluxd.research.audits import Finding, audit
from qfluxd.research.audits.boundary import changed_trades, late, shifted, twice
from qfluxd.research.audits.changed import Changed
from qfluxd.research.audits.foresight import foresight
from qfluxd.research.audits.neighbours import beside
from qfluxd.research.audits.resampled import decimals, resampled_candles, resampled_ticks
from qfluxd.research.audits.runs import Later
from qfluxd.research.audits.shuffled import p_value
from qfluxd.research.backtest import FREE, Backtest, Latency
from qfluxd.strategies.sma_cross import SmaCross
from qfluxd.strategy import View
from qfluxd.testing import market
from tests.support.audited import ASSET, in_memory, momentum, plan_of, ticks_of, walk
from tests.support.bad_strategies import Sound
from tests.support.leaky_strategies import LEAKY, FittedToAll, NextClose


def of(strategy: Sound, dataset: Changed, *which: str, payout: int | None = 85) -> tuple[Finding, ...]:
    """The findings about a strategy."""
    return audit(Backtest(plans=(plan_of(strategy),), payout=payout), dataset, which)


def number(finding: Finding, name: str) -> float:
    """A figure that is a number."""
    value = finding.figures[name]
    assert isinstance(value, int | float)
    return value


class Follow(Sound):
    """Goes on as the last candle went."""

    period: int = Field(default=1, ge=1, le=20, description="candles to look back")


# --------------------------------------------------------------------------------------- shuffled and random


def test_a_real_edge_is_not_explained_by_chance() -> None:
    """Where each candle goes on as the last one did, following earns; no shuffled market does as well."""
    shuffled, coin = of(Follow(), in_memory(momentum(8)), "shuffled", "random")
    assert (shuffled.level, shuffled.figures["p_value"]) == ("ok", 1 / 40)
    assert abs(number(shuffled, "mean") + 0.075) < 0.06
    assert coin.level == "ok"
    assert number(coin, "p_value") < 0.01


def test_a_leak_earns_on_shuffled_markets_too() -> None:
    """Who knows the next close earns where nothing can be foreseen, which is said."""
    (found,) = of(NextClose(), in_memory(walk(5)), "shuffled")
    assert found.level == "bad"
    assert "5,294 of 5,294 puts, where nothing can be foreseen, so it sees ahead" in found.meaning


@pytest.mark.parametrize("leaky", [leaky for leaky, sees in LEAKY if "prices" in sees[0] and leaky is not FittedToAll])
def test_each_leak_of_prices_earns_there(leaky: type[Sound]) -> None:
    """So does every other one that sees enough of the prices to come to earn by it."""
    (found,) = of(leaky(), in_memory(walk(5)), "shuffled")
    assert (found.level, number(found, "evidence") > 1e4) == ("bad", True)


@pytest.mark.parametrize("seed", [1, 3])
def test_to_stop_when_ahead_is_no_leak(seed: int) -> None:
    """A plan that stops for the day at a profit ends most markets with one, and sees nothing of what is to come."""
    stops = FREE.model_copy(update={"stop_at_daily_profit": Decimal(1)})
    tried = Backtest(plans=(plan_of(Back(), timeframe=15 * SECOND),), payout=92, risk=stops)
    (found,) = audit(tried, in_memory(walk(5, seed)), ("shuffled",))
    profits = found.figures["unit_profits"]
    assert isinstance(profits, list)
    assert np.mean(profits) > 0.1
    assert number(found, "mean") < 0
    assert number(found, "evidence") < 1
    assert found.level != "bad"


def drifting(drift: float, seed: int) -> pl.DataFrame:
    """Eight hours of prices that mostly go one way."""
    return ticks_of(np.round(walk(8, seed) * np.exp(np.arange(8 * 7_200) * drift), 5))


def test_assets_that_drift_apart_are_no_leak() -> None:
    """Who calls the one that rises and puts the one that falls wins calls and puts alike, and sees nothing ahead."""
    held = {"RISES_otc": drifting(1.5e-6, 1), "FALLS_otc": drifting(-1.5e-6, 2)}
    apart = Changed(Path("nowhere"), tuple(held), 0, LAST_MILLIS + 1, held, 0)
    (found,) = audit(Backtest(plans=(plan_of(Sound(period=20)),), payout=92), apart, ("shuffled",))
    assert number(found, "mean") > 0.2
    assert found.level != "bad"


@pytest.mark.parametrize("chance", [0.5, 0.6])
@pytest.mark.parametrize("ahead", [1, 2, 9])
def test_no_way_of_stopping_makes_evidence(chance: float, ahead: int) -> None:
    """Over all ways in which seven prices can go, each with its chance, the evidence is 1 at most, whenever one stops.

    So it reaches 10,000 once in as many audits at most, also of plans that stop for the day. A mean is not so.
    """
    total = mean = 0.0
    for ups in product((True, False), repeat=7):
        kept: list[tuple[str, str]] = []
        for side, up in zip(("call", "put", "put", "call", "call", "put", "call"), ups, strict=True):
            if sum(1 if outcome == "won" else -1 for _, outcome in kept) < ahead:
                kept.append((side, "won" if up == (side == "call") else "lost"))
        weight = float(np.prod([chance if up else 1 - chance for up in ups]))
        total += weight * foresight([made(kept)]).evidence
        mean += weight * sum(outcome == "won" for _, outcome in kept) / len(kept)
    assert total <= 1
    assert (mean > 0.55) == (ahead < 9)


def test_evidence_counts_no_trade_twice() -> None:
    """Trades that begin before the one before has ended tell nothing more, whatever their number; ties tell nothing."""
    outcomes = [("call", "won"), ("put", "won"), ("call", "tie"), ("put", "lost")] * 30
    seen = foresight([made(outcomes)])
    assert (seen.calls, seen.puts) == ((30, 30), (30, 60))
    doubled = made([each for each in outcomes for _ in range(2)], every=MINUTE // 2)
    assert foresight([doubled]) == seen
    assert foresight([]).evidence == foresight([made([("call", "tie")])]).evidence == 1


def made(outcomes: list[tuple[str, str]], every: Millis = MINUTE) -> pl.DataFrame:
    """Trades of a minute, one after the other."""
    opened = np.arange(len(outcomes), dtype=np.int64) * every
    sides, ends = zip(*outcomes, strict=True)
    return pl.DataFrame({"side": sides, "outcome": ends}).with_columns(
        asset=pl.lit(ASSET),
        expiry=pl.lit(MINUTE),
        opened=pl.Series(opened).cast(MOMENT),
        closes=pl.Series(opened + MINUTE).cast(MOMENT),
    )


def test_a_drift_is_no_leak() -> None:
    """On prices that mostly rise who follows them earns on shuffled markets too: no more than always calling does."""
    rising = np.round(walk(6) * np.exp(np.arange(6 * 7_200) * 1.5e-6), 5)
    (found,) = of(Follow(), in_memory(rising), "shuffled")
    assert number(found, "mean") > 0
    assert found.level != "bad"


def test_luck_is_noted() -> None:
    """A profit on a walk that goes anywhere is as good as that of a coin; a p-value is not small by itself."""
    values = []
    for seed in range(4):
        shuffled, coin = of(Follow(), in_memory(walk(5, seed)), "shuffled", "random")
        values.append(number(shuffled, "p_value"))
        assert shuffled.level in ("ok", "note")
        assert coin.level in ("ok", "note")
    assert np.mean(values) > 0.15


@given(real=st.floats(-1, 1), others=st.lists(st.floats(-1, 1), min_size=1, max_size=60))
def test_a_p_value(real: float, others: list[float]) -> None:
    """It counts the real one among those that do as well, so it is never 0 and never above 1."""
    p = p_value(real, np.array(others))
    assert p == (1 + sum(each >= real for each in others)) / (1 + len(others))


@settings(max_examples=25)
@given(seed=st.integers(0, 1_000), offset=st.integers(0, 499))
def test_resampled_ticks_are_the_same_candles(seed: int, offset: int) -> None:
    """Each candle of ticks has the moves and the times of a real one; prices have as many decimals."""
    ticks = ticks_of(walk(0.3)[:-77], offset)
    made = resampled_ticks(ticks, MINUTE, 0, seed)
    assert made["at"].is_sorted()
    assert decimals(made["price"].to_numpy()) <= 5
    real, got = _candles(ticks), _candles(made)
    assert got.keys() == real.keys()
    for moves in got.values():
        assert any(len(each) == len(moves) and np.abs(np.subtract(each, moves)).max() < 3e-5 for each in real.values())


def _candles(ticks: pl.DataFrame) -> dict[int, list[float]]:
    """The moves in each candle, but for the one from the candle before, with the times within it."""
    at = ticks["at"].to_physical().to_numpy()
    paths = np.log(ticks["price"].to_numpy())
    found: dict[int, list[float]] = {}
    for opens in np.unique(at // MINUTE):
        here = at // MINUTE == opens
        found[int(opens)] = [*np.diff(paths[here]), *(at[here] % MINUTE).astype(float)]
    return found


def test_resampled_candles_are_candles() -> None:
    """At the same times, each with the shape of a real one, its high highest and its low lowest."""
    real = market("walk", rows=400).candles
    made = resampled_candles(real, 7)
    assert made["at"].equals(real["at"])
    assert made.schema == real.schema
    top, bottom = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    assert made.select(((pl.col("high") >= top) & (pl.col("low") <= bottom)).all()).item()
    assert not made["close"].equals(real["close"])


# ------------------------------------------------------------------------------------------------- fragility


def hurried(hours: float, lasts: Millis) -> Changed:
    """A market that jumps at the end of each candle, and takes the jump back `lasts` ms after it.

    Whoever enters before that takes part in the way back; later there is nothing to be had.
    """
    chance = np.random.default_rng(4)
    rows: list[tuple[int, float]] = []
    level, start = 1.1, 1_767_571_200_000
    for candle in range(round(hours * 60)):
        jump = chance.choice((-1.0, 1.0)) * 4e-4
        begin = start + candle * MINUTE
        rows += [(begin + 1_100 + number * 900, level + chance.normal(0, 2e-5)) for number in range(60)]
        rows.append((begin + 59_000, level + jump))
        rows += [(begin + MINUTE + 10, level + jump), (begin + MINUTE + lasts, level)]
    at, price = zip(*sorted(rows), strict=True)
    made = pl.DataFrame({"at": pl.Series(at).cast(MOMENT), "price": pl.Series(price).round(5)})
    return replace(in_memory(walk(1)), held={ASSET: made})


class Back(Sound):
    """Goes against the last candle."""

    def signals(self, view: View) -> pl.DataFrame:
        """Call after a fall."""
        return self.told(view, view.floats("open") - view.floats("close"))


def test_an_edge_that_a_delay_takes_is_bad() -> None:
    """What is there for 200 ms only is lost at a delay of 250, and that is said with what each step would earn."""
    (found,) = of(Back(), hurried(6, 200), "fragility")
    assert found.level == "bad"
    lost = found.figures["lost"]
    assert isinstance(lost, list)
    assert "250 ms later" in lost
    assert "100 ms later" not in lost
    assert "a win must pay" in found.meaning


def test_an_edge_that_bears_it_is_ok() -> None:
    """Momentum over minutes bears a second, and the payout that would be needed is told."""
    (found,) = of(Follow(), in_memory(momentum(8)), "fragility")
    assert found.level == "ok"
    assert 5 < number(found, "payout_needed") < 60
    assert number(found, "as_it_is: evidence") > number(found, "payout_5_points_lower: evidence")


def test_without_payouts_nothing_is_said_of_profit() -> None:
    """Where nobody knows what was paid the audits of profit say so."""
    found = of(Follow(), in_memory(walk(3)), "fragility", "shuffled", "random", payout=None)
    assert {each.level for each in found} == {"note"}
    assert all("give a payout" in each.meaning for each in found)


def test_a_measured_latency_may_be_as_long_as_can_be() -> None:
    """One order in the journal that took nearly a minute does not end the audit: no order takes longer than that."""
    settings = Backtest(plans=(plan_of(Follow()),), payout=85, latency=Latency((400, 59_500)))
    (found,) = audit(settings, in_memory(walk(1)), ("fragility",))
    assert "1000 ms later" in found.meaning


def test_one_candle_later() -> None:
    """The answers are the same, one row later, and nothing at first."""
    view = market("walk", rows=200)
    now, after = Sound().signals(view), Later(Sound()).signals(view)
    assert after.schema == now.schema
    assert after["side"].to_list() == [0, *now["side"].to_list()[:-1]]
    assert Later(Sound()).warmup == Sound().warmup + 1


# ------------------------------------------------------------------------------------------------ neighbours


class Lucky(Sound):
    """Follows the last candle at one value of its option only, and goes against it at all others."""

    magic: int = Field(default=13, ge=1, le=50, description="a number that nothing speaks for")
    level: float = Field(default=0.5, ge=0, le=0.52, description="a level that changes nothing")

    def signals(self, view: View) -> pl.DataFrame:
        """With or against the last candle."""
        moves = view.floats("close") - view.floats("open")
        return self.told(view, moves if self.magic == 13 else -moves)


def test_a_peak_that_stands_alone_is_noted() -> None:
    """Neighbours that lose say that it is luck; options that change little say that it is not."""
    lucky = Lucky(level=0.0)
    (found,) = of(lucky, in_memory(momentum(8)), "neighbours")
    assert found.level == "note"
    assert "stands alone" in found.meaning
    (found,) = of(Follow(period=3), in_memory(momentum(8)), "neighbours")
    assert found.level == "ok", found


class Picky(Follow):
    """Fails unless it looks back three candles at least."""

    def signals(self, view: View) -> pl.DataFrame:
        """As the last candle went."""
        if self.period < 3:
            raise ArithmeticError("too few")
        return super().signals(view)


def test_a_neighbour_that_fails_is_left_out() -> None:
    """The audit goes on with the others, names it, and does not end the backtest that it is about."""
    (found,) = of(Picky(period=3), in_memory(momentum(4)), "neighbours")
    assert found.figures["failing"] == ["period=2"]
    assert "of 1 such neighbours" in found.meaning


def test_what_is_beside() -> None:
    """A whole number moves by one, or by a tenth where that is more; another by a tenth; never out of its range."""
    assert [name for name, _ in beside(Lucky(), {})] == [
        "period=2",
        "period=4",
        "magic=12",
        "magic=14",
        "level=0.45",
    ]
    assert [name for name, _ in beside(SmaCross(fast=10, slow=50), {})] == ["fast=9", "fast=11", "slow=45", "slow=55"]


# -------------------------------------------------------------------------------------------------- boundary


def test_edge_ticks_are_moved() -> None:
    """Only those on the very edge of a candle, by a millisecond, and the order holds."""
    ticks = ticks_of(walk(0.2), offset=0)
    moved = shifted(MINUTE, 0, -1)(ticks, 0)
    differs = moved["at"].to_physical() != ticks["at"].to_physical()
    assert differs.sum() == 12
    assert moved["at"].is_sorted()
    assert set((ticks["at"].to_physical() - moved["at"].to_physical()).unique()) == {0, 1}


def test_late_and_repeated_ticks() -> None:
    """Two in a hundred are up to a second late, or there twice; by the same seed the same."""
    ticks = ticks_of(walk(1))
    slow, again = late(ticks, 3), twice(ticks, 3)
    assert slow["at"].is_sorted()
    assert slow["price"].sort().equals(ticks["price"].sort())
    assert 0.01 < again.height / ticks.height - 1 < 0.03
    assert slow.equals(late(ticks, 3))


def test_who_hangs_on_edge_ticks_is_noted() -> None:
    """Where candles end with a jump that is stamped on their edge, a millisecond decides to which one it belongs."""
    prices = walk(6)
    prices[::120] += np.where(np.arange(prices[::120].size) % 2 == 0, 5e-4, -5e-4)
    (found,) = of(Follow(), in_memory(prices, offset=0), "boundary")
    assert found.level in ("note", "bad")
    assert number(found, "edge_ticks") == 360
    assert number(found, "edge ticks 1 ms earlier: share") > 0.1
    (found,) = of(Follow(), in_memory(walk(6)), "boundary")
    assert found.level == "ok"


@pytest.mark.parametrize("name", ["candle_patterns", "rsi_reversal"])
def test_stamps_of_whole_seconds_are_the_doing_of_the_data(name: str) -> None:
    """A tick each second stands on the edge of every candle: most trades hang by it, which is said of the data."""
    seconds = replace(in_memory(walk(1)), held={ASSET: ticks_of(walk(16, 2), offset=0).gather_every(2)})
    plan = plan_of(load_strategy(name)(), timeframe=5 * SECOND)
    (found,) = audit(Backtest(plans=(plan,), payout=92), seconds, ("boundary",))
    assert number(found, "edge ticks 1 ms earlier: share") > 0.5
    assert found.level == "note"
    assert "100.0 % of the candles begin with a tick on their edge, as where stamps are rounded; " in found.meaning


def test_changed_trades_are_counted() -> None:
    """Gone, turned or come out otherwise; new ones where they are more."""
    base = pl.DataFrame({"asset": ["a"] * 3, "candle": [1, 2, 3], "side": ["call"] * 3, "outcome": ["won"] * 3})
    assert changed_trades(base, base) == 0
    assert changed_trades(base, base.with_columns(outcome=pl.lit("lost"))) == 3
    assert changed_trades(base.head(1), base) == 2
    assert changed_trades(base, base.head(1)) == 2


@pytest.mark.parametrize("audit_of", ["fragility", "boundary"])
def test_candles_alone(audit_of: str) -> None:
    """Candles cannot tell what a delay costs, nor what a tick does; that is said."""
    candles = market("walk", rows=600).candles
    dataset = replace(in_memory(walk(1)), held={ASSET: candles}, finest=MINUTE)
    (found,) = of(Follow(), dataset, audit_of)
    assert "candles" in found.meaning
