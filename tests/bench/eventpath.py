"""How many recorded ticks a second a backtest lets the desk hear, with one strategy, on one asset and on twenty."""

import tempfile
import time
from pathlib import Path
from typing import Final

from qfluxd.model import DAY, HOUR, Millis
from qfluxd.research.backtest import Backtest, Engine, Result, planned, run
from qfluxd.research.dataset import Dataset, open_dataset
from tests.bench import ticking

TICKS: Final = 500_000
STEP: Final[Millis] = 473
"""Between two ticks of an asset, as the platform spaces them; so a candle of a minute has 127."""
ROUNDS: Final = 3
WANTED: Final = 300_000


def compare(folder: Path) -> None:
    """Print ticks a second of both ways, and whether they come to the same trades."""
    print(
        f"sma_cross on 1m candles, {TICKS:,} ticks, {STEP} ms between two of an asset; reading, hashing and all; "
        f"best of {ROUNDS}, by the processor's time"
    )
    for count in (1, 20):
        place = folder / str(count)
        begin = ticking.FIRST_DAY * DAY + HOUR
        ticks = ticking.write(place, ticking.assets(count), begin, begin + TICKS // count * STEP, STEP)
        results = [_say(engine, open_dataset(place), ticks) for engine in ("event", "vector")]
        same = len({result.fingerprint for result in results}) == 1
        print(f"    {results[0].trades.height:,} trades, {'' if same else 'NOT '}the same either way", flush=True)


def _say(engine: Engine, dataset: Dataset, ticks: int) -> Result:
    settings, spent = Backtest(plans=(planned("sma_cross"),), payout=90), []
    for _ in range(ROUNDS):
        began, cpu = time.perf_counter(), time.process_time()
        result = run(settings, dataset, engine=engine)
        spent.append((time.process_time() - cpu, time.perf_counter() - began))
    worked, wall = (min(each) for each in zip(*spent, strict=True))
    wanted = f" ({WANTED:,})" if engine == "event" else ""
    print(
        f"  {engine + ', ' + str(len(dataset.assets)) + ' assets' + wanted:34}{ticks / worked:>12,.0f} ticks/s"
        f"{worked / ticks * 1e6:>8.2f} µs a tick{ticks / wall:>14,.0f} ticks/s by the clock",
        flush=True,
    )
    return result


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="qfluxd-bench-") as name:
        compare(Path(name))


if __name__ == "__main__":
    main()
