"""Facts as topics and answers show them: names for lengths of time, money with its digits."""

from decimal import Decimal
from functools import cache

import msgspec

from qfluxd.api.payloads import AccountPayload, CandlePayload, DealPayload, SessionPayload, TradePayload
from qfluxd.model import SECOND, AccountState, Candle, Deal, Session, Trade, timeframe_name

CENT = Decimal("0.01")

_timeframe = cache(timeframe_name)


def money(amount: Decimal) -> Decimal:
    """An amount with at least two decimals, more where the account has more."""
    exponent = amount.as_tuple().exponent
    return amount if isinstance(exponent, int) and exponent <= -2 else amount.quantize(CENT)


def candle_payload(candle: Candle) -> CandlePayload:
    """A closed candle as topics and answers show it."""
    return CandlePayload(
        candle.series.asset,
        _timeframe(candle.series.timeframe),
        candle.at,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.ticks,
        candle.quality,
    )


def session_payload(fact: Session) -> SessionPayload:
    """The session as topic and answers show it."""
    return SessionPayload(
        fact.state,
        fact.reason,
        fact.connected,
        fact.account,
        fact.asset,
        None if fact.timeframe is None else _timeframe(fact.timeframe),
        fact.clock_offset_ms,
        fact.since,
    )


def account_payload(fact: AccountState) -> AccountPayload:
    """The account as topic and answers show it."""
    return AccountPayload(money(fact.balance), fact.currency, fact.account, fact.at)


def deal_payload(deal: Deal) -> DealPayload:
    """A deal as topics and answers show it."""
    return DealPayload(
        deal.id,
        deal.asset,
        deal.side,
        money(deal.stake),
        deal.payout,
        deal.opened,
        deal.closes,
        deal.open_price,
        deal.account,
        deal.currency,
        deal.close_price,
        None if deal.profit is None else money(deal.profit),
    )


def as_asked(request: str) -> str:
    """An asker's id as text; the journal keeps it as JSON."""
    try:
        return str(msgspec.json.decode(request, type=str | int))
    except msgspec.DecodeError:
        return request


def trade_payload(trade: Trade) -> TradePayload:
    """A trade as topics and answers show it."""
    return TradePayload(
        trade.id,
        None if trade.request is None else as_asked(trade.request),
        trade.asset,
        trade.side,
        money(trade.stake),
        _timeframe(max(SECOND, round(trade.expiry / SECOND) * SECOND)),
        trade.stage,
        trade.code,
        trade.detail or None,
        trade.received,
        trade.changed,
        trade.account,
        None if trade.deal is None else deal_payload(trade.deal),
        trade.artifacts,
        trade.foreign,
    )
