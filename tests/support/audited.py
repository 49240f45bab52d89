"""Markets and plans to be audited."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from qfluxd.market.layout import LAST_MILLIS, Shelf, day_file
from qfluxd.market.parquet import MOMENT, SCHEMAS, encode
from qfluxd.model import DAY, HOUR, MINUTE, Millis
from qfluxd.plans.plan import Plan
from qfluxd.research.audits.changed import Changed
from qfluxd.research.audits.subject import Subject
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.settings import Limits
from qfluxd.strategy import Floats
from qfluxd.testing import Kind, market
from qfluxd.testing.markets import START
from qfluxd.trading.schedule import parse_schedule
from qfluxd.trading.staking import parse_staking
from tests.support.fixtures import fixture

ASSET = "EURUSD_otc"
STEP: Millis = 500
PER_CANDLE = MINUTE // STEP


def plan_of(strategy: Any, *, timeframe: Millis = MINUTE) -> Plan:
    """A plan of any strategy, whether it can be loaded by name or not."""
    return Plan(
        name="tried",
        spec="",
        use="of_a_test",
        strategy=strategy,
        assets=("*",),
        timeframe=timeframe,
        schedule=parse_schedule("candle"),
        staking=parse_staking({"policy": "fixed", "amount": 1}),
        mode="shadow",
        enabled=True,
        limits=Limits(),
    )


def subject_of(strategy: Any, kind: Kind = "walk", *, rows: int = 1_200, seed: int = 0) -> Subject:
    """A plan of a strategy before a made-up market."""
    shown = market(
        kind,
        rows=rows,
        higher=strategy.timeframes,
        depth=strategy.warmup + 200,
        wants=strategy.wants,
        seed=seed,
    )
    return Subject(plan_of(strategy), shown, None)


def walk(hours: float, seed: int = 0) -> Floats:
    """Prices each half a second apart that go anywhere."""
    steps = np.random.default_rng(seed).normal(0.0, 2e-5, round(hours * HOUR / STEP))
    return np.round(1.1 * np.exp(np.cumsum(steps)), 5)


def momentum(hours: float, seed: int = 0) -> Floats:
    """Prices whose candles go on as the one before went, nine times in ten."""
    chance = np.random.default_rng(seed)
    candles = round(hours * HOUR / MINUTE)
    turns = np.where(chance.random(candles) < 0.1, -1.0, 1.0)
    drift = np.repeat(np.cumprod(turns), PER_CANDLE) * 1e-5
    return np.round(1.1 * np.exp(np.cumsum(drift + chance.normal(0.0, 1e-5, drift.size))), 5)


def ticks_of(prices: Floats, offset: Millis = 137) -> pl.DataFrame:
    """The ticks of such prices, each `offset` ms after half a second."""
    at = START + np.arange(prices.size, dtype=np.int64) * STEP + offset
    return pl.DataFrame({"at": pl.Series(at).cast(MOMENT), "price": prices})


def in_memory(prices: Floats, offset: Millis = 137) -> Changed:
    """A data set of ticks that lies nowhere."""
    return Changed(Path("nowhere"), (ASSET,), 0, LAST_MILLIS + 1, {ASSET: ticks_of(prices, offset)}, 0)


def stored(folder: Path, prices: Floats, payouts: pl.DataFrame | None = None) -> Dataset:
    """A data set of ticks, and of payouts where they are given, on disk."""
    _store(folder, Shelf("ticks", ASSET), ticks_of(prices))
    if payouts is not None:
        _store(folder, Shelf("payouts", ASSET), payouts.cast(SCHEMAS["payouts"]))
    return open_dataset(folder)


def _store(folder: Path, shelf: Shelf, rows: pl.DataFrame) -> None:
    days = rows.with_columns(day=pl.col("at").to_physical() // DAY)
    for part in days.partition_by("day", maintain_order=True):
        file = day_file(folder, shelf, part["day"][0])
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(encode(shelf, part.drop("day")))


def recorded() -> Changed:
    """Three and a half hours of a real platform's ticks."""
    rows = pl.read_csv(fixture("ticks/EURUSD_otc_live_20250719.csv"))
    at = (rows["time"] * 1000).round().cast(pl.Int64)
    ticks = rows.select(at.alias("at").cast(MOMENT), pl.col("price").cast(pl.Float64)).sort("at", maintain_order=True)
    return Changed(Path("nowhere"), (ASSET,), 0, LAST_MILLIS + 1, {ASSET: ticks}, 0)
