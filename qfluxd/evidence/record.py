"""What the trades of one strategy came to, one by one, so that its figures are at hand after each."""

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Literal

import msgspec

from qfluxd.evidence.betting import Wealth
from qfluxd.model import Millis

type Ending = Literal["won", "lost", "tie", "unknown"]

_LONG_AGO: Final[Millis] = -(2**63)
_REMEMBERED: Final = 256
"""Blocks to which one can go back; what comes later still is rare, and then all is bet on again."""


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
        return self.percent / 100

    @property
    def percent(self) -> int:
        """The same in percent of the stake, in which sums are exact."""
        return {"won": self.payout, "lost": -100, "tie": 0}[self.ending]

    @property
    def until(self) -> Millis:
        """Up to here it is open; one whose end is not known overlaps only those opened in the same millisecond."""
        return self.at + 1 if self.closes is None else max(self.closes, self.at + 1)


class _Block(msgspec.Struct):
    """Trades that overlap one another, and the wealths before them; `first` is the place of the first of them."""

    before: tuple[Wealth, Wealth]
    until: Millis = _LONG_AGO
    first: int = 0
    percent: int = 0
    count: int = 0
    most: int = 0

    def add(self, outcome: Outcome) -> None:
        self.until = max(self.until, outcome.until)
        self.percent += outcome.percent
        self.count += 1
        self.most = max(self.most, outcome.payout)

    def after(self) -> tuple[Wealth, Wealth]:
        if not self.count:
            return self.before
        mean, most = self.percent / (100 * self.count), self.most / 100
        return self.before[0].after(mean, most), self.before[1].after(mean, most)


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
        self._blocks = deque([_fresh()], maxlen=_REMEMBERED)
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
        place = bisect_right(self._known, outcome.at, key=_opened)
        self._known.insert(place, outcome)
        if place > (newest := self._blocks[-1]).first and outcome.at < newest.until:
            newest.add(outcome)
            return
        if place < len(self._known) - 1:
            place = self._go_back(place)
        for each in range(place, len(self._known)):
            self._bet(each)

    @property
    def decisive(self) -> int:
        """How many were won or lost."""
        return self.counts["won"] + self.counts["lost"]

    @property
    def evidence(self) -> tuple[Wealth, Wealth]:
        """That there is an edge, and that there is a loss."""
        return self._blocks[-1].after()

    def _go_back(self, place: int) -> int:
        """One came late that was opened earlier, and may overlap what had been a block of its own.

        Gives the place from which on all is bet on again: the beginning of the block that it may belong to.
        """
        block = self._blocks.pop()
        while self._blocks and block.first >= place:
            block = self._blocks.pop()
        start = _fresh() if block.first >= place else _Block(block.before, first=block.first)
        self._blocks.append(start)
        return start.first

    def _bet(self, place: int) -> None:
        outcome, block = self._known[place], self._blocks[-1]
        if outcome.at >= block.until:
            following = _Block(block.after(), outcome.until, place)
            if not block.count:
                self._blocks.pop()
            self._blocks.append(following)
        self._blocks[-1].add(outcome)


def _fresh() -> _Block:
    return _Block((Wealth(), Wealth(against=True)))


def _opened(outcome: Outcome) -> Millis:
    return outcome.at
