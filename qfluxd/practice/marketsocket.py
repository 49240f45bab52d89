"""The market socket: signs a page in, answers what it asks, and streams the ticks of what it looks at."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import structlog

from qfluxd.model import SECOND, Account
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.assets import Catalogue
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.crowd import Crowd
from qfluxd.practice.lines import Line
from qfluxd.practice.market import Market, Quote, plain
from qfluxd.practice.requests import PERIODS, ChangeSymbol, LoadHistory, OpenOrder, understand

log = structlog.get_logger()

MEMBERS = "members"
SIGNALS = "signals"


@dataclass(slots=True)
class Visit:
    """One signed-in socket: for which account, and which symbols' ticks it hears."""

    account: Account
    chart: str | None = None
    extra: set[str] = field(default_factory=set)
    streams: set[str] = field(default_factory=set)


class MarketSocket:
    """Answers the page on the market socket. Nothing of the market is told before a good `auth`."""

    def __init__(
        self,
        account: PracticeAccount,
        catalogue: Catalogue,
        market: Market,
        clock: MarketClock,
        seed: int,
        streams: Sequence[str] | None = None,
    ) -> None:
        self.line = Line(self._hear, self._leave)
        self.crowd = Crowd(market, seed)
        self.visits: dict[str, Visit] = {}
        self.heard: deque[tuple[str, Any]] = deque(maxlen=1000)
        self.admits = True
        self.paused: set[str | None] = set()
        self._account = account
        self._catalogue = catalogue
        self._market = market
        self._clock = clock
        self._streams = streams

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

    # ------------------------------------------------------------------------------------ what it hears

    async def _hear(self, event: str, sid: str, *data: object) -> None:
        if event == "auth":
            await self._sign_in(sid, data[0] if data else None)
        elif sid in self.visits:
            try:
                body = understand(event, data)
            except msgspec.ValidationError as error:
                log.warning("practice: request not understood", request=event, error=str(error))
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
                await self.line.tell(sid, "failopenOrder", _refusal(body))
            case "subfor", str():
                await self.line.server.enter_room(sid, f"for/{body}")
                if body in self._catalogue:
                    await self.line.tell(sid, "chafor", [[body, self.crowd.buyers(body, self._clock.now())]])
            case "unsubfor", str():
                await self.line.server.leave_room(sid, f"for/{body}")
            case "subscribeSymbol", str() if body in self._catalogue:
                self.visits[sid].extra.add(body)
                await self._restream(sid)
            case "unSubscribeSymbol", str():
                self.visits[sid].extra.discard(body)
                await self._restream(sid)
            case _:
                await self._answer_state(event, sid, body)

    async def _answer_state(self, event: str, sid: str, body: Any) -> None:
        now = self._clock.now()
        match event:
            case "saveCharts":
                self._account.remember_chart(body)
            case "favorite/change":
                self._account.favourites[:] = [symbol for symbol in dict.fromkeys(body) if symbol in self._catalogue]
                await self.line.tell(sid, "successfavorite/change", self._account.favourites)
                await self._restream(sid)
            case "favorite/load":
                await self.line.tell(sid, "successfavorite/load", self._account.favourites)
            case "assets/load":
                await self.tell_assets(sid)
            case "getBalance" | "updateBalance":
                await self._tell_balance(sid)
            case "updateOpenedDeals":
                await self.line.tell(sid, "updateOpenedDeals", [])
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
        self.visits.setdefault(sid, Visit(account)).account = account
        await self.line.server.enter_room(sid, MEMBERS)
        await self.tell_assets(sid)
        await self.line.tell(sid, "successauth", {"id": sid})
        await self.line.tell(sid, "updateOpenedDeals", [])
        await self.line.tell(sid, "successupdatePending", [])
        await self._tell_balance(sid)
        await self.line.tell(sid, "updateCharts", self._account.charts_message())
        await self.line.tell(sid, "updateClosedDeals", [])
        await self.line.tell(sid, "successindicator/load", {"list": []})
        await self.line.tell(sid, "successfavorite/change", self._account.favourites)
        log.info("practice: page signed in", account=account)

    def _leave(self, sid: str, *_reason: object) -> None:
        if self.visits.pop(sid, None) is not None:
            self._watch_only_what_is_looked_at()

    async def _tell_balance(self, sid: str) -> None:
        await self.line.tell(sid, "successupdateBalance", self._account.balance_message(self.visits[sid].account))

    # ---------------------------------------------------------------------------------------------- charts

    async def _change_symbol(self, sid: str, wanted: ChangeSymbol) -> None:
        if wanted.asset not in self._catalogue or wanted.period not in PERIODS:
            log.warning("practice: no such chart", asset=wanted.asset, period=wanted.period)
            return
        self.visits[sid].chart = wanted.asset
        # From here to the answer nothing waits, so the stream goes on exactly where the history ends.
        await self._restream(sid)
        await self.line.tell(sid, "updateHistoryNewFast", self._market.history(wanted.asset, wanted.period * SECOND))

    async def _load_history(self, sid: str, wanted: LoadHistory) -> None:
        if wanted.asset not in self._catalogue or wanted.period not in PERIODS:
            log.warning("practice: no such history", asset=wanted.asset, period=wanted.period)
            return
        period, listing = wanted.period * SECOND, self._catalogue[wanted.asset]
        rows = self._market.older(wanted.asset, period, wanted.time * SECOND // period * period, wanted.offset * SECOND)
        data = [{"symbol_id": listing.id, **row} for row in rows]
        answer = {"asset": wanted.asset, "index": wanted.index, "data": data, "period": wanted.period}
        await self.line.tell(sid, "loadHistoryPeriodFast", answer)

    async def _restream(self, sid: str) -> None:
        """Stream what the page looks at: the chart's asset, the favourites, and what it asked for besides."""
        visit = self.visits[sid]
        charted = {visit.chart} if visit.chart else set()
        usual = set(self._account.favourites if self._streams is None else self._streams) if charted else set()
        wanted = charted | usual | visit.extra
        for symbol in visit.streams - wanted:
            await self.line.server.leave_room(sid, f"tick/{symbol}")
        for symbol in wanted - visit.streams:
            await self.line.server.enter_room(sid, f"tick/{symbol}")
        visit.streams = wanted
        self._watch_only_what_is_looked_at()

    def _watch_only_what_is_looked_at(self) -> None:
        wanted = frozenset[str]().union(*(visit.streams for visit in self.visits.values()))
        for symbol in self._market.watched - wanted:
            self._market.unwatch(symbol)
        for symbol in sorted(wanted - self._market.watched):
            self._market.watch(symbol)


def _refusal(order: OpenOrder) -> dict[str, Any]:
    return {"error": "trading is not offered", "amount": plain(order.amount), "asset": order.asset}
