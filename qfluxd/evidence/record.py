"""What the trades of one strategy came to, one by one, so that its figures are at hand after each."""

from bisect import insort
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec

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


class _Block(msgspec.Struct):
    """Trades that overlap one another, and the wealths before them."""

    before: tuple[Wealth, Wealth]
    until: Millis
    total: float = 0.0
    count: int = 0
    most: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.until = max(self.until, outcome.until)
        self.total += outcome.unit
        self.count += 1
        self.most = max(self.most, outcome.payout / 100)

    def after(self) -> tuple[Wealth, Wealth]:
        if not self.count:
            return self.before
        mean = self.total / self.count
        return self.before[0].after(mean, self.most), self.before[1].after(mean, self.most)


class Record:
    """All outcomes of one strategy, with the evidence that they give.

    The promise: however they come in, the evidence is that of the outcomes in the order in which they were opened.
    Trades that overlap are one block, bet on together with their mean, because none was known when the others began.
    """

    def __init__(self, outcomes: Iterable[Outcome] = ()) -> None:
        self.counts: Counter[Ending] = Counter()
        self.payouts: Counter[int] = Counter()
        self.staked = Decimal(0)
        self.profit = Decimal(0)
        self.units = 0.0
        self._known: list[Outcome] = []
        self._block = _fresh()
        for outcome in sorted(outcomes, key=_opened):
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
        if self._known and outcome.at < self._known[-1].at:
            insort(self._known, outcome, key=_opened)
            self._again()
        else:
            self._known.append(outcome)
            self._bet(outcome)

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.counts["won"] + self.counts["lost"]

    @property
    def evidence(self) -> tuple[Wealth, Wealth]:
        """That there is an edge, and that there is a loss."""
        return self._block.after()

    def _again(self) -> None:
        """One came late that was opened earlier: it may overlap what had been a block of its own."""
        self._block = _fresh()
        for outcome in self._known:
            self._bet(outcome)

    def _bet(self, outcome: Outcome) -> None:
        if outcome.at >= self._block.until:
            self._block = _Block(self._block.after(), outcome.until)
        self._block.add(outcome)


def _fresh() -> _Block:
    return _Block((Wealth(), Wealth(against=True)), until=-(2**63))


def _opened(outcome: Outcome) -> Millis:
    return outcome.at
