"""The desk: from what the broker says to what we answer, without waiting."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import assert_never

import msgspec
import polars as pl

from qfluxd.beats import points
from qfluxd.market.board import Board
from qfluxd.market.candles import Book, BookStats
from qfluxd.market.clock import Clock
from qfluxd.model import (
    SECOND,
    AccountState,
    Alert,
    Asset,
    Assets,
    Balance,
    Candle,
    ChartShown,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Event,
    Fact,
    Favorites,
    FeedLost,
    Gap,
    History,
    LoggedIn,
    LoggedOut,
    Millis,
    Note,
    OpenDeals,
    OrderRefused,
    OrderSent,
    Quote,
    Sentiment,
    Series,
    Session,
    Situation,
    Tick,
    parse_timeframe,
)
from qfluxd.model import (
    Account as AccountName,
)
from qfluxd.plans.plan import Plan
from qfluxd.plans.playbook import Playbook, Rules
from qfluxd.settings import MarketSettings
from qfluxd.standing import Standing
from qfluxd.trading.orders import Orders
from qfluxd.trading.shadow import Shadow, ShadowDeal

type Say = Callable[[Fact], None]

_OF_THE_MARKET = (Tick, History, Sentiment, Assets, Favorites, ChartShown, LoggedOut)
"""Events that are none of the orders' business."""


