"""Whether anything may be done at all: journal, switch, session, the account in front and the plan behind."""

from qfluxd.model import Order, Refusal
from qfluxd.settings import RiskSettings
from qfluxd.trading.risk.page import account_of
from qfluxd.trading.risk.picture import Picture


def journal(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """Nothing is done that cannot be written down first."""
    return None if picture.journal is None else Refusal("journal_failed", picture.journal)


def switch(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """Trading may be paused or killed."""
    state, reason = picture.switch.state, picture.switch.reason
    if state == "active":
        return None
    why = f": {reason}" if reason else ""
    cure = "trading/resume with a reason" if state == "killed" else "trading/resume"
    return Refusal(state, f"trading is {state}{why}; {cure} lets orders through again")


def session(_order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """Data must be there, and fresh."""
    state, reason = picture.session.state, picture.session.reason
    if state == "ready":
        return None
    if state == "stale":
        return Refusal("stale", f"market data is stale: {reason}")
    return Refusal("not_ready", f"the session is not ready ({state}): {reason}")


def account_in_front(_order: Order, picture: Picture, risk: RiskSettings) -> Refusal | None:
    """The socket must have named the account that is wanted."""
    return account_of((picture.session.account,), picture, risk)


def plan(order: Order, picture: Picture, _risk: RiskSettings) -> Refusal | None:
    """An order of a plan is judged with that plan's limits and what is at stake by it, or not at all."""
    intent = picture.intent
    if intent is None and order.plan is None:
        return None
    if intent is not None and order.plan == intent.plan and picture.exposure.plan is not None:
        return None
    return Refusal("strategy_unknown", f"strategy {order.plan} is not known any more, and neither are its limits")
