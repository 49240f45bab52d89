"""What storing costs: 50 assets at 500 ticks/s with candles of seven timeframes, flushed every five seconds.

Market time is made, not waited for: ten minutes of it are taken and flushed as they would be live.
"""

import random
import shutil
import tempfile
import time
from pathlib import Path

import polars as pl

from qfluxd.market.layout import LAST_MILLIS
from qfluxd.market.store import FLUSH_EVERY, Store
from qfluxd.model import DAY, Candle, Series, Tick
from qfluxd.settings import StoreSettings

ASSETS = [f"ASSET{n:02}_otc" for n in range(50)]
TIMEFRAMES = [n * 1000 for n in (5, 15, 30, 60, 300, 900, 1800)]
TICKS_PER_SECOND = 10
SECONDS = 600
START = time.time_ns() // 1_000_000 // DAY * DAY


def facts(second: int, prices: list[float]) -> list[Tick | Candle]:
    """What one second of market brings: ten ticks of each asset and the candles that end with it."""
    at = START + second * 1000
    heard: list[Tick | Candle] = []
    for number, asset in enumerate(ASSETS):
        for tick in range(TICKS_PER_SECOND):
            prices[number] = round(prices[number] + random.gauss(0, 2e-5), 5)
            heard.append(Tick(asset, at + tick * 100 + number % 100, prices[number]))
        price = prices[number]
        ended = [length for length in TIMEFRAMES if (second + 1) * 1000 % length == 0]
        heard += [Candle(Series(asset, n), at + 1000 - n, price, price, price, price, 50, "whole") for n in ended]
    return heard


def taking() -> float:
    """Ticks per second that `on_fact` takes."""
    ticks = [tick for second in range(200) for tick in facts(second, [1.0] * 50) if isinstance(tick, Tick)]
    store = Store(Path(tempfile.mkdtemp()), StoreSettings())
    began = time.perf_counter()
    for tick in ticks:
        store.on_fact(tick)
    took = time.perf_counter() - began
    shutil.rmtree(store._writer.root, ignore_errors=True)
    return len(ticks) / took


def keeping() -> dict[str, float]:
    """The cost of ten minutes of market."""
    folder = Path(tempfile.mkdtemp())
    store, prices = Store(folder, StoreSettings()), [1.0 + n / 10 for n in range(50)]
    rows, cpu, longest = 0, 0.0, 0.0
    for second in range(SECONDS):
        heard = facts(second, prices)
        rows += len(heard)
        used, began = time.process_time(), time.perf_counter()
        for fact in heard:
            store.on_fact(fact)
        if (second + 1) % FLUSH_EVERY == 0:
            store.flush()
            store._tidy()
            longest = max(longest, time.perf_counter() - began)
        cpu += time.process_time() - used
    began = time.perf_counter()
    read = store.scan_ticks(ASSETS[0], 0, LAST_MILLIS).collect().height
    reading = time.perf_counter() - began
    assert read == SECONDS * TICKS_PER_SECOND
    store.close()
    status = store.status()
    kept = sum(path.stat().st_size for path in folder.rglob("*.parquet"))
    files = sum(1 for _ in folder.rglob("*.parquet"))
    shutil.rmtree(folder)
    return {
        "rows": rows,
        "core_percent": cpu / SECONDS * 100,
        "longest_flush_ms": longest * 1000,
        "files": files,
        "kept_mb": kept / 1e6,
        "written_mb": status.bytes / 1e6,
        "written_kb_per_s": status.bytes / SECONDS / 1e3,
        "bytes_per_row": kept / rows,
        "read_ms": reading * 1000,
    }


def main() -> None:
    """Print the figures."""
    random.seed(1)
    print(f"store, polars {pl.__version__}: 50 assets, 500 ticks/s, 7 timeframes, {SECONDS} s of market")
    print(f"  taking           {taking():>12,.0f} ticks/s")
    for name, value in keeping().items():
        print(f"  {name:<17}{value:>12,.1f}")


if __name__ == "__main__":
    main()
