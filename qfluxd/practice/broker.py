"""A running practice broker as its owner holds it: where it answers, and the strings to pull."""

from collections.abc import Sequence
from typing import Any

from qfluxd.errors import DataError
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.marketsocket import MarketSocket
from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.pages import DEMO, LOGIN, REAL, Pages
from qfluxd.practice.recording import ReplaySocket
from qfluxd.practice.traps import Traps
from qfluxd.practice.web import HOST, WebServer


class PracticeBroker:
    """A running practice broker and the strings to pull; `serve` makes one.

    It is reachable from this machine only, and every price on it is made up or recorded.
    """

    def __init__(
        self,
        web: WebServer,
        port: int,
        pages: Pages,
        account: PracticeAccount,
        market: MarketSocket | ReplaySocket,
    ) -> None:
        self.port = port
        self.account = account
        self._web = web
        self._pages = pages
        self._market = market

    @property
    def origin(self) -> str:
        """Where it answers, without a path."""
        return f"http://{HOST}:{self.port}"

    @property
    def url(self) -> str:
        """The trading page of the demo account."""
        return self.origin + DEMO

    @property
    def real_url(self) -> str:
        """The trading page of the account that stands for real money; it is play money too."""
        return self.origin + REAL

    @property
    def login_url(self) -> str:
        """The login page."""
        return self.origin + LOGIN

    @property
    def heard(self) -> Sequence[tuple[str, Any]]:
        """The latest requests of signed-in pages, as (event, body); nothing that authenticates."""
        return () if isinstance(self._market, ReplaySocket) else tuple(self._market.heard)

    @property
    def orders(self) -> Sequence[OrderSeen]:
        """Every order that came, also those that were refused or lost; oldest first."""
        return () if isinstance(self._market, ReplaySocket) else self._market.orders

    async def set_traps(self, traps: Traps) -> None:
        """Set other traps from now on; open pages are told."""
        await self._live.set_traps(traps)

    async def settle_now(self) -> None:
        """Let every open deal expire at this moment."""
        await self._live.settle_now()

    def drop_sockets(self) -> None:
        """Cut every WebSocket without a goodbye; the page opens new ones by itself."""
        self._web.cut()

    def pause(self, symbol: str | None = None) -> None:
        """Stop sending the ticks of one symbol, or of all; they are not sent later either."""
        self._live.paused.add(symbol)

    def resume(self, symbol: str | None = None) -> None:
        """Send ticks again after `pause` with the same argument."""
        self._live.paused.discard(symbol)

    async def push(self, frame: str | bytes) -> None:
        """Send one WebSocket message, exactly as given, on every market socket.

        Raises:
            ValueError: a text that is not an Engine.IO message (does not start with 4).
        """
        for sid in self._market.line.sids:
            await self._market.line.send_raw(sid, frame)

    async def push_event(self, event: str, body: object) -> None:
        """Send one event in the platform's form, header and binary body, on every market socket."""
        for sid in self._market.line.sids:
            await self._market.line.tell(sid, event, body)

    async def refuse(self) -> None:
        """End every session: `NotAuthorized` and a disconnect to each market socket, and none is let in."""
        self._market.admits = False
        for sid in self._market.line.sids:
            await self._market.line.turn_away(sid)

    def admit(self) -> None:
        """Let sessions in again after `refuse`."""
        self._market.admits = True

    async def log_out(self) -> None:
        """Nobody is logged in any more: sessions end, and the trading page leads to the login page."""
        self._pages.logged_in = False
        await self.refuse()
        self._market.admits = True

    def log_in(self) -> None:
        """What a person does on the login page."""
        self._pages.logged_in = True

    @property
    def _live(self) -> MarketSocket:
        if isinstance(self._market, ReplaySocket):
            raise DataError("a replayed capture has no feed to pause and no trades")
        return self._market
