"""The last word before money moves: every guard that an order has to pass, and none that anybody can skip."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import msgspec

from qfluxd.model import (
    SECOND,
    Account,
    Asset,
    Millis,
    Order,
    Refusal,
    Session,
    Sighting,
    TradingSwitch,
    timeframe_name,
)
from qfluxd.settings import RiskSettings

LONGEST: Millis = 43_200 * SECOND
"""The longest trade that the broker takes."""
_CENTS = 2
"""Decimals of a stake, in whatever currency."""

type _Guard = Callable[[Order, "Picture", RiskSettings], Refusal | None]


class Exposure(msgspec.Struct, frozen=True):
    """What is at stake on one account beside the order in question.

    `open` counts orders on their way, deals that are open, and orders in doubt whose deal could still be open; a deal
    opened by hand counts like any other. `at_risk` is the sum of their stakes. `lost` is the UTC day's loss: the
    profits of all deals that closed in it, netted, as a loss and at least 0 (so winnings make up for losses but are
    never put at risk on top of the limit), plus the whole stake of each order in doubt that would have closed in it.
    `let_through` counts the orders let through in the last minute.
    """

    open: int
    at_risk: Decimal
    lost: Decimal
    let_through: int


class Picture(msgspec.Struct, frozen=True):
    """Everything that is known when an order is judged.

    `at` is this machine's clock. `expected` is the account that the driver wants in front, None where every account
    is play money. `asset` is the one that the order names, None where the broker lists none such. `journal` says why
    the journal cannot be written, None where it can.
    """

    at: Millis
    session: Session
    expected: Account | None
    switch: TradingSwitch
    asset: Asset | None
    exposure: Exposure
    journal: str | None


def before(order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Whether an order may be worked on at all: None, or the first guard that stops it."""
    return next(_refusals(order, picture, risk), None)


