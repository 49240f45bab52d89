"""The JSON of every kind of message, as frozen models: the promise to scripts and dashboards.

Their JSON Schema is generated from them. Times are integer milliseconds UTC, money is a number with its digits.
"""

from decimal import Decimal
from typing import Any, Literal

import msgspec

from qfluxd.model import Account, Millis, Mode, Outcome, PlanPhase, Quality, SessionState, Side, Stage, TradingState

type LogLevel = Literal["debug", "info", "warning", "error"]


class StatusPayload(msgspec.Struct, frozen=True, gc=False):
    """Whether the daemon is there. An ``offline`` counts only with the `session` of the latest ``online``."""

    state: Literal["online", "offline"]
    session: str
    reason: Literal["start", "stop", "lost"]
    at: Millis


class DecisionsPayload(msgspec.Struct, frozen=True, gc=False):
    """Everything that strategies decided in a run: how many signals were judged, and the SHA-256 of all of them.

    A recording of the run that is replayed has the same one.
    """

    count: int
    fingerprint: str


class SessionPayload(msgspec.Struct, frozen=True, gc=False):
    """How far the daemon has come with the broker, and why not further."""

    state: SessionState
    reason: str
    connected: bool
    account: Account | None
    asset: str | None
    timeframe: str | None
    clock_offset_ms: Millis | None
    since: Millis


class InfoPayload(msgspec.Struct, frozen=True, gc=False):
    """Which program this is and what it can do; `restart_required` names settings that wait for a restart."""

    version: str
    api: int
    driver: str
    features: tuple[str, ...]
    log_level: LogLevel
    restart_required: tuple[str, ...]


class MqttHealth(msgspec.Struct, frozen=True, gc=False):
    """The line to the MQTT broker: `protocol` is ``5`` or ``3.1.1`` while connected."""

    connected: bool
    protocol: str | None
    since: Millis
    reconnects: int
    queued: int
    dropped: int
    published: int
    received: int


class TradingHealth(msgspec.Struct, frozen=True, gc=False):
    """Trading: `open` counts trades that are not over, `in_doubt` those of them that may have been placed unseen."""

    state: TradingState
    open: int
    in_doubt: int


class HealthPayload(msgspec.Struct, frozen=True, gc=False):
    """How the daemon is doing. Shares are 0 to 1, None until measured; ages and lags are milliseconds.

    `trading` is null where nothing can be ordered; `page` names controls that are left alone for a while after failing.
    """

    at: Millis
    uptime_s: int
    memory_mb: float
    chrome_memory_mb: float | None
    loop_lag_ms: float
    frames: int
    ticks: int
    tick_age_ms: Millis | None
    live_hour: float | None
    live_day: float | None
    reconnects: int
    queues: dict[str, int]
    dropped: int
    last_error: str | None
    mqtt: MqttHealth | None
    trading: TradingHealth | None
    page: dict[str, str]


class AccountPayload(msgspec.Struct, frozen=True, gc=False):
    """The balance of the account in front."""

    balance: Decimal
    currency: str | None
    account: Account
    at: Millis


class AssetsPayload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Symbols that stream now, those open, payouts in percent; `omitted` counts what did not fit into 64 KB."""

    streaming: tuple[str, ...]
    open: tuple[str, ...]
    payouts: dict[str, int]
    omitted: int = 0


class AssetPayload(msgspec.Struct, frozen=True, gc=False):
    """What is known of one asset now."""

    asset: str
    price: float | None
    payout: int | None
    open: bool | None
    sentiment: int | None
    at: Millis


class TickPayload(msgspec.Struct, frozen=True, gc=False):
    """One quote."""

    asset: str
    at: Millis
    price: float


class CandlePayload(msgspec.Struct, frozen=True, gc=False):
    """A closed candle; `at` is its opening time."""

    asset: str
    timeframe: str
    at: Millis
    open: float
    high: float
    low: float
    close: float
    ticks: int
    quality: Quality


class AlertPayload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something a person should know; `start` and `end` are told of a gap in an asset's ticks."""

    event_type: str
    code: str
    detail: str
    at: Millis
    asset: str | None = None
    start: Millis | None = None
    end: Millis | None = None


class SessionEventPayload(msgspec.Struct, frozen=True, gc=False):
    """The session has entered another state."""

    event_type: SessionState
    reason: str
    connected: bool
    account: Account | None
    at: Millis


