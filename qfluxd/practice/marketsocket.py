"""The market socket: signs a page in, answers what it asks, and streams the ticks of what it looks at."""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from qfluxd.model import SECOND, Millis
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.answering import Answering, room
from qfluxd.practice.assets import Catalogue
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.crowd import Crowd
from qfluxd.practice.dealing import Dealing
from qfluxd.practice.deals import PracticeDeal
from qfluxd.practice.lines import Line
from qfluxd.practice.market import Market, Quote, plain
from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.requests import PERIODS, ChangeSymbol, LoadHistory, OpenOrder, understand
from qfluxd.practice.springs import Springs
from qfluxd.practice.streams import Streams, Visit
from qfluxd.practice.traps import Traps

log = structlog.get_logger()

MEMBERS = "members"
SIGNALS = "signals"


class MarketSocket:
    """Answers the page on the market socket. Nothing of the market is told before a good `auth`."""

    def __init__(
        self,
        account: PracticeAccount,
        catalogue: Catalogue,
        market: Market,
        clock: MarketClock,
        seed: int,
        dealing: Dealing,
        springs: Springs,
        streams: Sequence[str] | None = None,
    ) -> None:
        self.line = Line(self._hear, self._leave)
        self.crowd = Crowd(market, seed)
        self.streams = Streams(self.line, account, market, streams)
        self.heard: deque[tuple[str, Any]] = deque(maxlen=1000)
        self.admits = True
        self.paused: set[str | None] = set()
        self._account = account
        self._catalogue = catalogue
        self._market = market
        self._clock = clock
        self._springs = springs
        self._dealing = dealing
        self._answering = Answering(self.line, account, dealing, springs)

    # ------------------------------------------------------------------------------------ what it tells

    async def tell_tick(self, quote: Quote) -> None:
        """Send one tick to all who look at its symbol, unless the feed or this symbol is paused."""
        if self.paused.isdisjoint((None, quote.symbol)):
            row = [quote.symbol, plain(quote.at / 1000), plain(quote.price)]
            await self.line.tell(f"tick/{quote.symbol}", "updateStream", [row])

    async def tell_signals(self, mark: int) -> None:
        """Send the signals that changed on this mark to all who asked for signals."""
        symbols = [symbol for symbol in self._catalogue.symbols if self._catalogue.is_open(symbol, mark)]
        await self.line.tell(SIGNALS, "signals/update", self.crowd.new_signals(symbols, mark))

    async def tell_feelings(self, mark: int) -> None:
        """Send the share of buyers to all who asked for it."""
        for symbol in self._catalogue.symbols:
            await self.line.tell(f"for/{symbol}", "chafor", [[symbol, self.crowd.buyers(symbol, mark)]])

    async def tell_assets(self, to: str = MEMBERS) -> None:
        """Send the whole list of assets with the payouts of now."""
        await self.line.tell(to, "updateAssets", self._catalogue.rows(self._clock.now()))

    async def tell_traps(self, to: str = MEMBERS) -> None:
        """Send the page the traps that are set."""
        await self.line.tell(to, "practice/traps", self._springs.traps)

    async def settle(self, now: Millis) -> None:
        """Settle what has expired, tell what became of it, and send the answers that were late."""
        await self._settled(self._dealing.settle(now))
        await self._answering.catch_up()

    # ------------------------------------------------------------------------------------ strings to pull

    @property
    def orders(self) -> Sequence[OrderSeen]:
        """Every order that came."""
        return self._dealing.log.seen

    async def set_traps(self, traps: Traps) -> None:
        """Set other traps, and tell the pages."""
        self._springs.set(traps)
        await self.tell_traps()

    async def settle_now(self) -> None:
        """Let every open deal expire at this moment."""
        await self._settled(self._dealing.settle_early(self._clock.now()))

    # ------------------------------------------------------------------------------------ what it hears

    async def _hear(self, event: str, sid: str, *data: object) -> None:
        if event == "auth":
            await self._sign_in(sid, data[0] if data else None)
        elif sid in self.streams.visits:
            try:
                body = understand(event, data)
            except msgspec.ValidationError as error:
                log.warning("practice: request not understood", request=event, error=str(error))
                if event == "openOrder":
                    body = data[0] if data else None
                    await self._answering.nonsense(sid, self.streams.visits[sid].account, body, self._clock.now())
                return
            self.heard.append((event, data[0] if data else None))
            await self._answer(event, sid, body)

    async def _answer(self, event: str, sid: str, body: Any) -> None:
        match event, body:
            case "changeSymbol", ChangeSymbol():
                await self._change_symbol(sid, body)
            case "loadHistoryPeriod" | "loadHistoryPeriodFast", LoadHistory():
                await self._load_history(sid, body)
            case "openOrder", OpenOrder():
                account = self.streams.visits[sid].account
                await self._answering.order(sid, account, body, self._clock.now())
                await self.streams.refresh_all(account)
            case "subfor", str():
                await self.line.server.enter_room(sid, f"for/{body}")
                if body in self._catalogue:
                    await self.line.tell(sid, "chafor", [[body, self.crowd.buyers(body, self._clock.now())]])
            case "unsubfor", str():
                await self.line.server.leave_room(sid, f"for/{body}")
            case "subscribeSymbol", str() if body in self._catalogue:
                self.streams.visits[sid].extra.add(body)
                await self.streams.refresh(sid)
            case "unSubscribeSymbol", str():
                self.streams.visits[sid].extra.discard(body)
                await self.streams.refresh(sid)
            case _:
                await self._answer_state(event, sid, body)

    async def _answer_state(self, event: str, sid: str, body: Any) -> None:
        now = self._clock.now()
        match event:
            case "saveCharts":
                self._account.remember_chart(body)
                self._account.keep()
                await self._drop_payout(sid)
            case "favorite/change":
                self._account.favourites[:] = [symbol for symbol in dict.fromkeys(body) if symbol in self._catalogue]
                self._account.keep()
                await self.line.tell(sid, "successfavorite/change", self._account.favourites)
                await self.streams.refresh(sid)
            case "favorite/load":
                await self.line.tell(sid, "successfavorite/load", self._account.favourites)
            case "assets/load":
                await self.tell_assets(sid)
            case "getBalance" | "updateBalance":
                await self._answering.balance(sid, self.streams.visits[sid].account)
            case "updateOpenedDeals":
                await self._answering.open_deals(sid, self.streams.visits[sid].account)
            case "updateClosedDeals":
                await self._answering.closed_deals(sid, self.streams.visits[sid].account)
            case "indicator/load":
                await self.line.tell(sid, "successindicator/load", {"list": []})
            case "price-alert/load":
                await self.line.tell(sid, "successprice-alert/load", [])
            case "signals/subscribe":
                await self.line.server.enter_room(sid, SIGNALS)
                await self.line.tell(sid, "signals/load", self.crowd.all_signals(sorted(self._catalogue.symbols), now))
            case "signals/unsubscribe":
                await self.line.server.leave_room(sid, SIGNALS)
            case "signals/stats" if body in self._catalogue:
                await self.line.tell(sid, "successsignals/stats", self.crowd.stats(body, now))

    # ---------------------------------------------------------------------------------------- sign in, out

    async def _sign_in(self, sid: str, auth: object) -> None:
        account = self._account.account_of(auth) if self.admits else None
        if account is None:
            log.info("practice: session refused")
            await self.line.turn_away(sid)
            return
        visit = self.streams.visits.setdefault(sid, Visit(account))
        await self.line.server.leave_room(sid, room(visit.account))
        visit.account = account
        await self.line.server.enter_room(sid, MEMBERS)
        await self.tell_assets(sid)
        await self.line.tell(sid, "successauth", {"id": sid})
        await self.line.server.enter_room(sid, room(account))
        await self._answering.open_deals(sid, account)
        await self.line.tell(sid, "successupdatePending", [])
        await self._answering.balance(sid, account)
        await self.line.tell(sid, "updateCharts", self._account.charts_message())
        await self._answering.closed_deals(sid, account)
        await self.line.tell(sid, "successindicator/load", {"list": []})
        await self.line.tell(sid, "successfavorite/change", self._account.favourites)
        if self._springs.in_play:
            await self.tell_traps(sid)
        log.info("practice: page signed in", account=account)

    async def _settled(self, batches: Sequence[Sequence[PracticeDeal]]) -> None:
        for deals in batches:
            await self._answering.settled(deals)
            await self.streams.refresh_all(deals[0].account)

    def _leave(self, sid: str, *_reason: object) -> None:
        self.streams.leave(sid)

    async def _drop_payout(self, sid: str) -> None:
        """The panel is being set: where that trap springs, the chart's asset pays less at once."""
        visit = self.streams.visits.get(sid)
        if self._springs.drops_payout() and visit is not None and visit.chart is not None:
            self._catalogue.lower(visit.chart, self._clock.now())
            await self.tell_assets()

    # ---------------------------------------------------------------------------------------------- charts

    async def _change_symbol(self, sid: str, wanted: ChangeSymbol) -> None:
        if wanted.asset not in self._catalogue or wanted.period not in PERIODS:
            log.warning("practice: no such chart", asset=wanted.asset, period=wanted.period)
            return
        self.streams.visits[sid].chart = wanted.asset
        # From here to the answer nothing waits, so the stream goes on exactly where the history ends.
        await self.streams.refresh(sid)
        await self.line.tell(sid, "updateHistoryNewFast", self._market.history(wanted.asset, wanted.period * SECOND))
        await self._drop_payout(sid)

    async def _load_history(self, sid: str, wanted: LoadHistory) -> None:
        if wanted.asset not in self._catalogue or wanted.period not in PERIODS:
            log.warning("practice: no such history", asset=wanted.asset, period=wanted.period)
            return
        period, listing = wanted.period * SECOND, self._catalogue[wanted.asset]
        rows = self._market.older(wanted.asset, period, wanted.time * SECOND // period * period, wanted.offset * SECOND)
        data = [{"symbol_id": listing.id, **row} for row in rows]
        answer = {"asset": wanted.asset, "index": wanted.index, "data": data, "period": wanted.period}
        await self.line.tell(sid, "loadHistoryPeriodFast", answer)
