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


class Summary(msgspec.Struct, frozen=True):
    """What some trades tell.

    `rate` is of decisive trades, with Wilson's 95 % interval; `break_even` is the one rate that would have earned
    nothing at their payouts; `mean_payout` is in percent. `unit_profit` is what a unit of stake earned on average, ties
    included; `profit` and `staked` are money. `edge` and `loss` are the evidence for either now, `p_value` that of the
    edge; a claim rests on the most that its evidence ever was, and each claim is wrong at most once in 20 times.
    `needed` is about how many more decisive trades at this rate would tell. What nobody can say is None.
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
    edge: float
    loss: float
    p_value: float
    needed: int | None
    finding: Finding
    verdict: str


class Tallied(Protocol):
    """What has to be known of trades to sum them up: what a `Record` knows of its own.

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
    @property
    def evidence(self) -> tuple[Wealth, Wealth]: ...


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """What these trades tell, in whatever order they are given."""
    return summarised(Record(outcomes))


def summarised(record: Tallied) -> Summary:
    """What the trades of a record tell so far."""
    counts, decisive = record.counts, record.decisive
    edge, loss = record.evidence
    rate = counts["won"] / decisive if decisive else None
    level = pooled_break_even(record.payouts, map(Decimal, record.payouts.values())) if decisive else None
    known = decisive + counts["tie"]
    finding = _finding(edge, loss, rate, level)
    needed = _needed(edge, loss, rate, level) if finding == "unclear" else 0
    figures = Summary(
        won=counts["won"],
        lost=counts["lost"],
        tie=counts["tie"],
        unknown=counts["unknown"],
        rate=rate,
        interval=wilson(counts["won"], decisive),
        break_even=level,
        mean_payout=None if level is None else 100 * (1 / level - 1),
        unit_profit=record.units / known if known else None,
        staked=record.staked,
        profit=record.profit,
        edge=edge.value,
        loss=loss.value,
        p_value=edge.p_value,
        needed=needed,
        finding=finding,
        verdict="",
    )
    return msgspec.structs.replace(figures, verdict=_verdict(figures, edge, loss))


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


def _verdict(figures: Summary, edge: Wealth, loss: Wealth) -> str:
    if figures.rate is None or figures.break_even is None:
        return "cannot tell yet: no trade has been won or lost" + _left_out(figures)
    low, high = figures.interval
    measured = (
        f"{figures.won:,} won of {figures.won + figures.lost:,} decisive trades is {100 * figures.rate:.1f} % "
        f"({100 * low:.1f} … {100 * high:.1f} %), break-even is {100 * figures.break_even:.1f} %"
    )
    match figures.finding:
        case "beats":
            said = f"beats break-even: {measured}; without an edge this happens at most once in {_times(edge)} times"
        case "loses":
            said = f"loses: {measured}; if it broke even this would happen at most once in {_times(loss)} times"
        case "changed":
            said = f"has changed: {measured}; at another time there was strong evidence of the opposite"
        case "unclear" if figures.needed is None:
            said = f"cannot tell yet: {measured}; no number of trades at this rate would tell"
        case "unclear":
            said = f"cannot tell yet: {measured}; about {figures.needed:,} more decisive trades at this rate would tell"
    return said + _left_out(figures)


def _times(wealth: Wealth) -> str:
    return f"{min(wealth.best, 1e6):,.0f}"


def _left_out(figures: Summary) -> str:
    return f"; {figures.unknown:,} of unknown result left out" if figures.unknown else ""
