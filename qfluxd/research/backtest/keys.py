"""The order of all that a desk would have done: one number for each call, and for each step within it."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.beats import BEAT
from qfluxd.model import DAY, Millis
from qfluxd.research.backtest.candidates import Candidates
from qfluxd.research.backtest.offers import Offers
from qfluxd.research.backtest.settling import NOT_FILLED, OPEN, PENDING, Trades
from qfluxd.research.backtest.source import Source, Times
from qfluxd.strategy import Mask

TIME, TICK, PLANS, ACCOUNT, AGAIN, ACCOUNT_AGAIN = range(6)
"""The steps of a call: deals that time ends, deals that the tick enters or ends, plans, the account; and once more
for a tick that comes again with the same stamp."""

BEATS: Final = 0
_NEWS: Final = 1
_TICKS: Final = 2
"""At one moment the clock beats first, then news are told, then the ticks come, by asset."""
NEVER: Final = 1 << 62
MOST_ASSETS: Final = 500
_STEPS: Final = 3
_WHO: Final = 9


def key(at: Times, who: Times | int, step: Times | int) -> Times:
    """The place of a step in the order of everything."""
    return ((at << _WHO | who) << _STEPS) | step


def of_signals(found: Candidates) -> Times:
    """When plans look."""
    return key(found.signalled, np.where(found.by_tick, _TICKS + found.asset, BEATS), PLANS)


def of_entries(found: Candidates, trades: Trades) -> Times:
    """When trades are entered; `NEVER` where they are not."""
    again = found.by_tick & (trades.opened == found.signalled)
    keys = key(trades.opened, _TICKS + found.asset, np.where(again, AGAIN, TICK))
    return np.where((trades.fate == PENDING) | (trades.fate == NOT_FILLED), NEVER, keys)


def of_ends(found: Candidates, trades: Trades, source: Source, offers: list[Offers]) -> Times:
    """When it is known what became of trades; `NEVER` where the data end before."""
    over = (trades.fate != PENDING) & (trades.fate != OPEN)
    keys = np.where(over, key(trades.ended, _TICKS + found.asset, TICK), NEVER)
    silent = np.flatnonzero(over & ~trades.by_tick)
    if silent.size:
        keys[silent] = _next_moment(trades.ended[silent], source, offers)
    return keys


def account(of: int) -> int:
    """When the account is told of what a step has changed."""
    return of - (of & 7) + (ACCOUNT if of & 7 <= PLANS else ACCOUNT_AGAIN)


def accounts(of: Times) -> Times:
    """`account` of many."""
    return of - (of & 7) + np.where(of & 7 <= PLANS, ACCOUNT, ACCOUNT_AGAIN)


def _next_moment(after: Times, source: Source, offers: list[Offers]) -> Times:
    """When the clock first shows more than these times: at a beat, or at a tick or news before that."""
    beat = after // BEAT * BEAT + BEAT
    best = key(beat, BEATS, TIME)
    for place, asset in enumerate(source.assets):
        heard = _first_after(source, asset, after, beat)
        best = np.minimum(best, np.where(heard < beat, key(heard, _TICKS + place, TIME), NEVER))
    for each in offers:
        for course in (each.payout, each.sentiment):
            told = np.append(course.at, NEVER >> (_WHO + _STEPS + 1))[np.searchsorted(course.at, after, "right")]
            best = np.minimum(best, np.where(told < beat, key(told, _NEWS, TIME), NEVER))
    return best


# ------------------------------------------------------------------------------------------------ looked up in prices


def is_stale(found: Candidates, source: Source, offers: list[Offers], stale_after: Millis) -> Mask:
    """Whether the desk called the market stale as plans looked: no asset had ticked for too long.

    The tick that ends such a silence finds it stale if the clock has beaten in it, or news were told.
    """
    stale = found.signalled - found.heard > stale_after
    rows = np.flatnonzero(stale)
    if not rows.size:
        return stale
    some = found.take(rows)
    newest = np.maximum(some.heard, some.signalled - 2 * stale_after - BEAT)
    for place, asset in enumerate(source.assets):
        at_once = some.by_tick & (place < some.asset)
        newest = np.maximum(newest, _last_before(source, asset, newest, some.signalled, at_once))
    late = newest + stale_after
    noticed = -(-(late + 1) // BEAT) * BEAT
    for each in offers:
        for course in (each.payout, each.sentiment):
            noticed = np.minimum(noticed, np.append(course.at, NEVER)[np.searchsorted(course.at, late, "right")])
    stale[rows] = np.where(some.by_tick, noticed <= some.signalled, late < some.signalled)
    return stale


def _first_after(source: Source, asset: str, after: Times, before: Times) -> Times:
    """The first tick of an asset later than these times; `before` where there is none sooner."""
    found = before.copy()
    for rows, at in _around(source, asset, after, before):
        place = np.searchsorted(at, after[rows], "right")
        found[rows] = np.minimum(found[rows], np.append(at, NEVER)[place])
    return found


def _last_before(source: Source, asset: str, since: Times, until: Times, at_once: Mask) -> Times:
    """The last tick of an asset earlier than `until`, or of that stamp where `at_once`; `since` where none is later."""
    found = since.copy()
    for rows, at in _around(source, asset, since, until):
        end = until[rows]
        place = np.where(at_once[rows], np.searchsorted(at, end, "right"), np.searchsorted(at, end, "left"))
        found[rows] = np.maximum(found[rows], np.concatenate(([0], at))[place])
    return found


def _around(source: Source, asset: str, start: Times, end: Times) -> Iterator[tuple[NDArray[np.intp], Times]]:
    """The stamps of all ticks between some times, a day at a time, with the rows whose times they are."""
    days = start // DAY
    spread = int((end - start).max()) + 1 + source.finest
    for day in np.unique(days).tolist():
        at, _ = source.ticks(asset, day * DAY - source.finest, (day + 1) * DAY + spread)
        yield np.flatnonzero(days == day), at
