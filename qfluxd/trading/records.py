"""What the journal keeps: who asked for what, every step of every trade and shadow deal, and what was switched."""

import json
from decimal import Decimal
from typing import Literal

import msgspec

from qfluxd.model import SECOND, Account, Deal, Millis, Order, PlanSwitched, Side, Stage, Trade, TradingSwitch
from qfluxd.trading.shadow import ShadowDeal

type Kind = Literal["ok", "refused", "unsure"]
"""How an order went for its asker: the broker took it, it was not placed, or nobody can tell."""


class Opening(msgspec.Struct, frozen=True):
    """The part of a trade that never changes. `foreign` is one opened by hand, which nobody asked for (`request`).

    `plan` names the strategy plan that wants it, `candle` is the opening time of the candle that its signal rests on.
    """

    id: str
    request: str | None
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    received: Millis
    expires_at: Millis | None = None
    foreign: bool = False
    plan: str | None = None
    candle: Millis | None = None


class Step(msgspec.Struct, frozen=True):
    """One transition of a trade, with everything known of it by then.

    `at` is this machine's clock, `now` the broker's (both ms UTC); `attempt` counts clicks from 1.
    """

    trade: str
    stage: Stage
    code: str
    detail: str
    at: Millis
    now: Millis
    attempt: int = 0
    account: Account | None = None
    deal: Deal | None = None
    artifacts: str | None = None


class Told(msgspec.Struct, frozen=True):
    """The final answer to a request, as JSON. `request` is the asker's id in canonical JSON."""

    request: str
    kind: Kind
    code: str
    detail: str
    data: bytes
    at: Millis


class ComparisonStep(msgspec.Struct, frozen=True):
    """What has happened to a comparison of plans, as JSON; all but ``seen`` happens once to each.

    ``seen`` is a slot of time in which one of them said something.
    """

    name: str
    what: Literal["begun", "seen", "ended", "promoted"]
    at: Millis
    data: bytes


class Past(msgspec.Struct, frozen=True):
    """A trade that is not over, as a restart finds it: its steps in order, the first being ``received``."""

    opening: Opening
    steps: tuple[Step, ...]


type Record = Opening | Step | Told | TradingSwitch | PlanSwitched | ShadowDeal | ComparisonStep


def canonical(ident: str | int) -> str:
    """A request's id as the journal knows it: its text as JSON, so that ``1`` and ``"1"`` are one."""
    return json.dumps(str(ident), ensure_ascii=False)


def opening_of(order: Order, candle: Millis | None = None) -> Opening:
    """What never changes of an order; `candle` is the one that a plan's signal rests on."""
    return Opening(
        order.id,
        order.request,
        order.asset,
        order.side,
        order.stake,
        order.expiry,
        order.received,
        order.expires_at,
        plan=order.plan,
        candle=candle,
    )


def foreign_opening(deal: Deal, at: Millis) -> Opening:
    """A deal that was opened by hand, heard of at `at`."""
    length = deal.closes - deal.opened // SECOND * SECOND  # the broker counts from the second in which it opened
    return Opening(f"hand-{deal.id}", None, deal.asset, deal.side, deal.stake, length, at, foreign=True)


def trade_of(opening: Opening, step: Step) -> Trade:
    """The trade as it stands after its newest step."""
    return Trade(
        id=opening.id,
        request=opening.request,
        asset=opening.asset,
        side=opening.side,
        stake=opening.stake,
        expiry=opening.expiry,
        stage=step.stage,
        code=step.code,
        detail=step.detail,
        received=opening.received,
        changed=step.at,
        account=step.account,
        deal=step.deal,
        artifacts=step.artifacts,
        foreign=opening.foreign,
        plan=opening.plan,
    )
