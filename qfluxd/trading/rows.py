"""The journal's records as rows of its tables, and back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from qfluxd.model import Deal, PlanSwitched, Trade, TradingSwitch
from qfluxd.trading.pace import Passed
from qfluxd.trading.records import ComparisonStep, Opening, Record, Step, Told, trade_of
from qfluxd.trading.returns import Closing
from qfluxd.trading.shadow import ShadowDeal

SHADOW = ", ".join(ShadowDeal.__struct_fields__)
"""The columns are called as the fields are."""

INSERTS: dict[type[Any], str] = {
    Opening: "INSERT INTO orders (id, request, asset, side, stake, expiry, received, expires_at, by_hand, plan, candle)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    Step: "INSERT INTO transitions (trade, stage, code, detail, at, now, attempt, account, artifacts, deal_id, deal)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    Told: "INSERT INTO answers (request, kind, code, detail, data, at) VALUES (?, ?, ?, ?, ?, ?)",
    TradingSwitch: "INSERT INTO switch (state, reason, since, step)"
    " VALUES (?, ?, ?, (SELECT coalesce(max(seq), 0) FROM transitions))",
    PlanSwitched: 'INSERT INTO plans (name, enabled, mode, "by", reason, at) VALUES (?, ?, ?, ?, ?, ?)',
    ShadowDeal: f"INSERT INTO shadow ({SHADOW}) VALUES ({', '.join('?' * len(ShadowDeal.__struct_fields__))})",  # noqa: S608 - names
    ComparisonStep: "INSERT INTO comparisons (name, what, at, data) VALUES (?, ?, ?, ?)",
}

ORDER = "o.id, o.request, o.asset, o.side, o.stake, o.expiry, o.received, o.expires_at, o.by_hand, o.plan, o.candle"
STEP = "t.trade, t.stage, t.code, t.detail, t.at, t.now, t.attempt, t.account, t.artifacts, t.deal"
TOLD = "request, kind, code, detail, data, at"
SWITCH = "state, reason, since"
PLAN = 'name, enabled, mode, "by", reason, at'
COMPARISON = "name, what, at, data"
PASSED = "t.at, o.id, o.asset, o.plan, o.candle, t.now"
CLOSED = "o.plan, t.deal"

_WIDTH = ORDER.count(",") + 1


def values(record: Record) -> Sequence[object]:
    """What `INSERTS` wants for this record."""
    match record:
        case Opening():
            return _opening_values(record)
        case Step():
            return _step_values(record)
        case Told():
            return (record.request, record.kind, record.code, record.detail, record.data.decode(), record.at)
        case TradingSwitch():
            return (record.state, record.reason, record.since)
        case PlanSwitched():
            return (record.name, record.enabled, record.mode, record.by, record.reason, record.at)
        case ShadowDeal():
            return _shadow_values(record)
        case ComparisonStep():
            return (record.name, record.what, record.at, record.data.decode())


def _opening_values(it: Opening) -> Sequence[object]:
    stake = str(it.stake)
    told = (it.id, it.request, it.asset, it.side, stake, it.expiry, it.received, it.expires_at, it.foreign)
    return (*told, it.plan, it.candle)


def _step_values(it: Step) -> Sequence[object]:
    told = (None, None) if it.deal is None else (it.deal.id, msgspec.json.encode(it.deal).decode())
    return (it.trade, it.stage, it.code, it.detail, it.at, it.now, it.attempt, it.account, it.artifacts, *told)


def _shadow_values(it: ShadowDeal) -> Sequence[object]:
    profit = None if it.profit is None else str(it.profit)
    return msgspec.structs.astuple(msgspec.structs.replace(it, stake=str(it.stake), profit=profit))


def trade(row: Sequence[Any]) -> Trade:
    """From `ORDER` and `STEP` in one row."""
    return trade_of(opening(row[:_WIDTH]), step(row[_WIDTH:]))


def opening(row: Sequence[Any]) -> Opening:
    """From `ORDER`."""
    ident, request, asset, side, stake, expiry, received, expires_at, by_hand, plan, candle = row
    told = (ident, request, asset, side, Decimal(stake), expiry, received, expires_at)
    return Opening(*told, foreign=bool(by_hand), plan=plan, candle=candle)


def step(row: Sequence[Any]) -> Step:
    """From `STEP`."""
    ident, stage, code, detail, at, now, attempt, account, artifacts, told = row
    known = None if told is None else deal(told)
    return Step(ident, stage, code, detail, at, now, attempt, account, known, artifacts)


def deal(text: str) -> Deal:
    """From a transition's `deal`."""
    return msgspec.json.decode(text, type=Deal)


def told(row: Sequence[Any]) -> Told:
    """From `TOLD`."""
    request, kind, code, detail, data, at = row
    return Told(request, kind, code, detail, data.encode(), at)


def switched(row: Sequence[Any]) -> PlanSwitched:
    """From `PLAN`."""
    name, enabled, mode, by, reason, at = row
    return PlanSwitched(name, bool(enabled), mode, by, reason, at)


def shadow(row: Sequence[Any]) -> ShadowDeal:
    """From `SHADOW`."""
    deal = ShadowDeal(*row)
    profit = None if deal.profit is None else Decimal(deal.profit)
    return msgspec.structs.replace(deal, stake=Decimal(deal.stake), profit=profit)


def comparison(row: Sequence[Any]) -> ComparisonStep:
    """From `COMPARISON`."""
    name, what, at, data = row
    return ComparisonStep(name, what, at, data.encode())


def passed(row: Sequence[Any]) -> tuple[int, Passed]:
    """From `PASSED`: this machine's clock when an order was let through, and the order."""
    at, ident, asset, plan, candle, now = row
    return at, Passed(ident, asset, plan, candle, now)


def closed(row: Sequence[Any]) -> Closing:
    """From `CLOSED`."""
    plan, told = row
    it = deal(told)
    return Closing(it.account, it.asset, plan, it.profit or Decimal(0), it.closes)