def asset_filter(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Whether a symbol is wanted: it matches one of the patterns (`*`, `?`, `[…]`; case counts)."""
    wanted = tuple(patterns)

    @lru_cache(maxsize=4096)
    def passes(symbol: str) -> bool:
        return any(fnmatchcase(symbol, pattern) for pattern in wanted)

    return passes


class Desk:
    """Hears events and says facts, in one call, on one thread.

    The promise: the facts and their order depend only on the events and their times, so a recorded session
    says the same again. Time passes before an event is looked at; bars close before plans are looked at, and plans in
    the order of the configuration.
    """

    def __init__(
        self,
        settings: MarketSettings,
        say: Say,
        *,
        server_offset: int = 0,
        orders: Orders | None = None,
        plans: Sequence[Plan] = (),
        rules: Rules | None = None,
        keep_shadow: Callable[[ShadowDeal], None] = lambda deal: None,
    ) -> None:
        """`server_offset` is the configured lead of the server's clock over UTC in seconds.

        `orders` hear what concerns them; None where nothing is traded. `keep_shadow` is told each shadow deal as it
        opens and as it ends.
        """
        self._say = say
        self._orders = orders
        self._keep_shadow = keep_shadow
        self._server_offset = server_offset
        self._configure(settings)
        self._clock = Clock()
        self._book = Book(
            [parse_timeframe(name) for name in settings.timeframes],
            origin=server_offset * 1000,
            grace=round(settings.grace * 1000),
            quiet_after=round(settings.quiet_after * 1000),
            keep=settings.keep_candles,
        )
        self._board = Board(self._wanted, round(settings.quiet_after * 1000))
        self._stale_after = round(settings.stale_after * 1000)
        self._standing = Standing(self._stale_after)
        self._account: AccountState | None = None
        self._currencies: dict[AccountName, str] = {}
        self._mismatch: int | None = None
        self._conn: str | None = None
        self.beats = 0
        self.at: Millis = 0
        """This machine's clock at the newest thing that was heard."""
        self._beaten: Millis | None = None
        self._led: Millis = 0
        """The newest beat that was told; those after it, up to `_beaten`, have passed before they were."""
        self._next_look: Millis = 0
        self.shadow = Shadow(round(settings.quiet_after * 1000), self._on_shadow)
        self.plans = Playbook(self, say, self._funds, settings.keep_candles, rules or Rules())
        self.note: Callable[[Note], None] = lambda note: None
        """Keeps what is not in the frames, where somebody records."""
        self.repeat: Callable[[Note], None] = lambda note: None
        """Does what a recording has noted; nothing where nothing is traded."""
        self.plans.replace(plans)
        if orders is not None:
            orders.watchers.append(self.plans.on_trade)

    def _configure(self, settings: MarketSettings) -> None:
        self._wanted = asset_filter(settings.assets)

    def reconfigure(self, settings: MarketSettings) -> None:
        """Apply the settings that can change while running: which assets are wanted."""
        self._configure(settings)
        self._board.wanted = self._wanted

    # ------------------------------------------------------------------------------------------- hearing

    def hear(self, at: Millis, event: Event) -> None:
        """Take one event, read at `at` by this machine's clock: time passes first."""
        if type(event) is Tick:
            self._on_tick(at, event)
            return
        self.at = at
        self._pass_time(at)
        self._take(at, event)
        if self._orders is not None:
            self._tell_orders(self._orders, at, event)
        if not (isinstance(event, Situation) and event.state == "connected"):  # judged with the data that proved it
            self._judge(at)

    def beat(self, at: Millis) -> None:
        """Let time pass with nothing heard; a beat that has passed already does not pass again."""
        beaten = self._beaten
        if beaten is not None and min(self._led, beaten - SECOND + 1) <= at <= beaten:
            self._led = max(at, self._led)
            return
        self._led = at
        self._beat(at)

    def _beat(self, at: Millis) -> None:
        self._beaten = self.at = at
        self.beats += 1
        self._pass_time(at)
        self._judge(at)
        self._look_around(at)
        if self._orders is not None:
            self._orders.beat(at, self._clock.now(at), heard=self.session.state == "ready")

    def come_to(self, at: Millis) -> None:
        """Let the beats up to `at` pass before something is done from outside; a recording then keeps their order."""
        for beat in points(self._beaten, at):
            if self._beaten is None or beat < self._beaten:
                self._led = beat  # the first one, or this machine's clock was set back
            self._beat(beat)
        self.at = max(at, self.at)

    def hear_note(self, at: Millis, note: Note) -> None:
        """Take what a recording has noted at that moment."""
        self.come_to(at)
        if isinstance(note, FeedLost):
            self._lose_feed()
        else:
            self.repeat(note)

    def stop(self, at: Millis) -> None:
        """Say goodbye: the session is over for good."""
        self._say(self._standing.stop(at))

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Pass on something that an edge noticed and a person should know."""
        self._say(Alert(code, detail, at))

    def on_feed_lost(self) -> None:
        """The line to the market was cut or leaked: open bars are not whole any more."""
        self.note(FeedLost(self.at))
        self._lose_feed()

    def _lose_feed(self) -> None:
        self._book.interrupt()
        self.shadow.interrupt(self._clock.now(self.at))
        if self._orders is not None:
            self._orders.on_feed_lost()

    def on_order_unclear(self, _at: Millis) -> None:
        """An order may have left the page unread: silence proves nothing of the clicks that are out."""
        if self._orders is not None:
            self._orders.on_order_unclear()

    def _on_tick(self, at: Millis, tick: Tick) -> None:
        self.at = at
        clock = self._clock
        now = clock.hear(tick.at, at)
        if now >= self._book.due or now > self.shadow.due or now >= self.plans.due:
            self._come_to(now, at)
        news = self._book.tick(tick)
        self._standing.on_tick(at, tick.at)
        self.shadow.on_tick(tick)
        if news:
            self._say_all(news)
            self.plans.run(at, clock.now(at), clock.latest(at))
        if not self._standing.is_ready:
            self._judge(at)
        quote = self._board.on_tick(tick)
        if quote is not None or self._wanted(tick.asset):
            self._say(tick)
            if quote is not None:
                self._say(quote)

    def _take(self, at: Millis, event: Event) -> None:
        match event:
            case Tick():
                self._on_tick(at, event)
            case History():
                told = self._book.seed(event, self._now_of(event, at))
                self._say_all(told, past=True)
                self.plans.on_past(told)
            case Situation():
                self._on_situation(event)
            case Assets():
                self.shadow.on_assets(event)
                self._say_quotes(self._board.on_assets(event, self._clock.now(at)))
                self._next_look = 0
                self._look_around(at)
            case Sentiment():
                self._say_quotes([self._board.on_sentiment(event, self._clock.now(at))])
            case Balance():
                self._on_balance(at, event)
            case ChartShown():
                self._standing.asset = event.asset
                self._standing.timeframe = event.timeframe or self._standing.timeframe
            case OpenDeals() | ClosedDeals() | DealsSettled():
                self._on_currency(at, event.deals[:1])
            case DealOpened():
                self._on_currency(at, (event.deal,))
            case LoggedIn() if event.conn != self._conn:
                self._conn = event.conn
                self._book.interrupt()  # another socket streams from here on, and maybe other assets
            case LoggedIn() | LoggedOut() | Favorites() | OrderSent() | OrderRefused():
                pass  # the driver draws its situation from the first; the others concern whoever trades
            case _:
                assert_never(event)

    def _tell_orders(self, orders: Orders, at: Millis, event: Event) -> None:
        """Orders hear of money; a line that was cut lets silence prove nothing."""
        if isinstance(event, Situation):
            if event.state == "waiting_chrome":
                orders.on_feed_lost()
            elif event.state != "connected":
                orders.on_line_cut()
        elif not isinstance(event, _OF_THE_MARKET):
            orders.hear(at, self._clock.now(at), event)

    def _on_situation(self, situation: Situation) -> None:
        before = self._standing.session
        self._standing.on_situation(situation)
        if before.connected and situation.state != "connected":
            self._book.interrupt()
            self.shadow.interrupt(self._clock.now(self.at))

    def _on_balance(self, at: Millis, balance: Balance) -> None:
        self._standing.account = balance.account
        if balance.currency is not None:
            self._currencies[balance.account] = balance.currency
        before = self._account
        now = AccountState(balance.amount, self._currencies.get(balance.account), balance.account, at)
        if before is None or (before.balance, before.currency, before.account) != (
            now.balance,
            now.currency,
            now.account,
        ):
            self._account = now
            self._say(now)

    def _on_currency(self, at: Millis, deals: Iterable[Deal]) -> None:
        """Deals name their account's currency; the balance does not."""
        for deal in deals:
            if deal.currency is not None and self._currencies.get(deal.account) != deal.currency:
                self._currencies[deal.account] = deal.currency
                if self._account is not None:
                    self._on_balance(at, Balance(self._account.balance, self._account.account))

    # -------------------------------------------------------------------------------------------- saying

    def _pass_time(self, at: Millis) -> None:
        if self._clock.offset_ms is None:
            return  # only the broker's clock closes bars, and before the first tick nobody knows it
        self._come_to(self._clock.now(at), at)

    def _come_to(self, now: Millis, at: Millis) -> None:
        """The broker's clock shows `now`: whatever is due by it happens."""
        if news := self._book.advance(now):
            self._say_all(news)
        self.shadow.on_time(now)
        self.plans.run(at, now, self._clock.latest(at))

    def _say_all(self, facts: Iterable[Candle | Gap], *, past: bool = False) -> None:
        for fact in facts:
            if type(fact) is Candle and not past:
                self.plans.on_closed(fact)
            if self._wanted(fact.series.asset if type(fact) is Candle else fact.asset):  # type: ignore[union-attr]
                self._say(fact)

    def _on_shadow(self, deal: ShadowDeal) -> None:
        self._keep_shadow(deal)
        self.plans.on_shadow(deal)

    def _funds(self) -> Decimal | None:
        return None if self._account is None else self._account.balance

    def _say_quotes(self, quotes: Iterable[Quote | None]) -> None:
        for quote in quotes:
            if quote is not None:
                self._say(quote)

    def _judge(self, at: Millis) -> None:
        session = self._standing.judge(at, self._clock.now(at), self._clock.offset_ms)
        if session is not None:
            self._say(session)

    def _look_around(self, at: Millis) -> None:
        """What need not be looked at more than once a second: who ticks, whether the clocks agree."""
        if self._next_look - SECOND <= at < self._next_look:
            return
        self._next_look = at - at % SECOND + SECOND
        now = self._clock.now(at)
        if (streaming := self._board.streaming(now)) is not None:
            self._say(streaming)
        mismatch = self._clock.mismatch()
        if mismatch != self._mismatch:
            self._mismatch = mismatch
            if mismatch is not None:
                self._say(Alert("server_offset", self._offset_advice(mismatch), at))

    def _now_of(self, history: History, at: Millis) -> Millis:
        """The broker's time at a history; before a live tick has told it, that of the history's newest tick."""
        if self._clock.offset_ms is None and history.ticks:
            return history.ticks[-1].at
        return self._clock.now(at)

    def _offset_advice(self, residual: int) -> str:
        return (
            f"the server's clock looks {self._server_offset + residual} s ahead of UTC, "
            f"and server_offset is {self._server_offset}; set it, or check this machine's clock"
        )

    # ------------------------------------------------------------------------------------------ answering

    @property
    def session(self) -> Session:
        """What may be relied on now."""
        return self._standing.session

    def session_at(self, at: Millis) -> Session:
        """The same as of `at`: what was fresh when it was said last may be stale by now, before any beat.

        The clocks' difference is exact in it, as it was learned from the newest tick.
        """
        session, heard = self.session, self._standing.newest_heard
        if session.clock_offset_ms != (offset := self._clock.offset_ms):
            session = msgspec.structs.replace(session, clock_offset_ms=offset)
        if session.state != "ready" or (heard is not None and -SECOND <= at - heard <= self._stale_after):
            return session  # a clock that was set back tells nothing of how fresh a tick is
        return msgspec.structs.replace(session, state="stale", reason="no tick has been heard for too long")

    @property
    def account(self) -> AccountState | None:
        """The account in front, None before the broker has named one."""
        return self._account

    @property
    def stats(self) -> BookStats:
        """How ticks were folded: late, repeated, backward, gaps."""
        return self._book.stats

    @property
    def newest_tick_heard(self) -> Millis | None:
        """This machine's clock at the newest tick, None before the first."""
        return self._standing.newest_heard

    def now(self, at: Millis) -> Millis:
        """The broker's clock in UTC when this machine's shows `at`; that somebody asks changes nothing."""
        return self._clock.shown(at)

    def asset(self, symbol: str) -> Asset | None:
        """What the broker's newest list says of a symbol."""
        return self._board.asset(symbol)

    def sentiment(self, symbol: str) -> int | None:
        """Percent of traders that buy, None before it was told."""
        return self._board.sentiment(symbol)

    def assets(self) -> list[Asset]:
        """The broker's newest list of assets, by symbol."""
        return self._board.assets()

    def symbols(self) -> list[str]:
        """Every symbol that was listed or heard."""
        return self._board.symbols()

    def price(self, symbol: str) -> float | None:
        """The newest price of a symbol, None before its first tick."""
        return self._board.price(symbol)

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The lengths of candle that are folded, ascending."""
        return self._book.timeframes

    def candles(self, series: Series, count: int) -> list[Candle]:
        """The newest closed candles of a series, oldest first, at most `count`."""
        return self._book.candles(series, count)

    def frame(self, series: Series, count: int) -> pl.DataFrame:
        """The same as a polars frame: at, open, high, low, close, ticks, quality."""
        return self._book.frame(series, count)
