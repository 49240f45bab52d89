"""The quick way and the desk itself come to the same, trade by trade and refusal by refusal."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from qfluxd.loading import strategy_names
from qfluxd.market.layout import Shelf
from qfluxd.model import HOUR, MINUTE, Millis
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest import NONE, Backtest, Latency, Result, planned, run
from qfluxd.research.backtest.event import Floor
from qfluxd.research.backtest.source import source_of
from qfluxd.research.backtest.stream import blocks
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.settings import MarketSettings, RiskSettings
from tests.support.market import captured_ticks, clean_ticks
from tests.support.recordings import BEGIN, Made, candles_of, dataset, market, put

ASSETS = ("AUDCAD", "EURUSD_otc", "GBPUSD_otc")
OPTIONS: dict[str, dict[str, Any]] = {
    "bollinger_reversal": {"period": 10, "width": 1.5, "expiry": "30s"},
    "candle_patterns": {},
    "confluence": {"threshold": 0.3, "votes": [{"use": "ema_cross"}, {"use": "rsi_reversal"}, {"use": "macd"}]},
    "donchian_breakout": {"period": 5},
    "ema_cross": {"fast": 3, "slow": 8, "expiry": "45s"},
    "macd": {},
    "random": {"rate": 0.5},
    "rsi_reversal": {"period": 7},
    "sentiment_fade": {"extreme": 60},
    "sma_cross": {"fast": 3, "slow": 8},
    "stochastic": {"expiry": "1m"},
    "topdown": {"higher": ["1m"], "period": 5},
}
"""All built-in strategies but the model, which has a test of its own, so that each of them speaks often."""

STAKES: tuple[dict[str, Any], ...] = (
    {"policy": "fixed", "amount": 1},
    {"policy": "percent", "percent": "0.7"},
    {"policy": "martingale", "base": 1, "max_steps": 4},
    {"policy": "anti_martingale", "base": 1, "max_steps": 3},
    {"policy": "kelly", "edge": "0.6", "shrink": "0.1"},
)


def both(settings: Backtest, data: Dataset, rel_tol: float = 1e-9) -> Result:
    """The result, proven by the desk; a strategy's own measures may differ by `rel_tol`, all else is the same."""
    quick, proof = run(settings, data), run(settings, data, engine="event")
    assert_frame_equal(quick.refusals, proof.refusals)
    assert quick.signals == proof.signals
    assert_frame_equal(quick.trades, proof.trades, rel_tol=rel_tol)
    assert quick.fingerprint == proof.fingerprint
    return quick


