"""A plan before the candles of one asset: what it answers, and where to look."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np

from qfluxd.model import Millis
from qfluxd.plans.plan import Plan
from qfluxd.strategy import View
from qfluxd.testing.answers import Answer
from qfluxd.testing.asking import Asker
from qfluxd.testing.findings import Findings
from qfluxd.testing.views import last

WINDOW: Final = 4_000
"""Candles that are looked at together; of more, windows of this length are sampled."""

_FAULTS: Final = ("runs", "shape", "unchanged", "options")


class Subject:
    """One plan on one asset.

    The promise: nothing that its strategy raises is raised here; it is told by `fault`.
    """

    def __init__(self, plan: Plan, view: View, context: Any) -> None:
        """`view` holds all candles, oldest first; `context` is what the options were validated with."""
        self.plan = plan
        self.view = view
        self._findings = Findings()
        self.asker = Asker(plan.strategy, self._findings, context)

    @property
    def asset(self) -> str:
        """The asset's symbol."""
        return self.view.series.asset

    @cached_property
    def answer(self) -> Answer | None:
        """What it says of all candles; None where that cannot be read."""
        return self.asker.ask(self.view, self.asset)

    @property
    def fault(self) -> str | None:
        """What went wrong when it was asked, None where nothing did."""
        found = (each for each in self._findings.all() if each.verdict == "bad" and each.check in _FAULTS)
        return next((each.detail for each in found), None)

    def time(self, row: int, view: View | None = None) -> Millis:
        """When the candle at a row opened."""
        return int((view or self.view).times[row])

    def windows(self, count: int, chance: np.random.Generator) -> Iterator[View]:
        """At most `count` stretches of `WINDOW` candles, seeded; all of them where they are no more than that."""
        height = self.view.height
        if height <= WINDOW:
            yield self.view
            return
        for row in sorted(chance.integers(WINDOW - 1, height, count).tolist()):
            yield last(self.view, row, WINDOW)


def shares(subjects: Sequence[Subject], total: int, least: int) -> int:
    """How many looks each subject gets where there are `total` for all of them together."""
    return max(least, total // max(len(subjects), 1))
