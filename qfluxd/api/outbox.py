"""What is to be told to the outside: the newest of everything, and for each listener what it has not had yet.

Whoever listens (MQTT, later HTTP) subscribes to a feed with bounds of its own, so a listener that is slow or away
costs a bounded amount of memory and holds nobody up.
"""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from types import MappingProxyType
from typing import Literal

from qfluxd.api.feed import Feed
from qfluxd.api.wire import Message, Wire, cleared, session_event, signal_event
from qfluxd.model import (
    Candle,
    Fact,
    Gap,
    Millis,
    PlanState,
    Quote,
    Series,
    Session,
    SessionState,
    Tick,
    TradingSwitch,
    Verdict,
)
from qfluxd.settings import RiskSettings

type Stream = Literal["ticks", "candles", "both"]

QUOTE_EVERY = 1.0
"""Seconds between two messages of one ``asset/<asset>``."""
SWEEP_EVERY = 0.1
"""Seconds between two looks at the quotes held back."""


class Outbox:
    """Takes facts at once and never waits; for every retained topic it always knows the newest message.

    A feed is told of everything from its start on, and of everything retained when it asks (`Feed.restate`). Not
    safe to use from other threads than the loop's.
    """

    def __init__(
        self,
        stream: Stream = "both",
        limits: RiskSettings | None = None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._wire = Wire(limits)
        self._clock = clock
        self._switch: TradingSwitch | None = None
        self.reconfigure(stream, self._wire.limits)
        self._truth: dict[str, Message] = {}
        self._feeds: list[Feed] = []
        self._newest: dict[Series, Millis] = {}
        self._signals: dict[tuple[str, str], Millis] = {}
        self._gone: set[str] = set()
        self._state: SessionState | None = None
        self._quotes = Throttle(self._put_quote)

    @property
    def truth(self) -> Mapping[str, Message]:
        """The newest message of every retained topic, oldest topic first."""
        return MappingProxyType(self._truth)

    def reconfigure(self, stream: Stream, limits: RiskSettings) -> None:
        """Say from now on ticks, candles or both, and these limits beside the trading switch."""
        self._ticks = stream != "candles"
        self._candles = stream != "ticks"
        self._wire.limits = limits
        if self._switch is not None:
            self.put(self._wire.encode(self._switch))

    def subscribe(self, *, events: int = 1_000, quick: int = 2_000) -> Feed:
        """A feed of what is put from now on, holding at most so many events and so many ticks and log lines."""
        feed = Feed(self.truth, self._feeds.remove, events=events, quick=quick)
        self._feeds.append(feed)
        return feed

    def on_fact(self, fact: Fact) -> None:
        """Take one fact from the desk."""
        match fact:
            case Tick():
                if self._ticks:
                    self.put(self._wire.tick(fact))
            case Candle():
                self._on_candle(fact)
            case Quote():
                self._quotes.offer(fact, self._clock())
            case Session():
                self._on_session(fact)
            case Gap():
                self._on_gap(fact)
            case Verdict():
                self._on_verdict(fact)
            case PlanState():
                self._on_plan(fact)
            case TradingSwitch():
                self._switch = fact
                self.put(self._wire.encode(fact))
            case _:
                self.put(self._wire.encode(fact))

    def put(self, message: Message) -> None:
        """Tell every feed; a retained message that says what its topic says already is not told again."""
        if message.retain:
            if message.expiry is None and self._truth.get(message.topic) == message:
                return
            self._truth[message.topic] = message
        for feed in self._feeds:
            feed.put(message)

    async def run(self) -> None:
        """Send quotes that were held back when their second is over; on the way out send the rest at once."""
        try:
            while True:
                await self._quotes.wait_held()
                await asyncio.sleep(SWEEP_EVERY)
                self.sweep()
        finally:
            self.flush()

    def sweep(self) -> None:
        """Send the held quotes that are due now."""
        self._quotes.release(self._clock(), QUOTE_EVERY)

    def flush(self) -> None:
        """Send every held quote, due or not."""
        self._quotes.release(self._clock(), 0)

    def _on_candle(self, candle: Candle) -> None:
        # The past that a history brings goes to the store; a topic never steps back in time.
        if self._candles and candle.at >= self._newest.get(candle.series, candle.at):
            self._newest[candle.series] = candle.at
            self.put(self._wire.candle(candle))

    def _on_gap(self, gap: Gap) -> None:
        """A gap may end before candles that were told: the asset's stamps had been wrong and it begins anew."""
        for series in [series for series, at in self._newest.items() if series.asset == gap.asset and at > gap.end]:
            del self._newest[series]
        self.put(self._wire.encode(gap))

    def _on_verdict(self, verdict: Verdict) -> None:
        """The topic is about the newest signal; what becomes of older ones is an event."""
        signal = verdict.signal
        key = signal.plan, signal.series.asset
        if signal.plan not in self._gone and signal.at >= self._signals.get(key, signal.at):
            self._signals[key] = signal.at
            self.put(self._wire.signal(verdict))
        self.put(signal_event(verdict))

    def _on_plan(self, state: PlanState) -> None:
        """With a strategy its signals go too; what becomes of its trades is told by events."""
        self.put(self._wire.encode(state))
        if state.phase != "gone":
            self._gone.discard(state.name)
            return
        self._gone.add(state.name)
        self._signals = {key: at for key, at in self._signals.items() if key[0] != state.name}
        for topic in [topic for topic in self._truth if topic.startswith(f"signal/{state.name}/")]:
            self.put(cleared(topic))

    def _on_session(self, session: Session) -> None:
        self.put(self._wire.encode(session))
        if session.state != self._state:
            self._state = session.state
            self.put(session_event(session))

    def _put_quote(self, quote: Quote) -> None:
        self.put(self._wire.quote(quote))


class Throttle:
    """Lets one quote an asset through each second; the last one offered always gets through in the end."""

    def __init__(self, send: Callable[[Quote], None]) -> None:
        self._send = send
        self._sent: dict[str, tuple[float, Quote]] = {}
        self._held: dict[str, Quote] = {}
        self._any_held = asyncio.Event()

    def offer(self, quote: Quote, now: float) -> None:
        """Send it now if nothing was sent for a second, else hold it in place of the one held before."""
        before = self._sent.get(quote.asset)
        if before is not None and _same(before[1], quote):
            self._held.pop(quote.asset, None)
        elif before is None or now - before[0] >= QUOTE_EVERY:
            self._let_go(quote, now)
        else:
            self._held[quote.asset] = quote
            self._any_held.set()

    def release(self, now: float, age: float) -> None:
        """Send what is held of assets whose last message is at least `age` seconds old."""
        for quote in [quote for asset, quote in self._held.items() if now - self._sent[asset][0] >= age]:
            self._let_go(quote, now)
        if not self._held:
            self._any_held.clear()

    async def wait_held(self) -> None:
        """Return when at least one quote is held."""
        await self._any_held.wait()

    def _let_go(self, quote: Quote, now: float) -> None:
        self._held.pop(quote.asset, None)
        self._sent[quote.asset] = (now, quote)
        self._send(quote)


def _same(one: Quote, other: Quote) -> bool:
    return (one.price, one.payout, one.open, one.sentiment) == (other.price, other.payout, other.open, other.sentiment)
