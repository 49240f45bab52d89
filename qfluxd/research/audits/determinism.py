"""Determinism: the same candles bring the same answer, asked again, by another like it, and in a fresh interpreter."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from qfluxd.model import Series
from qfluxd.research.audits.finding import Figure, Finding
from qfluxd.research.audits.subject import WINDOW, Subject
from qfluxd.strategy import View
from qfluxd.testing.answers import Answer, difference
from qfluxd.testing.apart import Part, asked_apart
from qfluxd.testing.fresh import FreshError
from qfluxd.testing.views import last, up_to

NAME: Final = "determinism"

_ANOTHER: Final = "ANOTHER_otc"
"""An asset that no data are about."""
_SAME: Final = "same"
_PARTS: Final = ("the middle", "the beginning", "the end")
"""What a fresh interpreter is shown: first what neither begins nor ends with all candles, so that whatever is learnt at
the first question, from all candles, the first or the last ones, is not what is learnt there."""


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
            what = f"{told}, {len(_PARTS)} of them in a fresh interpreter that sees a part only"
            return Finding(NAME, "ok", what, self._figures)
        return Finding(NAME, "note", f"{told}; a fresh interpreter could not be asked: {self._fresh}", self._figures)

    @property
    def _figures(self) -> dict[str, Figure]:
        return {"plan": self._plan.name, "asked": self._asked, "fresh": self._fresh}

    def _differs(self, subject: Subject) -> str | None:
        answer = subject.answer
        if answer is None:
            return f"it cannot be asked: {subject.fault}"
        asker, view = subject.asker, subject.view
        if what := self._other(answer, asker.ask(view, subject.asset, asker.copy())):
            reason = "a clock, a chance without a seed, or something kept outside of it"
            return f"the same candles of {subject.asset} bring another answer ({reason}): {what}"
        before = up_to(view, view.height // 2)
        asker.ask(View(Series(_ANOTHER, view.series.timeframe), before.candles, before.higher), subject.asset)
        if what := self._other(answer, asker.ask(view, subject.asset)):
            return f"on {subject.asset} it answers otherwise after it was asked before: {what}"
        return None

    def _differs_afresh(self, subject: Subject) -> str | None:
        parts = [_part(subject, which) for which in _PARTS]
        try:
            apart = asked_apart(self._plan.strategy, subject.asker, parts, subject.view, self._folder)
        except FreshError as problem:
            self._fresh = str(problem)
            return None
        self._asked += len(parts)
        if apart is None:
            return None
        self._fresh = "remembers" if apart.remembers else "other"
        return (
            f"a fresh interpreter answers otherwise where it is shown {apart.part.where} only ({apart.reason}): "
            f"{apart.what}"
        )

    def _other(self, answer: Answer, told: Answer | None) -> str | None:
        self._asked += 1
        if told is None:
            return "none that can be read"
        found = difference(answer, told, answer.side.size)
        return None if found is None else str(found)


def _part(subject: Subject, which: str) -> Part:
    view, height = subject.view, subject.view.height
    some = max(min(max(height // 4, 2 * subject.plan.strategy.warmup), height // 2, WINDOW), 1)
    match which:
        case "the middle":
            row, count = height // 2, some
        case "the beginning":
            row, count = some - 1, some
        case _:
            row, count = height - 1, min(height, WINDOW)
    return Part(f"{count:,} candles from {which}", last(view, row, count))
