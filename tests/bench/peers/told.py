"""What the scripts of peers share: the prices that all are given, trades in one form, and how rounds are told.

It runs under the interpreter of a peer as well, so it needs nothing but numpy.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Column = NDArray[np.float64]
type Trades = NDArray[np.void]

COLUMNS: Final = ("open", "high", "low", "close")
TRADE: Final = np.dtype([("bar", "<i8"), ("side", "<i8"), ("entry", "<f8"), ("exit", "<f8")])
"""The bar at whose open it was entered, 1 for call and -1 for put, and both prices."""
FAST: Final = 10
SLOW: Final = 30
BEGIN: Final = 1_640_995_200_000
"""When the first bar opens, in ms; each is a minute."""
UNITS: Final = 1
MONEY: Final = 1_000_000_000


def prices(folder: Path, count: int | None = None) -> dict[str, Column]:
    """The columns of the bars, of the first `count` where one is named."""
    return {name: np.load(folder / f"{name}.npy")[:count] for name in COLUMNS}


def trades(bar: NDArray[np.int64], side: NDArray[np.int64], entry: Column, exit_: Column) -> Trades:
    """Trades that have ended, in the order of their bars."""
    told = np.empty(bar.size, TRADE)
    for name, column in zip(("bar", "side", "entry", "exit"), (bar, side, entry, exit_), strict=True):
        told[name] = column
    return told[np.argsort(told["bar"], kind="stable")]


def read_trades(folder: Path, name: str) -> Trades:
    """The trades that `tell` left behind."""
    found: Trades = np.load(folder / f"{name}.npy")
    return found


def digest(told: Trades) -> str:
    """A name for exactly these trades."""
    return hashlib.sha256(told.tobytes()).hexdigest()[:12]


def crosses(fast: Column, slow: Column) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where the fast average comes from at or below the slow one to above it, and the other way round.

    Peers have functions of their own for it, which want a step from strictly below; on prices with a grid, averages
    are equal now and then, and the trades would be others.
    """
    over, under = np.zeros(fast.size, np.bool_), np.zeros(fast.size, np.bool_)
    over[1:] = (fast[1:] > slow[1:]) & (fast[:-1] <= slow[:-1])
    under[1:] = (fast[1:] < slow[1:]) & (fast[:-1] >= slow[:-1])
    return over, under


def asked() -> tuple[Path, int, int]:
    """The words on the command line: the folder of the prices, how many bars, how many rounds after the first."""
    folder, bars, rounds = sys.argv[1:]
    return Path(folder), int(bars), int(rounds)


def tell(name: str, version: str, work: Callable[[], object], read: Callable[[], Trades], more: int) -> None:
    """Run some work once and then `more` times, and print what it took as a line of JSON; `read` gives its trades.

    The first round is told apart: it holds whatever is compiled or loaded when it is first used. Trades are left in a
    file beside the prices.
    """
    folder, bars, _ = asked()
    wall: list[float] = []
    worked: list[float] = []
    for _ in range(more + 1):
        began, cpu = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - began)
        worked.append(time.process_time() - cpu)
    found = read()
    np.save(folder / f"{digest(found)}.npy", found)
    line = {
        "name": name,
        "version": version,
        "bars": bars,
        "first": wall[0],
        "wall": wall[1:] or wall,
        "worked": worked[1:] or worked,
        "trades": found.size,
        "digest": digest(found),
    }
    print(json.dumps(line), flush=True)
