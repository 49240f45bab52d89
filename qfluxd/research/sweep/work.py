"""What a worker does: read the data of its task, try all its variants on them, and answer with the trades."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from time import perf_counter
from typing import Final

import polars as pl

from qfluxd import __version__
from qfluxd.errors import DataError, QfluxdError
from qfluxd.market.parquet import MOMENT
from qfluxd.model import DAY, Millis, timeframe_name
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest import FREE, Backtest, Latency, planned, run
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.rows import compact, encode, plan_name, variant_of
from qfluxd.research.sweep.settings import Settings
from qfluxd.research.sweep.space import Variant
from qfluxd.research.sweep.stores import is_remote, kept_data
from qfluxd.research.sweep.tasks import Done, Failure, Job, Piece, Task

_UNBOUND: Final = FREE.model_copy(update={"max_open": 10**9, "orders_per_minute": 10**9})
"""Each variant is tried as if it were alone, though many share a run; so no limit of an account may bind."""
_PLENTY: Final = Decimal(10**15)
_LEAD: Final = 1000
"""As many candles as a desk keeps are shown before a span, so that every strategy is warm in it …"""
_REST: Final[Millis] = 4 * DAY
"""… even behind a long weekend, in which none closes."""


def work(task: Task) -> Done:
    """Do a task.

    A variant that cannot be computed is told as failed; the others go on.

    Raises:
        DataError: this worker has another qfluxd or other data than the sweep was begun with, or cannot read them.
    """
    began = perf_counter()
    if task.job.version != __version__:
        raise DataError(f"a worker has qfluxd {__version__}, the sweep {task.job.version}; install the same everywhere")
    found = [each for piece in task.pieces for each in _done(task.job, piece)]
    trades = encode([each for each in found if isinstance(each, pl.DataFrame)])
    return Done(trades, tuple(each for each in found if isinstance(each, Failure)), perf_counter() - began)


def plan_of_variant(settings: Settings, variant: Variant, asset: str) -> Plan:
    """A variant as a plan on an asset, or on those of a pattern. Raises `DataError` as `planned`."""
    return planned(
        settings.strategy,
        assets=(asset,),
        timeframe=timeframe_name(variant.timeframe),
        options=variant.options,
        name=plan_name(variant.number),
        folder=settings.strategies,
    )


def _dataset(job: Job, asset: str) -> Dataset:
    """The data of one asset, which are those that the sweep was begun with."""
    source = job.source
    known = source.assets[asset]
    found = kept_data(source.place, asset, source.start, source.end, known)
    if (job.is_checked or is_remote(source.place)) and _hash(found) != known:
        raise DataError(f"{source.place}: a worker has other rows of {asset} there than the sweep was begun with")
    return found


@lru_cache(maxsize=256)
def _hash(dataset: Dataset) -> str:
    """Looked at once per worker."""
    return dataset.hash


def _done(job: Job, piece: Piece) -> Iterator[pl.DataFrame | Failure]:
    """What comes of a piece: plans that look at the same candles are run together.

    Which candles a run rests on follows from all its plans, and what one variant comes to must not follow from another.
    """
    dataset, plans = _dataset(job, piece.asset), []
    for variant in piece.variants:
        try:
            plans.append(plan_of_variant(job.settings, variant, piece.asset))
        except QfluxdError as problem:
            yield Failure(variant.number, piece.asset, piece.start, str(problem))
    for _, group in groupby(sorted(plans, key=_looks_at), _looks_at):
        yield from _tried(job.settings, piece, list(group), dataset)


def _looks_at(plan: Plan) -> tuple[Millis, ...]:
    return plan.timeframe, *sorted(plan.strategy.timeframes)


def _tried(
    settings: Settings, piece: Piece, plans: Sequence[Plan], dataset: Dataset
) -> Iterator[pl.DataFrame | Failure]:
    """The trades of all plans, or those of each by itself where they fail together, or why there are none."""
    try:
        yield compact(_trades(settings, piece, plans, dataset))
    except Exception as problem:  # noqa: BLE001 - a strategy of the owner's own may do anything
        if plans[1:]:
            for plan in plans:
                yield from _tried(settings, piece, [plan], dataset)
        else:
            why = _why(problem).removeprefix(f"{plans[0].name}: ")  # whose it is is told by number
            yield Failure(variant_of(plans[0].name), piece.asset, piece.start, why)


def _trades(settings: Settings, piece: Piece, plans: Sequence[Plan], dataset: Dataset) -> pl.DataFrame:
    """The trades that plans signal in the piece's span; none where the asset had no prices then.

    Which prices a trade is settled by follows from all there are of the asset, so every span goes by the same.
    """
    begins = piece.start - _LEAD * max(_looks_at(plans[0])) - _REST
    shown = replace(dataset, start=max(begins, dataset.start), end=min(piece.end + DAY, dataset.end))
    by_ticks = dataset.has_ticks(piece.asset)
    if not _is_quoted(shown, piece.asset, by_ticks=by_ticks):
        return pl.DataFrame(schema=TRADES)
    backtest = Backtest(
        plans=tuple(plans),
        latency=Latency((settings.latency,)),
        payout=settings.payout,
        balance=_PLENTY,
        risk=_UNBOUND,
        digits=settings.digits,
        origin=settings.origin,
        prices="ticks" if by_ticks else "candles",
    )
    first, last = (pl.lit(at).cast(MOMENT) for at in (piece.start, piece.end))
    trades = run(backtest, shown, data_hash="").trades  # whose data they are the sweep knows by itself
    return trades.filter(pl.col("signalled").is_between(first, last, closed="left"))


def _is_quoted(shown: Dataset, asset: str, *, by_ticks: bool) -> bool:
    """Whether there is any price of an asset in this stretch: it may be quoted only from some day on."""
    rows = [shown.ticks(asset)] if by_ticks else [shown.candles(asset, each) for each in shown.timeframes(asset)]
    return any(each.head(1).collect().height for each in rows)


def _why(problem: Exception) -> str:
    return str(problem) if isinstance(problem, QfluxdError) else f"{type(problem).__name__}: {problem}"
