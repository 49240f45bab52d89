"""The words: what was seen, as values that never change.

Time is `Millis`: integer milliseconds since 1970 in UTC. Money is `Decimal`. Prices are `float`, as the
broker's JSON gives them. Every value here is a frozen `msgspec.Struct`: cheap enough to make one per tick.
"""

import re
from decimal import Decimal
from typing import Any, Literal

import msgspec

type Millis = int
"""Milliseconds: since 1970-01-01 UTC for a point in time, plain for a length of time."""

type Account = Literal["demo", "real"]
type Quality = Literal["whole", "partial", "empty", "backfilled"]
type Side = Literal["call", "put"]
type Stage = Literal["received", "intended", "clicking", "clicked", "accepted", "refused", "settled", "unknown"]
type Mode = Literal["signal", "shadow", "live"]
type TradingState = Literal["active", "paused", "killed"]
type SessionState = Literal["starting", "waiting_chrome", "waiting_page", "login_required", "ready", "stale", "stopped"]

_UNITS: dict[str, Millis] = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_TIMEFRAME = re.compile(r"([1-9][0-9]{0,6})([smhd])")
SECOND, MINUTE, HOUR, DAY = _UNITS.values()


def parse_timeframe(name: str) -> Millis:
    """The length in milliseconds of a timeframe written like ``5s``, ``1m``, ``4h`` or ``1d``.

    Raises:
        ValueError: not of that form, or not between one second and one day.
    """
    match = _TIMEFRAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not a timeframe; write a whole number and s, m, h or d, such as 1m")
    length = int(match[1]) * _UNITS[match[2]]
    if length > DAY:
        raise ValueError(f"{name!r} is longer than one day, the longest timeframe there is")
    return length


def timeframe_name(length: Millis) -> str:
    """The usual name of a timeframe: the largest unit that divides it (60_000 is ``1m``)."""
    for unit, size in reversed(_UNITS.items()):
        if length % size == 0:
            return f"{length // size}{unit}"
    raise ValueError(f"{length} ms is no whole number of seconds")


# ------------------------------------------------------------------------------------------------ frames


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One WebSocket message of the page as Chrome showed it.

    `at` is this machine's clock when it was read, `conn` names the socket, `data` holds the UTF-8 bytes of
    a text message (`text` true) or the body of a binary one; `sent` is true from page to broker. `closed`
    marks the end of the socket, and then there is no data. `note` marks what is no frame of the page at all but a
    `Note` of ours, as JSON: what else the desk was told at that moment.
    """

    at: Millis
    conn: str
    data: bytes
    text: bool = True
    sent: bool = False
    closed: bool = False
    note: bool = False


# ------------------------------------------------------------------------------------------ market facts


class Tick(msgspec.Struct, frozen=True, gc=False, order=True):
    """One quote: the broker's own stamp in UTC, and the price."""

    asset: str
    at: Millis
    price: float


class Series(msgspec.Struct, frozen=True, gc=False, order=True):
    """An asset through a timeframe (a length in milliseconds): the key of everything about candles."""

    asset: str
    timeframe: Millis

    def __str__(self) -> str:
        return f"{self.asset}/{timeframe_name(self.timeframe)}"


class Candle(msgspec.Struct, frozen=True, gc=False):
    """A closed bar. `at` is its opening time; it covers [at, at + timeframe).

    `quality` says what it rests on: ``whole`` every tick from edge to edge was heard; ``partial`` some of
    its time was not heard; ``empty`` it was heard and nothing ticked, so all four prices repeat the last
    close and `ticks` is 0; ``backfilled`` it comes from what the broker told about the past.
    """

    series: Series
    at: Millis
    open: float
    high: float
    low: float
    close: float
    ticks: int
    quality: Quality


class Gap(msgspec.Struct, frozen=True, gc=False):
    """A stretch of time in which an asset that had been ticking was not heard: (start, end) in UTC."""

    asset: str
    start: Millis
    end: Millis


class Bar(msgspec.Struct, frozen=True, gc=False):
    """One row of the broker's own candle history: opening time in UTC and four prices, in that order."""

    at: Millis
    open: float
    high: float
    low: float
    close: float


class History(msgspec.Struct, frozen=True):
    """What the page was told about the past of one asset; seeds the book.

    `bars` are the broker's candles of `timeframe`, ascending; `ticks` are ascending and reach up to the
    moment of the answer, or are empty where the page only asked for older candles.
    """

    series: Series
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]


