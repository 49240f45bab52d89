"""One arm held against the first: what they came to at the same chances, and how much that tells."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final, Literal, NamedTuple

from qfluxd.evidence import Bet, Bets, Wealth, difference
from qfluxd.evidence.betting import mean_log
from qfluxd.model import Millis
from qfluxd.research.compare.setting import Setting
from qfluxd.research.compare.taken import Taken

type Claim = Literal["better", "worse", "same", "harm"]
"""The arm is better than the first, is worse, differs by less than is worth anything, does harm while it is live."""

_MOST: Final = 10_000_000
"""More chances than ever come."""


class Evidence(NamedTuple):
    """What is known by a moment: that the arm is better, that it is worse, and that neither is worth anything."""

    better: Wealth
    worse: Wealth
    less: Wealth
    more: Wealth

    @property
    def same(self) -> float:
        """Both of the last two are needed, so the weaker one counts (two one-sided tests: Schuirmann 1987)."""
        return min(self.less.best, self.more.best)


class _Step(NamedTuple):
    """What a chance came to: the difference, the difference that would be worth something, and both units."""

    gain: float
    worth: float
    first: float
    arm: float


class _Stake(NamedTuple):
    """A bet on a difference, until it is taken up."""

    at: Millis
    until: Millis
    gain: float
    worth: float


class Contest:
    """An arm and the first one.

    The promise: the evidence at a moment rests on the chances before it, whenever they were told. Chances at which
    both made the very same trade, and those of which somebody's end is unknown, are counted and tell nothing. Once a
    payout was above the highest that is reckoned with no difference is told from luck any more: what was claimed
    before stays, and nothing else is claimed.
    """

    def __init__(self, setting: Setting, arm: str) -> None:
        self.first, self.arm = setting.names[0], arm
        self._setting = setting
        self._coming: list[_Stake] = []
        self._bets, self._less, self._more = Bets(), Bets(), Bets()
        self.chances = self.agreed = self.unknown = 0
        self.earned = [0.0, 0.0]
        """What a unit of stake at each chance has earned, by the first and by the arm."""
        self.evidence = self._as_of(0)
        self.claim: Claim | None = None
        self._most = setting.highest / 100
        self._is_beyond = False

    @property
    def ahead(self) -> float:
        """By how much of a stake the arm is ahead at each chance, on average; 0 before there was one."""
        return (self.earned[1] - self.earned[0]) / self.chances if self.chances else 0.0

    # ------------------------------------------------------------------------------------------------ being told

    def add(self, first: Mapping[str, Taken], arm: Mapping[str, Taken]) -> None:
        """What both traded in one slot, by asset: each asset is a chance, bet on when the first trade is opened."""
        for asset in sorted(first.keys() | arm.keys()):
            one, other = first.get(asset), arm.get(asset)
            step = self._step(one, other)
            if step is not None:
                both = [trade.outcome for trade in (one, other) if trade is not None]
                at, until = min(each.at for each in both), max(each.until for each in both)
                self._coming.append(_Stake(at, until, step.gain, step.worth))

    def add_turns(
        self, first: Mapping[str, Taken], arm: Mapping[str, Taken], assets: Iterable[str], begin: Millis, end: Millis
    ) -> None:
        """What each traded in its own slots, from `begin` to `end`: one bet, made before the turns were known.

        `assets` are those that were seen before. Each has an even share of the bet, whether it is traded or not: how
        many are traded may depend on how the first of them end.
        """
        shares = sorted(assets)
        steps = [step for asset in shares if (step := self._step(first.get(asset), arm.get(asset))) is not None]
        until = max((trade.outcome.until for each in (first, arm) for trade in each.values()), default=end)
        if steps:
            gain, worth = (math.fsum(values) / len(shares) for values in list(zip(*steps, strict=True))[:2])
            self._coming.append(_Stake(begin, max(until, end), gain, worth))

    def _step(self, one: Taken | None, other: Taken | None) -> _Step | None:
        """What a chance tells; None for nothing."""
        both = [trade for trade in (one, other) if trade is not None]
        if not both:
            return None
        if not all(trade.is_known for trade in both):
            self.unknown += 1
            return None
        if one is not None and other is not None and one.is_like(other):
            self.agreed += 1
            return None
        units = [0.0 if trade is None else trade.unit for trade in (one, other)]
        self.chances += 1
        self.earned = [sum(pair) for pair in zip(self.earned, units, strict=True)]
        self._is_beyond = self._is_beyond or any(trade.outcome.payout > self._setting.highest for trade in both)
        if self._is_beyond:
            return None
        return _Step(difference(units[1], units[0], self._most), self._setting.rule.worth / (1 + self._most), *units)

    def _take_up(self, now: float) -> None:
        """Bet on the differences before `now`, and on their being on this side of what would be worth something."""
        for at, until, gain, worth in sorted(stake for stake in self._coming if stake.at < now):
            self._bets.add(Bet(at, until, gain))
            self._less.add(Bet(at, until, (gain - worth) / (1 + worth)))
            self._more.add(Bet(at, until, (gain + worth) / (1 + worth)))
        self._coming = [stake for stake in self._coming if stake.at >= now]

    # ------------------------------------------------------------------------------------------------- answering

    def look(self, now: float) -> Claim | None:
        """What may be claimed as of `now`, before which all chances were told; the first claim stays."""
        if self._is_beyond:
            return self.claim
        self._take_up(now)
        self.evidence = self._as_of(now)
        if self.claim is None:
            self.claim = self._claimed()
        return self.claim

    def _as_of(self, now: float) -> Evidence:
        better, worse = self._bets.as_of(now)
        return Evidence(better, worse, self._less.as_of(now)[1], self._more.as_of(now)[0])

    def _claimed(self) -> Claim | None:
        level, found, rule = self._setting.level, self.evidence, self._setting.rule
        if self.chances >= rule.fewest:
            if found.better.best >= level:
                return "better"
            if found.worse.best >= level:
                return "worse"
            if found.same >= level:
                return "same"
        return "harm" if self._setting.mode == "live" and found.worse.best >= 1 / rule.harm else None

    @property
    def needed(self) -> int | None:
        """About how many more chances it takes to claim what shows so far, if they go on so; None where none would do.

        Each fraction's wealth is supposed to grow at the next chances as it grew at those so far.
        """
        wealth = self.evidence.better if self.ahead > 0 else self.evidence.worse
        short = max(0, self._setting.rule.fewest - self.chances)
        wanted = math.log(self._setting.level)
        if self.claim is not None:
            return 0
        if self._is_beyond:
            return None
        if wealth.peak >= wanted:
            return short
        if not self.chances or max(wealth.logs) <= 0:
            return None

        def tells(more: int) -> bool:
            scale = 1 + more / self.chances
            return mean_log([scale * log for log in wealth.logs]) >= wanted

        return max(short, bisect_left(range(_MOST), True, key=tells)) if tells(_MOST) else None
