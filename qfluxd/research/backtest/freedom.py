"""Whether limits can matter at all: where they cannot, no signal needs to be judged by itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.market.quality import QUALITIES
from qfluxd.model import HOUR, MINUTE, SECOND
from qfluxd.plans.plan import Plan
from qfluxd.research.backtest import keys
from qfluxd.research.backtest.candidates import Candidates
from qfluxd.research.backtest.settings import Backtest
from qfluxd.research.backtest.source import Times
from qfluxd.settings import Limits
from qfluxd.strategy import Mask
from qfluxd.trading.risk.offer import LONGEST
from qfluxd.trading.staking import Fixed

_MEASURES: Final = (
    "max_open",
    "max_at_risk",
    "max_per_currency",
    "max_daily_loss",
    "max_weekly_loss",
    "stop_at_daily_profit",
    "stop_at_weekly_profit",
    "max_drawdown",
    "loss_streak",
    "min_balance",
    "orders_per_minute",
    "orders_per_hour",
    "orders_per_day",
)
"""Limits that depend on what else was traded."""
_ALWAYS: Final = ("max_per_currency", "stop_at_daily_profit", "stop_at_weekly_profit", "loss_streak", "min_balance")
"""Of these, those of which nothing is proven here: where one is set, signals are judged one by one."""
_SUMS: Final = ("max_at_risk", "max_daily_loss", "max_weekly_loss", "max_drawdown")
_SOUND: Final = QUALITIES.index("whole")


@dataclass(frozen=True, slots=True)
class Supposed:
    """Signals in their order, as they would go if each was let through: keys, stakes in cents, what comes back.

    `back` is what the account gets when a trade ends: its stake and its profit, nothing for a loss.
    """

    found: Candidates
    when: Times
    ends: Times
    cents: NDArray[np.int64]
    back: NDArray[np.int64]

    def at(self, rows: Mask) -> "Supposed":
        """Some of them."""
        return Supposed(self.found.take(rows), self.when[rows], self.ends[rows], self.cents[rows], self.back[rows])


def all_fixed(plans: Iterable[Plan]) -> bool:
    """Whether no stake depends on anything."""
    return all(isinstance(plan.staking, Fixed) for plan in plans)


def unmeasured(settings: Backtest) -> Backtest:
    """The settings without the limits that depend on what else was traded."""
    off = dict.fromkeys(_MEASURES)
    plans = tuple(replace(plan, limits=plan.limits.model_copy(update=off)) for plan in settings.plans)
    risk = settings.risk.model_copy(update={**off, "asset": settings.risk.asset.model_copy(update=off)})
    return replace(settings, plans=plans, risk=risk)


def plainly_good(
    found: Candidates, settings: Backtest, payout: Times, is_open: Times, stale: Mask, cents: NDArray[np.int64]
) -> Mask:
    """Which signals pass every guard that looks at them alone; of the others only the guards themselves can tell."""
    good: Mask = ~stale & (is_open == 1) & (found.quality == _SOUND) & (settings.refuse == 0)
    good &= (found.expiry % SECOND == 0) & (found.expiry >= settings.min_expiry) & (found.expiry <= LONGEST)
    for number, plan in enumerate(settings.plans):
        rows = found.plan == number
        if rows.any():
            for limits in (settings.risk, settings.risk.asset, plan.limits):
                good[rows] &= _passes(limits, found.confidence[rows], payout[rows], cents[rows])
    return good


def _passes(limits: Limits, confidence: NDArray[np.float64], payout: Times, cents: NDArray[np.int64]) -> Mask:
    if any((limits.hours, limits.days, limits.require_probability)) or limits.break_even_margin is not None:
        return np.zeros(payout.size, np.bool_)
    good = np.ones(payout.size, np.bool_)
    if limits.min_confidence is not None:
        good &= confidence >= limits.min_confidence
    if limits.min_payout is not None:
        good &= payout >= limits.min_payout
    if limits.max_stake is not None:
        good &= cents <= int(limits.max_stake * 100)
    if limits.min_stake is not None:
        good &= cents >= float(limits.min_stake * 100)
    return good


def stakes_of(plans: Sequence[Plan]) -> NDArray[np.int64]:
    """What each plan stakes, in cents and rounded down; all of them are fixed."""
    return np.array([int(plan.staking.amount * 100) for plan in plans if isinstance(plan.staking, Fixed)], np.int64)


def nothing_binds(course: Supposed, settings: Backtest) -> bool:
    """Whether no signal is turned down for what else was traded, nor for want of money.

    It supposes that all are let through and looks whether a limit could then stop the first of them: if none, all are.
    """
    if _may_bind(settings.risk, course) or _same_candle(course, settings) or _is_short(course, settings):
        return False
    found = course.found
    by_asset = (found.asset == place for place in np.unique(found.asset)) if _measures(settings.risk.asset) else ()
    if any(_may_bind(settings.risk.asset, course.at(rows)) for rows in by_asset):
        return False
    plans: Sequence[Plan] = settings.plans
    return not any(
        _measures(plan.limits) and _may_bind(plan.limits, course.at(found.plan == number))
        for number, plan in enumerate(plans)
    )


def _measures(limits: Limits) -> bool:
    return any(getattr(limits, name) is not None for name in _MEASURES)


def _may_bind(limits: Limits, course: Supposed) -> bool:
    if any(getattr(limits, name) is not None for name in _ALWAYS):
        return True
    staked = Decimal(int(course.cents.sum())) / 100
    if any((most := getattr(limits, name)) is not None and staked >= most for name in _SUMS):
        return True
    before = np.arange(course.when.size)
    ended = np.searchsorted(np.sort(course.ends), course.when)
    if limits.max_open is not None and (before - ended >= limits.max_open).any():
        return True
    return _too_often(limits, course.found.signalled, before)


def _too_often(limits: Limits, signalled: Times, before: NDArray[np.intp]) -> bool:
    for most, length in ((limits.orders_per_minute, MINUTE), (limits.orders_per_hour, HOUR)):
        if most is not None and (before - np.searchsorted(signalled, signalled - length, "right") >= most).any():
            return True
    return limits.orders_per_day is not None and signalled.size > limits.orders_per_day


def _same_candle(course: Supposed, settings: Backtest) -> bool:
    """Whether a plan speaks twice on the same candle, which only one that goes by time can."""
    if all(plan.schedule.on_candle for plan in settings.plans):
        return False
    found = course.found
    rows = np.stack((found.plan, found.asset, found.candle))
    return bool(np.unique(rows, axis=1).shape[1] < rows.shape[1])


def _is_short(course: Supposed, settings: Backtest) -> bool:
    """Whether any stake could be more than what the account holds, stakes being out from the signal on."""
    told = keys.accounts(course.ends)
    order = np.argsort(told)
    returned = np.concatenate(([0], np.cumsum(course.back[order])))
    held = int(settings.balance * 100) - np.cumsum(course.cents) + returned[np.searchsorted(told[order], course.when)]
    least = min(int(settings.balance * 100), int(held.min(initial=1 << 62)))
    return least < int(stakes_of(settings.plans).max())