class Sentiment(msgspec.Struct, frozen=True, gc=False):
    """The broker's figure for its own crowd: percent of traders that buy, 0 to 100."""

    asset: str
    buyers: int


class Asset(msgspec.Struct, frozen=True):
    """What the broker says of something that can be traded.

    `payout` is the percentage of the stake that a win adds; `digits` the decimals of its price;
    `expiries` the lengths of trade offered, ascending.
    """

    symbol: str
    label: str
    kind: str
    digits: int
    payout: int
    open: bool
    otc: bool
    expiries: tuple[Millis, ...]
    min_expiry: Millis


class Assets(msgspec.Struct, frozen=True):
    """The broker's whole list, as pushed; replaces the one before."""

    assets: tuple[Asset, ...]


class Favorites(msgspec.Struct, frozen=True):
    """The symbols starred in the page, in its order."""

    symbols: tuple[str, ...]


# ----------------------------------------------------------------------------------- account, deals, page


class Balance(msgspec.Struct, frozen=True):
    """What an account holds. `currency` is None until something has named it."""

    amount: Decimal
    account: Account
    currency: str | None = None


class Deal(msgspec.Struct, frozen=True):
    """A trade that the broker took. `profit` is None while it is open, 0 for a tie (stake returned)."""

    id: str
    asset: str
    side: Side
    stake: Decimal
    payout: int
    opened: Millis
    closes: Millis
    open_price: float
    account: Account
    currency: str | None = None
    close_price: float | None = None
    profit: Decimal | None = None


class DealOpened(msgspec.Struct, frozen=True):
    """The broker accepted an order; `request` is the page's own id for it, where the answer has one."""

    deal: Deal
    request: str | None = None


class DealsSettled(msgspec.Struct, frozen=True):
    """Deals that have just been settled, each with its own profit."""

    deals: tuple[Deal, ...]


class OrderRefused(msgspec.Struct, frozen=True):
    """The broker turned an order down, in its own words."""

    error: str
    asset: str | None = None
    stake: Decimal | None = None


class OpenDeals(msgspec.Struct, frozen=True):
    """All deals that are open now; not `whole` where one of them could not be read."""

    deals: tuple[Deal, ...]
    whole: bool = True


class ClosedDeals(msgspec.Struct, frozen=True):
    """The latest closed deals, newest first (the broker sends about twenty); see `OpenDeals` for `whole`."""

    deals: tuple[Deal, ...]
    whole: bool = True


class OrderSent(msgspec.Struct, frozen=True):
    """The page was seen sending an order: a witness, not a deal."""

    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    account: Account
    request: str | None = None


class ChartShown(msgspec.Struct, frozen=True):
    """What the page's chart is on. `timeframe` is None where the frame names only the asset."""

    asset: str
    timeframe: Millis | None
    chart: str | None = None


class LoggedIn(msgspec.Struct, frozen=True):
    """The broker accepted the page's session on this socket."""

    conn: str


class LoggedOut(msgspec.Struct, frozen=True):
    """The broker refused or ended the page's session; a person has to log in."""

    reason: str


# ------------------------------------------------------------------------------------------------ trading


class Order(msgspec.Struct, frozen=True):
    """A trade that somebody wants: an asset, a direction, a stake and a length in milliseconds.

    `id` is ours and never used again. `request` is the asker's own id, which acts at most once. `expires_at`
    is when the asker stops wanting it (ms UTC, this machine's clock), None for never. `plan` names the strategy plan
    that wants it, None where a command asked.
    """

    id: str
    request: str
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    received: Millis
    expires_at: Millis | None = None
    plan: str | None = None


