"""A year of ticks of twenty assets, backtested out of core: `python -m tests.bench.year --days 365`.

Ticks are made up and written as the store keeps them, a day of an asset at a time. Writing and the backtest each have a
process of their own, so that the peak memory is that of the backtest alone.
"""

import argparse
import multiprocessing
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from qfluxd.model import DAY, SECOND, Millis
from qfluxd.research.backtest import Backtest, planned, run
from qfluxd.research.dataset import open_dataset
from tests.bench import ticking

ASSETS: Final = 20
DAYS: Final = 7
RICH: Final = Decimal(10**9)
"""An account that a year of coin tosses does not empty: what it cannot pay for would be refused, and not settled."""
WANTED: Final = 600
"""MB of memory that the backtest may take at most."""


class Measured(NamedTuple):
    """Seconds by the clock and by the processor (of all cores), the peak memory in MB, trades, and signals refused."""

    seconds: float
    worked: float
    peak: int
    trades: int
    refused: int


def write(folder: Path, days: int, step: Millis) -> int:
    """The ticks of all assets; gives how many they are."""
    begin = ticking.FIRST_DAY * DAY
    return ticking.write(folder, ticking.assets(ASSETS), begin, begin + days * DAY, step)


def measure(folder: Path) -> Measured:
    """One strategy on all of it, in this process, which should be new."""
    settings = Backtest(plans=(planned("sma_cross"),), payout=90, balance=RICH)
    began, cpu = time.perf_counter(), time.process_time()
    result = run(settings, open_dataset(folder))
    spent, worked = time.perf_counter() - began, time.process_time() - cpu
    return Measured(spent, worked, _peak(), result.trades.height, sum(result.refusals["count"].to_list()))


def _peak() -> int:
    """The most memory that this process has held, in MB.

    The kernel counts it anew when a program is started. What `getrusage` tells is begun with that of the process which
    started it, where that was larger.
    """
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].removesuffix("kB")) // 1024


def compare(days: int = DAYS, step: Millis = SECOND) -> Measured:
    """Write so many days, backtest them, print both, and delete them."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(prefix="qfluxd-bench-") as name:
        folder, began = Path(name), time.perf_counter()
        with context.Pool(1) as pool:
            ticks = pool.apply(write, (folder, days, step))
        took = time.perf_counter() - began
        size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
        print(
            f"{ticks:,} ticks of {ASSETS} assets in {days} days, {size:,.0f} MB of Parquet, written in {took:.0f} s",
            flush=True,
        )
        with context.Pool(1) as pool:
            found = pool.apply(measure, (folder,))
    print(
        f"backtest: {found.seconds:.1f} s ({found.worked:.1f} s of the processor), "
        f"{ticks / found.seconds:,.0f} ticks/s, {found.trades:,} trades, "
        f"{found.refused:,} refused, {found.peak} MB peak (at most {WANTED})",
        flush=True,
    )
    return found


def main() -> int:
    """1 where it takes more memory than is wanted."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.year", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help=f"how many days; {DAYS}, and 365 for a year")
    parser.add_argument(
        "--every",
        type=int,
        default=SECOND,
        help=f"ms between two ticks of an asset; {SECOND}, below 2500: else it is silent at times",
    )
    options = parser.parse_args()
    return 0 if compare(options.days, options.every).peak < WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
