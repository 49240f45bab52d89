"""What a report is made from, wherever the trades were: in a backtest, on paper, or with the broker."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl

from qfluxd.evidence import Interval, Summary
from qfluxd.model import Millis
from qfluxd.research.audits.finding import Finding
from qfluxd.research.backtest import figures
from qfluxd.research.statistics.earnings import expected_value
from qfluxd.research.statistics.tallies import summary_of
from qfluxd.strategy import Floats, Mask

DECISIVE: Final = ("won", "lost")
FEW: Final = 30
"""Of fewer decisive trades nothing is drawn and nothing coloured: chance alone does anything to so few."""
NARROW: Final = 150
"""Of fewer trades a resampled 95 % interval holds the truth in 92 to 94 of 100 cases, in fewer where trades hang
together (docs/statistics.md)."""


@dataclass(frozen=True)
class Arm:
    """The trades of one strategy in one place.

    `trades` has the columns of `qfluxd.research.backtest.Result.trades`; `refusals` counts what was turned down, by
    code. `balance` is what the account began with, None where nobody says. `name` is the strategy's and is told from
    any other in the same report; `where` says what kind of trades they are, and `as_it_came` that they were made while
    prices came in.
    """

    name: str
    where: str
    trades: pl.DataFrame
    refusals: Mapping[str, int] = field(default_factory=dict)
    signals: int | None = None
    balance: Decimal | None = None
    findings: tuple[Finding, ...] = ()
    as_it_came: bool = False

    @property
    def unaudited(self) -> str:
        """What is to be known of trades of which there are no findings."""
        if self.as_it_came:
            return "these trades were made as time went by, so that nothing could see ahead"
        return "nobody has audited these trades, and nothing says that the strategy does not see ahead"

    @cached_property
    def ended(self) -> "Ended":
        """Those whose result is known."""
        return ended(self.trades)

    @cached_property
    def summary(self) -> Summary:
        """The figures and the verdict, as scores and audits have them."""
        return summary_of(self.trades)

    @cached_property
    def earned(self) -> Interval | None:
        """Where the mean of what a unit of stake earns lies, 95 %; None where the trades are too few to tell."""
        estimate = expected_value(self.trades)
        return None if estimate is None else estimate.interval

    @property
    def reserve(self) -> str:
        """What is to be said behind `earned`: resting on few trades it holds the truth less often than it says."""
        return "; somewhat too narrow for so few trades" if len(self.ended) < NARROW else ""

    @cached_property
    def streaks(self) -> figures.Streaks:
        """The longest runs of wins and of losses."""
        return figures.streaks(self.trades)

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many trades ended how, by the word for it."""
        return dict(self.trades["outcome"].value_counts().iter_rows())

    @cached_property
    def unpaid(self) -> pl.DataFrame:
        """Trades that came out, and of which nobody knows what they would have paid."""
        return self.trades.filter(pl.col("profit").is_null() & pl.col("outcome").is_in([*DECISIVE, "tie"]))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where trades come from and how to have them again.

    `facts` are told in the order given; `settings` is everything that was set, fit for JSON; `command` runs it again,
    '' where nothing does.
    """

    title: str
    facts: Mapping[str, str]
    command: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Material:
    """All that goes into one report. `tried` counts what was tried on the same data, None where nobody counted."""

    arms: tuple[Arm, ...]
    origins: tuple[Origin, ...]
    tried: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ended:
    """Trades of known result, in the order in which they closed, as arrays of one length.

    Times are ms UTC, `payout` is in percent, `unit` is what a unit of stake came to, `profit` and `stake` are money.
    """

    opened: Floats
    closes: Floats
    payout: Floats
    unit: Floats
    profit: Floats
    stake: Floats
    won: Mask
    lost: Mask

    def __len__(self) -> int:
        return self.unit.size

    @property
    def decisive(self) -> Mask:
        """Those won or lost."""
        return self.won | self.lost

    def only(self, wanted: Mask) -> "Ended":
        """Some of them."""
        return Ended(*(getattr(self, name)[wanted] for name in self.__slots__))


def ended(trades: pl.DataFrame) -> Ended:
    """The trades of a frame whose profit is known."""
    known = trades.filter(pl.col("profit").is_not_null() & pl.col("outcome").is_in([*DECISIVE, "tie"]))
    rows = known.with_columns(pl.col("closes").fill_null(pl.col("opened"))).sort("closes", maintain_order=True)
    floats = {name: rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy() for name in ("payout", "profit", "stake")}
    times = {name: rows[name].to_physical().cast(pl.Float64).to_numpy() for name in ("opened", "closes")}
    won, lost = ((rows["outcome"] == outcome).to_numpy() for outcome in DECISIVE)
    unit = np.where(won, floats["payout"] / 100, np.where(lost, -1.0, 0.0))
    return Ended(**times, **floats, unit=unit, won=won, lost=lost)


def first_and_last(arms: tuple[Arm, ...]) -> tuple[Millis, Millis] | None:
    """When the first trade was signalled and the last one closed, None where there is none."""
    times = [
        (arm.trades["signalled"].min(), pl.concat([arm.trades["closes"], arm.trades["signalled"]]).max())
        for arm in arms
        if arm.trades.height
    ]
    if not times:
        return None
    first, last = min(time[0] for time in times), max(time[1] for time in times)  # type: ignore[type-var]
    return int(first.timestamp() * 1000), int(last.timestamp() * 1000)  # type: ignore[union-attr]
