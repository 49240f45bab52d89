"""What the daemon says: facts as messages, each with its topic, its JSON and whether the broker keeps it.

A `Message` carries its topic without the base ``qfluxd/<name>/``, so that it can go to any consumer. The JSON of
each is a model of `qfluxd.api.payloads`.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from qfluxd.api.payloads import (
    AlertPayload,
    AssetPayload,
    AssetsPayload,
    ComparisonEventPayload,
    ComparisonPayload,
    ControlPayload,
    HealthPayload,
    InfoPayload,
    LogLevel,
    LogPayload,
    OpenTradesPayload,
    SessionEventPayload,
    SignalEventPayload,
    StatsPayload,
    StatusPayload,
    TickPayload,
    TradeEventPayload,
    encode_json,
)
from qfluxd.api.shapes import (
    account_payload,
    candle_payload,
    money,
    session_payload,
    signal_payload,
    strategy_payload,
    trade_payload,
)
from qfluxd.api.topics import Topics
from qfluxd.model import (
    AccountState,
    Alert,
    Candle,
    Fact,
    Gap,
    Millis,
    OpenTrades,
    PlanState,
    Quote,
    Session,
    Streaming,
    Tick,
    Trade,
    TradingSwitch,
    Verdict,
)
from qfluxd.settings import Limits, RiskSettings

API_VERSION = 1
LARGEST = 64 * 1024
"""Bytes: no JSON message is larger, and no request may be."""
_TOLD_ALONE = {"max_stake", "max_open", "max_daily_loss", "orders_per_minute"}
LARGEST_INFO = 2 * 1024
"""Bytes: what small clients can take in as `info`."""
HEALTH_EXPIRES = 90
"""Seconds: three of the thirty between two `health` messages."""
SCREENSHOT_EXPIRES = 24 * 3600
"""Seconds: an older picture says nothing of the page."""


class Message(msgspec.Struct, frozen=True, gc=False):
    """One message on its way out.

    `topic` is below the base, or with `elsewhere` a whole one; `expiry` is in seconds and None for ever;
    `correlation` is echoed in answers; `again` marks one that was sent before and not acknowledged.
    """

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 0
    expiry: int | None = None
    correlation: bytes | None = None
    again: bool = False
    elsewhere: bool = False


class Wire:
    """Turns facts into messages; the same fact always gives the same message.

    `limits` are told beside the trading switch.
    """

    def __init__(self, limits: RiskSettings | None = None) -> None:
        self.limits = limits or RiskSettings()
        self.topics = Topics()
        self._tick_topics: dict[str, str] = {}

    def tick(self, fact: Tick) -> Message:
        """``tick/<asset>``, the one that has to be fast."""
        topic = self._tick_topics.get(fact.asset)
        if topic is None:
            topic = self._tick_topics[fact.asset] = f"tick/{self.topics[fact.asset]}"
        return Message(topic, encode_json(TickPayload(fact.asset, fact.at, fact.price)))

    def candle(self, fact: Candle) -> Message:
        """``candle/<asset>/<timeframe>``."""
        payload = candle_payload(fact)
        return _kept(f"candle/{self.topics[payload.asset]}/{payload.timeframe}", payload)

    def quote(self, fact: Quote) -> Message:
        """``asset/<asset>``."""
        payload = AssetPayload(fact.asset, fact.price, fact.payout, fact.open, fact.sentiment, fact.at)
        return _kept(f"asset/{self.topics[fact.asset]}", payload)

    def signal(self, fact: Verdict) -> Message:
        """``signal/<strategy>/<asset>``."""
        payload = signal_payload(fact)
        return _kept(f"signal/{payload.strategy}/{self.topics[payload.asset]}", payload)

    def encode(self, fact: Fact) -> Message:
        """The message for any fact; for a session its state (`session_event` tells of the change)."""
        match fact:
            case Tick():
                return self.tick(fact)
            case Candle():
                return self.candle(fact)
            case Quote():
                return self.quote(fact)
            case Session():
                return session(fact)
            case Streaming():
                self.topics.learn({*fact.streaming, *fact.open, *fact.payouts})
                return assets(fact)
            case AccountState():
                return account(fact)
            case Gap() | Alert():
                return alert(fact)
            case Trade():
                return trade_event(fact)
            case OpenTrades():
                return open_trades(fact)
            case TradingSwitch():
                return control(fact, self.limits)
            case Verdict():
                return self.signal(fact)
            case PlanState():
                return strategy(fact)


def _kept(topic: str, payload: msgspec.Struct, expiry: int | None = None) -> Message:
    return Message(topic, encode_json(payload), retain=True, qos=1, expiry=expiry)


def cleared(topic: str) -> Message:
    """Makes the broker forget what it has retained on a topic."""
    return Message(topic, b"", retain=True, qos=1)


def status(
    state: Literal["online", "offline"], session_id: str, reason: Literal["start", "stop", "lost"], at: Millis
) -> Message:
    """``status``; the last will is ``offline``, ``lost`` with the same session id."""
    return _kept("status", StatusPayload(state, session_id, reason, at))


def session(fact: Session) -> Message:
    """``session``."""
    return _kept("session", session_payload(fact))


def session_event(fact: Session) -> Message:
    """``event/session``."""
    payload = SessionEventPayload(fact.state, fact.reason, fact.connected, fact.account, fact.since)
    return Message("event/session", encode_json(payload), qos=1)


def account(fact: AccountState) -> Message:
    """``account``."""
    return _kept("account", account_payload(fact))


def alert(fact: Alert | Gap) -> Message:
    """``event/alert``; a gap in an asset's ticks is one with the code ``gap``."""
    if isinstance(fact, Gap):
        detail = f"{fact.asset} was not heard for {(fact.end - fact.start) / 1000:g} s"
        payload = AlertPayload("gap", "gap", detail, fact.end, fact.asset, fact.start, fact.end)
    else:
        payload = AlertPayload(fact.code, fact.code, fact.detail, fact.at)
    return Message("event/alert", encode_json(payload), qos=1)


