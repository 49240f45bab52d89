"""Look-ahead: with the data cut at a candle, or with another future after it, no answer up to it may change."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

import numpy as np

from qfluxd.model import Millis
from qfluxd.research.audits.finding import Figure, Finding, not_looked_at
from qfluxd.research.audits.futures import CHANGES, other_future
from qfluxd.research.audits.subject import Subject, shares
from qfluxd.research.audits.words import moment
from qfluxd.strategy import Mask, View
from qfluxd.testing.answers import Answer, Difference, differences, places
from qfluxd.testing.trial import OTHERS_ALLOWED
from qfluxd.testing.views import up_to

NAME: Final = "look_ahead"

_CUTS: Final = 192
"""Candles at which the data of a plan are cut, all its assets together, and the fewest on each asset."""
_FEWEST: Final = 16
_WINDOWS: Final = 6
_PROBED: Final = 6
"""Changed answers of which it is found out what they rest on."""
_LONGER: Final = " of longer candles"
_ROWS: Final = "that there are more candles"
_WHOLE_CUTS: Final = 3
"""Cuts of all candles of an asset that is too long to be looked at as one: for what looks further than a window."""


@dataclass(frozen=True, slots=True)
class Peek:
    """One answer that changed: `row` of `view` said otherwise once what came after `cut` was gone or was other.

    It is `slight` where a rounding decides, as far as the reasons tell.
    """

    subject: Subject
    view: View
    row: int
    cut: int
    what: str
    how: str
    slight: bool

    @property
    def at(self) -> Millis:
        """When the candle opened whose answer changed."""
        return int(self.view.times[self.row])


class Ahead:
    """The look-ahead audit of one plan."""

    def __init__(self, subjects: Sequence[Subject], seed: int) -> None:
        self._subjects = subjects
        self._chance = np.random.default_rng((seed, 1))
        self._peeks: list[Peek] = []
        self._cuts = 0
        self._rows = 0

    def finding(self) -> Finding:
        """What it comes to."""
        cuts = shares(self._subjects, _CUTS, _FEWEST)
        for subject in self._subjects:
            windows = list(subject.windows(_WINDOWS, self._chance))
            for view in windows:
                self._try(subject, view, max(cuts // len(windows), 4))
            if windows[0] is not subject.view:
                self._try(subject, subject.view, _WHOLE_CUTS)
        if not self._cuts:
            why = self._subjects[0].fault or "there are too few candles"
            return not_looked_at(NAME, self._subjects[0].plan.name, why)
        if not self._peeks:
            return self._clean()
        return self._rounded() if all(peek.slight for peek in self._peeks) else self._found()

    def _try(self, subject: Subject, view: View, count: int) -> None:
        answer = subject.answer if view is subject.view else subject.asker.ask(view, subject.asset)
        if answer is None or view.height < 3:
            return
        self._rows += view.height
        for row in sorted({*places(answer, 0, count, self._chance), *self._beside_longer(view, count // 4)}):
            self._cuts += 1
            before = len(self._peeks)
            self._compare(subject, view, answer, row, up_to(view, row), "without the candles after it")
            if before == len(self._peeks):
                other = other_future(view, row, candles=True, longer=True)
                self._compare(subject, view, answer, row, other, "with other candles after it")

    def _beside_longer(self, view: View, count: int) -> Iterator[int]:
        """Seeded candles with which a longer one closes, and those before and after."""
        for length in view.higher:
            ends = np.flatnonzero(_closes_longer(view, length))
            for row in self._chance.choice(ends, min(count, ends.size), replace=False).tolist():
                yield from (near for near in (row - 1, row, row + 1) if 0 <= near < view.height - 1)

    def _compare(self, subject: Subject, view: View, answer: Answer, cut: int, shown: View, how: str) -> None:
        told = subject.asker.ask(shown, subject.asset)
        found = [] if told is None else list(differences(answer, told, cut + 1))
        if found:
            first = min(found, key=lambda each: (each.slight, _row(each, cut)))
            self._peeks.append(Peek(subject, view, _row(first, cut), cut, first.what, how, first.slight))

    def _clean(self) -> Finding:
        plan = self._subjects[0].plan.name
        return Finding(
            NAME,
            "ok",
            f"no answer changed when the candles after {self._cuts:,} places were taken away or were others",
            {"plan": plan, "cuts": self._cuts, "differing": 0, "candles": self._rows},
        )

    def _found(self) -> Finding:
        peeks = [peek for peek in self._peeks if not peek.slight]
        seen = sorted({word for peek in peeks[:_PROBED] for word in _seen(peek)}) or [_ROWS]
        meaning = f"it looks ahead: {self._told(peeks)}; what it sees of the future: {', '.join(seen)}"
        if all(word.endswith(_LONGER) for word in seen):
            meaning += "; a longer candle is known when it closes, not when it opens: lay it beside with as_of_close"
        return Finding(NAME, "bad", meaning, self._figures(peeks) | {"sees": list(seen)})

    def _rounded(self) -> Finding:
        """Nothing but sides that a rounding turned; where these are many, they may be a look ahead as well."""
        many = len(self._peeks) > max(1, OTHERS_ALLOWED * self._cuts)
        meaning = (
            f"{'it looks ahead or hangs by a rounding' if many else 'a rounding decides'}: {self._told(self._peeks)}; "
            "leave a margin where it compares, so that the last digits decide nothing"
        )
        return Finding(NAME, "bad" if many else "note", meaning, self._figures(self._peeks))

    def _told(self, peeks: Sequence[Peek]) -> str:
        """The first of them, and how many there are."""
        first = _first(peeks)
        later = first.cut - first.row
        return (
            f"on {first.subject.asset}, at the candle of {moment(first.at)}, {first.what} {first.how}"
            f"{f', {later:,} later' if later else ''}; {len(peeks):,} of {self._cuts:,} places tell"
        )

    def _figures(self, peeks: Sequence[Peek]) -> dict[str, Figure]:
        first = _first(peeks)
        reach = [each.cut - each.row + 1 for each in peeks]
        return {
            "plan": first.subject.plan.name,
            "asset": first.subject.asset,
            "at": first.at,
            "row": first.row,
            "cut": first.cut,
            "what": first.what,
            "cuts": self._cuts,
            "differing": len(peeks),
            "nearest": min(reach),
            "furthest": max(reach),
            "candles": self._rows,
        }


def _first(peeks: Sequence[Peek]) -> Peek:
    return min(peeks, key=lambda each: (each.at, each.cut))


def _row(found: Difference, cut: int) -> int:
    return cut if found.row is None else found.row


def _seen(peek: Peek) -> Iterator[str]:
    """What of the future an answer rests on, found by changing one thing at a time."""
    ask = peek.subject.asker.ask
    answer = ask(peek.view, peek.subject.asset)
    for name, ending in product(CHANGES, ("", _LONGER)):
        other = other_future(peek.view, peek.cut, candles=not ending, longer=bool(ending), only=name)
        told = ask(other, peek.subject.asset)
        if answer and told and any(differences(answer, told, peek.cut + 1)):
            yield name + ending


def _closes_longer(view: View, length: Millis) -> Mask:
    """Where a candle of the longer timeframe closes with the candle."""
    ends = View(view.series, view.higher[length]).times + length
    return np.isin(view.times + view.series.timeframe, ends)
