"""Sweeps: how much sooner two processes are done than one, and variants in a second.

Each task takes a second or more, as tasks of long sweeps do; the start of the processes is not counted.
"""

import tempfile
import time
from pathlib import Path
from typing import Final, NamedTuple

from qfluxd.loading import load_strategy
from qfluxd.model import MINUTE
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.axes import option_axis, timeframe_axis
from qfluxd.research.sweep.beginning import begin
from qfluxd.research.sweep.processes import Processes
from qfluxd.research.sweep.run import Sweep
from qfluxd.research.sweep.settings import Settings
from tests.support.echoes import write_market

_DAYS: Final = 180
_ROUNDS: Final = 2
WANTED: Final = 1.7
"""So much sooner two processes must be done."""


def settings(options: tuple[str, ...]) -> Settings:
    """A sweep of two averages that cross."""
    model = load_strategy("sma_cross")
    axes = (timeframe_axis("1m"), *(option_axis(option, model, None) for option in options))
    return Settings(strategy="sma_cross", axes=axes, embargo=10 * MINUTE, payout=85)


class Timed(NamedTuple):
    """How long a sweep took, its variants, the seconds of a middling task, and the share of the time spent in tasks."""

    took: float
    variants: int
    task: float
    busy: float


def timed(place: Path, dataset: Dataset, workers: int) -> Timed:
    """A sweep with so many processes that have begun."""
    engine = Processes(workers)
    try:
        assert Sweep(begin(place / "first", settings(("fast=2..5", "slow=100..130:10")), dataset), engine).run()
        folder = begin(place / "timed", settings(("fast=2..61", "slow=70..260:10")), dataset)
        sweep = Sweep(folder, engine)
        began = time.perf_counter()
        assert sweep.run()
        took = time.perf_counter() - began
    finally:
        engine.close(now=True)
    tasks = sorted(line.seconds for line in folder.lines)
    return Timed(took, sweep.search.total, tasks[len(tasks) // 2], sum(tasks) / workers / took)


def scaling(rounds: int = _ROUNDS) -> float:
    """How many times sooner two processes are done than one: the best of some rounds, each told in a line."""
    best = 0.0
    with tempfile.TemporaryDirectory() as folder:
        dataset = write_market(Path(folder) / "data", _DAYS * 1440)
        for number in range(rounds):
            one = timed(Path(folder) / f"{number}-1", dataset, 1)
            two = timed(Path(folder) / f"{number}-2", dataset, 2)
            best = max(best, one.took / two.took)
            print(
                f"{one.variants} variants on {_DAYS} days of 1m candles: {one.variants / one.took:.0f}/s with one "
                f"process, {two.variants / two.took:.0f}/s with two, {one.took / two.took:.2f} times; a task takes "
                f"{one.task:.1f} s, and processes are in one for {one.busy:.0%} and {two.busy:.0%} of the time",
                flush=True,
            )
    return best


def main() -> int:
    """Print the figures; 1 where two processes are not `WANTED` times as fast as one."""
    found = scaling()
    print(f"sweep scaling from 1 to 2 processes: {found:.2f} (wanted: {WANTED} or more)")
    return 0 if found >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
