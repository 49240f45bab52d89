"""Determinism: the same candles bring the same answer, asked again, by another like it, and in a fresh interpreter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qfluxd.model import Series
from qfluxd.research.audits.finding import Figure, Finding
from qfluxd.research.audits.subject import WINDOW, Subject
from qfluxd.strategy import View
from qfluxd.testing.answers import Answer, difference, read_answer, shape_faults
from qfluxd.testing.fresh import FreshError, ask_afresh
from qfluxd.testing.views import last, up_to

NAME: Final = "determinism"

_ANOTHER: Final = "ANOTHER_otc"
"""An asset that no data are about."""
_SAME: Final = "same"


class Determinism:
    """The determinism audit of one plan."""

    def __init__(self, subjects: Sequence[Subject], folder: Path | None) -> None:
        """`folder` holds the owner's own strategies."""
        self._subjects = subjects
        self._plan = subjects[0].plan
        self._folder = folder
        self._asked = 0
        self._fresh = _SAME

    def finding(self) -> Finding:
        """What it comes to."""
        for subject in self._subjects:
            if what := self._differs(subject):
                return Finding(NAME, "bad", what, self._figures | {"asset": subject.asset})
        if what := self._differs_afresh(self._subjects[0]):
            return Finding(NAME, "bad", what, self._figures)
        told = f"the same candles brought the same answer, asked {self._asked} times"
        if self._fresh == _SAME:
            return Finding(NAME, "ok", f"{told}, once in a fresh interpreter", self._figures)
        return Finding(NAME, "note", f"{told}; a fresh interpreter could not be asked: {self._fresh}", self._figures)

    @property
    def _figures(self) -> dict[str, Figure]:
        return {"plan": self._plan.name, "asked": self._asked, "fresh": self._fresh}

    def _differs(self, subject: Subject) -> str | None:
        answer = subject.answer
        if answer is None:
            return f"it cannot be asked: {subject.fault}"
        asker, view = subject.asker, subject.view
        if what := self._other(view, answer, asker.ask(view, subject.asset, asker.copy())):
            reason = "a clock, a chance without a seed, or something kept outside of it"
            return f"the same candles of {subject.asset} bring another answer ({reason}): {what}"
        before = up_to(view, view.height // 2)
        asker.ask(View(Series(_ANOTHER, view.series.timeframe), before.candles, before.higher), subject.asset)
        if what := self._other(view, answer, asker.ask(view, subject.asset)):
            return f"on {subject.asset} it answers otherwise after it was asked before: {what}"
        return None

    def _differs_afresh(self, subject: Subject) -> str | None:
        view = last(subject.view, subject.view.height - 1, min(WINDOW, subject.view.height))
        answer = subject.asker.ask(view, subject.asset)
        try:
            reply = ask_afresh(self._plan.use, self._plan.strategy, view, self._folder)
        except FreshError as problem:
            self._fresh = str(problem)
            return None
        told = None if any(shape_faults(reply, view.height)) else read_answer(reply)
        if answer and (what := self._other(view, answer, told)):
            self._fresh = "other"
            return f"a fresh interpreter answers otherwise, as the order of a set or a clock brings it: {what}"
        return None

    def _other(self, view: View, answer: Answer, told: Answer | None) -> str | None:
        self._asked += 1
        return "none that can be read" if told is None else difference(view, answer, told, view.height)
