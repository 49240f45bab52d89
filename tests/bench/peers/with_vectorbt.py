"""The SMA cross by vectorbt, in the ways it offers: `python -m tests.bench.peers.with_vectorbt FOLDER BARS ROUNDS`.

A trade ends at the open of the next bar: an exit is asked for there, or a reversal where the opposite is entered.
"""

import importlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.bench.peers.told import BEGIN, FAST, MONEY, SLOW, UNITS, Trades, asked, crosses, prices, tell, trades

type Mask = NDArray[np.bool_]


class Way:
    """One way of asking vectorbt; `portfolio` is what the last round brought."""

    def __init__(self, folder: Path, bars: int, engine: str, *, readable: bool) -> None:
        self._vbt: Any = importlib.import_module("vectorbt")
        pandas: Any = importlib.import_module("pandas")
        told = prices(folder, bars)
        index = pandas.date_range(pandas.Timestamp(BEGIN, unit="ms"), periods=bars, freq="min")
        self._open, self._close = pandas.Series(told["open"], index), pandas.Series(told["close"], index)
        self._engine, self._readable = engine, readable
        self._portfolio: Any = None

    @property
    def version(self) -> str:
        """Of vectorbt."""
        return str(self._vbt.__version__)

    def run(self) -> None:
        """From prices to the records of all trades; with `readable` to the table of them that has words and times."""
        self._vbt.settings["engine"] = self._engine
        calls, puts = self._entries()
        calls_end, puts_end = _later(calls) & ~puts, _later(puts) & ~calls
        self._portfolio = self._vbt.Portfolio.from_signals(
            self._close,
            entries=calls,
            exits=calls_end,
            short_entries=puts,
            short_exits=puts_end,
            price=self._open,
            size=float(UNITS),
            init_cash=float(MONEY),
            upon_opposite_entry="reverse",
            freq="1min",
        )
        found = self._portfolio.trades
        _ = found.records_readable if self._readable else found.values

    def _entries(self) -> tuple[Mask, Mask]:
        fast, slow = (self._vbt.MA.run(self._close, length).ma.to_numpy() for length in (FAST, SLOW))
        over, under = crosses(fast, slow)
        return _later(over), _later(under)

    def read(self) -> Trades:
        """Those that have ended."""
        found = self._portfolio.trades.values
        found = found[found["status"] == 1]
        return trades(found["entry_idx"], 1 - 2 * found["direction"], found["entry_price"], found["exit_price"])


def _later(mask: Mask) -> Mask:
    """One bar later."""
    return np.concatenate(([False], mask[:-1]))


def main() -> None:
    """Each way in turn; the table is made once, as it takes long."""
    folder, bars, rounds = asked()
    ways = (
        ("vectorbt, Numba, to records", "numba", False, rounds),
        ("vectorbt, Rust, to records", "rust", False, rounds),
        ("vectorbt, Numba, to a readable table", "numba", True, 1),
    )
    for name, engine, readable, more in ways:
        way = Way(folder, bars, engine, readable=readable)
        tell(name, way.version, way.run, way.read, more)


if __name__ == "__main__":
    main()
