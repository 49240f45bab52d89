"""The quick way: strategies look at whole histories at once, and all their trades are settled together."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.model import Refusal, Side
from qfluxd.research.backtest import keys
from qfluxd.research.backtest.court import Court, Fate, Verdicts
from qfluxd.research.backtest.freedom import (
    Supposed,
    all_fixed,
    nothing_binds,
    plainly_good,
    stakes_of,
    unmeasured,
)
from qfluxd.research.backtest.gathering import Known, gather
from qfluxd.research.backtest.judging import Judge, Said
from qfluxd.research.backtest.offers import UNKNOWN
from qfluxd.research.backtest.outcomes import LOST, WORDS, came_to, from_histories, profit
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Source
from qfluxd.research.backtest.stream import Tell
from qfluxd.research.backtest.table import Found
from qfluxd.strategy import CALL
from qfluxd.trading.ledger import Ledger

_PLENTY: Final = Decimal(10**15)
_AT_ONCE: Final = 10_000
"""Signals that are Python's own numbers at a time."""


def run_vector(settings: Backtest, source: Source, tell: Tell) -> Found:
    """Every trade and refusal, without the desk; raises `DataError` where only the desk can tell."""
    known = gather(settings, source, tell)
    verdicts = _decided(settings, source, known)
    plans = [plan.name for plan in settings.plans]
    counts = np.bincount(known.found.plan, minlength=len(plans)).tolist()
    refused = Counter((plans[known.found.plan[row]], code) for row, code in verdicts.codes.items())
    signals = Counter(dict(zip(plans, counts, strict=True)))
    return Found(from_histories(settings, source, known, verdicts.cents), signals, refused)


# ---------------------------------------------------------------------------------------------------- what is let in


def _decided(settings: Backtest, source: Source, known: Known) -> Verdicts:
    """What is staked on each signal: all at once where no limit can bind, else one after the other."""
    if all_fixed(settings.plans):
        verdicts = _each_alone(settings, source, known)
        if nothing_binds(_course(known, verdicts), settings):
            return verdicts
    every = np.arange(len(known.found))
    court = Court(Judge(settings, settings.plans), settings.balance)
    return court.hear(known.when, _said(settings, source, known, every), _fates(known))


def _each_alone(settings: Backtest, source: Source, known: Known) -> Verdicts:
    """Each signal judged as if nothing else was traded, and as if there was money enough."""
    cents = stakes_of(settings.plans)[known.found.plan]
    doubtful = np.flatnonzero(~plainly_good(known.found, settings, known.payout, known.is_open, known.stale, cents))
    verdicts, free = Verdicts(cents, {}), unmeasured(settings)
    judge, ledger = Judge(free, free.plans), Ledger(settings.risk.calendar)
    for row, said in zip(doubtful.tolist(), _said(settings, source, known, doubtful), strict=True):
        stake = judge.stake(said, ledger, _PLENTY, ())
        if isinstance(stake, Refusal):
            verdicts.codes[row], cents[row] = stake.code, 0
    return verdicts


def _course(known: Known, verdicts: Verdicts) -> Supposed:
    """How it would go if all of these were let through."""
    rows, came = verdicts.cents > 0, came_to(known)
    gained = profit(known, came, verdicts.cents)
    back = np.where(came == LOST, 0, verdicts.cents + gained)
    return Supposed(known.found.take(rows), known.when[rows], known.ends[rows], verdicts.cents[rows], back[rows])


def _said(settings: Backtest, source: Source, known: Known, rows: NDArray[np.intp]) -> Iterator[Said]:
    """Signals as the guards look at them."""
    names = [plan.name for plan in settings.plans]
    for start in range(0, rows.size, _AT_ONCE):
        yield from _some_said(names, source, known, rows[start : start + _AT_ONCE])


def _some_said(names: list[str], source: Source, known: Known, rows: NDArray[np.intp]) -> Iterator[Said]:
    found = known.found.take(rows)
    columns = (
        *(found.plan, found.asset, found.moment, found.side, found.expiry, found.candle, found.quality),
        *(found.confidence, found.probability, found.signalled),
        *(known.payout[rows], known.is_open[rows], known.stale[rows]),
    )
    for row in zip(*(column.tolist() for column in columns), strict=True):
        plan, place, moment, side, expiry, candle, quality, sure, chance, at, payout, is_open, stale = row
        asset = source.assets[place]
        word: Side = "call" if side == CALL else "put"
        known_chance = chance if isfinite(chance) else None
        ident = f"{names[plan]}/{asset}/{moment}"
        yield Said(ident, plan, asset, word, expiry, candle, quality, sure, known_chance, at, payout, is_open, stale)


def _fates(known: Known) -> Iterator[Fate]:
    """What becomes of each, for the court."""
    trades = known.trades
    entered, came = keys.of_entries(known.found, trades), came_to(known)
    columns = (entered, known.ends, trades.opened, trades.closes, trades.ended, came, known.paid)
    for start in range(0, came.size, _AT_ONCE):
        part = (each[start : start + _AT_ONCE].tolist() for each in columns)
        for enters, ends, opened, closes, ended, word, paid in zip(*part, strict=True):
            yield Fate(enters, ends, opened, closes, ended, WORDS[word], None if paid == UNKNOWN else paid)
