"""Between the driver that brings the prices and the desk: the market passes, its account is ours."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from qfluxd.drivers.paper.account import ACCOUNT, Advice, PaperAccount, Word
from qfluxd.market.clock import Clock
from qfluxd.model import (
    Assets,
    Balance,
    ClosedDeals,
    DealOpened,
    DealsSettled,
    Event,
    LoggedIn,
    Millis,
    Note,
    OpenDeals,
    Order,
    OrderAsked,
    OrderClicked,
    OrderClicking,
    OrderGivenUp,
    OrderRefused,
    OrderSent,
    OrderWorked,
    Sighting,
    Situation,
    Tick,
)
from qfluxd.ports import Ear

_OF_ACCOUNTS: Final = (Balance, DealOpened, DealsSettled, OrderRefused, OpenDeals, ClosedDeals, OrderSent)
_OF_ORDERS: Final = (OrderAsked, OrderClicking, OrderClicked, OrderWorked, OrderGivenUp)
_STILL: Final = 4
"""So many turns of the event loop without a new order, and whoever wanted one has brought it."""


class PaperEar:
    """Hears the market for the desk and for the paper account, and says to the desk what the account says.

    The promise: the desk hears of one account only, ours. No order is opened at the tick that brought it about, and the
    desk hears a tick before what the account made of it.
    """

    def __init__(self, ear: Ear, account: PaperAccount, now: Callable[[], Millis]) -> None:
        """`now` is this machine's clock, by which events are told."""
        self._ear = ear
        self._account = account
        self._now = now
        self._clock = Clock()
        self._at: Millis = 0
        self._line = "paper"
        self.connected = False
        """Whether the market is heard, so that orders can be placed."""
        self._brought = 0
        self._busy = False

    # --------------------------------------------------------------------------------------- from the other driver

    def hear(self, at: Millis, event: Event) -> None:
        """Take one event of the other driver."""
        self._at = at
        if type(event) is Tick:
            self._clock.hear(event.at, at)
            words = self._account.on_tick(event)
            self._ear.hear(at, event)
            self._say(at, words)
        elif not isinstance(event, _OF_ACCOUNTS):
            self._pass_on(at, event)

    def beat(self, at: Millis) -> None:
        """Let time pass, for the desk first."""
        self._at = at
        self._ear.beat(at)
        if self._clock.offset_ms is not None:  # before the first tick nobody knows the broker's time
            self._say(at, self._account.on_time(self._clock.now(at)))

    def hear_note(self, at: Millis, note: Note) -> None:
        """Take a recording's note; its orders are those of the account that was recorded."""
        if not isinstance(note, _OF_ORDERS):
            self._ear.hear_note(at, note)

    def on_feed_lost(self) -> None:
        """Frames of the market were missed."""
        self._say(self._at, self._account.lose_feed())
        self._ear.on_feed_lost()

    def on_order_unclear(self, at: Millis) -> None:
        """An order of the other driver's account may have left unread: it is none of ours."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Pass on what the other driver noticed."""
        self._ear.alert(code, detail, at)

    # -------------------------------------------------------------------------------------------- from the hands

    def sighting(self, order: Order) -> Sighting:
        """What a page would show that is set for this order, which is brought here."""
        self._brought += 1
        asset = self._account.listed(order.asset)
        payout = None if asset is None else asset.payout
        available = asset is not None and asset.open
        return Sighting(order.asset, order.expiry, order.stake, payout, ACCOUNT, ACCOUNT, available)

    def place(self, order: Order) -> None:
        """Send an order to the paper broker, now."""
        at = self._now()
        self._ear.hear(at, self._account.place(order, self._clock.now(at)))

    def log_in(self) -> None:
        """Tell the account as after a login."""
        at = self._now()
        self._ear.hear(at, LoggedIn(self._line))
        self._tell_lists(at)

    async def rest(self) -> None:
        """Between two frames of a recording: wait until those who trade have brought what the first made them want."""
        was_busy, brought = self._busy, self._brought
        await asyncio.sleep(0)
        self._busy = self._account.is_awaited
        still = 0
        while (was_busy or self._busy or brought != self._brought) and still < _STILL:
            before = self._brought
            await asyncio.sleep(0)
            still = 0 if before != self._brought else still + 1

    # ---------------------------------------------------------------------------------------------------- inside

    def _pass_on(self, at: Millis, event: Event) -> None:
        leaves = isinstance(event, Situation) and event.state != "connected"
        if (leaves and self.connected) or isinstance(event, LoggedIn):
            self._say(at, self._account.lose_feed())  # another line streams from here on, if any
        self._ear.hear(at, event)
        match event:
            case Assets():
                self._account.on_assets(event)
            case Situation():
                came, self.connected = not leaves and not self.connected, not leaves
                if came:
                    self._ear.hear(at, LoggedIn(self._line))
                    self._tell_lists(at)
            case LoggedIn(conn=conn):
                self._line = conn
                self._tell_lists(at)
            case _:
                pass  # the desk's business alone

    def _tell_lists(self, at: Millis) -> None:
        for event in self._account.lists():
            self._ear.hear(at, event)

    def _say(self, at: Millis, words: Iterable[Word]) -> None:
        for word in words:
            if isinstance(word, Advice):
                self._ear.alert(word.code, word.detail, at)
            else:
                self._ear.hear(at, word)
