"""What the trades of one strategy came to, one by one, so that its figures are at hand after each."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Final, Literal, NamedTuple

import msgspec

from qfluxd.evidence.bets import Bet, Bets
from qfluxd.evidence.betting import Wealth
from qfluxd.model import MINUTE, Millis

type Ending = Literal["won", "lost", "tie", "unknown"]

PATIENCE: Final[Millis] = 10 * MINUTE
"""Trades are waited for so long after their end; what is learnt later is late."""
_NEVER: Final[Millis] = 2**62


class Outcome(msgspec.Struct, frozen=True):
    """What one trade came to.

    `payout` is the percentage of the stake that was in force when it was opened, `profit` None where nobody knows it, 0
    for a tie. It was opened `at` and ended at `closes`, None where that is not known. What is learnt `late` counts, and
    is no evidence: what was opened after it has been bet on by then.
    """

    stake: Decimal
    payout: int
    profit: Decimal | None
    at: Millis
    closes: Millis | None = None
    late: bool = False

    @property
    def ending(self) -> Ending:
        """How it ended."""
        if self.profit is None:
            return "unknown"
        return "won" if self.profit > 0 else "lost" if self.profit < 0 else "tie"

    @property
    def unit(self) -> float:
        """What a unit of stake came to: the payout as a fraction, -1 or 0; not for one of unknown ending."""
        return {"won": self.payout / 100, "lost": -1.0, "tie": 0.0}[self.ending]

    @property
    def until(self) -> Millis:
        """Up to here it is open; one whose end is not known overlaps only those opened in the same millisecond."""
        return self.at + 1 if self.closes is None else max(self.closes, self.at + 1)


class Count:
    """All outcomes of one strategy, counted."""

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.counts: Counter[Ending] = Counter()
        self.payouts: Counter[int] = Counter()
        self.staked = Decimal(0)
        self.profit = Decimal(0)
        self.units = 0.0
        for outcome in outcomes:
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """One more trade has ended, or nobody will ever know how it did: then it is counted, and nothing else."""
        self.counts[outcome.ending] += 1
        if outcome.profit is None:
            return
        self.staked += outcome.stake
        self.profit += outcome.profit
        self.units += outcome.unit
        if outcome.ending != "tie":
            self.payouts[outcome.payout] += 1

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.counts["won"] + self.counts["lost"]


class _Begun(NamedTuple):
    """A trade that is not over: opened `at` or later, and waited for until one is known that ended after `due`."""

    at: Millis
    due: Millis | None


class Record(Count):
    """All outcomes of one strategy, with the evidence that they give.

    The promise: however they come in, the evidence is that of the outcomes in the order in which they were opened, and
    no trade that was told of when it began (`begin`) takes any of it back when it ends. For that it is the evidence of
    the moment at which the oldest one was opened that is not over: what was out then counts as lost, and what was
    opened since waits. Trades that overlap are bet on with what is left beside those that are still open
    (`qfluxd.evidence.Bets`).
    """

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self._bets = Bets()
        self._waiting: list[Bet] = []
        self._begun: dict[str, _Begun] = {}
        self._newest: Millis = 0
        """Up to here something is known."""
        self._settled: Millis = 0
        """Up to here all is, and nothing of it changes any more."""
        super().__init__(outcomes)

    def begin(self, ident: str, at: Millis, due: Millis | None = None) -> None:
        """A trade was opened `at`, or is on its way and will be then or later.

        Once a trade is known that ended after `due`, this one holds nothing back any more; None is never.
        """
        self._begun[ident] = _Begun(at, due)

    def drop(self, ident: str) -> bool:
        """A trade that was told of is over and was added before, or came to nothing; whether others wait."""
        return self._begun.pop(ident, None) is not None and bool(self._waiting)

    def add(self, outcome: Outcome) -> None:
        """One more trade has ended, or nobody will ever know how it did: then it is counted, and no evidence."""
        super().add(outcome)
        self._newest = max(self._newest, outcome.until)
        if outcome.profit is not None and not outcome.late:
            self._waiting.append(Bet(outcome.at, outcome.until, outcome.unit, outcome.payout / 100))

    @property
    def evidence(self) -> tuple[Wealth, Wealth]:
        """That there is an edge, and that there is a loss."""
        oldest = min((at for at, due in self._begun.values() if due is None or due >= self._newest), default=_NEVER)
        self._settled = max(self._settled, min(oldest, self._newest))
        waiting, self._waiting = sorted(self._waiting, key=attrgetter("at")), []
        for bet in waiting:
            if bet.at < self._settled:
                self._bets.add(bet)
            else:
                self._waiting.append(bet)
        return self._bets.as_of(self._settled)