def trade_event(fact: Trade) -> Message:
    """``event/trade``."""
    return Message("event/trade", encode_json(TradeEventPayload(fact.stage, trade_payload(fact))), qos=1)


def open_trades(fact: OpenTrades) -> Message:
    """``trades/open``, under 64 KB: where there are too many the oldest are told and the rest is counted."""
    trades = tuple(trade_payload(trade) for trade in fact.trades)
    message = _kept("trades/open", OpenTradesPayload(trades))
    kept = len(trades)
    while len(message.payload) > LARGEST:
        kept //= 2
        message = _kept("trades/open", OpenTradesPayload(trades[:kept], len(trades) - kept))
    return message


def control(fact: TradingSwitch, limits: RiskSettings) -> Message:
    """``control``."""
    payload = ControlPayload(
        fact.state,
        fact.reason,
        fact.since,
        limits.allow_real,
        money(limits.max_stake),
        limits.max_open,
        money(limits.max_daily_loss),
        limits.orders_per_minute,
        limits.model_dump(include=set(Limits.model_fields), exclude=_TOLD_ALONE, exclude_none=True),
        limits.asset.model_dump(exclude_defaults=True),
    )
    return _kept("control", payload)


def signal_event(fact: Verdict) -> Message:
    """``event/signal``."""
    return Message("event/signal", encode_json(SignalEventPayload(fact.outcome, signal_payload(fact))), qos=1)


def strategy(fact: PlanState) -> Message:
    """``strategy/<name>``; of one that is not configured any more the broker forgets."""
    topic = f"strategy/{fact.name}"
    return cleared(topic) if fact.phase == "gone" else _kept(topic, strategy_payload(fact))


def stats(which: Literal["today", "total"], payload: StatsPayload) -> Message:
    """``stats/today`` and ``stats/total``, under 64 KB: of many strategies the last are left out and counted."""
    message = _kept(f"stats/{which}", payload)
    while len(message.payload) > LARGEST:
        kept = dict(list(payload.strategies.items())[: len(payload.strategies) // 2])
        omitted = payload.omitted + len(payload.strategies) - len(kept)
        payload = msgspec.structs.replace(payload, strategies=kept, omitted=omitted)
        message = _kept(f"stats/{which}", payload)
    return message


def comparison(payload: ComparisonPayload) -> Message:
    """``compare/<name>``."""
    return _kept(f"compare/{payload.comparison}", payload)


def comparison_event(what: Literal["begun", "ended", "promoted"], payload: ComparisonPayload) -> Message:
    """``event/compare``."""
    return Message("event/compare", encode_json(ComparisonEventPayload(what, payload)), qos=1)


def screenshot(jpeg: bytes) -> Message:
    """``screenshot/image``: the bytes of a JPEG."""
    return Message("screenshot/image", jpeg, retain=True, qos=1, expiry=SCREENSHOT_EXPIRES)


def assets(fact: Streaming) -> Message:
    """``assets``, under 64 KB: what does not fit is left out from the end, payouts first, and counted."""
    message = _kept("assets", AssetsPayload(fact.streaming, fact.open, fact.payouts))
    share = 1.0
    while len(message.payload) > LARGEST:
        share /= 2
        message = _kept("assets", _part_of(fact, share))
    return message


def _part_of(fact: Streaming, share: float) -> AssetsPayload:
    keep = [int(len(part) * share) for part in (fact.streaming, fact.open, fact.payouts)]
    omitted = len(fact.streaming) + len(fact.open) + len(fact.payouts) - sum(keep)
    wanted = [*fact.streaming, *fact.open, *fact.payouts]
    payouts = {symbol: fact.payouts[symbol] for symbol in dict.fromkeys(wanted) if symbol in fact.payouts}
    return AssetsPayload(fact.streaming[: keep[0]], fact.open[: keep[1]], dict([*payouts.items()][: keep[2]]), omitted)


def info(payload: InfoPayload) -> Message:
    """``info``, under 2 KB: of many settings that wait for a restart the first are named."""
    message = _kept("info", payload)
    while len(message.payload) > LARGEST_INFO and payload.restart_required:
        payload = msgspec.structs.replace(payload, restart_required=payload.restart_required[:-1])
        message = _kept("info", payload)
    return message


def health(payload: HealthPayload) -> Message:
    """``health``; a broker that speaks MQTT 5 forgets it when the daemon no longer renews it."""
    return _kept("health", payload, HEALTH_EXPIRES)


def log(level: LogLevel, event: str, fields: Mapping[str, Any], at: Millis) -> Message:
    """``log/<level>``; the caller has already taken secrets out."""
    return Message(f"log/{level}", encode_json(LogPayload(at, level, event, dict(fields))))
