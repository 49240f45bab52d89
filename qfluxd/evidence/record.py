"""What the trades of one strategy came to, one by one, so that its figures are at hand after each."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from operator import attrgetter
from typing import Literal

import msgspec

from qfluxd.evidence.bets import Bet, Bets
from qfluxd.evidence.betting import Wealth
from qfluxd.model import Millis

type Ending = Literal["won", "lost", "tie", "unknown"]


class Outcome(msgspec.Struct, frozen=True):
    """What one trade came to.

    `payout` is the percentage of the stake that was in force when it was opened, `profit` None where nobody knows it, 0
    for a tie. It was opened `at` and ended at `closes`, None where that is not known.
    """

    stake: Decimal
    payout: int
    profit: Decimal | None
    at: Millis
    closes: Millis | None = None

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


class Record:
    """All outcomes of one strategy, with the evidence that they give.

    The promise: however they come in, the evidence is that of the outcomes in the order in which they were opened.
    Trades that overlap are bet on with what is left beside those that are still open (`qfluxd.evidence.Bets`).
    """

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.counts: Counter[Ending] = Counter()
        self.payouts: Counter[int] = Counter()
        self.staked = Decimal(0)
        self.profit = Decimal(0)
        self.units = 0.0
        self._bets = Bets()
        for outcome in sorted(outcomes, key=attrgetter("at")):
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """One more trade has ended, or nobody will ever know how it did: then it is counted, and no evidence."""
        self.counts[outcome.ending] += 1
        if outcome.profit is None:
            return
        self.staked += outcome.stake
        self.profit += outcome.profit
        self.units += outcome.unit
        if outcome.ending != "tie":
            self.payouts[outcome.payout] += 1
        self._bets.add(Bet(outcome.at, outcome.until, outcome.unit, outcome.payout / 100))

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.counts["won"] + self.counts["lost"]

    @property
    def evidence(self) -> tuple[Wealth, Wealth]:
        """That there is an edge, and that there is a loss."""
        return self._bets.evidence
