"""Whether an order is too much: for what is open and at risk, for what was lost or won, and for how many there were."""

from decimal import Decimal
from typing import Final

from qfluxd.model import Order, Refusal, parse_timeframe
from qfluxd.trading.risk.picture import Picture, Scope
from qfluxd.trading.risk.signal import Check


def _open(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    most, found = scope.limits.max_open, scope.exposure.open
    if most is None or found < most:
        return None
    what = f"{found} orders and deals are open or in doubt"
    return Refusal("too_many_open", f"{scope.name}: {what}, and {scope.table} max_open is {most}")


def _at_risk(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    most, found = scope.limits.max_at_risk, scope.exposure.at_risk
    if most is None or found + order.stake <= most:
        return None
    what = f"{found} at risk and this stake of {order.stake} are more than {scope.table} max_at_risk, {most}"
    return Refusal("too_much_at_risk", f"{scope.name}: {what}")


def _alike(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    most, found = scope.limits.max_per_currency, scope.exposure.alike
    if most is None or found < most:
        return None
    what = f"{found} orders and deals share a currency with {order.asset}"
    return Refusal("correlated", f"{scope.name}: {what}, and {scope.table} max_per_currency is {most}")


def _daily_loss(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    lost = scope.exposure.lost
    return _loss(scope, order, "daily_loss", f"{lost} lost today", lost, scope.limits.max_daily_loss)


def _weekly_loss(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    lost = scope.exposure.lost_in_week
    return _loss(scope, order, "weekly_loss", f"{lost} lost this week", lost, scope.limits.max_weekly_loss)


def _drawdown(scope: Scope, order: Order, _picture: Picture) -> Refusal | None:
    most, now, deepest = scope.limits.max_drawdown, scope.exposure.drawdown, scope.exposure.deepest
    if most is not None and deepest >= most:
        what = f"the result was {deepest} below its best, and {scope.table} max_drawdown is {most}"
        return Refusal("drawdown", f"{scope.name}: {what}; {_COUNT_ANEW}")
    refusal = _loss(scope, order, "drawdown", f"{now} below the best result", now, most)
    return refusal and Refusal(refusal.code, f"{refusal.detail}; {_COUNT_ANEW}")


_COUNT_ANEW: Final = "trading/pause and then trading/resume begin to count anew"


def _loss(scope: Scope, order: Order, code: str, what: str, lost: Decimal, most: Decimal | None) -> Refusal | None:
    """Whether what was lost, what is at risk, and this stake could come to more than a limit."""
    at_risk = scope.exposure.at_risk
    if most is None or lost + at_risk + order.stake <= most:
        return None
    whole = f"{what}, {at_risk} at risk and this stake of {order.stake}"
    return Refusal(code, f"{scope.name}: {whole} could come to more than {scope.table} max_{code}, {most}")


def _daily_profit(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    enough, won = scope.limits.stop_at_daily_profit, scope.exposure.result
    if enough is None or won < enough:
        return None
    what = f"{won} won today, and {scope.table} stop_at_daily_profit is {enough}"
    return Refusal("daily_profit", f"{scope.name}: {what}")


def _weekly_profit(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    enough, won = scope.limits.stop_at_weekly_profit, scope.exposure.result_in_week
    if enough is None or won < enough:
        return None
    what = f"{won} won this week, and {scope.table} stop_at_weekly_profit is {enough}"
    return Refusal("weekly_profit", f"{scope.name}: {what}")


def _streak(scope: Scope, _order: Order, picture: Picture) -> Refusal | None:
    most, losses = scope.limits.loss_streak, scope.exposure.losses
    if most is None or losses < most:
        return None
    left = scope.exposure.lost_at + parse_timeframe(scope.limits.cool_down) - picture.now
    if left <= 0:
        return None
    what = f"{losses} losses in a row, and {scope.table} loss_streak is {most}"
    return Refusal("cooling_down", f"{scope.name}: {what}; the cool-down of {scope.limits.cool_down} ends in {left} ms")


def _balance(scope: Scope, order: Order, picture: Picture) -> Refusal | None:
    least, balance = scope.limits.min_balance, picture.balance
    if least is None:
        return None
    if balance is None:
        what = f"the balance is not known, and {scope.table} min_balance is {least}"
        return Refusal("balance_unknown", f"{scope.name}: {what}")
    left = balance - picture.exposure.account.on_its_way - order.stake
    if left >= least:
        return None
    what = f"the stake would leave a balance of {left}, and {scope.table} min_balance is {least}"
    return Refusal("balance_too_low", f"{scope.name}: {what}")


def _minute(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    return _rate(scope, "rate_limited", "orders_per_minute", scope.exposure.let_through, scope.limits.orders_per_minute)


def _hour(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    return _rate(scope, "too_many_hour", "orders_per_hour", scope.exposure.in_hour, scope.limits.orders_per_hour)


def _day(scope: Scope, _order: Order, _picture: Picture) -> Refusal | None:
    return _rate(scope, "too_many_day", "orders_per_day", scope.exposure.in_day, scope.limits.orders_per_day)


def _rate(scope: Scope, code: str, key: str, found: int, most: int | None) -> Refusal | None:
    if most is None or found < most:
        return None
    what = f"{found} orders were let through, and {scope.table} {key} is {most}"
    return Refusal(code, f"{scope.name}: {what}; ask again later")


MEASURES: Final[tuple[Check, ...]] = (
    _open,
    _at_risk,
    _alike,
    _daily_loss,
    _weekly_loss,
    _daily_profit,
    _weekly_profit,
    _drawdown,
    _streak,
    _balance,
    _minute,
    _hour,
    _day,
)
