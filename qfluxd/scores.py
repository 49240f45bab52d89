"""What trades come to, today and in all: by account and by strategy, those through the page and those on paper."""

from collections.abc import Callable, Iterable
from typing import Final, Literal

from qfluxd.api.payloads import ScorePayload, StatsPayload, StrategyScorePayload
from qfluxd.api.shapes import score_payload
from qfluxd.evidence import Outcome, Record, summarised
from qfluxd.hours import Calendar
from qfluxd.model import Fact, Millis, Trade
from qfluxd.trading.shadow import ShadowDeal

type Kind = Literal["live", "shadow"]
type Which = Literal["today", "total"]
type _Whose = tuple[Kind, str | None]
type Tell = Callable[[Which, StatsPayload], None]

_ALL: Final = None


class Board:
    """The records of one stretch of time."""

    def __init__(self, since: Millis | None) -> None:
        self.since = since
        self._records: dict[_Whose, Record] = {("live", _ALL): Record(), ("shadow", _ALL): Record()}
        self._scored: dict[_Whose, ScorePayload] = {}

    def add(self, kind: Kind, plan: str | None, outcome: Outcome) -> None:
        """A trade is over; `plan` is None for one that no strategy wanted."""
        for whose in {(kind, _ALL), (kind, plan)}:
            self._records.setdefault(whose, Record()).add(outcome)
            self._scored.pop(whose, None)

    def payload(self, at: Millis) -> StatsPayload:
        """As topics and answers show it."""
        names = sorted({plan for _, plan in self._records if plan is not None})
        for whose in self._records.keys() - self._scored.keys():  # a sum takes long, and few have changed
            self._scored[whose] = score_payload(summarised(self._records[whose]))
        scored = self._scored
        strategies = {
            name: StrategyScorePayload(scored.get(("live", name)), scored.get(("shadow", name))) for name in names
        }
        return StatsPayload(at, self.since, scored["live", _ALL], scored["shadow", _ALL], strategies)


class Scores:
    """Keeps the score, and tells it when time passes after it has changed: a sum takes longer than a trade's end may.

    The promise: each trade is counted once, on the day in which it was opened by the broker's clock; a day that has
    begun is told with nothing in it.
    """

    def __init__(self, calendar: Calendar, tell: Tell) -> None:
        self._calendar = calendar
        self._tell = tell
        self._total = Board(None)
        self._today = Board(0)
        self._day: int | None = None
        self._counted: set[str] = set()
        self._is_told = True

    def restore(self, trades: Iterable[Trade], deals: Iterable[ShadowDeal], now: Millis) -> None:
        """Count what ended before this start, then tell it."""
        self._begin(now)
        for trade in trades:
            self._count_trade(trade)
        for deal in deals:
            self._count_shadow(deal)
        self.tell(now)

    def on_fact(self, fact: Fact) -> None:
        """Hear of trades that end."""
        if type(fact) is Trade:
            self._count_trade(fact)

    def on_shadow(self, deal: ShadowDeal) -> None:
        """Hear of shadow deals that end."""
        self._count_shadow(deal)

    def pass_time(self, now: Millis) -> None:
        """Tell what has changed since the last time; a new day begins with nothing."""
        if self._day is not None and self._calendar.day(now) > self._day:
            self._begin(now)
            self._is_told = False
        if not self._is_told:
            self.tell(now)

    def reconfigure(self, calendar: Calendar) -> None:
        """Days begin otherwise from the next one on."""
        self._calendar = calendar

    def tell(self, now: Millis) -> None:
        """Tell both scores."""
        self._is_told = True
        self._tell("today", self._today.payload(now))
        self._tell("total", self._total.payload(now))

    def payloads(self, now: Millis) -> dict[Which, StatsPayload]:
        """Both scores."""
        return {"today": self._today.payload(now), "total": self._total.payload(now)}

    def _begin(self, now: Millis) -> None:
        self._day = self._calendar.day(now)
        self._today = Board(self._calendar.begins(self._day))

    def _count_trade(self, trade: Trade) -> None:
        deal = trade.deal
        if trade.stage != "settled" or deal is None or trade.id in self._counted:
            return
        self._counted.add(trade.id)
        self._add("live", trade.plan, Outcome(deal.stake, deal.payout, deal.profit, deal.opened, deal.closes))

    def _count_shadow(self, deal: ShadowDeal) -> None:
        if not deal.is_over or deal.outcome == "not_filled" or deal.id in self._counted:
            return
        self._counted.add(deal.id)
        opened = deal.opened or deal.signalled
        self._add("shadow", deal.plan, Outcome(deal.stake, deal.payout or 0, deal.profit, opened, deal.closes))

    def _add(self, kind: Kind, plan: str | None, outcome: Outcome) -> None:
        self._is_told = False
        self._total.add(kind, plan, outcome)
        if self._day is not None and self._calendar.day(outcome.at) > self._day:
            self._begin(outcome.at)  # nobody has told yet that it has begun
        if self._today.since is not None and outcome.at >= self._today.since:
            self._today.add(kind, plan, outcome)
