"""Facts become messages exactly as promised to scripts and dashboards."""

from decimal import Decimal
from typing import Any, get_args

import msgspec
import pytest

from qfluxd.api import wire
from qfluxd.api.payloads import (
    PAYLOADS,
    HealthPayload,
    InfoPayload,
    MqttHealth,
    StatsPayload,
    StrategyScorePayload,
    schema_components,
)
from qfluxd.api.shapes import score_payload, trade_payload
from qfluxd.api.wire import Message, Wire
from qfluxd.evidence import Outcome, summary
from qfluxd.model import (
    AccountState,
    Alert,
    Candle,
    Deal,
    Fact,
    Gap,
    OpenTrades,
    PlanState,
    Quote,
    Series,
    Session,
    Signal,
    Streaming,
    Tick,
    Trade,
    TradingSwitch,
    Verdict,
)
from qfluxd.settings import Limits, RiskSettings

AT = 1_763_769_600_000
MINUTE = Series("EURUSD_otc", 60_000)
TICK = Tick("EURUSD_otc", AT + 123, 1.16027)
CANDLE = Candle(MINUTE, AT, 1.16, 1.17, 1.15, 1.165, 61, "whole")
SESSION = Session("ready", "data is fresh", True, "demo", "EURUSD_otc", 60_000, 7_200_031, AT)
QUOTE = Quote("EURUSD_otc", 1.16027, 92, True, 61, AT)
STREAMING = Streaming(("EURUSD_otc",), ("EURUSD_otc", "#AAPL_otc"), {"EURUSD_otc": 92, "#AAPL_otc": 50})
ACCOUNT = AccountState(Decimal(50000), "USD", "demo", AT)
ALERT = Alert("clock_offset", "the broker's clock is an hour off", AT)
GAP = Gap("EURUSD_otc", AT, AT + 2_500)

DEAL = Deal("d-1", "EURUSD_otc", "call", Decimal(1), 92, AT, AT + 60_000, 1.16, "demo", "USD", 1.17, Decimal("0.92"))
TRADE = Trade(
    "t-1",
    '"mine"',
    "EURUSD_otc",
    "call",
    Decimal("1.5"),
    60_000,
    "settled",
    "ok",
    "",
    AT,
    AT + 61_000,
    "demo",
    DEAL,
    "trades/x",
)
OPEN_TRADES = OpenTrades((msgspec.structs.replace(TRADE, stage="unknown", code="no_answer", detail="why", deal=None),))
SWITCH = TradingSwitch("paused", "news", AT)
SIGNAL = Signal(
    f"ema/EURUSD_otc/{AT}",
    "ema",
    "ema_cross",
    MINUTE,
    AT,
    AT + 60_040,
    "put",
    0.25,
    60_000,
    "live",
    92,
    0.6,
    {"fast": 1.1, "slow": None},
)
VERDICT = Verdict(SIGNAL, "ordered", "let_through", "", AT + 60_040, Decimal("1.5"), "t-1")
PLAN = PlanState(
    "ema",
    "ema_cross",
    enabled=True,
    mode="live",
    phase="warming",
    detail="it has not looked at any candle yet",
    assets=("*_otc",),
    timeframe=60_000,
    options={"fast": 9},
    refused={"stale": 1},
)

HEALTH = HealthPayload(AT, 60, 80.5, None, 0.3, 10, 20, 5, 1.0, None, 0, {"mqtt": 1}, 0, None, None, None, {})
INFO = InfoPayload("0.1.0", wire.API_VERSION, "pocketoption", ("mqtt", "store"), "info", ())


def body(message: Message) -> dict[str, Any]:
    decoded = msgspec.json.decode(message.payload)
    assert isinstance(decoded, dict)
    return decoded


