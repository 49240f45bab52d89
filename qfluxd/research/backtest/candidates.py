"""What strategies said of whole histories: the rows on which a plan would have spoken."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from traceback import extract_tb
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.plans.looking import PROBABILITY, worded
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest.folding import Candles
from qfluxd.research.backtest.histories import History
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Times
from qfluxd.strategy import ANSWER, CALL, NOTHING, PUT, Floats, Mask

type Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Signals, a row each: of which plan and asset (their places), and all that is known as they are given.

    `signalled` is the broker's time, `by_tick` whether a tick of the asset brought it about or else the clock; `first`
    orders what one plan says of several assets at once. `moment` is the time in the signal's id. `quality` is that of
    the candle, by its place in `qfluxd.market.quality.QUALITIES`. `heard` is the stamp of some tick heard before.
    """

    plan: NDArray[np.int64]
    asset: NDArray[np.int64]
    candle: Times
    moment: Times
    signalled: Times
    by_tick: Mask
    first: Times
    side: NDArray[np.int8]
    confidence: Floats
    probability: Floats
    expiry: Times
    quality: NDArray[np.uint8]
    heard: Times

    def __len__(self) -> int:
        return self.plan.size

    def take(self, rows: Any) -> "Candidates":
        """Some of the rows."""
        return Candidates(*(getattr(self, each.name)[rows] for each in fields(self)))

    @staticmethod
    def together(parts: Sequence["Candidates"]) -> "Candidates":
        """All rows of several."""
        names = [each.name for each in fields(Candidates)]
        return Candidates(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, slots=True)
class _Looks:
    """The rows of a history at which a plan looks, and when: see `Candidates`."""

    row: Rows
    moment: Times
    signalled: Times
    by_tick: Mask
    first: Times
    heard: Times

    def at(self, chosen: Mask) -> "_Looks":
        """Some of them."""
        return _Looks(*(getattr(self, each.name)[chosen] for each in fields(self)))


def candidates(
    plan: Plan, places: tuple[int, int], history: History, settings: Backtest, moments: Times | None
) -> Candidates:
    """What a plan says of an asset; `places` are those of the two, `moments` when it is due by time, if it is.

    Raises:
        DataError: the strategy fails.
    """
    candles = history.candles(plan.timeframe)
    if not candles.at.size:
        return _nothing()
    answer = _answer(plan, history)
    side = answer.get_column("side").fill_null(NOTHING).to_numpy(writable=True)
    side[: plan.strategy.warmup - 1] = NOTHING
    if moments is None:
        looks = _at_candles(candles, settings, np.flatnonzero(side))
    else:
        looks = _by_time(candles, settings, moments)
        looks = looks.at(side[looks.row] != NOTHING)
    looks = looks.at(_awake(plan, looks.signalled, history.asset))
    rows = looks.row
    found = Candidates(
        np.full(rows.size, places[0]),
        np.full(rows.size, places[1]),
        candles.at[rows],
        looks.moment,
        looks.signalled,
        looks.by_tick,
        looks.first,
        side[rows].astype(np.int8),
        _floats(answer, "confidence", rows),
        _floats(answer, PROBABILITY, rows),
        answer.get_column("expiry").fill_null(0).to_numpy()[rows].astype(np.int64),
        candles.quality[rows],
        looks.heard,
    )
    _check(found, plan)
    return found


def _at_candles(candles: Candles, settings: Backtest, rows: Rows) -> _Looks:
    """At these candles as they close, but those that another one hides, or that close too late."""
    closed, by_tick = candles.closing(rows)
    following, also = candles.closing(np.minimum(rows + 1, candles.at.size - 1))
    hidden = by_tick & also & (following == closed) & (rows + 1 < candles.at.size)
    at = candles.at[rows]
    looked = ~hidden & (closed <= at + (candles.timeframe + settings.grace + settings.late_after))
    none = np.zeros_like(at)
    found = _Looks(rows, at, closed, by_tick, none, candles.last[rows])
    return found.at(looked)


