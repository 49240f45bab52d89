"""One honest answer to "does it work?", with the figures that it rests on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, Literal, Protocol

import msgspec

from qfluxd.evidence.betting import DOUBT, Wealth
from qfluxd.evidence.intervals import Interval, pooled_break_even, wilson
from qfluxd.evidence.record import Ending, Outcome, Record

type Finding = Literal["beats", "loses", "unclear", "changed"]

_LEVEL: Final = 1 / DOUBT


class Figures(msgspec.Struct, frozen=True):
    """What some trades came to, without a word on what that tells.

    `rate` is of decisive trades, with Wilson's 95 % interval; `break_even` is the one rate that would have earned
    nothing at their payouts; `mean_payout` is in percent. `unit_profit` is what a unit of stake earned on average, ties
    included; `profit` and `staked` are money. What nobody can say is None.
    """

    won: int
    lost: int
    tie: int
    unknown: int
    rate: float | None
    interval: Interval
    break_even: float | None
    mean_payout: float | None
    unit_profit: float | None
    staked: Decimal
    profit: Decimal

    @property
    def sentence(self) -> str:
        """The rate with its interval beside what it has to beat."""
        if self.rate is None or self.break_even is None:
            return "nobody knows what a trade came to" if self.unknown else "no trade has been won or lost"
        low, high = self.interval
        return (
            f"{self.won:,} won of {self.won + self.lost:,} decisive trades is {100 * self.rate:.1f} % "
            f"({100 * low:.1f} … {100 * high:.1f} %), break-even is {100 * self.break_even:.1f} %"
        )

    @property
    def left_out(self) -> str:
        """What is to be said after a sentence of those that nobody knows the end of."""
        return f"; {self.unknown:,} of unknown result left out" if self.unknown else ""


class Summary(Figures, frozen=True):
    """What some trades tell, with the figures that this rests on.

    `edge` and `loss` are the evidence for either now, `p_value` that of the edge; a claim rests on the most that its
    evidence ever was, and each claim is wrong at most once in 20 times. `needed` is about how many more decisive trades
    at this rate would tell, None where no number would.
    """

    edge: float
    loss: float
    p_value: float
    needed: int | None
    finding: Finding
    verdict: str


class Counted(Protocol):
    """What has to be known of trades for their figures: what a `Count` knows of its own.

    `payouts` counts those of decisive trades, in percent; `units` is the sum of what a unit of stake came to.
    """

    @property
    def counts(self) -> Mapping[Ending, int]: ...
    @property
    def payouts(self) -> Counter[int]: ...
    @property
    def staked(self) -> Decimal: ...
    @property
    def profit(self) -> Decimal: ...
    @property
    def units(self) -> float: ...
    @property
    def decisive(self) -> int: ...


class Tallied(Counted, Protocol):
    """What has to be known of trades to sum them up: what a `Record` knows of its own."""

    @property
    def evidence(self) -> tuple[Wealth, Wealth]: ...


def figures(count: Counted) -> Figures:
    """What counted trades came to."""
    counts, decisive = count.counts, count.decisive
    level = pooled_break_even(count.payouts, map(Decimal, count.payouts.values())) if decisive else None
    known = decisive + counts["tie"]
    return Figures(
        won=counts["won"],
        lost=counts["lost"],
        tie=counts["tie"],
        unknown=counts["unknown"],
        rate=counts["won"] / decisive if decisive else None,
        interval=wilson(counts["won"], decisive),
        break_even=level,
        mean_payout=None if level is None else 100 * (1 / level - 1),
        unit_profit=count.units / known if known else None,
        staked=count.staked,
        profit=count.profit,
    )


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """What these trades tell, in whatever order they are given."""
    return summarised(Record(outcomes))


def summarised(record: Tallied) -> Summary:
    """What the trades of a record tell so far."""
    came_to, (edge, loss) = figures(record), record.evidence
    rate, level = came_to.rate, came_to.break_even
    finding = _finding(edge, loss, rate, level)
    needed = _needed(edge, loss, rate, level) if finding == "unclear" else 0
    return Summary(
        **msgspec.structs.asdict(came_to),
        edge=edge.value,
        loss=loss.value,
        p_value=edge.p_value,
        needed=needed,
        finding=finding,
        verdict=_verdict(came_to, finding, needed, edge, loss),
    )


def _finding(edge: Wealth, loss: Wealth, rate: float | None, level: float | None) -> Finding:
    beats, loses = edge.best >= _LEVEL, loss.best >= _LEVEL
    if rate is None or level is None or not (beats or loses):
        return "unclear"
    if (beats and (loses or rate <= level)) or (loses and rate >= level):
        return "changed"
    return "beats" if beats else "loses"


def _needed(edge: Wealth, loss: Wealth, rate: float | None, level: float | None) -> int | None:
    if rate is None or level is None:
        return None
    wealth = edge if rate > level else loss
    return wealth.needed(rate, 1 / level - 1)


def _verdict(came_to: Figures, finding: Finding, needed: int | None, edge: Wealth, loss: Wealth) -> str:
    measured = came_to.sentence
    match finding:
        case "beats":
            said = f"beats break-even: {measured}; without an edge this happens at most once in {_times(edge)} times"
        case "loses":
            said = f"loses: {measured}; if it broke even this would happen at most once in {_times(loss)} times"
        case "changed":
            said = f"has changed: {measured}; at another time there was strong evidence of the opposite"
        case "unclear" if came_to.rate is None:
            said = f"cannot tell yet: {measured}"
        case "unclear" if needed is None:
            said = f"cannot tell yet: {measured}; no number of trades at this rate would tell"
        case "unclear":
            said = f"cannot tell yet: {measured}; about {needed:,} more decisive trades at this rate would tell"
    return said + came_to.left_out


def _times(wealth: Wealth) -> str:
    return f"{min(wealth.best, 1e6):,.0f}"