@pytest.mark.parametrize(
    ("fact", "topic", "retain", "qos", "payload"),
    [
        (TICK, "tick/eurusd_otc", False, 0, {"asset": "EURUSD_otc", "at": AT + 123, "price": 1.16027}),
        (
            CANDLE,
            "candle/eurusd_otc/1m",
            True,
            1,
            {
                "asset": "EURUSD_otc",
                "timeframe": "1m",
                "at": AT,
                "open": 1.16,
                "high": 1.17,
                "low": 1.15,
                "close": 1.165,
                "ticks": 61,
                "quality": "whole",
            },
        ),
        (
            SESSION,
            "session",
            True,
            1,
            {
                "state": "ready",
                "reason": "data is fresh",
                "connected": True,
                "account": "demo",
                "asset": "EURUSD_otc",
                "timeframe": "1m",
                "clock_offset_ms": 7_200_031,
                "since": AT,
            },
        ),
        (
            QUOTE,
            "asset/eurusd_otc",
            True,
            1,
            {"asset": "EURUSD_otc", "price": 1.16027, "payout": 92, "open": True, "sentiment": 61, "at": AT},
        ),
        (
            STREAMING,
            "assets",
            True,
            1,
            {
                "streaming": ["EURUSD_otc"],
                "open": ["EURUSD_otc", "#AAPL_otc"],
                "payouts": {"EURUSD_otc": 92, "#AAPL_otc": 50},
            },
        ),
        (ACCOUNT, "account", True, 1, {"balance": 50000, "currency": "USD", "account": "demo", "at": AT}),
        (
            ALERT,
            "event/alert",
            False,
            1,
            {
                "event_type": "clock_offset",
                "code": "clock_offset",
                "detail": "the broker's clock is an hour off",
                "at": AT,
            },
        ),
        (
            GAP,
            "event/alert",
            False,
            1,
            {
                "event_type": "gap",
                "code": "gap",
                "detail": "EURUSD_otc was not heard for 2.5 s",
                "at": AT + 2_500,
                "asset": "EURUSD_otc",
                "start": AT,
                "end": AT + 2_500,
            },
        ),
    ],
)
def test_every_fact_has_the_promised_topic_and_payload(
    fact: Fact, topic: str, retain: bool, qos: int, payload: dict[str, Any]
) -> None:
    """Each fact's topic, retain flag, QoS and every key and value are those of the interface."""
    message = Wire().encode(fact)
    assert (message.topic, message.retain, message.qos, message.expiry) == (topic, retain, qos, None)
    assert body(message) == payload


FACTS = (TICK, CANDLE, GAP, SESSION, QUOTE, STREAMING, ACCOUNT, ALERT, TRADE, OPEN_TRADES, SWITCH, VERDICT, PLAN)


def test_every_kind_of_fact_is_encoded() -> None:
    """No fact of the model is without a message."""
    told = {type(fact) for fact in FACTS}
    assert told == set(get_args(Fact.__value__))


@pytest.mark.parametrize(
    ("amount", "text"),
    [("50000", "50000.00"), ("1E+3", "1000.00"), ("0.1", "0.10"), ("99.99", "99.99"), ("0.12345678", "0.12345678")],
)
def test_money_is_a_number_with_its_digits(amount: str, text: str) -> None:
    """Money is an exact JSON number with two decimals at least."""
    assert f'"balance":{text},'.encode() in wire.account(AccountState(Decimal(amount), None, "real", AT)).payload


def test_prices_carry_no_noise() -> None:
    """A price is written as shortly as it was read."""
    assert b'"price":0.1}' in Wire().tick(Tick("X", AT, 0.1)).payload


def test_status_tells_session_and_reason() -> None:
    """The will and the birth differ in state and reason and share the session."""
    message = wire.status("offline", "the-session", "lost", AT)
    assert (message.topic, message.retain, message.qos) == ("status", True, 1)
    assert body(message) == {"state": "offline", "session": "the-session", "reason": "lost", "at": AT}


def test_health_expires() -> None:
    """Health is retained, and forgotten by an MQTT 5 broker when three of them are missing."""
    mqtt = MqttHealth(True, "5", AT, 0, 0, 0, 10, 0)
    message = wire.health(msgspec.structs.replace(HEALTH, mqtt=mqtt))
    assert (message.topic, message.retain, message.expiry) == ("health", True, 90)
    assert body(message)["mqtt"]["protocol"] == "5"


def test_info_stays_small() -> None:
    """However many settings wait for a restart, info is under 2 KB and names the first of them."""
    many = tuple(f"table_{number}.a_rather_long_setting" for number in range(500))
    message = wire.info(msgspec.structs.replace(INFO, restart_required=many))
    assert 1_500 < len(message.payload) <= 2_048
    named = body(message)["restart_required"]
    assert named == list(many[: len(named)])


def test_assets_stays_under_64_kb() -> None:
    """Of more assets than fit the first are told, and how many names were left out."""
    symbols = tuple(f"ASSET{number:05}_otc" for number in range(5_000))
    message = wire.assets(Streaming(symbols[:50], symbols, dict.fromkeys(symbols, 92)))
    told = body(message)
    assert len(message.payload) <= wire.LARGEST
    assert told["omitted"] == 50 + 2 * 5_000 - len(told["streaming"]) - len(told["open"]) - len(told["payouts"])
    assert told["open"]
    assert told["payouts"]


