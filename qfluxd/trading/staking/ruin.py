"""What may become of a bank: the chance of ruin, by working backwards from the last trade.

With V(t, x) the chance that a bank of x is ruined within t more trades, V is 1 where x cannot pay the next stake s,
V(0, x) is else 0, and V(t, x) = p V(t - 1, x + b s) + (1 - p) V(t - 1, x - s): a Markov chain with an absorbing end,
the gambler's ruin (Feller 1968, chapter XIV) with unequal steps and stakes that change, for which there is no formula.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

type Floats = NDArray[np.float64]

_CELLS: Final = 60_000
"""Cells of all rungs together; a bank that would need more is followed on a coarser grid."""
_POINTS: Final = 4_000
_SIGMAS: Final = 8.0
"""No bank comes farther above its mean than so many standard deviations."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One stake of a ladder, and the rungs that come after a win and after a loss."""

    stake: Decimal
    if_won: int
    if_lost: int


@dataclass(frozen=True, slots=True)
class Odds:
    """A run of decisive trades that are each won with the same probability; `payout` is a fraction of the stake."""

    win_probability: float
    payout: Fraction
    trades: int


# ------------------------------------------------------------------------------------------------- fixed amounts


def ladder_ruin(rungs: Sequence[Rung], bank: Decimal, odds: Odds, floor: Decimal) -> tuple[float, bool]:
    """The chance that a bank ever cannot pay the next stake of a ladder, or is at `floor` or below; and if it is exact.

    It starts on the first rung. Exact on a lattice of the greatest common divisor of all steps, where that has no more
    cells than can be afforded; else on a coarser one, where a step that ends between two cells is split between them so
    that its mean is kept.
    """
    losses = [Fraction(rung.stake) for rung in rungs]
    wins = [loss * odds.payout for loss in losses]
    limits = [limit + Fraction(floor) for limit in _limits(rungs, losses, wins, bank, odds.trades)]
    unit, most = reduce(_common_divisor, [*losses, *wins]), _CELLS // len(rungs)
    exact = max(limits) / unit <= most
    unit = unit if exact else max(limits) / most
    start, rest = divmod(Fraction(bank), unit)
    heights = [math.ceil(limit / unit) + 2 for limit in limits]
    if start >= max(heights):
        return 0.0, exact
    ground = (Fraction(floor) - rest) // unit + 1 if floor > 0 else 0
    ruined = [min(max(0, ground, math.ceil((loss - rest) / unit)), max(heights)) for loss in losses]
    steps = [(float(win / unit), float(loss / unit)) for win, loss in zip(wins, losses, strict=True)]
    return _lattice(rungs, steps, ruined, heights, odds.win_probability, int(start)), exact


def _lattice(
    rungs: Sequence[Rung],
    steps: Sequence[tuple[float, float]],
    ruined: Sequence[int],
    heights: Sequence[int],
    rate: float,
    start: int,
) -> float:
    """V at `start` on the first rung, from V(0) up to the V of as many trades as there are heights beyond the first.

    A row has a ruined cell below its first. Above the height for its number of trades it is safe, or out of reach.
    """
    room = 1 + max(heights) + math.ceil(max(up for up, _ in steps)) + 2
    now, then = np.zeros((len(rungs), room)), np.zeros((len(rungs), room))
    for k, dead in enumerate(ruined):
        now[k, : 1 + dead] = then[k, : 1 + dead] = 1.0
    for height in heights[1:]:
        now, then = then, now
        for k, (rung, (up, down), dead) in enumerate(zip(rungs, steps, ruined, strict=True)):
            if dead < height:
                cells = now[k, 1 + dead : 1 + height]
                np.multiply(_shifted(then[rung.if_won], up, 1 + dead, 1 + height), rate, out=cells)
                cells += (1 - rate) * _shifted(then[rung.if_lost], -down, 1 + dead, 1 + height)
    return float(now[0, 1 + start])


