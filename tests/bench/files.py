"""Whole Parquet files of ticks into one-minute candles: ``python -m tests.bench.files [millions of ticks]``.

Ours beside bare polars (the shortest group-by that gives a candle) and pandas, each in a process of its own,
so that its peak memory is its own. pandas reads everything into memory and is given the first file only.
"""

import argparse
import importlib
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from qfluxd.market.fold import fold_ticks
from qfluxd.model import MINUTE

ASSETS = [f"PAIR{number:02}_otc" for number in range(50)]
FILE = 5_000_000
ROUNDS = 3


class Measured(NamedTuple):
    """Seconds passed and worked (all cores), peak memory in MB, and the candles made."""

    seconds: float
    worked: float
    peak: int
    candles: int


def write_ticks(folder: Path, millions: int) -> None:
    """Files of five million ticks each, in order, as the platform spaces them."""
    chance = np.random.default_rng(1)
    at, price, written = 1_761_386_400_000, np.ones(len(ASSETS)), 0
    names = pl.Series(ASSETS, dtype=pl.Categorical)
    while written < millions * 1_000_000:
        rounds = FILE // len(ASSETS)
        walk = price + np.cumsum(chance.normal(0, 1e-5, (rounds, len(ASSETS))), axis=0)
        stamps = (at + np.arange(rounds) * 473)[:, None] + np.sort(chance.integers(0, 100, (rounds, len(ASSETS))))
        pl.DataFrame(
            {
                "asset": names.gather(np.tile(np.arange(len(ASSETS), dtype=np.uint32), rounds)),
                "at": pl.Series(stamps.ravel()).cast(pl.Datetime("ms", "UTC")),
                "price": walk.round(5).ravel(),
            }
        ).write_parquet(folder / f"{written // FILE:04}.parquet")
        at, price, written = at + rounds * 473, walk[-1], written + FILE


def ours(folder: Path) -> int:
    """`fold_ticks`, streaming."""
    return fold_ticks(pl.scan_parquet(folder / "*.parquet"), MINUTE).collect(engine="streaming").height


def bare_polars(folder: Path) -> int:
    """The shortest way to say it in polars, streaming, unsorted."""
    price = pl.col("price")
    how = [
        price.first().alias("open"),
        price.max().alias("high"),
        price.min().alias("low"),
        price.last().alias("close"),
    ]
    scan = pl.scan_parquet(folder / "*.parquet")
    return scan.group_by("asset", pl.col("at").dt.truncate("1m")).agg(how).collect(engine="streaming").height


def pandas_resample(folder: Path) -> int:
    """`resample().ohlc()` by asset, of the first file."""
    pandas = importlib.import_module("pandas")
    ticks = pl.read_parquet(folder / "0000.parquet")
    columns = {"at": ticks["at"].to_numpy(), "price": ticks["price"].to_numpy()}
    frame = pandas.DataFrame(columns | {"asset": ticks["asset"].cast(pl.String).to_list()}).set_index("at")
    return len(frame.groupby("asset")["price"].resample("1min").ohlc())


def measure(way: Callable[[Path], int], folder: Path) -> Measured:
    """Run one way in this process, which should be new."""
    started, worked = time.perf_counter(), time.process_time()
    candles = way(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Measured(time.perf_counter() - started, time.process_time() - worked, peak, candles)


def measure_all(ways: Sequence[Callable[[Path], int]], folder: Path) -> list[Measured]:
    """The best of some rounds of each, in turns, each time in a process of its own."""
    context = multiprocessing.get_context("spawn")
    rounds: list[list[Measured]] = [[] for _ in ways]
    for _ in range(ROUNDS):
        for way, found in zip(ways, rounds, strict=True):
            with context.Pool(1) as pool:
                found.append(pool.apply(measure, (way, folder)))
    return [
        Measured(
            min(one.seconds for one in found),
            min(one.worked for one in found),
            max(one.peak for one in found),
            found[0].candles,
        )
        for found in rounds
    ]


def main() -> None:
    """Write the files, measure, and delete them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("millions", nargs="?", type=int, default=100, help="millions of ticks (default 100)")
    millions = max(FILE // 1_000_000, parser.parse_args().millions)
    with tempfile.TemporaryDirectory(prefix="qfluxd-bench-") as name:
        folder = Path(name)
        write_ticks(folder, millions)
        size = sum(path.stat().st_size for path in folder.iterdir()) / 1e6
        print(f"{millions} million ticks of {len(ASSETS)} assets, {size:,.0f} MB of Parquet")
        bare, mine = measure_all([bare_polars, ours], folder)
        _say(f"bare polars {version('polars')}", bare, millions)
        _say("fold_ticks", mine, millions)
        wall, worked = mine.seconds / bare.seconds, mine.worked / bare.worked
        print(f"fold_ticks takes {wall:.2f} times as long, {worked:.2f} times the processor time")
        try:
            importlib.import_module("pandas")
        except ImportError:
            print("pandas: not installed")
            return
        (pandas,) = measure_all([pandas_resample], folder)
        _say(f"pandas {version('pandas')} resample", pandas, FILE // 1_000_000)


def _say(name: str, of: Measured, millions: int) -> None:
    rate = millions * 1_000_000 / of.seconds
    print(
        f"{name:<24} {of.seconds:>7.2f} s {rate:>13,.0f} ticks/s {of.peak:>6} MB peak, {of.candles:,} candles",
        flush=True,
    )


if __name__ == "__main__":
    main()
