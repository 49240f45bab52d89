"""The audits of a backtest, one after another: what each looks at, and what stands in the way of which."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from qfluxd.errors import DataError
from qfluxd.research.audits import (
    ahead,
    boundary,
    chance,
    determinism,
    fragility,
    neighbours,
    shuffled,
    training,
    warmup,
)
from qfluxd.research.audits.changed import Changed, held
from qfluxd.research.audits.finding import Finding, not_looked_at
from qfluxd.research.audits.runs import Runs
from qfluxd.research.audits.sights import sights
from qfluxd.research.audits.subject import Subject
from qfluxd.research.audits.words import moment
from qfluxd.research.backtest import Backtest, Engine
from qfluxd.research.dataset import Dataset

AUDITS: Final[Mapping[str, str]] = {
    determinism.NAME: "the same candles bring the same answer",
    ahead.NAME: "no answer changes when later candles are taken away or are others",
    warmup.NAME: "the answers do not depend on where the data start",
    training.NAME: "a model is tried on other data than it learnt from",
    boundary.NAME: "few trades change when some ticks are heard a little otherwise",
    fragility.NAME: "something is left of the profit when orders are slower, later or paid worse",
    neighbours.NAME: "something is left of the profit when the options are a little other",
    shuffled.NAME: "the profit is more than what the same plan earns where nothing can be foreseen",
    chance.NAME: "the profit is more than what a coin earns with as many trades",
}
"""Every audit by its stable word, in the order in which they are made, with what holds where it is ok."""

ALL: Final = tuple(AUDITS)

MOST: Final = 4_000_000
"""Ticks or candles of a plan that are looked at; of more, the newest."""

_OF_ANSWERS: Final = (determinism.NAME, ahead.NAME, warmup.NAME, training.NAME)
_PARTS: Final = 100
"""Steps that one audit counts as."""


class Step(msgspec.Struct, frozen=True):
    """How far the audits have come: `done` of `total` steps, and what is done now."""

    done: int
    total: int
    what: str


type Tell = Callable[[Step], None]


def audit(
    settings: Backtest,
    dataset: Dataset,
    which: Sequence[str] = ALL,
    *,
    seed: int = 0,
    folder: Path | None = None,
    engine: Engine = "vector",
    tell: Tell = lambda step: None,
) -> tuple[Finding, ...]:
    """Look whether the backtest of each plan is to be believed: a finding for each audit in `which` and each plan.

    Every plan is looked at by itself. The same `seed` looks at the same places and markets. `folder` holds strategies
    of the owner's own, and `engine` is that of the backtests that are run. `tell` hears how far it has come.

    Raises:
        DataError: an audit has another name, or the data have not what a backtest needs.
    """
    if unknown := [name for name in which if name not in AUDITS]:
        raise DataError(f"there is no audit {unknown[0]!r}; there are {', '.join(AUDITS)}")
    chosen = [name for name in AUDITS if name in which]
    found: list[Finding] = []
    for number, plan in enumerate(settings.plans):
        one = _OfPlan(replace(settings, plans=(plan,)), dataset, seed, folder, engine)
        for place, name in enumerate(chosen):
            done, total = number * len(chosen) + place, len(settings.plans) * len(chosen)
            one.tell = _within(tell, done, total, name)
            one.tell(0, 1)
            found.append(one.finding(name))
    tell(Step(1, 1, "done"))
    return tuple(found)


def _within(tell: Tell, done: int, total: int, name: str) -> Callable[[int, int], None]:
    """Hears how far one audit has come, and tells how far that is of all."""
    return lambda part, parts: tell(Step(done * _PARTS + part * _PARTS // parts, total * _PARTS, name))


class _OfPlan:
    """The audits of one plan; what several of them need is made once."""

    def __init__(self, settings: Backtest, dataset: Dataset, seed: int, folder: Path | None, engine: Engine) -> None:
        self._settings = settings
        (self._plan,) = settings.plans
        self._engine: Engine = engine
        self._dataset = dataset
        self._seed = seed
        self._folder = folder
        self._context = {"folder": folder}
        self._whole = True
        self._levels: dict[str, str] = {}
        self.tell: Callable[[int, int], None] = lambda part, parts: None

    def finding(self, name: str) -> Finding:
        """What one audit comes to."""
        found = self._obstacle(name) or self._make(name)
        self._levels[name] = found.level
        return found if self._whole else self._sampled(found)

    def _sampled(self, found: Finding) -> Finding:
        """The same, which says that not all data were looked at."""
        start = self._market.start
        meaning = f"{found.meaning} (looked at from {moment(start)} on)"
        return msgspec.structs.replace(found, meaning=meaning, figures=found.figures | {"from": start})

    def _obstacle(self, name: str) -> Finding | None:
        """What follows from a fault that was found is not found as another."""
        stands = {ahead.NAME: (determinism.NAME,), warmup.NAME: (determinism.NAME, ahead.NAME)}.get(name, ())
        why = next((each for each in stands if self._levels.get(each) == "bad"), None)
        return None if why is None else not_looked_at(name, self._plan.name, f"{why} is bad, and would be found again")

    def _make(self, name: str) -> Finding:
        if name in _OF_ANSWERS and not self._subjects:
            return not_looked_at(name, self._plan.name, "no candle has closed")
        match name:
            case determinism.NAME:
                return determinism.Determinism(self._subjects, self._folder).finding()
            case ahead.NAME:
                return ahead.Ahead(self._subjects, self._seed).finding()
            case warmup.NAME:
                return warmup.WarmUp(self._subjects, self._seed).finding()
            case training.NAME:
                return training.finding(self._subjects)
            case boundary.NAME:
                return boundary.Boundary(self._runs, self._seed).finding()
            case fragility.NAME:
                return fragility.Fragility(self._runs).finding()
            case neighbours.NAME:
                return neighbours.Neighbours(self._runs, self._context).finding()
            case shuffled.NAME:
                return shuffled.Shuffled(self._runs, self._seed, self.tell).finding()
            case _:
                return chance.Chance(self._runs, self._seed, self.tell).finding()

    @cached_property
    def _runs(self) -> Runs:
        return Runs(self._settings, self._plan, self._market, self._engine)

    @cached_property
    def _market(self) -> Changed:
        market, self._whole = held(self._settings, self._dataset, MOST)
        return market

    @cached_property
    def _subjects(self) -> list[Subject]:
        views = sights(self._settings, self._plan, self._market)
        return [Subject(self._plan, view, self._context) for view in views if view.height]