class DealPayload(msgspec.Struct, frozen=True, gc=False):
    """A trade as the broker has it. `payout` is in percent; `profit` is null while it is open, 0 for a tie."""

    id: str
    asset: str
    side: Side
    stake: Decimal
    payout: int
    opened: Millis
    closes: Millis
    open_price: float
    account: Account
    currency: str | None
    close_price: float | None
    profit: Decimal | None


class TradePayload(msgspec.Struct, frozen=True, gc=False):
    """One trade as the journal knows it: `request` is the asker's id, null for a deal opened by hand (`foreign`).

    `code` and `error` say why it was refused or is not known; `artifacts` is a folder below the state folder.
    """

    id: str
    request: str | None
    asset: str
    side: Side
    stake: Decimal
    expiry: str
    stage: Stage
    code: str
    error: str | None
    received: Millis
    changed: Millis
    account: Account | None
    deal: DealPayload | None
    artifacts: str | None
    foreign: bool


class TradeEventPayload(msgspec.Struct, frozen=True, gc=False):
    """A trade has come to another stage."""

    event_type: Stage
    trade: TradePayload


class OpenTradesPayload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Trades that are not over, oldest first; `omitted` counts what did not fit into 64 KB."""

    trades: tuple[TradePayload, ...]
    omitted: int = 0


class ControlPayload(msgspec.Struct, frozen=True, gc=False):
    """Whether orders are let through, and the limits that hold for them.

    `limits` are the other limits of the account that are set, `asset` those of each asset.
    """

    trading: TradingState
    reason: str
    since: Millis
    allow_real: bool
    max_stake: Decimal
    max_open: int
    max_daily_loss: Decimal
    orders_per_minute: int
    limits: dict[str, Any]
    asset: dict[str, Any]


class SignalPayload(msgspec.Struct, frozen=True, gc=False):
    """The newest signal of a strategy on an asset, and what became of it.

    `candle` is the opening time of the candle it rests on. `payout` is in percent as it was when it was said, and
    `break_even` the share of decisive trades (0 to 1) that must be won at that payout; both null where nobody had told.
    `confidence` is 0 to 1 in the strategy's own measure; `probability` is that of a win, where the strategy states one.
    `reasons` are the numbers that the strategy looked at.
    """

    id: str
    strategy: str
    use: str
    asset: str
    timeframe: str
    candle: Millis
    at: Millis
    side: Side
    confidence: float
    probability: float | None
    expiry: str
    payout: int | None
    break_even: float | None
    mode: Mode
    stake: Decimal | None
    outcome: Outcome
    code: str
    error: str | None
    trade: str | None
    profit: Decimal | None
    changed: Millis
    reasons: dict[str, float | None]


class SignalEventPayload(msgspec.Struct, frozen=True, gc=False):
    """A strategy has said something, or something has become of what it said."""

    event_type: Outcome
    signal: SignalPayload


class StrategyPayload(msgspec.Struct, frozen=True, gc=False):
    """One strategy of the configuration, and how it is doing. Counts are since the daemon's start.

    `state` is ``running``, ``warming`` (too few candles yet), ``off`` or ``benched`` (it failed; `detail` says how).
    `refused` counts by code; `skipped` are runs that came too late; `took_us` is how long its last look took.
    """

    strategy: str
    use: str
    enabled: bool
    mode: Mode
    state: PlanPhase
    detail: str
    assets: tuple[str, ...]
    timeframe: str
    options: dict[str, Any]
    signals: int
    refused: dict[str, int]
    skipped: int
    last_signal: Millis | None
    took_us: int | None


class ScorePayload(msgspec.Struct, frozen=True, gc=False):
    """What some trades came to, and how much that tells.

    `rate` is the share won of the decisive trades, `low` to `high` its 95 % interval (Wilson), `break_even` what it has
    to beat at the payouts of these very trades; all 0 to 1, null before there is one. A tie gives the stake back and is
    not decisive. `e_value` is the evidence for an edge that may be looked at after every trade (20 is a claim), of the
    moment at which the oldest trade was opened that is not over; `needed` is about how many more decisive trades at
    this rate would tell; `verdict` says all of it in a sentence. A day by itself is not judged: both are null.
    """

    trades: int
    won: int
    lost: int
    ties: int
    unknown: int
    rate: float | None
    low: float | None
    high: float | None
    break_even: float | None
    mean_payout: float | None
    staked: Decimal
    profit: Decimal
    e_value: float | None
    needed: int | None
    verdict: str


class StrategyScorePayload(msgspec.Struct, frozen=True, gc=False):
    """What one strategy's trades came to, those through the page and those on paper."""

    live: ScorePayload | None
    shadow: ScorePayload | None


