"""What a strategy is: what it may look at, and how it answers.

A strategy is a frozen pydantic model (derive from `qfluxd.settings.Table`) whose fields are its options and whose
docstring is its description. It says what it would have said at every candle: live reads the last row of its answer,
a backtest all of them, so both are one piece of code.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, Literal, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.columns import column
from qfluxd.model import Millis, Refusal, Series

type Floats = NDArray[np.float64]
type Mask = NDArray[np.bool_]
type Extra = Literal["payout", "sentiment"]

CALL: Final = 1
PUT: Final = -1
NOTHING: Final = 0
"""What the column ``side`` of an answer holds."""

_FLOAT: Final = pl.Float64()

ANSWER: Final = ("side", "confidence", "expiry")
"""The columns that every answer has; any other one is a reason, such as the value of an indicator."""


@dataclass(frozen=True, slots=True)
class View:
    """All that a strategy may look at: candles that have closed, and nothing later.

    `candles` has a row per closed candle of `series`, oldest first: at (Datetime ms UTC, the opening time), open, high,
    low, close (Float64), ticks (UInt32), quality (Enum), and of what the strategy `wants` payout (Int16, percent) and
    sentiment (Int16, percent of traders that buy) as they were when the candle closed, null where nobody had told.
    `higher` holds the same for each longer timeframe it asked for. `bare` says that nobody will read the reasons of the
    answer, so that `answer` leaves them out.
    """

    series: Series
    candles: pl.DataFrame
    higher: Mapping[Millis, pl.DataFrame] = field(default_factory=dict)
    bare: bool = False

    @property
    def height(self) -> int:
        """How many candles there are, and so how many rows an answer has."""
        return self.candles.height

    @property
    def times(self) -> NDArray[np.int64]:
        """When each candle opened, in ms UTC."""
        return _times(self.candles)

    def floats(self, column: str, timeframe: Millis | None = None) -> Floats:
        """One column as float64, NaN where it is null; of a longer timeframe where one is named.

        It is the frame's own memory wherever that is possible, and cannot be written to.
        """
        values = (self.candles if timeframe is None else self.higher[timeframe]).get_column(column)
        return (values if values.dtype == _FLOAT else values.cast(_FLOAT)).to_numpy()

    def as_of_close(self, timeframe: Millis, values: Floats) -> Floats:
        """Values per candle of a longer timeframe, laid beside the shorter candles without looking ahead.

        Each candle gets the value of the newest longer one that had closed when it closed itself; NaN where none had.
        `values` may be several rows of values (an array of two dimensions), which is quicker than one after another.
        """
        closes = _times(self.candles) + self.series.timeframe
        longer = _times(self.higher[timeframe]) + timeframe
        values = np.asarray(values, dtype=np.float64)
        if not longer.size:
            return np.full((*values.shape[:-1], closes.size), np.nan)
        laid = values.take(np.searchsorted(longer, closes, side="right") - 1, axis=-1, mode="clip")
        laid[..., : np.searchsorted(closes, longer[0])] = np.nan
        return laid

    def answer(
        self,
        *,
        call: Mask,
        put: Mask,
        confidence: Floats | float,
        expiry: Millis | None = None,
        warmup: int = 1,
        **reasons: Floats,
    ) -> pl.DataFrame:
        """An answer from two masks, one row per candle; where both say yes nothing is said.

        `confidence` is clipped to 0 … 1, and is 0 where it is NaN. `expiry` is in milliseconds; without one it is
        as long as a candle. The first `warmup` - 1 rows say nothing. `reasons` are told with each signal.
        """
        side = call.astype(np.int8) - put.astype(np.int8)
        side[: warmup - 1] = NOTHING
        sure = np.fmin(np.fmax(confidence, 0.0), 1.0)  # both pass over NaN
        if not np.ndim(sure):
            sure = np.full(side.shape, sure)
        length = _lengths(side.size, self.series.timeframe if expiry is None else expiry)
        told = [] if self.bare else [column(name, each) for name, each in reasons.items()]
        # hstack, because a frame made from a dict takes three times as long
        return column("side", side).to_frame().hstack([column("confidence", sure), length, *told])


class Strategy(Protocol):
    """Turns candles into signals.

    The promise: `signals` is a pure function of the view: no clock, no chance but a seeded one, nothing remembered. Row
    `i` depends on rows up to `i` only, and the first `warmup` - 1 rows say nothing.
    """

    @property
    def warmup(self) -> int:
        """How many closed candles it needs before it speaks: the first that may speak is the last of them.

        It needs as many of each longer timeframe; what rests on those says nothing where they are not there.
        """

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The longer timeframes it looks at, () for none."""

    @property
    def wants(self) -> tuple[Extra, ...]:
        """What it looks at beside prices."""

    def signals(self, view: View) -> pl.DataFrame:
        """A row per candle: side (Int8: 1 call, -1 put, 0 nothing), confidence (Float64, 0 … 1), expiry (Int64, ms).

        Every other column is a reason: a number that is told beside the signal.
        """

    def model_dump(self, *, mode: str = "python") -> dict[str, Any]:
        """Its options; with ``json`` fit for JSON."""


@runtime_checkable
class Tried(Protocol):
    """A strategy that was tried on data it had not seen, and knows what came of it."""

    @property
    def allow_unproven(self) -> bool:
        """Whether its owner lets it trade live nevertheless."""

    def live_refusal(self, asset: str | None = None) -> str | None:
        """Why nobody should trade on it live (on this asset), None where it is proven."""


def live_refusal(strategy: Strategy, asset: str | None = None) -> Refusal | None:
    """Why a strategy may not trade live, None where it may: one that knows of no trial always may."""
    if not isinstance(strategy, Tried) or strategy.allow_unproven:
        return None
    why = strategy.live_refusal(asset)
    return None if why is None else Refusal("model_unproven", f"{why}; shadow it, or set allow_unproven = true")


@lru_cache(maxsize=64)
def _lengths(count: int, expiry: Millis) -> pl.Series:
    """The column expiry of so many rows; most answers have the same one, and share its memory."""
    return pl.Series("expiry", np.full(count, expiry, dtype=np.int64))


def _times(frame: pl.DataFrame) -> NDArray[np.int64]:
    return frame.get_column("at").to_numpy().view(np.int64)
