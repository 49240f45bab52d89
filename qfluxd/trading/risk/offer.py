"""Whether an order is one that the broker takes: still wanted, its stake, asset and length on offer."""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from qfluxd.model import SECOND, Millis, Order, Refusal
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk.picture import Picture

type Guard = Callable[[Order, Picture, RiskSettings], Refusal | None]
"""Why an order is stopped, None where this guard lets it through."""

LONGEST: Final[Millis] = 43_200 * SECOND
"""The longest trade that the broker takes."""
_CENTS: Final = 2
"""Decimals of a stake, in whatever currency."""


def expired(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """Whoever asked may not want it any more."""
    if order.expires_at is None or picture.at < order.expires_at:
        return None
    return Refusal("expired", f"the request expired {picture.at - order.expires_at} ms ago")


def stake(order: Order, _picture: Picture, risk: RiskSettings) -> Refusal | None:
    """It must be an amount that can be staked."""
    return untradable_stake(order.stake, risk)


def untradable_stake(stake: Decimal, risk: RiskSettings) -> Refusal | None:
    """Why no order may have this stake, None where one may."""
    if not stake.is_finite() or stake <= 0:
        return Refusal("bad_stake", f"{stake} is no stake; it must be a number above 0")
    if stake > risk.max_stake:
        return Refusal("stake_too_high", f"account: {stake} is more than [risk] max_stake, {risk.max_stake}")
    if stake != round(stake, _CENTS):
        return Refusal("bad_stake", f"{stake} is no stake; it may have at most {_CENTS} decimals")
    return None


def asset(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """The broker must list the asset as open."""
    if picture.asset is None:
        return Refusal("asset_unknown", f"the broker lists no {order.asset}; assets/list names all")
    if not picture.asset.open:
        return Refusal("asset_closed", f"{order.asset} is closed for trading now")
    return None


def expiry(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """It must be a length for which the asset is traded."""
    least = picture.asset.min_expiry if picture.asset is not None else SECOND
    return untradable_expiry(order.expiry, order.asset, least)


def untradable_expiry(expiry: Millis, asset: str, least: Millis) -> Refusal | None:
    """Why no order on an asset whose shortest trade is `least` may have this length, None where one may."""
    if expiry % SECOND == 0 and least <= expiry <= LONGEST:
        return None
    return Refusal(
        "expiry_not_offered", f"{asset} is traded for whole seconds, {least // SECOND} s to {LONGEST // SECOND} s"
    )