def every_strategy(timeframe: str, *, staked: bool = False, **more: Any) -> tuple[Plan, ...]:
    """A plan of each; every fourth goes by time, and with `staked` the stakes differ."""
    schedules = ("every 30s", "*/2 * * * *", {"when": "every 45s", "hours": "00:00-10:30"})
    return tuple(
        planned(
            use,
            timeframe=timeframe,
            options=options,
            schedule=schedules[number // 4] if number % 4 == 3 else "candle",
            stake=STAKES[number % len(STAKES)] if staked else None,
            **more,
        )
        for number, (use, options) in enumerate(OPTIONS.items())
    )


@pytest.fixture(scope="module")
def rough(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Three assets through a midnight, with silences, ticks of equal stamps, changing payouts and closed hours."""
    made = {
        asset: market(seed, begin=BEGIN + 14 * HOUR + 20 * MINUTE, length=80 * MINUTE)
        for seed, asset in enumerate(ASSETS)
    }
    return dataset(tmp_path_factory.mktemp("rough"), made)


def test_no_strategy_is_left_out() -> None:
    """The options above name every built-in strategy but the model."""
    assert {*OPTIONS, "model"} == set(strategy_names())


@pytest.mark.parametrize("latency", [NONE, Latency((400,)), Latency((100, 700, 2_500, 6_000))])
def test_every_strategy(rough: Dataset, latency: Latency) -> None:
    """All of them on all assets, with every latency; each speaks, and every way of ending and of refusing occurs."""
    result = both(Backtest(plans=every_strategy("15s"), payout=None, latency=latency), rough)
    assert min(result.signals.values()) > 0
    assert set(result.trades["outcome"]) == {"won", "lost", "tie", "unknown", "not_filled"}
    assert {"quiet", "payout_unknown"} <= set(result.trades["code"])
    assert {"candle_incomplete", "asset_closed"} <= set(result.refusals["code"])


LIMITS: dict[str, dict[str, Any]] = {
    "counts": {"max_open": 4, "max_per_currency": 3, "orders_per_minute": 6, "orders_per_hour": 90},
    "losses": {"max_daily_loss": 40, "loss_streak": 4, "cool_down": "3m", "max_at_risk": 30, "asset": {"max_open": 2}},
    "profits": {"stop_at_daily_profit": 5, "max_drawdown": 25, "min_balance": 120, "asset": {"max_daily_loss": 15}},
    "quality": {"min_payout": 80, "min_confidence": 0.3, "min_stake": 1, "hours": "00:00-01:10", "max_stake": 4},
}


@pytest.mark.parametrize("limits", LIMITS)
def test_limits_and_stakes(rough: Dataset, limits: str) -> None:
    """Stakes that depend on results and balance, under limits that bind, with orders that the broker refuses."""
    terms = {"max_open": 20, "max_daily_loss": 500, "orders_per_minute": 100, **LIMITS[limits]}
    settings = Backtest(
        plans=every_strategy("15s", staked=True, risk={"max_open": 3}),
        payout=85,
        latency=Latency((400,)),
        risk=RiskSettings.model_validate(terms),
        balance=Decimal(150),
        refuse=0.1,
    )
    result = both(settings, rough)
    assert result.trades.height > 20
    assert result.refusals.height > 20


def test_other_rules_of_the_market(rough: Dataset) -> None:
    """Another grace, longer silences, sooner stale, and a server in another time zone."""
    usual = MarketSettings(grace=0.2, quiet_after=20, stale_after=8)
    plans = every_strategy("15s")
    both(Backtest(plans=plans, payout=85, market=usual, origin=0, late_after=300, digits=4), rough)


def test_by_candles(tmp_path: Path) -> None:
    """The same by candles alone, with some that are missing and some that are not whole."""
    chance = np.random.default_rng(3)
    for number, asset in enumerate(ASSETS[:2]):
        made = market(number, length=4 * HOUR, rate=0.2)
        opens = np.unique(made.at // MINUTE * MINUTE)
        candles_of(tmp_path, asset, made, MINUTE, partial=opens[chance.random(opens.size) < 0.05])
        at, buyers = zip(*made.crowd, strict=True)
        put(tmp_path, Shelf("sentiment", asset), {"at": at, "sentiment": buyers})
    options = OPTIONS | {name: {**each, "expiry": "2m"} for name, each in OPTIONS.items() if "expiry" in each}
    options["topdown"] = {"higher": ["5m"], "period": 5}
    plans = tuple(planned(use, options=each) for use, each in options.items())
    limits = RiskSettings(max_open=3, max_daily_loss=Decimal(100), loss_streak=5)
    for settings in (Backtest(plans=plans, payout=85), Backtest(plans=plans, payout=85, risk=limits)):
        result = both(settings, open_dataset(tmp_path))
        assert {"won", "lost", "unknown", "not_filled"} <= set(result.trades["outcome"])


def test_a_model(tmp_path: Path) -> None:
    """A trained model, whose probabilities decide and are told."""
    pytest.importorskip("sklearn")
    from qfluxd.research.recipe import Recipe
    from qfluxd.research.train import Training
    from tests.support.planted import planted

    features = {
        "turned": "sign(close - open)",
        "steady": "mean(close - open, 5) / close",
        "far": "m5.close / close - 1",
    }
    recipe = Recipe(assets=("EURUSD_otc",), features=features, models=("logistic",), folds=3)
    Training(recipe, [planted(3_000)], "here").run("turner", 0).write(tmp_path / "turner.onnx")
    data = dataset(tmp_path / "data", {"EURUSD_otc": market(4, length=100 * MINUTE, digits=6)})
    options = {"file": str(tmp_path / "turner.onnx"), "margin": 0.0}
    kelly = {"policy": "kelly", "edge": "signal", "shrink": 0}
    plans = (planned("model", options=options, stake=kelly), planned("model", options=options, name="fixed"))
    result = both(Backtest(plans=plans, payout=92), data, rel_tol=1e-6)  # a model's numbers are float32
    assert result.trades["probability"].null_count() == 0 < result.trades.height


def test_only_where_something_is_due(rough: Dataset) -> None:
    """The desk decides the same whether its clock beats ten times a second or only where that changes something."""
    settings = Backtest(plans=every_strategy("15s")[4:8], payout=85, latency=Latency((400,)))
    source = source_of(settings, rough)
    floors = [Floor(settings, source, every_beat=each) for each in (False, True)]
    for block in blocks(source, lambda done, total, what: None):
        for floor in floors:
            floor.play(block)
    few, many = floors
    assert few.heard.deals == many.heard.deals
    assert few.heard.refused == many.heard.refused
    assert few.desk.plans.states == many.desk.plans.states
    assert few.desk.beats * 5 < many.desk.beats


@pytest.mark.parametrize("name", ["AUDCAD_otc_ticks_20251025_time-1516_compiled.csv", "gbpusd"])
def test_recorded_ticks(tmp_path: Path, name: str) -> None:
    """Ticks of the real platform, put in order as the store has them."""
    day = datetime(2025, 10, 25)  # noqa: DTZ001 -- a calendar day; the clock times in the file are the server's
    ticks = captured_ticks()[0] if name == "gbpusd" else clean_ticks(name, day)
    ticks = sorted(ticks, key=_stamp)
    made = Made(np.array([tick.at for tick in ticks]), np.array([tick.price for tick in ticks]))
    data = dataset(tmp_path, {ticks[0].asset: made})
    result = both(Backtest(plans=every_strategy("5s")[4:8], payout=92, latency=Latency((400,))), data)
    assert result.trades.height > 0


def _stamp(tick: Any) -> Millis:
    return int(tick.at)


def test_an_asset_is_looked_at_as_if_alone(rough: Dataset) -> None:
    """Where no limit binds, what happens on one asset is the same beside others."""
    alone = open_dataset(rough.root, (ASSETS[1],))
    plans = every_strategy("15s")[:3]
    beside = run(Backtest(plans=plans, payout=85), rough).trades.filter(pl.col("asset") == ASSETS[1])
    known = pl.col("code") != "data_ended"  # the others may go on longer
    assert_frame_equal(run(Backtest(plans=plans, payout=85), alone).trades.filter(known), beside.filter(known))


def test_plans_are_followed_together(rough: Dataset) -> None:
    """Several plans in one run share the account's limits: alone each of them trades more."""
    limits = RiskSettings(max_open=1, max_daily_loss=Decimal(500), orders_per_minute=100)
    plans: Sequence[Plan] = every_strategy("15s")[:3]
    together = both(Backtest(plans=tuple(plans), payout=85, risk=limits), rough).trades.height
    alone = sum(run(Backtest(plans=(plan,), payout=85, risk=limits), rough).trades.height for plan in plans)
    assert together < alone