def at_click(order: Order, sighting: Sighting, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """Whether the button may be pressed now: every guard again, and then what the page itself shows."""
    witnesses = (picture.session.account, sighting.account_label, sighting.account_address)
    return _account(witnesses, picture, risk) or before(order, picture, risk) or _shown(order, sighting)


def _refusals(order: Order, picture: Picture, risk: RiskSettings) -> Iterator[Refusal]:
    for guard in _GUARDS:
        if (refusal := guard(order, picture, risk)) is not None:
            yield refusal


# ------------------------------------------------------------------------------------------ may we at all


def _journal(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    return None if picture.journal is None else Refusal("journal_failed", picture.journal)


def _switch(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    switch = picture.switch
    if switch.state == "active":
        return None
    why = f": {switch.reason}" if switch.reason else ""
    cure = "trading/resume with a reason" if switch.state == "killed" else "trading/resume"
    return Refusal(switch.state, f"trading is {switch.state}{why}; {cure} lets orders through again")


def _session(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    session = picture.session
    if session.state == "ready":
        return None
    if session.state == "stale":
        return Refusal("stale", f"market data is stale: {session.reason}")
    return Refusal("not_ready", f"the session is not ready ({session.state}): {session.reason}")


def _account_in_front(_order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    return _account((picture.session.account,), picture, risk)


def _account(witnesses: tuple[Account | None, ...], picture: Picture, risk: RiskSettings) -> Refusal | None:
    """All witnesses must name an account, and the same; one word of a real account is enough to stop."""
    if "real" in witnesses and not risk.allow_real:
        return Refusal("real_not_allowed", "the real account is in front, and [risk] allow_real is false")
    if None in witnesses or len(set(witnesses)) != 1:
        named = ", ".join(
            f"{who} says {account or 'nothing'}"
            for who, account in zip(("the socket", "the label", "the address"), witnesses, strict=False)
        )
        return Refusal("account_unclear", f"it is not clear which account is in front: {named}; {_remedy(witnesses)}")
    if picture.expected not in (None, witnesses[0]):
        return Refusal(
            "wrong_account", f"the {witnesses[0]} account is in front, and the driver is for {picture.expected}"
        )
    return None


def _remedy(witnesses: tuple[Account | None, ...]) -> str:
    """What makes the witnesses speak, or agree."""
    if witnesses[0] is None:
        return (
            "reload the trading page, by hand or with page/reload, so that its login is heard "
            "([chrome] reload_on_attach = true does so after each start)"
        )
    if witnesses[-1] is None:
        return "open the address of the demo or the real cabinet itself, such as …/en/cabinet/demo-quick-high-low/"
    return "look at the page, and reload it, by hand or with page/reload"


# ---------------------------------------------------------------------------------------- is it an order


def _expired(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    if order.expires_at is None or picture.at < order.expires_at:
        return None
    return Refusal("expired", f"the request expired {picture.at - order.expires_at} ms ago")


def _stake(order: Order, _picture: Picture, risk: RiskSettings) -> Refusal | None:
    return untradable_stake(order.stake, risk)


def untradable_stake(stake: Decimal, risk: RiskSettings) -> Refusal | None:
    """Why no order may have this stake, None where one may."""
    if not stake.is_finite() or stake <= 0:
        return Refusal("bad_stake", f"{stake} is no stake; it must be a number above 0")
    if stake > risk.max_stake:
        return Refusal("stake_too_high", f"{stake} is more than [risk] max_stake, {risk.max_stake}")
    if stake != round(stake, _CENTS):
        return Refusal("bad_stake", f"{stake} is no stake; it may have at most {_CENTS} decimals")
    return None


def _asset(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    if picture.asset is None:
        return Refusal("asset_unknown", f"the broker lists no {order.asset}; assets/list names all")
    if not picture.asset.open:
        return Refusal("asset_closed", f"{order.asset} is closed for trading now")
    return None


def _expiry(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    least = picture.asset.min_expiry if picture.asset is not None else SECOND
    return untradable_expiry(order.expiry, order.asset, least)


def untradable_expiry(expiry: Millis, asset: str, least: Millis) -> Refusal | None:
    """Why no order on an asset whose shortest trade is `least` may have this length, None where one may."""
    if expiry % SECOND == 0 and least <= expiry <= LONGEST:
        return None
    return Refusal(
        "expiry_not_offered", f"{asset} is traded for whole seconds, {least // SECOND} s to {LONGEST // SECOND} s"
    )


# ------------------------------------------------------------------------------------------ is it too much


def _open(_order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    if picture.exposure.open < risk.max_open:
        return None
    what = f"{picture.exposure.open} orders and deals are open or in doubt"
    return Refusal("too_many_open", f"{what}, and [risk] max_open is {risk.max_open}")


def _daily_loss(order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    lost, at_risk = picture.exposure.lost, picture.exposure.at_risk
    if lost + at_risk + order.stake <= risk.max_daily_loss:
        return None
    what = f"{lost} lost today, {at_risk} at risk and this stake of {order.stake}"
    return Refusal("daily_loss", f"{what} could come to more than [risk] max_daily_loss, {risk.max_daily_loss}")


def _rate(_order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    if picture.exposure.let_through < risk.orders_per_minute:
        return None
    return Refusal("rate_limited", f"[risk] orders_per_minute is {risk.orders_per_minute}; ask again later")


_GUARDS: tuple[_Guard, ...] = (
    _journal,
    _switch,
    _session,
    _account_in_front,
    _expired,
    _stake,
    _asset,
    _expiry,
    _open,
    _daily_loss,
    _rate,
)
"""In this order: whether anything may be done, whether this is an order, whether it is too much."""


# -------------------------------------------------------------------------------------- what the page shows


def _shown(order: Order, sighting: Sighting) -> Refusal | None:
    if sighting.asset != order.asset:
        return Refusal("asset_mismatch", f"the page is on {sighting.asset or 'nothing readable'}, not {order.asset}")
    if sighting.expiry != order.expiry:
        shown = "nothing readable" if sighting.expiry is None else _length(sighting.expiry)
        return Refusal("expiry_mismatch", f"the page's expiry is {shown}, not {_length(order.expiry)}")
    if sighting.stake != order.stake:
        shown = "nothing readable" if sighting.stake is None else str(sighting.stake)
        return Refusal("stake_mismatch", f"the page's amount is {shown}, not {order.stake}")
    if not sighting.available:
        return Refusal("button_unavailable", f"the {order.side} button cannot be pressed")
    return None


def _length(expiry: Millis) -> str:
    return timeframe_name(expiry) if expiry % SECOND == 0 and expiry else f"{expiry} ms"
