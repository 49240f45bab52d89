"""What decisions would have earned and how good probabilities were, on rows that had not been seen."""

from collections.abc import Iterator
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from qfluxd.evidence import Outcome, summary
from qfluxd.research.folds import Split
from qfluxd.research.outcomes import Sides
from qfluxd.research.samples import Samples
from qfluxd.strategies.card import Forecast, Trades
from qfluxd.strategy import Floats

_GROUPS = 10
_WIDE = 1.96
"""Standard errors to either side of a mean, within which it lies in 95 of 100 cases."""

_STAKE = Decimal(1)


def needed(samples: Samples, margin: float) -> Floats:
    """What the probability of a win has to exceed, row by row: the break-even 1 / (1 + b) and the margin."""
    return np.asarray(100 / (100 + samples.payout) + margin)


def decided(up: Floats, least: Floats) -> Sides:
    """The side that a model takes: 1 for call where the probability of a rise is above `least`, -1 for put likewise."""
    sure = np.maximum(up, 1 - up)
    return np.where(sure > least, np.where(up > 0.5, 1, np.where(up < 0.5, -1, 0)), 0).astype(np.int8)


def one_at_a_time(samples: Samples, sides: Sides) -> NDArray[np.intp]:
    """The places of the trades that somebody makes who trades only while no deal of an earlier signal is open.

    So no outcome overlaps the next trade, which is what the evidence needs; signals of one moment, on several assets,
    are taken together. Whether one is taken depends on times alone, never on what came of it.
    """
    wanted = np.flatnonzero(sides)
    taken: list[int] = []
    until = -1
    for together in _moments(samples, wanted):
        if samples.opened[together].min() >= until:
            taken += together.tolist()
            until = int(samples.closes[together].max())
    return np.array(taken, dtype=np.intp)


def _moments(samples: Samples, places: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """The places, those of one signal time together."""
    if places.size:
        yield from np.split(places, np.flatnonzero(np.diff(samples.signalled[places])) + 1)


def traded(samples: Samples, sides: Sides) -> Trades:
    """What these decisions would have earned, one trade at a time."""
    taken = one_at_a_time(samples, sides)
    told = summary(_outcomes(samples, sides, taken))
    low, high = _around(samples, sides, taken)
    return Trades(
        won=told.won,
        lost=told.lost,
        tie=told.tie,
        rate=told.rate,
        low=told.interval.low,
        high=told.interval.high,
        break_even=told.break_even,
        profit=told.unit_profit,
        profit_low=low,
        profit_high=high,
        e_value=told.edge,
    )


def earned(samples: Samples, sides: Sides) -> Floats:
    """What a unit of stake comes to: the payout as a fraction for a win, -1 for a loss, 0 for a tie or no trade."""
    right = samples.move * sides
    return np.where(right > 0, samples.payout / 100, np.where(right < 0, -1.0, 0.0))


def forecast(samples: Samples, up: Floats) -> Forecast:
    """How good the probabilities of a rise were, ties left out."""
    decisive = samples.move != 0
    said, rose = up[decisive], (samples.move[decisive] > 0).astype(np.float64)
    chance = np.clip(np.where(rose > 0, said, 1 - said), 1e-12, 1.0)
    groups = [group for group in np.array_split(np.argsort(said, kind="stable"), _GROUPS) if group.size]
    off = [abs(said[group].mean() - rose[group].mean()) * group.size for group in groups]
    return Forecast(
        rows=int(said.size),
        up_share=float(rose.mean()),
        brier=float(np.mean((said - rose) ** 2)),
        log_loss=float(-np.mean(np.log(chance))),
        calibration_error=float(sum(off) / said.size),
    )


def baselines(samples: Samples, splits: list[Split], seed: int) -> dict[str, Trades]:
    """What needs no model, on the same unseen rows: a coin, the more frequent direction before, and the last one."""
    unseen = samples.at(np.concatenate([split.test for split in splits]))
    coin = np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), len(unseen))
    often = [np.full(split.test.size, _majority(samples.move[split.train]), np.int8) for split in splits]
    return {
        "random": traded(unseen, coin),
        "majority": traded(unseen, np.concatenate(often)),
        "last_direction": traded(unseen, unseen.last),
    }


def _majority(move: Sides) -> int:
    return 1 if move.sum(dtype=np.int64) >= 0 else -1


def _outcomes(samples: Samples, sides: Sides, taken: NDArray[np.intp]) -> Iterator[Outcome]:
    units = np.sign(earned(samples, sides))
    for place in taken:
        payout = int(samples.payout[place])
        profit = Decimal(payout) / 100 if units[place] > 0 else Decimal(int(units[place]))
        yield Outcome(_STAKE, payout, profit, int(samples.opened[place]), int(samples.closes[place]))


def _around(samples: Samples, sides: Sides, taken: NDArray[np.intp]) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean, from how the sums of moments spread; signals of one moment are one."""
    if taken.size < 2:
        return None, None
    units = earned(samples, sides)[taken]
    _, moment = np.unique(samples.signalled[taken], return_inverse=True)
    spread = np.bincount(moment, weights=units - units.mean())
    half = _WIDE * float(np.sqrt((spread**2).sum())) / taken.size
    return float(units.mean()) - half, float(units.mean()) + half
