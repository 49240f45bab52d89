"""Walking forward: what a variant had come to before each test began, and what it came to in the test."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from qfluxd.errors import DataError
from qfluxd.evidence import Interval, wilson
from qfluxd.market.parquet import MOMENT
from qfluxd.model import Millis, timeframe_name
from qfluxd.research.dataset import Dataset
from qfluxd.research.folds import walk_forward
from qfluxd.research.sweep.rows import PERCENT

type Part = Literal["train", "test"]

_COUNTED: Final = ("won", "lost", "tie", "unknown", "not_filled")


class Tally(msgspec.Struct, frozen=True):
    """What some trades came to.

    `percent` sums what each came to in percent of its stake, `squares` the squares of that; `payouts` sums the payouts
    of the decisive ones.
    """

    won: int = 0
    lost: int = 0
    tie: int = 0
    unknown: int = 0
    not_filled: int = 0
    percent: int = 0
    squares: int = 0
    payouts: int = 0

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.won + self.lost

    @property
    def rate(self) -> float | None:
        """The win rate of the decisive ones."""
        return self.won / self.decisive if self.decisive else None

    @property
    def interval(self) -> Interval:
        """Wilson's 95 % interval of that rate."""
        return wilson(self.won, self.decisive)

    @property
    def break_even(self) -> float | None:
        """The rate that would have earned nothing: 1 / (1 + mean payout)."""
        return 1 / (1 + self.payouts / 100 / self.decisive) if self.decisive else None

    @property
    def mean(self) -> float | None:
        """What a unit of stake came to on average, ties included."""
        known = self.decisive + self.tie
        return self.percent / 100 / known if known else None

    @property
    def score(self) -> float | None:
        """By how much the profit stands out from its own noise: the self-normalised sum Σr / √Σr².

        It rises with Student's t, and stays finite where every trade was won (Efron, "Student's t-Test Under Symmetry
        Conditions", 1969).
        """
        return self.percent / self.squares**0.5 if self.squares else None


class Forward(msgspec.Struct, frozen=True):
    """Where each test begins and the last ends, and how long before a test training ends.

    The promise: no trade that is told as training was open, or within `embargo` of its end, when the test began.
    """

    tests: tuple[Millis, ...]
    embargo: Millis

    @property
    def folds(self) -> int:
        """How many tests there are."""
        return len(self.tests) - 1

    def train(self, fold: int) -> pl.Expr:
        """Whether a trade had ended long enough before a test."""
        return pl.col("until") <= _moment(self.tests[fold] - self.embargo)

    def test(self, fold: int) -> pl.Expr:
        """Whether a trade was signalled within a test."""
        return pl.col("signalled").is_between(_moment(self.tests[fold]), _moment(self.tests[fold + 1]), closed="left")

    def tallies(self, trades: pl.LazyFrame) -> pl.DataFrame:
        """What each variant came to: fold (UInt8), part, variant and the fields of `Tally`, sorted by these."""
        wanted = [
            _tallied(trades.filter(chosen)).select(
                pl.lit(fold, pl.UInt8).alias("fold"), pl.lit(part).alias("part"), pl.all()
            )
            for fold in range(self.folds)
            for part, chosen in (("train", self.train(fold)), ("test", self.test(fold)))
        ]
        return pl.concat(pl.collect_all(wanted)).sort("fold", "part", "variant")

    def first(self, trades: pl.LazyFrame) -> dict[int, Tally]:
        """What each variant had come to before anything is tested: all that a search may be led by."""
        return dict(_each(_tallied(trades.filter(self.train(0))).collect()))


def of_variants(tallies: pl.DataFrame, fold: int, part: Part) -> dict[int, Tally]:
    """The tallies of one fold, by the variant's number."""
    return dict(_each(tallies.filter(pl.col("fold") == fold, pl.col("part") == part)))


def cut(dataset: Dataset, timeframe: Millis, folds: int, embargo: Millis) -> tuple[Forward, Millis]:
    """Cut the time of a data set so that about as many candles of all assets lie in each part; and where it begins.

    There are `folds` + 1 parts, of which each but the first is tested once; the last ends where the last candle does,
    since nothing tells what a trade behind it came to. Candles are as long as `timeframe`, or the shortest that are
    stored where there are no ticks.

    Raises:
        DataError: there is too little for so many.
    """
    closes = np.sort(np.concatenate([_closes(dataset, asset, timeframe) for asset in dataset.assets]))
    try:
        splits = walk_forward(closes, closes, folds, embargo)
    except DataError as problem:
        raise DataError(f"{dataset.place}: {timeframe_name(timeframe)} candles: {problem}") from None
    begins = [int(closes[split.test[0]]) for split in splits]
    return Forward((*begins, int(closes[-1])), embargo), int(closes[0]) - timeframe


def _closes(dataset: Dataset, asset: str, timeframe: Millis) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """When the candles of an asset that were quoted in close, in ms."""
    if dataset.has_ticks(asset):
        opens = dataset.ticks(asset).select((pl.col("at").to_physical() // timeframe).unique()).collect().to_series()
        return np.asarray((opens.to_numpy() + 1) * timeframe)
    stored = min(dataset.timeframes(asset))
    return dataset.candles(asset, stored).select("at").collect().to_series().to_physical().to_numpy() + stored


def _tallied(trades: pl.LazyFrame) -> pl.LazyFrame:
    counts = [(pl.col("outcome") == ending).sum().cast(pl.UInt32).alias(ending) for ending in _COUNTED]
    decisive = pl.col("outcome").is_in(["won", "lost"])
    return (
        trades.with_columns(PERCENT.alias("percent"))
        .group_by("variant")
        .agg(
            *counts,
            pl.col("percent").sum(),
            (pl.col("percent") * pl.col("percent")).sum().alias("squares"),
            pl.col("payout").filter(decisive).cast(pl.Int64).sum().alias("payouts"),
        )
    )


def _each(rows: pl.DataFrame) -> Iterator[tuple[int, Tally]]:
    fields: Sequence[str] = Tally.__struct_fields__
    for row in rows.iter_rows(named=True):
        yield row["variant"], Tally(**{name: row[name] for name in fields})


def _moment(at: Millis) -> pl.Expr:
    return pl.lit(at).cast(MOMENT)
