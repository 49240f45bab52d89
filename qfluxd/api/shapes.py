"""Facts as topics and answers show them: names for lengths of time, money with its digits."""

from decimal import Decimal
from functools import cache

import msgspec

from qfluxd.api.payloads import (
    AccountPayload,
    CandlePayload,
    DealPayload,
    ScorePayload,
    SessionPayload,
    SignalPayload,
    StrategyPayload,
    TradePayload,
)
from qfluxd.evidence import Figures, Summary, break_even
from qfluxd.model import SECOND, AccountState, Candle, Deal, Millis, PlanState, Session, Trade, Verdict, timeframe_name

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
        length_name(trade.expiry),
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


def length_name(length: Millis) -> str:
    """The name of a length that need not be a whole number of seconds."""
    return _timeframe(max(SECOND, round(length / SECOND) * SECOND))


def signal_payload(verdict: Verdict) -> SignalPayload:
    """A signal with what became of it, as topics and answers show it."""
    signal = verdict.signal
    return SignalPayload(
        id=signal.id,
        strategy=signal.plan,
        use=signal.strategy,
        asset=signal.series.asset,
        timeframe=_timeframe(signal.series.timeframe),
        candle=signal.candle,
        at=signal.at,
        side=signal.side,
        confidence=signal.confidence,
        probability=signal.probability,
        expiry=length_name(signal.expiry),
        payout=signal.payout,
        break_even=None if not signal.payout else break_even(signal.payout),
        mode=signal.mode,
        stake=None if verdict.stake is None else money(verdict.stake),
        outcome=verdict.outcome,
        code=verdict.code,
        error=verdict.detail or None,
        trade=verdict.trade,
        profit=None if verdict.profit is None else money(verdict.profit),
        changed=verdict.at,
        reasons=signal.reasons,
    )


def strategy_payload(state: PlanState) -> StrategyPayload:
    """A strategy of the configuration as topics and answers show it."""
    return StrategyPayload(
        strategy=state.name,
        use=state.use,
        enabled=state.enabled,
        mode=state.mode,
        state=state.phase,
        detail=state.detail,
        assets=state.assets,
        timeframe=_timeframe(state.timeframe),
        options=state.options,
        signals=state.signals,
        refused=state.refused,
        skipped=state.skipped,
        last_signal=state.last_signal,
        took_us=state.took_us,
    )


def score_payload(summary: Summary) -> ScorePayload:
    """What trades came to and what that tells, as topics and answers show it."""
    return _score(summary, summary.edge, summary.needed, summary.verdict)


def day_payload(figures: Figures) -> ScorePayload:
    """What the trades of one day came to: a bet that begins anew with each day would sooner or later claim anything."""
    return _score(figures, None, None, f"a day is judged in the total: {figures.sentence}{figures.left_out}")


def _score(figures: Figures, e_value: float | None, needed: int | None, verdict: str) -> ScorePayload:
    decisive = figures.rate is not None
    return ScorePayload(
        trades=figures.won + figures.lost + figures.tie + figures.unknown,
        won=figures.won,
        lost=figures.lost,
        ties=figures.tie,
        unknown=figures.unknown,
        rate=figures.rate,
        low=figures.interval.low if decisive else None,
        high=figures.interval.high if decisive else None,
        break_even=figures.break_even,
        mean_payout=figures.mean_payout,
        staked=money(figures.staked),
        profit=money(figures.profit),
        e_value=e_value,
        needed=needed,
        verdict=verdict,
    )
