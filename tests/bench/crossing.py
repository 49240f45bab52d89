"""An SMA cross over a million one-minute bars, by ours and by peers, on the same prices, with every trade compared."""

import time
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl

from qfluxd.model import MINUTE
from qfluxd.research.backtest import Backtest, Result, planned, run
from qfluxd.research.dataset import open_dataset
from tests.bench import minutes
from tests.bench.peers import home
from tests.bench.peers.told import BEGIN, FAST, SLOW, Trades, digest, read_trades, trades

BARS: Final = 1_000_000
ROUNDS: Final = 10
RIVALS: Final = {"vectorbt": (BARS, ROUNDS), "backtesting": (BARS, 0), "nautilus_trader": (BARS // 10, 0)}
"""Peers, how many bars each is given (one that takes minutes for all of them fewer), and rounds after the first."""


class Timed(NamedTuple):
    """Seconds of the best round by the clock and by the processor (of all cores), and of the first one."""

    name: str
    bars: int
    seconds: float
    worked: float
    first: float
    trades: int
    digest: str = ""

    @property
    def rate(self) -> float:
        """Bars a second."""
        return self.bars / self.seconds

    def beside(self, other: "Timed") -> float:
        """How many times the processor's time of `other` this takes for a bar."""
        return self.worked / self.bars / (other.worked / other.bars)


def timed(name: str, work: Callable[[], Any], size: Callable[[Any], int], rounds: int = ROUNDS) -> Timed:
    """Run it once and then some rounds; `size` counts the trades in what it brought."""
    spent, found = [], None
    for _ in range(rounds + 1):
        began, cpu = time.perf_counter(), time.process_time()
        found = work()
        spent.append((time.perf_counter() - began, time.process_time() - cpu))
    wall, worked = (min(each) for each in zip(*spent[1:], strict=True))
    return Timed(name, BARS, wall, worked, spent[0][0], size(found))


# ------------------------------------------------------------------------------------------------------------- ours


def settings() -> Backtest:
    """The strategy with the lengths that peers are given too; each trade is as long as a bar."""
    return Backtest(plans=(planned("sma_cross", options={"fast": FAST, "slow": SLOW}),), payout=90)


def ended(result: Result) -> Trades:
    """The trades that came out, as peers tell them. Their outcomes are checked against their prices."""
    rows = result.trades.filter(pl.col("outcome").is_in(["won", "lost", "tie"]))
    side = np.where(rows["side"].to_numpy() == "call", 1, -1)
    bar = (rows["opened"].to_physical().to_numpy() - BEGIN) // MINUTE
    told = trades(bar, side, rows["open_price"].to_numpy(), rows["close_price"].to_numpy())
    words = np.array(["lost", "tie", "won"])[np.sign((told["exit"] - told["entry"]) * told["side"]).astype(int) + 1]
    assert (words == rows["outcome"].to_numpy()).all(), "an outcome is not what its prices say"
    return told


@cache
def reference(bars: int) -> Trades:
    """Our trades of the first bars."""
    return ended(run(settings(), minutes.held(minutes.minutes(BARS).head(bars))))


def bare(frame: pl.DataFrame) -> pl.Series:
    """The shortest way to say it in polars: what each signal came to, and nothing else of it.

    Without the last bar: that a trade ends with it is only known by a later price.
    """
    close, fast, slow = pl.col("close"), *(pl.col("close").rolling_mean(length) for length in (FAST, SLOW))
    rows = frame.head(-1).lazy().select((fast - slow).alias("gap"), (close.shift(-1) - close).sign().alias("move"))
    now, before = pl.col("gap"), pl.col("gap").shift(1)
    side = pl.when((now > 0) & (before <= 0)).then(1.0).when((now < 0) & (before >= 0)).then(-1.0)
    return rows.select((side * pl.col("move")).alias("came")).drop_nulls().collect()["came"]


def ours(frame: pl.DataFrame, folder: Path) -> list[Timed]:
    """From candles in memory, as peers are given them, from the store's own files, and by hand."""
    minutes.store(frame, folder)
    stored, held = open_dataset(folder), minutes.held(frame)
    return [
        timed("backtest, candles in memory", lambda: run(settings(), held), lambda result: len(ended(result))),
        timed("backtest, the store's files", lambda: run(settings(), stored), lambda result: len(ended(result)), 4),
        timed(f"bare polars {version('polars')}, counts only", lambda: bare(frame), len),
    ]


# ----------------------------------------------------------------------------------------------------------- theirs


def theirs(peer: str, folder: Path) -> list[Timed] | home.Absent:
    """What a peer's own interpreter tells of its ways."""
    bars, rounds = RIVALS[peer]
    lines = home.run(peer, str(folder), str(bars), str(rounds))
    return lines if isinstance(lines, home.Absent) else [_of_line(line) for line in lines]


def _of_line(line: dict[str, Any]) -> Timed:
    name, wall, worked = f"{line['name']} ({line['version']})", min(line["wall"]), min(line["worked"])
    return Timed(name, line["bars"], wall, worked, line["first"], line["trades"], line["digest"])


def compare(folder: Path) -> None:
    """Print all of them side by side, and how many of their trades are the very same as ours."""
    frame = minutes.minutes(BARS)
    folder.mkdir(parents=True)
    minutes.give(frame, folder)
    print(
        f"SMA {FAST}/{SLOW} cross on {BARS:,} one-minute bars, in at the next open, out a bar later; best of {ROUNDS} "
        "after the first\n× ours: how many times the processor's time it takes for a bar; of vectorbt 5 is wanted"
    )
    print(f"{'':46}{'s':>8}{'CPU s':>8}{'bars/s':>13}{'first s':>9}{'trades':>8}{'× ours':>9}")
    mine = ours(frame, folder / "store")
    for each in mine:
        _say(each, mine[0])
    for peer in RIVALS:
        found = theirs(peer, folder)
        if isinstance(found, home.Absent):
            print(f"{peer}: left out, {found.why}", flush=True)
            continue
        for each in found:
            _say(each, mine[0])
            print(f"    {_same(each, folder)}", flush=True)


def _say(each: Timed, mine: Timed) -> None:
    print(
        f"{each.name:46}{each.seconds:8.3f}{each.worked:8.3f}{each.rate:13,.0f}{each.first:9.2f}{each.trades:8,}"
        f"{each.beside(mine):9.2f}",
        flush=True,
    )


def _same(each: Timed, folder: Path) -> str:
    """Whether its trades are ours: entry bar, side, both prices."""
    mine = reference(each.bars)
    if digest(mine) == each.digest:
        return f"all {mine.size:,} trades the same: bar, side, entry, exit"
    told = read_trades(folder, each.digest)
    common = set(mine.tolist()) & set(told.tolist())
    first = min(set(mine.tolist()) ^ set(told.tolist()))
    return f"{len(common):,} trades the same, {mine.size:,} ours and {told.size:,} theirs; they part at {first}"