def test_a_log_line_is_one_object() -> None:
    """A log line has its level in the topic; what JSON does not know becomes text."""
    message = wire.log("warning", "mqtt lost", {"reason": ValueError("gone")}, AT)
    assert (message.topic, message.retain, message.qos) == ("log/warning", False, 0)
    assert body(message) == {"at": AT, "level": "warning", "event": "mqtt lost", "fields": {"reason": "gone"}}


def test_every_payload_has_a_schema() -> None:
    """JSON Schema is generated for every payload; money is the number that it is on the wire."""
    references, definitions = schema_components()
    assert len(references) == len(PAYLOADS)
    assert definitions["AccountPayload"]["properties"]["balance"] == {"type": "number"}
    assert all(definitions[payload.__name__]["description"] for payload in PAYLOADS)


def test_a_trade_is_told_with_its_deal_and_its_money_exact() -> None:
    """Every key of a trade's event, money with the digits it has, the asker's id as it was written."""
    message = Wire().encode(TRADE)
    assert (message.topic, message.retain, message.qos) == ("event/trade", False, 1)
    told = body(message)
    assert told["event_type"] == "settled"
    assert told["trade"].pop("deal") == {
        "id": "d-1",
        "asset": "EURUSD_otc",
        "side": "call",
        "stake": 1.00,
        "payout": 92,
        "opened": AT,
        "closes": AT + 60_000,
        "open_price": 1.16,
        "account": "demo",
        "currency": "USD",
        "close_price": 1.17,
        "profit": 0.92,
    }
    assert told["trade"] == {
        "id": "t-1",
        "request": "mine",
        "asset": "EURUSD_otc",
        "side": "call",
        "stake": 1.5,
        "expiry": "1m",
        "stage": "settled",
        "code": "ok",
        "error": None,
        "received": AT,
        "changed": AT + 61_000,
        "account": "demo",
        "artifacts": "trades/x",
        "foreign": False,
    }
    assert b'"stake":1.50' in message.payload
    assert b'"profit":0.92}' in message.payload


@pytest.mark.parametrize(("kept", "told"), [('"1"', "1"), ("1", "1"), (None, None), ("no json", "no json")])
def test_the_askers_id_comes_back_as_text(kept: str | None, told: str | None) -> None:
    """The journal keeps it as JSON, and a number is its digits; a deal opened by hand has no asker."""
    assert trade_payload(msgspec.structs.replace(TRADE, request=kept)).request == told


def test_a_length_that_no_name_has_is_rounded() -> None:
    """A deal opened by hand may last any time; it is told in whole seconds."""
    for length, name in ((60_400, "1m"), (0, "1s"), (5_500, "6s")):
        assert trade_payload(msgspec.structs.replace(TRADE, expiry=length)).expiry == name


def test_open_trades_are_kept_and_fit() -> None:
    """What is open is retained; of too many the oldest are told and the rest is counted."""
    message = Wire().encode(OPEN_TRADES)
    assert (message.topic, message.retain, message.qos) == ("trades/open", True, 1)
    assert [trade["stage"] for trade in body(message)["trades"]] == ["unknown"]
    assert "omitted" not in body(message)
    many = Wire().encode(OpenTrades(OPEN_TRADES.trades * 1_000))
    assert len(many.payload) <= wire.LARGEST
    assert len(body(many)["trades"]) + body(many)["omitted"] == 1_000


def test_the_switch_is_told_with_the_limits() -> None:
    """Whether orders are let through, why, and what holds for them."""
    limits = RiskSettings(max_stake=Decimal("2.5"), loss_streak=3, asset=Limits(max_at_risk=Decimal(4)))
    message = Wire(limits).encode(SWITCH)
    assert (message.topic, message.retain, message.qos) == ("control", True, 1)
    assert body(message) == {
        "trading": "paused",
        "reason": "news",
        "since": AT,
        "allow_real": False,
        "max_stake": 2.5,
        "max_open": 3,
        "max_daily_loss": 50,
        "orders_per_minute": 6,
        "limits": {"loss_streak": 3, "cool_down": "15m", "one_per_candle": True, "max_clock_offset": 5},
        "asset": {"max_at_risk": 4},
    }


