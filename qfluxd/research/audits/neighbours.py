"""Parameter neighbourhood: whether a plan still earns when each of its numbers is a little other."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from qfluxd.errors import DataError
from qfluxd.research.audits.finding import Figure, Finding, not_looked_at
from qfluxd.research.audits.runs import Runs, mean_of
from qfluxd.research.audits.words import earned
from qfluxd.research.sweep.neighbours import Neighbourhood
from qfluxd.strategy import Strategy

NAME: Final = "neighbours"

_PART: Final = 0.1
"""A number is changed by a tenth, a whole one by one at least."""


class Neighbours:
    """The neighbourhood audit of one plan."""

    def __init__(self, runs: Runs, context: Mapping[str, Any]) -> None:
        """`context` is what options are validated with."""
        self._runs = runs
        self._context = context

    def finding(self) -> Finding:
        """What it comes to."""
        plan, base = self._runs.plan.name, self._runs.unit_profit
        near = list(beside(self._runs.plan.strategy, self._context))
        if base is None or not near:
            why = "it has no option that is a number" if base is not None else self._runs.nothing_known
            return not_looked_at(NAME, plan, why)
        made, failing = self._tried(near)
        if not made:
            return not_looked_at(NAME, plan, "with any number a little other it fails")
        means = [mean or 0.0 for _, mean in made]
        figures: dict[str, Figure] = {
            "plan": plan,
            "unit_profit": base,
            "neighbours": [[name, mean or 0.0] for name, mean in made],
            "earning": sum(mean > 0 for mean in means),
            "mean": sum(means) / len(means),
            "failing": failing,
        }
        return self._judged(base, means, figures)

    def _tried(self, near: list[tuple[str, Strategy]]) -> tuple[list[tuple[str, float | None]], list[str]]:
        """What each neighbour earned, and those that fail where the plan as it is does not: they tell nothing."""
        made: list[tuple[str, float | None]] = []
        failing: list[str] = []
        for name, strategy in near:
            try:
                made.append((name, mean_of(self._runs.by(strategy).trades)))
            except DataError:
                failing.append(name)
        return made, failing

    def _judged(self, base: float, means: list[float], figures: dict[str, Figure]) -> Finding:
        earning, mean = sum(each > 0 for each in means), sum(means) / len(means)
        told = (
            f"{earned(base)} of its stakes as it is, {earned(mean)} on average with one number a little other; "
            f"{earning} of {len(means)} such neighbours earn"
        )
        if base <= 0:
            return Finding(NAME, "ok", f"{told}; there is no peak that could stand alone", figures)
        if Neighbourhood(len(means), earning, mean, base).is_peak:
            what = f"{told}: it stands alone, as the luckiest of many options does"
            return Finding(NAME, "note", what, figures)
        return Finding(NAME, "ok", f"{told}: it does not hang on the very numbers", figures)


def beside(strategy: Strategy, context: Mapping[str, Any]) -> Iterator[tuple[str, Strategy]]:
    """The same strategy with one number a little less or more, where its options allow that; each with its name."""
    if not isinstance(strategy, BaseModel):
        return
    for name in type(strategy).model_fields:
        value = getattr(strategy, name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        for other in _less_and_more(value):
            options = strategy.model_dump(mode="json") | {name: other}
            try:
                yield f"{name}={other:g}", type(strategy).model_validate(options, context=dict(context))
            except ValidationError:
                continue


def _less_and_more(value: float) -> tuple[float, ...]:
    if isinstance(value, int):
        step = max(1, round(abs(value) * _PART))
        return value - step, value + step
    return (value * (1 - _PART), value * (1 + _PART)) if value else ()
