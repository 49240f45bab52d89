"""Whether an order is good enough: when it comes, on what it rests, and whether the payout makes up for the odds."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from qfluxd.hours import in_session, parse_zone
from qfluxd.model import SECOND, Order, Refusal
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk.picture import Picture, Scope

type Check = Callable[[Scope, Order, Picture], Refusal | None]
"""Why an order is stopped by the limits of one scope, None where they let it through."""

_SOUND: Final = ("whole", "backfilled")


def break_even(payout: int) -> float:
    """The probability of a win at which a payout (percent of the stake) neither earns nor loses, ties left aside.

    The expectation p·b - (1 - p) of a stake of 1 at odds of b to 1 is 0 at p = 1 / (1 + b): fair odds, as in
    J. L. Kelly, "A New Interpretation of Information Rate", 1956.
    """
    return 100 / (100 + payout)


def candle(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """A signal must rest on a candle that is known in full."""
    intent = picture.intent
    if intent is None or intent.candle is None or intent.quality in _SOUND:
        return None
    what = f"the candle that strategy {intent.plan} looked at is {intent.quality or 'of unknown quality'}"
    return Refusal("candle_incomplete", f"{what}; only a whole or a backfilled one is traded on")


def _hours(scope: Scope, _order: Order, picture: Picture) -> Refusal | None:
    limits = scope.limits
    if limits.hours is None and limits.days is None:
        return None
    if in_session(picture.now, parse_zone(scope.zone), limits.hours, limits.days):
        return None
    wanted = {"hours": limits.hours, "days": limits.days}
    when = " and ".join(f"{scope.table} {key} is {value}" for key, value in wanted.items() if value is not None)
    wall = datetime.fromtimestamp(picture.now / 1000, parse_zone(scope.zone))
    return Refusal("outside_hours", f"{scope.name}: it is {wall:%a %H:%M} in {scope.zone}, and {when}")


def _clock(scope: Scope, _order: Order, picture: Picture) -> Refusal | None:
    most, offset = scope.limits.max_clock_offset, picture.session.clock_offset_ms
    if most is None or (offset is not None and abs(offset) <= most * SECOND):
        return None
    what = "nobody knows how far the broker's clock is off" if offset is None else f"the clocks differ by {offset} ms"
    return Refusal("clock_off", f"{scope.name}: {what}, and {scope.table} max_clock_offset is {most:g} s")


def _stake(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    least, most = scope.limits.min_stake, scope.limits.max_stake
    if most is not None and order.stake > most:
        return Refusal("stake_too_high", f"{scope.name}: {order.stake} is more than {scope.table} max_stake, {most}")
    if least is not None and order.stake < least:
        return Refusal("stake_too_low", f"{scope.name}: {order.stake} is less than {scope.table} min_stake, {least}")
    return None


def _confidence(scope: Scope, _order: Order, picture: Picture) -> Refusal | None:
    least, intent = scope.limits.min_confidence, picture.intent
    if least is None or intent is None or intent.confidence >= least:
        return None
    what = f"a confidence of {intent.confidence:.3g} is less than {scope.table} min_confidence, {least:g}"
    return Refusal("confidence_too_low", f"{scope.name}: {what}")


def _payout(scope: Scope, order: Order, picture: Picture) -> Refusal | None:
    least, payout = scope.limits.min_payout, payout_in_force(picture)
    if least is None or (payout is not None and payout >= least):
        return None
    if payout is None:
        return _unknown_payout(scope, order, f"min_payout is {least} %")
    return Refusal(
        "payout_too_low", f"{scope.name}: {order.asset} pays {payout} %, and {scope.table} min_payout is {least} %"
    )


def _odds(scope: Scope, order: Order, picture: Picture) -> Refusal | None:
    margin, intent = scope.limits.break_even_margin, picture.intent
    if intent is None:
        return None
    if intent.probability is None and scope.limits.require_probability:
        what = f"strategy {intent.plan} states no probability of a win, and {scope.table} require_probability is true"
        return Refusal("below_break_even", f"{scope.name}: {what}")
    if margin is None:
        return None
    payout = payout_in_force(picture)
    if payout is None:
        return _unknown_payout(scope, order, f"break_even_margin is {margin:g}")
    least = break_even(payout) + margin
    if intent.probability is None or intent.probability >= least:
        return None
    what = f"a win has a probability of {intent.probability:.4g}, which is less than {least:.4g}"
    why = f"break-even at {payout} % and {scope.table} break_even_margin, {margin:g}"
    return Refusal("below_break_even", f"{scope.name}: {what}: {why}")


def _unknown_payout(scope: Scope, order: Order, limit: str) -> Refusal:
    what = f"what {order.asset} pays is not known, and {scope.table} {limit}"
    return Refusal("payout_unknown", f"{scope.name}: {what}")


def payout_in_force(picture: Picture) -> int | None:
    """What a win adds in percent of the stake: the lesser of the signal's and the list's, None if nobody told."""
    listed = None if picture.asset is None else picture.asset.payout
    if picture.intent is None:
        return listed
    told = picture.intent.payout
    return told if told is None or listed is None else min(told, listed)


def _one_per_candle(scope: Scope, order: Order, picture: Picture) -> Refusal | None:
    intent = picture.intent
    if not scope.limits.one_per_candle or intent is None or not picture.exposure.candle_taken:
        return None
    what = f"strategy {intent.plan} has ordered on this candle of {order.asset}"
    return Refusal("candle_taken", f"{scope.name}: {what}, and {scope.table} one_per_candle is true")


QUALITIES: Final[tuple[Check, ...]] = (_hours, _clock, _stake, _confidence, _payout, _odds, _one_per_candle)