def _shifted(row: Floats, by: float, start: int, stop: int) -> Floats:
    """The cells `by` further on than those from `start` to `stop`, between two of them where it is no whole number."""
    whole = math.floor(by)
    part = by - whole
    near = row[start + whole : stop + whole]
    return near if part == 0 else (1 - part) * near + part * row[start + whole + 1 : stop + whole + 1]


def _limits(
    rungs: Sequence[Rung], losses: Sequence[Fraction], wins: Sequence[Fraction], bank: Decimal, trades: int
) -> list[Fraction]:
    """For each number of trades that are left, from 0: a bank above this is safe from them, or out of reach by then."""
    up, down = [Fraction(0)] * len(rungs), [max(losses)] * len(rungs)
    gains, falls = [up[0]], [max(down)]
    for _ in range(trades):
        steps = list(zip(rungs, wins, losses, strict=True))
        up = [max(win + up[rung.if_won], up[rung.if_lost] - loss) for rung, win, loss in steps]
        down = [max(loss + down[rung.if_lost], down[rung.if_won] - win) for rung, win, loss in steps]
        gains.append(up[0])
        falls.append(max(down))
    return [min(Fraction(bank) + gain, fall) for gain, fall in zip(reversed(gains), falls, strict=True)]


def _common_divisor(one: Fraction, other: Fraction) -> Fraction:
    return Fraction(
        math.gcd(one.numerator * other.denominator, other.numerator * one.denominator),
        one.denominator * other.denominator,
    )


# ------------------------------------------------------------------------------------------------- shares of the bank


def share_ruin(stake_of: Callable[[Floats], Floats], bank: float, odds: Odds, smallest: float, floor: float) -> float:
    """The chance that a bank of which a share is staked ever cannot pay, or is at `floor` or below.

    `stake_of` gives the stakes of many banks; a stake under `smallest` cannot be placed. Followed on a grid of the
    bank's logarithm, between whose points it is interpolated: right to about half a percent.
    """

    def ruined(banks: Floats) -> NDArray[np.bool_]:
        stakes = stake_of(banks)
        return np.asarray((stakes < smallest) | (stakes > banks) | (banks <= floor))

    if ruined(np.array([bank]))[0]:
        return 1.0
    low = _edge(ruined, bank)
    payout, rate = float(odds.payout), odds.win_probability
    share = float(stake_of(np.array([bank]))[0]) / bank
    up, down = math.log1p(payout * share), math.log1p(-min(share, 0.999))
    drift, spread = rate * up + (1 - rate) * down, (up - down) * math.sqrt(rate * (1 - rate))
    top = bank * math.exp(max(0.0, odds.trades * drift) + _SIGMAS * spread * math.sqrt(odds.trades) + up)
    grid = np.geomspace(low, top, _POINTS)
    stakes = stake_of(grid)
    won, lost = grid + payout * stakes, grid - stakes
    places = [_places(grid, won), _places(grid, lost)]
    gone = ruined(lost)
    chance = np.zeros(_POINTS)
    for _ in range(odds.trades):
        after_win, after_loss = (chance[at] * (1 - part) + chance[at + 1] * part for at, part in places)
        chance = rate * after_win + (1 - rate) * np.where(gone, 1.0, after_loss)
    return float(np.interp(math.log(bank), np.log(grid), chance))


def _edge(ruined: Callable[[Floats], NDArray[np.bool_]], bank: float) -> float:
    """The smallest bank that is not ruined, by bisection of its logarithm."""
    low, high = bank * 1e-9, bank
    for _ in range(80):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if ruined(np.array([middle]))[0] else (low, middle)
    return high


def _places(grid: Floats, banks: Floats) -> tuple[NDArray[np.intp], Floats]:
    """Where banks lie between the points of a grid: the point below, and the part of the way to the next."""
    logs, wanted = np.log(grid), np.log(np.maximum(banks, grid[0]))
    at = np.clip(np.searchsorted(logs, wanted, side="right") - 1, 0, len(grid) - 2)
    return at, np.clip((wanted - logs[at]) / (logs[at + 1] - logs[at]), 0.0, 1.0)