class Trade(msgspec.Struct, frozen=True):
    """One order as the journal knows it now, or a deal that was opened by hand in the page (`foreign`).

    `stage` is how far it has come: ``received``, ``intended`` (allowed, the page is being set), ``clicking`` (a click
    is about to be made: from here on it may have been placed), ``clicked``, then ``accepted`` (the broker has it, see
    `deal`), ``refused`` (it was provably not placed; `code` says why), ``settled``, or ``unknown`` (nobody can tell
    yet; it counts as placed). `code` is a stable word and `detail` a sentence. `artifacts` is the folder with its
    screenshots and diagnostics, below the state folder.
    """

    id: str
    request: str | None
    asset: str
    side: Side
    stake: Decimal
    expiry: Millis
    stage: Stage
    code: str
    detail: str
    received: Millis
    changed: Millis
    account: Account | None = None
    deal: Deal | None = None
    artifacts: str | None = None
    foreign: bool = False
    plan: str | None = None

    @property
    def in_doubt(self) -> bool:
        """Whether it may have been placed without our knowing."""
        return self.stage in ("clicking", "clicked", "unknown")

    @property
    def over(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.stage in ("refused", "settled")


class OpenTrades(msgspec.Struct, frozen=True):
    """Every trade that is not over: open deals, and orders on their way or in doubt. Oldest first."""

    trades: tuple[Trade, ...]


class TradingSwitch(msgspec.Struct, frozen=True):
    """Whether orders are let through. ``paused`` ends by `trading/resume`; ``killed`` only by it with a reason."""

    state: TradingState
    reason: str
    since: Millis


class Sighting(msgspec.Struct, frozen=True):
    """What the page itself shows right before a click; None where it does not show it.

    `payout` is in percent. `account_label` is read from the page's label, `account_address` from its address.
    `available` is whether the button for this side can be pressed.
    """

    asset: str | None
    expiry: Millis | None
    stake: Decimal | None
    payout: int | None
    account_label: Account | None
    account_address: Account | None
    available: bool


class Placed(msgspec.Struct, frozen=True):
    """What became of working the page for an order: how often it was clicked, or why it was not.

    `landed` is True where the button took the click or an order frame was seen, False where it provably did not,
    None where that cannot be told. `refusal` is set where no click was made or none landed. `took_ms` names the
    length of each step.
    """

    attempts: int
    landed: bool | None
    refusal: "Refusal | None"
    artifacts: str | None
    took_ms: dict[str, float]


# -------------------------------------------------------------------------------------------- the session


class Situation(msgspec.Struct, frozen=True):
    """How far the driver has come, and why not further."""

    state: Literal["waiting_chrome", "waiting_page", "login_required", "connected"]
    reason: str


class Session(msgspec.Struct, frozen=True):
    """What may be relied on now. ``ready`` is said only while fresh market data arrives.

    `clock_offset_ms` is the broker's clock minus this machine's, None until measured. `since` is when
    `state` was entered.
    """

    state: SessionState
    reason: str
    connected: bool
    account: Account | None
    asset: str | None
    timeframe: Millis | None
    clock_offset_ms: Millis | None
    since: Millis


class Quote(msgspec.Struct, frozen=True):
    """What is known of one asset now: the retained picture behind the ticks."""

    asset: str
    price: float | None
    payout: int | None
    open: bool | None
    sentiment: int | None
    at: Millis


class Streaming(msgspec.Struct, frozen=True):
    """Which symbols tick now, which are open for trading, and every payout (percent)."""

    streaming: tuple[str, ...]
    open: tuple[str, ...]
    payouts: dict[str, int]


class AccountState(msgspec.Struct, frozen=True):
    """The balance of the account in front."""

    balance: Decimal
    currency: str | None
    account: Account
    at: Millis


class Alert(msgspec.Struct, frozen=True):
    """Something a person should know; `code` is a stable word, `detail` a sentence."""

    code: str
    detail: str
    at: Millis


class Refusal(msgspec.Struct, frozen=True):
    """A signal or a command turned down: an answer, not an error.

    `code` is a stable word, `detail` a sentence; `data` is what else an asker can use, such as where a picture of it
    lies.
    """

    code: str
    detail: str
    data: Any = None


# ------------------------------------------------------------------------------------------------ signals


type Outcome = Literal["told", "refused", "shadow", "ordered", "accepted", "won", "lost", "tie", "unknown"]
type PlanPhase = Literal["running", "warming", "off", "benched", "gone"]


class Signal(msgspec.Struct, frozen=True):
    """What a plan wants: a direction on an asset, from the candle that it rests on.

    `id` is ``plan/asset/candle`` and never comes twice. `candle` is the opening time of that candle, `at` the broker's
    time when it was said. `confidence` is 0 to 1 in the strategy's own measure, `probability` that of a win where the
    strategy states one. `payout` is in percent as it was then, None where nobody had told. `reasons` are the numbers
    that the strategy looked at.
    """

    id: str
    plan: str
    strategy: str
    series: Series
    candle: Millis
    at: Millis
    side: Side
    confidence: float
    expiry: Millis
    mode: Mode
    payout: int | None = None
    probability: float | None = None
    reasons: dict[str, float | None] = {}


class Verdict(msgspec.Struct, frozen=True):
    """What became of a signal so far.

    ``told`` and nothing more, ``refused`` with the guard's code, ``shadow`` or ``ordered`` with its stake, and then
    what the trade came to. `trade` is the id of the order or shadow deal.
    """

    signal: Signal
    outcome: Outcome
    code: str
    detail: str
    at: Millis
    stake: Decimal | None = None
    trade: str | None = None
    profit: Decimal | None = None


class PlanState(msgspec.Struct, frozen=True):
    """How a plan is doing. Counts are since the daemon's start; `refused` counts by code.

    `skipped` are runs that came too late or found no fresh candle, `took_us` is how long its last look took.
    """

    name: str
    use: str
    enabled: bool
    mode: Mode
    phase: PlanPhase
    detail: str
    assets: tuple[str, ...]
    timeframe: Millis
    options: dict[str, Any]
    signals: int = 0
    refused: dict[str, int] = {}
    skipped: int = 0
    last_signal: Millis | None = None
    took_us: int | None = None


# -------------------------------------------------------------------------------------------------- notes


class OrderAsked(msgspec.Struct, frozen=True, tag="order_asked"):
    """Somebody asked for an order by command, and it was let through or not."""

    order: Order


class OrderClicking(msgspec.Struct, frozen=True, tag="order_clicking"):
    """A click for an order was permitted."""

    order: str
    at: Millis
    account: Account | None
    attempt: int


class OrderClicked(msgspec.Struct, frozen=True, tag="order_clicked"):
    """It was made."""

    order: str
    at: Millis
    attempt: int
    landed: bool | None


class OrderWorked(msgspec.Struct, frozen=True, tag="order_worked"):
    """The page is not worked for an order any more."""

    order: str
    at: Millis


class OrderGivenUp(msgspec.Struct, frozen=True, tag="order_given_up"):
    """An order was given up before it could have been placed."""

    order: str
    at: Millis
    code: str
    detail: str


class Switched(msgspec.Struct, frozen=True, tag="switched"):
    """Trading was switched off or on."""

    state: TradingState
    reason: str
    at: Millis


class PlanSwitched(msgspec.Struct, frozen=True, tag="plan_switched"):
    """A plan was switched by a command, by the file or by a comparison, or benched; `by` says which."""

    name: str
    enabled: bool
    mode: Mode
    by: str
    reason: str
    at: Millis


class Compared(msgspec.Struct, frozen=True, tag="compared"):
    """These plans (`arms`) are compared since a moment of the broker's clock, each on paper as if it were alone; not
    any more where not `running`. With a `slot` (ms) they take turns, drawn by `seed`; at 0 all of them trade always.
    """

    name: str
    arms: tuple[str, ...]
    slot: Millis
    seed: int
    since: Millis
    running: bool
    at: Millis


class FeedLost(msgspec.Struct, frozen=True, tag="feed_lost"):
    """Frames of the market were missed."""

    at: Millis


class Rival(msgspec.Struct, frozen=True, tag="rival"):
    """Another daemon of our name was met, or is gone (an empty `detail`): no order is let through while it is there."""

    detail: str
    at: Millis


class Leaving(msgspec.Struct, frozen=True, tag="leaving"):
    """The daemon began to stop: nothing was looked at any more, and no new order let through."""

    at: Millis


type Note = (
    FeedLost
    | OrderAsked
    | OrderClicking
    | OrderClicked
    | OrderWorked
    | OrderGivenUp
    | Switched
    | PlanSwitched
    | Compared
    | Rival
    | Leaving
)
"""What the desk is told beside what the broker says: a recording keeps it, so that a replay is told the same."""


type Event = (
    Tick
    | History
    | Sentiment
    | Assets
    | Favorites
    | Balance
    | DealOpened
    | DealsSettled
    | OrderRefused
    | OpenDeals
    | ClosedDeals
    | OrderSent
    | ChartShown
    | LoggedIn
    | LoggedOut
    | Situation
)
"""What a driver may say to the desk."""

type Fact = (
    Tick
    | Candle
    | Gap
    | Session
    | Quote
    | Streaming
    | AccountState
    | Alert
    | Trade
    | OpenTrades
    | TradingSwitch
    | Verdict
    | PlanState
)
"""What the desk may say to the outside."""