def _by_time(candles: Candles, settings: Backtest, moments: Times) -> _Looks:
    """At each moment, at the newest candle that had closed by then, unless another one should have closed since.

    At a moment the clock beats before a tick of that moment is heard.
    """
    closed, by_tick = candles.closing(np.arange(candles.at.size))
    order = 2 * closed + by_tick
    rows = np.searchsorted(order, 2 * moments, "right") - 1
    old = candles.at[rows] + (2 * candles.timeframe + settings.grace + settings.late_after)
    first = np.full(moments.size, order[0])
    heard = np.where(by_tick[rows], closed[rows], candles.last[rows])
    found = _Looks(rows, moments, moments, np.zeros(moments.size, np.bool_), first, heard)
    return found.at((rows >= 0) & (moments < old))


def _awake(plan: Plan, signalled: Times, asset: str) -> Mask:
    """Whether a plan's hours and its quiet around news let it look."""
    schedule = plan.schedule
    if schedule.week is None and schedule.quiet is None:
        return np.ones(signalled.size, np.bool_)
    return np.array([schedule.allows(at, asset) is None for at in signalled.tolist()], np.bool_)


def _answer(plan: Plan, history: History) -> pl.DataFrame:
    view = history.view(plan)
    try:
        answer = plan.strategy.signals(view)
    except (Exception, SystemExit) as problem:
        raise failed(plan, f"{worded(problem)}{_line(plan, problem)}") from problem
    if getattr(answer, "height", None) != view.height:
        raise failed(plan, f"signals must answer a polars frame with a row for each of the {view.height} candles")
    for name in ANSWER:
        if name not in answer.columns:
            raise failed(plan, f"signals answered without the column {name}")
    for name in ("side", "expiry"):
        if not answer.schema[name].is_integer():
            raise failed(plan, f"signals answered {answer.schema[name]} for {name}; it is a whole number")
    return answer


def _line(plan: Plan, problem: BaseException) -> str:
    """Where in the strategy's own file it was raised, such as `` (mine.py, line 13)``; "" where that is unknown."""
    code = getattr(getattr(type(plan.strategy), "signals", None), "__code__", None)
    if code is None:
        return ""
    steps = [step for step in extract_tb(problem.__traceback__) if step.filename == code.co_filename]
    return f" ({Path(code.co_filename).name}, line {steps[-1].lineno})" if steps else ""


def failed(plan: Plan, why: str) -> DataError:
    """A strategy that cannot be followed any further."""
    return DataError(f"{plan.name}: the strategy failed: {why}")


def _floats(answer: pl.DataFrame, name: str, rows: Rows) -> Floats:
    """A column of numbers, NaN where there is none."""
    if name not in answer.columns:
        return np.full(rows.size, np.nan)
    return answer.get_column(name)[rows].cast(pl.Float64).to_numpy()


def _check(found: Candidates, plan: Plan) -> None:
    """Raise `DataError` where an answer makes no sense: as `qfluxd.plans.looking` does."""
    for side in found.side[(found.side != CALL) & (found.side != PUT)].tolist():
        raise failed(plan, f"signals answered the side {side}; it is 1 for call, -1 for put and 0 for nothing")
    sure, expiry = found.confidence, found.expiry
    for row in np.flatnonzero(~((sure >= 0) & (sure <= 1)) | (expiry <= 0)).tolist():
        raise failed(plan, f"signals answered a confidence of {sure[row]} and an expiry of {expiry[row]} ms")
    for chance in found.probability[(found.probability < 0) | (found.probability > 1)].tolist():
        raise failed(plan, f"signals answered a probability of {chance:g}; it is a number from 0 to 1")


def _nothing() -> Candidates:
    none = np.empty(0, np.int64)
    types = {"by_tick": np.bool_, "side": np.int8, "confidence": float, "probability": float, "quality": np.uint8}
    return Candidates(*(none.astype(types.get(each.name, np.int64)) for each in fields(Candidates)))
