"""The figures of one strategy, none of them without what it has to be held against."""

from typing import Final

from qfluxd.evidence import Interval, Summary
from qfluxd.research.report.growth import growth
from qfluxd.research.report.markup import Html, bag, tag
from qfluxd.research.report.material import FEW, Arm
from qfluxd.research.report.words import NONE, between, count, evidence, money, percent

_ROOM: Final = 0.02
"""What a ruler shows beyond the outermost of its marks."""


def span_of(arms: tuple[Arm, ...]) -> tuple[float, float]:
    """The rates that rulers go from and to, the same for all."""
    told = [each for arm in arms if arm.summary.rate is not None for each in _marks(arm)]
    # a wide interval of few trades would leave no room for the others, and is cut; a rate is where it belongs
    shown = [each for arm in arms if arm.summary.won + arm.summary.lost >= FEW for each in _marks(arm)] or told
    shown += [arm.summary.rate for arm in arms if arm.summary.rate is not None]
    return (max(0.0, min(shown) - _ROOM), min(1.0, max(shown) + _ROOM)) if shown else (0.0, 1.0)


def _marks(arm: Arm) -> tuple[float, ...]:
    assert arm.summary.break_even is not None
    return (*arm.summary.interval, arm.summary.break_even)


def ruler(arm: Arm, span: tuple[float, float]) -> Html | None:
    """The interval of a win rate as a bar, with break-even beside it; the same is said in words elsewhere."""
    summary = arm.summary
    if summary.rate is None or summary.break_even is None:
        return None

    def place(rate: float) -> float:
        return min(max(100 * (rate - span[0]) / (span[1] - span[0]), 0.0), 100.0)

    low, high = map(place, summary.interval)
    return tag(
        "span",
        tag("span", class_="bar", style=f"left:{low:.2f}%;width:{high - low:.2f}%"),
        tag("span", class_="mark", style=f"left:{place(summary.rate):.2f}%"),
        tag("span", class_="needed", style=f"left:{place(summary.break_even):.2f}%"),
        class_="ruler",
        aria_hidden="true",
    )


def written(interval: Interval) -> str:
    """An interval of what a unit of stake earns."""
    return between(*interval, sign=True)


def of_rate(summary: Summary) -> str:
    """A win rate with its interval."""
    return f"{percent(summary.rate)} ({between(*summary.interval)})"


def figures(arm: Arm) -> Html:
    """The figures of one strategy, each with its name and what it means."""
    summary, way = arm.summary, growth(arm.ended)
    decisive = summary.won + summary.lost
    return bag(
        _hero(arm),
        tag(
            "dl",
            _figure("decisive trades", count(decisive), f"{count(summary.won)} won, {count(summary.lost)} lost"),
            _figure("ties", count(summary.tie), "the stake came back: neither won nor lost"),
            _figure("unknown", count(summary.unknown), _unknown(arm)),
            _figure("not entered", count(arm.counts.get("not_filled", 0)), "no price to enter at"),
            _figure("result", money(float(summary.profit), sign=True), f"on {money(float(summary.staked))} staked"),
            _figure("per stake", percent(summary.unit_profit, sign=True), _resampled(arm)),
            _figure(
                "mean payout",
                NONE if summary.mean_payout is None else f"{summary.mean_payout:.1f} %",
                "of decisive trades",
            ),
            _figure("largest drawdown", money(way.deepest), _of_balance(arm, way.deepest)),
            _figure("losses in a row", count(arm.streaks.lost), f"at most; wins in a row {count(arm.streaks.won)}"),
            _figure("evidence of an edge", evidence(summary.edge), _claim(arm)),
            _figure("evidence of a loss", evidence(summary.loss), "now; it bets on every trade's loss"),
            _figure("still needed", _needed(arm), _needed_says(arm)),
            class_="figures",
        ),
    )


def _hero(arm: Arm) -> Html | None:
    """The rate, its interval and what it has to beat, in words and as a picture."""
    summary = arm.summary
    if summary.rate is None:
        return None
    span = span_of((arm,))
    said = ("won: ", tag("b", of_rate(summary)), ", break-even is ", tag("b", percent(summary.break_even)))
    return tag("div", tag("p", "Of decisive trades ", *said), ruler(arm, span), _scale(span), class_="hero")


def _figure(name: str, value: str, says: str) -> Html:
    return tag("div", tag("dt", name), tag("dd", value, tag("small", says)))


def _claim(arm: Arm) -> str:
    """The highest that evidence ever was is what a p-value that may be looked at any time is one over."""
    return f"at its highest {evidence(1 / arm.summary.p_value)}; 20 is a claim"


def _scale(span: tuple[float, float]) -> Html:
    keys = (("dot main", "win rate"), ("area main", "95 % interval"), ("line level", "break-even"))
    return bag(
        tag("p", *(tag("span", percent(each)) for each in span), class_="scale"),
        tag("ul", [tag("li", tag("i", class_=f"key {kind}"), word) for kind, word in keys], class_="legend"),
    )


def _unknown(arm: Arm) -> str:
    if arm.unpaid.height:
        return f"left out; of {count(arm.unpaid.height)} the payout is not known"
    return "no price to end at: left out"


def _resampled(arm: Arm) -> str:
    if arm.earned is None:
        return "too few trades for an interval"
    return f"{written(arm.earned)}, 95 % by resampling in blocks{arm.reserve}"


def _of_balance(arm: Arm, deepest: float) -> str:
    if arm.balance is None or arm.balance <= 0:
        return "below the highest it ever was"
    return f"{percent(deepest / float(arm.balance))} of the {money(float(arm.balance))} it began with"


def _needed(arm: Arm) -> str:
    return NONE if arm.summary.needed is None else count(arm.summary.needed)


def _needed_says(arm: Arm) -> str:
    if arm.summary.finding != "unclear":
        return "more decisive trades for a claim of its own"
    if arm.summary.needed is None:
        return "no number of trades at this rate would tell"
    return "more decisive trades at this rate would tell"
