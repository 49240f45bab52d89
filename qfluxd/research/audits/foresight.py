"""Whether trades on markets in which nothing can be foreseen were foreseen: evidence that no stop and no drift lifts.

On such a market a price ends higher with one chance q at every moment, whatever came before: a half, or a little more
or less where prices drift. So, for that q, a call is won with a probability of q at most and a put with 1 - q at most,
given all that was known when it was opened. Somebody who bets a fraction of his wealth on every trade, at odds that are
fair by these chances, owns a non-negative supermartingale, and Ville's bound (1939) holds for it: it ever reaches
1 / alpha with a probability of at most alpha. That is so whenever one stops, also for plans that stop for the day once
they are ahead. The mean profit of a market has no such bound: who stops when he is ahead, and goes on when he is not,
makes the mean of these means positive with a fair coin.

Nobody knows q, so what is told is the least wealth over all q; who calls when prices drift upwards has none.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from qfluxd.evidence import FRACTIONS
from qfluxd.evidence.betting import mean_log
from qfluxd.strategy import Floats

_CHANCES: Final = 1 / (1 + np.exp(np.linspace(14.0, -14.0, 28_001)))
"""Those of a price that ends higher, from one in a million to all but one; close enough for millions of trades."""
_MOST: Final = 700.0
"""Of larger logarithms no float holds the number."""
_MOMENT: Final = pl.Datetime("ms", "UTC")
_KINDS: Final = ("asset", "expiry")


@dataclass(frozen=True, slots=True)
class Foresight:
    """How many calls and puts were won, of those won or lost, and the evidence that they were foreseen.

    Trades that overlap one before them are not among these: what they come to is half known by then.
    """

    calls: tuple[int, int]
    puts: tuple[int, int]
    evidence: float


def foresight(markets: Iterable[pl.DataFrame]) -> Foresight:
    """What the known trades of independent markets tell, each in the order in which they were opened.

    Each asset, and each length of trade, has a chance of its own; the evidence is the mean of theirs.
    """
    counts: dict[tuple[object, ...], Floats] = {}
    for trades in markets:
        for kind, alike in trades.partition_by(*_KINDS, as_dict=True).items():
            counts[kind] = counts.get(kind, np.zeros((2, 2))) + _won_and_lost(alike)
    if not counts:
        return Foresight((0, 0), (0, 0), 1.0)
    (calls, calls_lost), (puts, puts_lost) = np.sum(list(counts.values()), axis=0).astype(int).tolist()
    log = mean_log([_evidence(each) for each in counts.values()])
    return Foresight((calls, calls + calls_lost), (puts, puts + puts_lost), math.exp(min(log, _MOST)))


def _won_and_lost(trades: pl.DataFrame) -> Floats:
    """Calls won and lost, puts won and lost, of trades that do not overlap."""
    sides, outcomes = (trades[_alone(trades)][name].to_numpy() for name in ("side", "outcome"))
    return np.array(
        [
            [np.count_nonzero((sides == side) & (outcomes == outcome)) for outcome in ("won", "lost")]
            for side in ("call", "put")
        ],
        dtype=np.float64,
    )


def _alone(trades: pl.DataFrame) -> Sequence[int]:
    """The first trade, and always the next one that was opened when the one before had ended."""
    opened, closes = (trades[name].cast(_MOMENT).to_physical().to_numpy() for name in ("opened", "closes"))
    kept, place = [], 0
    while place < opened.size:
        kept.append(place)
        place = max(int(np.searchsorted(opened, closes[place])), place + 1)
    return kept


def _evidence(counts: Floats) -> float:
    """The logarithm of the least wealth over all chances of a price that ends higher."""
    return float((_wealth(_CHANCES, *counts[0]) + _wealth(1 - _CHANCES, *counts[1])).min())


def _wealth(chance: Floats, won: float, lost: float) -> Floats:
    """The logarithm of what 1 becomes, spread over fractions, in bets that are won with a chance, at its fair odds."""
    fractions = np.array(FRACTIONS)[:, None]
    logs = won * np.log1p(fractions * (1 - chance) / chance) + lost * np.log1p(-fractions)
    most = logs.max(axis=0)
    return np.asarray(most + np.log(np.exp(logs - most).mean(axis=0)))
