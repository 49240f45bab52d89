"""Backtests and sweeps: beside peers, tick by tick, on more than fits in memory: `python -m tests.bench.research`.

A whole year of ticks takes some minutes and has a command of its own: `python -m tests.bench.year --days 365`.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from qfluxd.observability import logs
from tests.bench import crossing, eventpath, sweep, year
from tests.bench.desk import load_average


def main() -> None:
    """Print all tables; the load of the machine stands before each."""
    logs.set_up("error")
    with TemporaryDirectory(prefix="qfluxd-bench-") as name:
        folder = Path(name)
        for title, work in (
            ("the same strategy by peers", lambda: crossing.compare(folder / "peers")),
            ("tick by tick", lambda: eventpath.compare(folder / "ticks")),
            ("out of core", lambda: year.compare()),
            ("two processes", lambda: sweep.main()),
        ):
            print(f"\n-- {title}; {load_average()}", flush=True)
            work()
    print(load_average())


if __name__ == "__main__":
    main()
