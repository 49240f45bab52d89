"""What whole histories tell of trades, as a table."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.plans.plan import Plan
from qfluxd.research.backtest.gathering import Known
from qfluxd.research.backtest.offers import UNKNOWN
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.settling import DECIDED, NOT_FILLED, NOWHEN, OPEN, PENDING
from qfluxd.research.backtest.source import Source, Times
from qfluxd.research.backtest.table import DATA_ENDED, TRADES, money
from qfluxd.strategy import CALL
from qfluxd.trading.shadow import PAYOUT_UNKNOWN, ShadowOutcome

type Words = NDArray[np.int8]

WORDS: Final[tuple[ShadowOutcome, ...]] = ("lost", "tie", "won", "unknown", "not_filled")
LOST, TIE, WON, NOBODY_KNOWS, NOT_ENTERED = range(5)
_CODES: Final = (*WORDS[:3], PAYOUT_UNKNOWN, "quiet", DATA_ENDED)
_PAYOUT_UNKNOWN, _QUIET, _DATA_ENDED = range(3, 6)


def came_to(known: Known) -> Words:
    """The outcome of each trade, by its place in `WORDS`."""
    fate = known.trades.fate
    entered = np.where(fate == DECIDED, known.result + 1, NOBODY_KNOWS)
    return np.where((fate == PENDING) | (fate == NOT_FILLED), NOT_ENTERED, entered).astype(np.int8)


def profit(known: Known, came: Words, cents: NDArray[np.int64]) -> NDArray[np.int64]:
    """What trades earned in cents, to the nearest one and half a cent up; 0 where nobody knows."""
    won = np.where(known.paid == UNKNOWN, 0, (cents * known.paid + 50) // 100)
    return np.select([came == WON, (came == LOST) & (known.paid != UNKNOWN)], [won, -cents], 0)


def from_histories(settings: Backtest, source: Source, known: Known, cents: NDArray[np.int64]) -> pl.DataFrame:
    """The trades that were let through, those with a stake, as `TRADES`."""
    rows = np.flatnonzero(cents)
    found, trades = known.found.take(rows), known.trades.take(rows)
    came, paid = came_to(known)[rows], known.paid[rows]
    opened = trades.opened != NOWHEN
    decided = (came <= WON) & (paid != UNKNOWN)
    plan, asset = _named([plan.name for plan in settings.plans], found.plan), _named(source.assets, found.asset)
    codes = _codes(came, paid, trades.fate)
    columns = {
        "id": _ids(plan, asset, found.moment),
        "plan": plan,
        "strategy": _named([each.use for each in settings.plans], found.plan),
        "asset": asset,
        "timeframe": _timeframes(settings.plans)[found.plan],
        "side": _named(("put", "call"), (found.side == CALL).astype(np.int64)),
        "confidence": found.confidence,
        "probability": pl.Series(found.probability, nan_to_null=True),
        "stake": money(cents[rows]),
        "expiry": found.expiry,
        "candle": found.candle,
        "signalled": found.signalled,
        "opened": _where(opened, trades.opened),
        "closes": _where(opened, trades.closes),
        "open_price": _where(opened, trades.open_price),
        "close_price": _where(came <= WON, trades.close_price),
        "payout": _where(opened & (paid != UNKNOWN), paid),
        "outcome": _named(WORDS, came),
        "code": _named(_CODES, codes),
        "profit": _null(money(profit(known, came_to(known), cents)[rows]), ~decided),
    }
    return pl.DataFrame(columns).cast(TRADES)


def _codes(came: Words, paid: Times, fate: NDArray[np.uint8]) -> Words:
    codes = np.where(came <= WON, came, _QUIET)
    codes = np.where((came <= WON) & (paid == UNKNOWN), _PAYOUT_UNKNOWN, codes)
    return np.where((fate == PENDING) | (fate == OPEN), _DATA_ENDED, codes).astype(np.int8)


def _ids(plan: pl.Series, asset: pl.Series, moment: Times) -> pl.Series:
    parts = pl.DataFrame([plan.alias("plan"), asset.alias("asset"), pl.Series("moment", moment)])
    return parts.select(pl.concat_str("plan", "asset", pl.col("moment").cast(pl.String), separator="/")).to_series()


def _named(names: Sequence[str], places: NDArray[np.int64] | Words) -> pl.Series:
    """The names at these places."""
    return pl.Series(list(names), dtype=pl.String).gather(places.astype(np.uint32))


def _timeframes(plans: Sequence[Plan]) -> Times:
    return np.array([plan.timeframe for plan in plans], np.int64)


def _where(there: NDArray[np.bool_], values: NDArray[np.int64] | NDArray[np.float64]) -> pl.Series:
    """The values, null where they are not there."""
    return _null(pl.Series(values), ~there)


def _null(column: pl.Series, gone: NDArray[np.bool_]) -> pl.Series:
    if not gone.any():
        return column
    return pl.select(pl.when(pl.Series(~gone)).then(pl.lit(column))).to_series()
