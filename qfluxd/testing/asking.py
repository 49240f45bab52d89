"""Asks a strategy, and notes what it does besides answering."""

import contextlib
import copy
import warnings
from statistics import median
from time import perf_counter
from typing import Any, Final

import polars as pl
from pydantic import BaseModel

from qfluxd.model import Millis
from qfluxd.strategy import Strategy, View
from qfluxd.testing.answers import Answer, read_answer, shape_faults, value_faults
from qfluxd.testing.findings import Findings

_ROUNDS: Final = 25


class Asker:
    """One strategy to be asked.

    The promise: nothing that it raises is raised here.
    """

    def __init__(self, strategy: Strategy, findings: Findings, context: Any) -> None:
        self._strategy = strategy
        self._findings = findings
        self._context = context

    def copy(self) -> Strategy:
        """One like it that was never asked."""
        if isinstance(self._strategy, BaseModel) and not self._findings.any_bad("options"):
            options = self._strategy.model_dump(mode="json")
            fresh: Strategy = type(self._strategy).model_validate(options, context=self._context)
            return fresh
        return copy.deepcopy(self._strategy)

    def ask(self, view: View, where: str, strategy: Strategy | None = None) -> Answer | None:
        """The answer where there is one that can be read; otherwise what is wrong has been said."""
        asked = strategy or self._strategy
        shown = {length: frame.clone() for length, frame in _frames(view).items()}
        options = self._options(asked)
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                answer = asked.signals(view)
        except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a strategy raises is a finding
            what = f"{type(problem).__name__}: {problem}"
            self._findings.bad("runs", f"on {where}, with {view.height} candles, it raises {what}")
            return None
        if warned:
            self._findings.note("runs", f"it answers, but warns: {warned[0].message}")
        left = _frames(view)
        if left.keys() != shown.keys() or not all(shown[length].equals(frame) for length, frame in left.items()):
            self._findings.bad("unchanged", f"on {where}, it changes the candles that it is shown")
        if self._options(asked) != options:
            self._findings.bad("unchanged", "it changes its own options")
        return self._read(answer, view, where)

    def microseconds(self, view: View) -> float:
        """How long a look takes, the median of several; it has looked at this view before."""
        took: list[float] = []
        with warnings.catch_warnings(), contextlib.suppress(Exception):  # it did answer
            warnings.simplefilter("ignore")
            for _ in range(_ROUNDS):
                began = perf_counter()
                self._strategy.signals(view)
                took.append(perf_counter() - began)
        return median(took or [0.0]) * 1e6

    def _options(self, strategy: Strategy) -> Any:
        return None if self._findings.any_bad("options") else strategy.model_dump()

    def _read(self, answer: pl.DataFrame, view: View, where: str) -> Answer | None:
        faults = list(shape_faults(answer, view.height))
        read = None if faults else read_answer(answer)
        if read is not None:
            faults = list(value_faults(read))
        for fault in faults:
            self._findings.bad("shape", f"on {where}, {fault}")
        return None if faults else read


def _frames(view: View) -> dict[Millis, pl.DataFrame]:
    return {0: view.candles, **view.higher}