class StatsPayload(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What trades came to: `live` all of the account's, those by hand too, `shadow` all on paper, and by strategy.

    `since` is the beginning of the day, null for all that the journal knows; `omitted` counts strategies that did not
    fit into 64 KB.
    """

    at: Millis
    since: Millis | None
    live: ScorePayload
    shadow: ScorePayload
    strategies: dict[str, StrategyScorePayload]
    omitted: int = 0


class ComparedPayload(msgspec.Struct, frozen=True, gc=False):
    """What a strategy that is compared came to by itself; `unit_profit` is what a unit of stake earned on average."""

    strategy: str
    unit_profit: float | None
    score: ScorePayload


class ContestPayload(msgspec.Struct, frozen=True, gc=False):
    """One strategy held `against` the first one.

    `chances` are slots of time of an asset at which they differed; at those that `agreed` both made the very same
    trade, and those `unknown` were left out because nobody knows how a trade ended. `earned` and `against_earned` are
    units of the stake for each chance (0 where one did not trade), `ahead` is the difference. `better`, `worse` and
    `same` are evidence that may be looked at after every trade; `level` is enough. `needed` is about how many more
    chances would do.
    """

    strategy: str
    against: str
    chances: int
    agreed: int
    unknown: int
    earned: float | None
    against_earned: float | None
    ahead: float | None
    better: float
    worse: float
    same: float
    level: float
    needed: int | None
    claim: Literal["better", "worse", "same", "harm"] | None
    sentence: str


class TurnsPayload(msgspec.Struct, frozen=True, gc=False):
    """By turns: in how many slots each could have acted, and the evidence that this is not chance (1,000 is broken)."""

    seen: dict[str, int]
    e_value: float


class ComparisonPayload(msgspec.Struct, frozen=True, gc=False):
    """A comparison of strategies: what they came to, and what that is worth.

    `result` is ``undecided`` while it runs; then ``better`` (of `winner`), ``same``, ``harm``, ``over`` (its time is),
    ``void`` or ``stopped``. `beside` counts trades beside the first one of a strategy in a slot, which are scored and
    not compared; `earlier` how often these strategies were compared before. `promotable` says whether `compare/promote`
    would let the winner trade live, `promotion` why, or that it has happened.
    """

    comparison: str
    result: Literal["undecided", "better", "same", "harm", "over", "void", "stopped"]
    winner: str | None
    sentence: str
    kind: Literal["paired", "slots"]
    mode: Mode
    slot: str
    seed: int
    rule: dict[str, int | float]
    since: Millis
    ended: Millis | None
    strategies: tuple[ComparedPayload, ...]
    contests: tuple[ContestPayload, ...]
    turns: TurnsPayload | None
    beside: int
    earlier: int
    promotable: bool
    promotion: str


class ComparisonEventPayload(msgspec.Struct, frozen=True, gc=False):
    """A comparison has begun or ended, or its winner was promoted."""

    event_type: Literal["begun", "ended", "promoted"]
    comparison: ComparisonPayload


class LogPayload(msgspec.Struct, frozen=True, gc=False):
    """One line of the log."""

    at: Millis
    level: LogLevel
    event: str
    fields: dict[str, Any]


PAYLOADS: tuple[type[msgspec.Struct], ...] = (
    StatusPayload,
    SessionPayload,
    InfoPayload,
    HealthPayload,
    AccountPayload,
    AssetsPayload,
    AssetPayload,
    TickPayload,
    CandlePayload,
    AlertPayload,
    SessionEventPayload,
    TradeEventPayload,
    OpenTradesPayload,
    ControlPayload,
    SignalPayload,
    SignalEventPayload,
    StrategyPayload,
    StatsPayload,
    ComparisonPayload,
    ComparisonEventPayload,
    LogPayload,
)

encode_json = msgspec.json.Encoder(decimal_format="number", enc_hook=str).encode
"""Any value as JSON: money as a number with its digits, what JSON does not know as its text."""


def schema_components() -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """JSON Schema references and definitions of every payload, money as the number it is on the wire."""
    return schema_of(PAYLOADS)


def schema_of(types: tuple[type[msgspec.Struct], ...]) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """JSON Schema references and definitions of these models (see `schema_components`)."""
    references, definitions = msgspec.json.schema_components(types)
    return references, _money_as_number(definitions)


def _money_as_number(schema: Any) -> Any:
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {key: value for key, value in schema.items() if key != "format"} | {"type": "number"}
        return {key: _money_as_number(value) for key, value in schema.items()}
    return [_money_as_number(item) for item in schema] if isinstance(schema, list) else schema
