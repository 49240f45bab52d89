"""What trades come to, today and in all: by account and by strategy, those through the page and those on paper."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

from qfluxd.api.payloads import ScorePayload, StatsPayload, StrategyScorePayload
from qfluxd.api.shapes import day_payload, score_payload
from qfluxd.evidence import PATIENCE, Count, Outcome, Record, figures, summarised
from qfluxd.hours import Calendar
from qfluxd.model import Fact, Millis, OpenTrades, Trade
from qfluxd.trading.shadow import ShadowDeal

type Kind = Literal["live", "shadow"]
type Which = Literal["today", "total"]
type _Whose = tuple[Kind, str | None]
type Tell = Callable[[Which, StatsPayload], None]

_ALL: Final = None


class Day:
    """What the trades of one day came to; what that tells is said of all trades together, and not day by day."""

    def __init__(self, since: Millis) -> None:
        self.since = since
        self._counts: dict[_Whose, Count] = {("live", _ALL): Count(), ("shadow", _ALL): Count()}

    def add(self, kind: Kind, plan: str | None, outcome: Outcome) -> None:
        """A trade is over; `plan` is None for one that no strategy wanted."""
        for whose in {(kind, _ALL), (kind, plan)}:
            self._counts.setdefault(whose, Count()).add(outcome)

    def payload(self, at: Millis) -> StatsPayload:
        """As topics and answers show it."""
        return _payload(at, self.since, {whose: day_payload(figures(count)) for whose, count in self._counts.items()})


class Total:
    """The records of all trades."""

    def __init__(self) -> None:
        self._records: dict[_Whose, Record] = {("live", _ALL): Record(), ("shadow", _ALL): Record()}
        self._scored: dict[_Whose, ScorePayload] = {}

    def begin(self, kind: Kind, plan: str | None, ident: str, at: Millis, due: Millis | None) -> None:
        """A trade is on its way or open, as `Record.begin` has it; that changes nothing yet."""
        for whose in {(kind, _ALL), (kind, plan)}:
            self._records.setdefault(whose, Record()).begin(ident, at, due)

    def drop(self, kind: Kind, plan: str | None, ident: str) -> bool:
        """A trade is over and was added before, or came to nothing; whether that changes what others tell."""
        found = ((whose, self._records.get(whose)) for whose in {(kind, _ALL), (kind, plan)})
        changed = [whose for whose, record in found if record is not None and record.drop(ident)]
        for whose in changed:
            self._scored.pop(whose, None)
        return bool(changed)

    def add(self, kind: Kind, plan: str | None, outcome: Outcome) -> None:
        """A trade is over; `plan` is None for one that no strategy wanted."""
        for whose in {(kind, _ALL), (kind, plan)}:
            self._records.setdefault(whose, Record()).add(outcome)
            self._scored.pop(whose, None)

    def payload(self, at: Millis) -> StatsPayload:
        """As topics and answers show it."""
        told = {whose: record for whose, record in self._records.items() if record.counts or whose[1] is _ALL}
        for whose in told.keys() - self._scored.keys():  # a sum takes long, and few have changed
            self._scored[whose] = score_payload(summarised(told[whose]))
        return _payload(at, None, self._scored)


def _payload(at: Millis, since: Millis | None, scored: Mapping[_Whose, ScorePayload]) -> StatsPayload:
    names = sorted({plan for _, plan in scored if plan is not None})
    strategies = {
        name: StrategyScorePayload(scored.get(("live", name)), scored.get(("shadow", name))) for name in names
    }
    return StatsPayload(at, since, scored["live", _ALL], scored["shadow", _ALL], strategies)


class Scores:
    """Keeps the score, and tells it when time passes after it has changed: a sum takes longer than a trade's end may.

    The promise: each trade is counted once, on the day in which it was opened by the broker's clock; a day that has
    begun is told with nothing in it. Only trades that are over count, and those that are not hold back what is
    evidence (`qfluxd.evidence.Record`).
    """

    def __init__(self, calendar: Calendar, tell: Tell) -> None:
        self._calendar = calendar
        self._tell = tell
        self._total = Total()
        self._today = Day(0)
        self._day: int | None = None
        self._counted: set[str] = set()
        self._going: dict[str, str | None] = {}
        """Trades through the page that are not over, by id, and whose plan wanted each."""
        self._is_told = True

    def restore(self, trades: Iterable[Trade], deals: Iterable[ShadowDeal], now: Millis) -> None:
        """Count what ended before this start, and know of the deals on paper that go on; then tell it."""
        self._begin(now)
        for trade in trades:
            self._count_trade(trade)
        for deal in deals:
            self._count_shadow(deal)
        self.tell(now)

    def on_fact(self, fact: Fact) -> None:
        """Hear of trades that end, and of those that are on their way."""
        if type(fact) is Trade:
            self._count_trade(fact)
        elif type(fact) is OpenTrades:
            self._follow(fact)

    def on_shadow(self, deal: ShadowDeal) -> None:
        """Hear of shadow deals that begin and end."""
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
        self._today = Day(self._calendar.begins(self._day))

    def _follow(self, told: OpenTrades) -> None:
        """These are not over, and no others are."""
        going = {trade.id: trade.plan for trade in told.trades}
        for ident in self._going.keys() - going.keys():
            self._drop("live", self._going[ident], ident)
        self._going = going
        for trade in told.trades:
            if trade.deal is None:  # if it was placed nobody knows when, but not before it was received
                begun, due = trade.received, trade.received + trade.expiry + 2 * PATIENCE
            else:
                begun, due = trade.deal.opened, trade.deal.closes + PATIENCE
            self._total.begin("live", trade.plan, trade.id, begun, due)

    def _count_trade(self, trade: Trade) -> None:
        deal = trade.deal
        if trade.stage != "settled" or deal is None or trade.id in self._counted:
            return
        self._counted.add(trade.id)
        late = trade.changed > deal.closes + PATIENCE
        self._add("live", trade.plan, Outcome(deal.stake, deal.payout, deal.profit, deal.opened, deal.closes, late))

    def _count_shadow(self, deal: ShadowDeal) -> None:
        opened = deal.signalled if deal.opened is None else deal.opened
        if not deal.is_over:
            self._total.begin("shadow", deal.plan, deal.id, opened, None)
            return
        if deal.outcome != "not_filled" and deal.id not in self._counted:
            self._counted.add(deal.id)
            self._add("shadow", deal.plan, Outcome(deal.stake, deal.payout or 0, deal.profit, opened, deal.closes))
        self._drop("shadow", deal.plan, deal.id)

    def _drop(self, kind: Kind, plan: str | None, ident: str) -> None:
        if self._total.drop(kind, plan, ident):
            self._is_told = False

    def _add(self, kind: Kind, plan: str | None, outcome: Outcome) -> None:
        self._is_told = False
        self._total.add(kind, plan, outcome)
        if self._day is not None and self._calendar.day(outcome.at) > self._day:
            self._begin(outcome.at)  # nobody has told yet that it has begun
        if outcome.at >= self._today.since:
            self._today.add(kind, plan, outcome)