def test_a_signal_is_told_with_what_it_rests_on_and_what_became_of_it() -> None:
    """Every key of a signal: names for lengths, what breaks even at its payout, money exact, no reason lost."""
    message = Wire().encode(VERDICT)
    assert (message.topic, message.retain, message.qos) == ("signal/ema/eurusd_otc", True, 1)
    told = {
        "id": f"ema/EURUSD_otc/{AT}",
        "strategy": "ema",
        "use": "ema_cross",
        "asset": "EURUSD_otc",
        "timeframe": "1m",
        "candle": AT,
        "at": AT + 60_040,
        "side": "put",
        "confidence": 0.25,
        "probability": 0.6,
        "expiry": "1m",
        "payout": 92,
        "break_even": 1 / 1.92,
        "mode": "live",
        "stake": 1.5,
        "outcome": "ordered",
        "code": "let_through",
        "error": None,
        "trade": "t-1",
        "profit": None,
        "changed": AT + 60_040,
        "reasons": {"fast": 1.1, "slow": None},
    }
    assert body(message) == told
    assert b'"stake":1.50' in message.payload
    event = wire.signal_event(VERDICT)
    assert (event.topic, event.retain, event.qos) == ("event/signal", False, 1)
    assert body(event) == {"event_type": "ordered", "signal": told}


def test_a_signal_without_a_payout_has_no_break_even() -> None:
    """What nobody has told is null, and so is what would follow from it."""
    unpaid = msgspec.structs.replace(SIGNAL, payout=None)
    told = body(Wire().encode(Verdict(unpaid, "refused", "payout_unknown", "nobody has told", AT)))
    assert (told["payout"], told["break_even"], told["stake"], told["trade"]) == (None, None, None, None)
    assert (told["code"], told["error"]) == ("payout_unknown", "nobody has told")


def test_a_strategy_is_told_as_it_does() -> None:
    """Every key of a strategy's topic."""
    message = Wire().encode(PLAN)
    assert (message.topic, message.retain, message.qos) == ("strategy/ema", True, 1)
    assert body(message) == {
        "strategy": "ema",
        "use": "ema_cross",
        "enabled": True,
        "mode": "live",
        "state": "warming",
        "detail": "it has not looked at any candle yet",
        "assets": ["*_otc"],
        "timeframe": "1m",
        "options": {"fast": 9},
        "signals": 0,
        "refused": {"stale": 1},
        "skipped": 0,
        "last_signal": None,
        "took_us": None,
    }


def test_of_a_strategy_that_is_gone_nothing_stays() -> None:
    """An empty retained message makes the broker forget it."""
    message = Wire().encode(msgspec.structs.replace(PLAN, phase="gone"))
    assert message == Message("strategy/ema", b"", retain=True, qos=1)


def test_the_score_is_told_with_what_it_tells() -> None:
    """Counts, money, the rate with its interval and break-even; before there is a trade no rate is made up."""
    won = Outcome(Decimal(1), 92, Decimal("0.92"), AT, AT + 60_000)
    some = score_payload(summary([won, Outcome(Decimal(2), 80, Decimal(-2), AT + 60_000, AT + 120_000)]))
    none = score_payload(summary([]))
    message = wire.stats("today", StatsPayload(AT, AT, none, some, {"ema": StrategyScorePayload(None, some)}))
    assert (message.topic, message.retain, message.qos) == ("stats/today", True, 1)
    told = body(message)
    assert (told["since"], told["strategies"]["ema"]) == (AT, {"live": None, "shadow": told["shadow"]})
    assert "omitted" not in told
    shadow = told["shadow"]
    assert (shadow["trades"], shadow["won"], shadow["lost"], shadow["ties"], shadow["unknown"]) == (2, 1, 1, 0, 0)
    assert shadow["low"] < shadow["rate"] == 0.5 < shadow["high"]
    assert shadow["break_even"] == pytest.approx(1 / 1.86)
    assert b'"staked":3.00,"profit":-1.08' in message.payload
    assert shadow["verdict"].startswith("cannot tell yet: 1 won of 2 ")
    assert [told["live"][key] for key in ("trades", "rate", "low", "high", "break_even")] == [0, None, None, None, None]


def test_the_score_fits() -> None:
    """Of too many strategies the last are left out and counted."""
    score = score_payload(summary([Outcome(Decimal(1), 92, Decimal("0.92"), AT, AT + 60_000)]))
    many = {f"strategy_{number:03}": StrategyScorePayload(score, score) for number in range(500)}
    message = wire.stats("total", StatsPayload(AT, None, score, score, many))
    assert message.topic == "stats/total"
    assert len(message.payload) <= wire.LARGEST
    told = body(message)
    assert list(told["strategies"]) == list(many)[: len(told["strategies"])]
    assert len(told["strategies"]) + told["omitted"] == 500


def test_a_picture_is_bytes_and_expires() -> None:
    """The newest picture is retained as it is, for a day."""
    message = wire.screenshot(b"\xff\xd8")
    assert message == Message("screenshot/image", b"\xff\xd8", retain=True, qos=1, expiry=86_400)
