"""Which ticks each page hears: its chart's, its favourites', its open deals', and what it asked for besides."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from qfluxd.model import Account
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.lines import Line
from qfluxd.practice.market import Market


@dataclass(slots=True)
class Visit:
    """One signed-in socket: for which account, and which symbols' ticks it hears."""

    account: Account
    chart: str | None = None
    extra: set[str] = field(default_factory=set)
    hears: set[str] = field(default_factory=set)


class Streams:
    """Keeps every visit in the rooms of the ticks that it should hear; the market tells only what somebody hears."""

    def __init__(
        self, line: Line, account: PracticeAccount, market: Market, usual: Sequence[str] | None = None
    ) -> None:
        """`usual` are the symbols that a page with a chart hears besides it; None means its favourites."""
        self.visits: dict[str, Visit] = {}
        self._line = line
        self._account = account
        self._market = market
        self._usual = usual

    async def refresh(self, sid: str) -> None:
        """What this page looks at has changed."""
        visit = self.visits[sid]
        wanted = self._wanted(visit)
        for symbol in visit.hears - wanted:
            await self._line.server.leave_room(sid, f"tick/{symbol}")
        for symbol in wanted - visit.hears:
            await self._line.server.enter_room(sid, f"tick/{symbol}")
        visit.hears = wanted
        self._watch()

    async def refresh_all(self, account: Account) -> None:
        """The account's deals have changed."""
        for sid, visit in list(self.visits.items()):
            if visit.account == account and sid in self.visits:
                await self.refresh(sid)

    def leave(self, sid: str) -> None:
        """The socket is gone."""
        if self.visits.pop(sid, None) is not None:
            self._watch()

    def _wanted(self, visit: Visit) -> set[str]:
        if visit.chart is None:
            return set(visit.extra)
        usual = self._account.favourites if self._usual is None else self._usual
        dealt = {deal.asset for deal in self._account.ledger.opened(visit.account)}
        return {visit.chart, *usual} | dealt | visit.extra

    def _watch(self) -> None:
        wanted = frozenset[str]().union(*(visit.hears for visit in self.visits.values()))
        for symbol in self._market.watched - wanted:
            self._market.unwatch(symbol)
        for symbol in sorted(wanted - self._market.watched):
            self._market.watch(symbol)
