"""The journal's records as rows of its tables, and back."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from qfluxd.model import Deal, Trade, TradingSwitch
from qfluxd.trading.records import Opening, Record, Step, Told, trade_of

INSERTS: dict[type[Any], str] = {
    Opening: "INSERT INTO orders (id, request, asset, side, stake, expiry, received, expires_at, by_hand)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    Step: "INSERT INTO transitions (trade, stage, code, detail, at, now, attempt, account, artifacts, deal_id, deal)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    Told: "INSERT INTO answers (request, kind, code, detail, data, at) VALUES (?, ?, ?, ?, ?, ?)",
    TradingSwitch: "INSERT INTO switch (state, reason, since) VALUES (?, ?, ?)",
}

ORDER = "o.id, o.request, o.asset, o.side, o.stake, o.expiry, o.received, o.expires_at, o.by_hand"
STEP = "t.trade, t.stage, t.code, t.detail, t.at, t.now, t.attempt, t.account, t.artifacts, t.deal"
TOLD = "request, kind, code, detail, data, at"
SWITCH = "state, reason, since"

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


def _opening_values(it: Opening) -> Sequence[object]:
    stake = str(it.stake)
    return (it.id, it.request, it.asset, it.side, stake, it.expiry, it.received, it.expires_at, it.foreign)


def _step_values(it: Step) -> Sequence[object]:
    told = (None, None) if it.deal is None else (it.deal.id, msgspec.json.encode(it.deal).decode())
    return (it.trade, it.stage, it.code, it.detail, it.at, it.now, it.attempt, it.account, it.artifacts, *told)


def trade(row: Sequence[Any]) -> Trade:
    """From `ORDER` and `STEP` in one row."""
    return trade_of(opening(row[:_WIDTH]), step(row[_WIDTH:]))


def opening(row: Sequence[Any]) -> Opening:
    """From `ORDER`."""
    ident, request, asset, side, stake, expiry, received, expires_at, by_hand = row
    return Opening(ident, request, asset, side, Decimal(stake), expiry, received, expires_at, bool(by_hand))


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
