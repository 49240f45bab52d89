"""The last word before money moves: every guard that an order has to pass, and none that anybody can skip."""

from collections.abc import Iterator
from typing import Final

import msgspec

from qfluxd.model import Order, Refusal, Sighting
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk.measure import MEASURES
from qfluxd.trading.risk.offer import Guard, asset, expired, expiry, stake, untradable_expiry, untradable_stake
from qfluxd.trading.risk.page import account_of, shown
from qfluxd.trading.risk.picture import Exposure, Exposures, Intent, Picture, scopes
from qfluxd.trading.risk.signal import QUALITIES, Check, break_even, candle
from qfluxd.trading.risk.standing import account_in_front, journal, plan, session, switch

__all__ = [
    "Exposure",
    "Exposures",
    "Intent",
    "Picture",
    "at_click",
    "before",
    "before_shadow",
    "break_even",
    "untradable_expiry",
    "untradable_stake",
]

_MAY_WE: Final[tuple[Guard, ...]] = (journal, switch, session, account_in_front, plan)
_MAY_PAPER: Final[tuple[Guard, ...]] = (session, plan)
_IS_IT_ONE: Final[tuple[Guard, ...]] = (expired, stake, asset, expiry, candle)
_IS_IT_RIGHT: Final[tuple[Check, ...]] = (*QUALITIES, *MEASURES)
"""In this order: whether anything may be done, whether this is an order, whether it is good, and not too much."""


def before(order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Whether an order may be worked on at all: None, or the first guard that stops it."""
    return next(_refusals((*_MAY_WE, *_IS_IT_ONE), order, picture, risk), None)


def at_click(order: Order, sighting: Sighting, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Whether the button may be pressed now: every guard again with what is true by now, then what the page shows."""
    witnesses = (picture.session.account, sighting.account_label, sighting.account_address)
    told = _with_shown_payout(picture, sighting)
    return account_of(witnesses, picture, risk) or before(order, told, risk) or shown(order, sighting)


def before_shadow(order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Whether a plan's order may be followed on paper, with the exposures of its ledger of shadow deals.

    The very guards of `before` but those of the real thing: the journal, the switch, and which account is in front.
    """
    return next(_refusals((*_MAY_PAPER, *_IS_IT_ONE), order, picture, risk), None)


def _refusals(guards: tuple[Guard, ...], order: Order, picture: Picture, risk: RiskSettings) -> Iterator[Refusal]:
    for guard in guards:
        if (refusal := guard(order, picture, risk)) is not None:
            yield refusal
    parts = scopes(order, picture, risk)
    for check in _IS_IT_RIGHT:
        for scope in parts:
            if (refusal := check(scope, order, picture)) is not None:
                yield refusal


def _with_shown_payout(picture: Picture, sighting: Sighting) -> Picture:
    """The payout that the page shows counts too where it is less than what the broker has told."""
    if sighting.payout is None or picture.asset is None or sighting.payout >= picture.asset.payout:
        return picture
    lower = msgspec.structs.replace(picture.asset, payout=sighting.payout)
    return msgspec.structs.replace(picture, asset=lower)
