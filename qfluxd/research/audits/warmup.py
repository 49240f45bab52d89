"""Warm-up: from how many candles on the answers no longer depend on where the data start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from qfluxd.plans.looking import MOST_ROWS, rows_shown
from qfluxd.research.audits.finding import Figure, Finding, not_looked_at
from qfluxd.research.audits.subject import Subject, shares
from qfluxd.research.audits.words import moment, share
from qfluxd.testing.answers import Answer, otherwise, places
from qfluxd.testing.trial import OTHERS_ALLOWED
from qfluxd.testing.views import last

NAME: Final = "warm_up"

_ROWS: Final = 96
"""Candles at which older history is taken away, all assets of a plan together, and the fewest on each."""
_FEWEST: Final = 8
_LONGEST: Final = 4 * MOST_ROWS
"""Further back than this no history is tried: live sees `MOST_ROWS` at most."""
_MORE: Final = 10
"""So many candles more than the warm-up, or a quarter, there must be to take away."""
_RATIO: Final = 0.7
"""Each history that is tried is so much of the one before."""


@dataclass(frozen=True, slots=True)
class Need:
    """How many candles an answer needs to be what it is with all that there are, and what is said with fewer.

    `capped` where it is another even with the longest history that was tried.
    """

    subject: Subject
    row: int
    candles: int
    capped: bool
    what: str


class WarmUp:
    """The warm-up audit of one plan."""

    def __init__(self, subjects: Sequence[Subject], seed: int) -> None:
        self._subjects = subjects
        self._plan = subjects[0].plan
        self._declared = self._plan.strategy.warmup
        self._chance = np.random.default_rng((seed, 2))

    def finding(self) -> Finding:
        """What it comes to."""
        if self._declared > MOST_ROWS:
            what = f"it declares a warm-up of {self._declared:,} candles, and live sees {MOST_ROWS:,}: it never speaks"
            return Finding(NAME, "bad", what, {"plan": self._plan.name, "declared": self._declared})
        for subject in self._subjects:
            if early := self._early(subject):
                return early
        needs = [need for subject in self._subjects for need in self._needs(subject)]
        return self._judged(needs) if needs else self._nothing()

    def _early(self, subject: Subject) -> Finding | None:
        answer = subject.answer
        spoken = [] if answer is None else np.flatnonzero(answer.speaks[: self._declared - 1]).tolist()
        if answer is None or not spoken:
            return None
        row = spoken[0]
        what = (
            f"it says {answer.says(row)} at candle {row + 1} of {subject.asset} ({moment(subject.time(row))}), "
            f"and declares that it needs {self._declared}"
        )
        figures: dict[str, Figure] = {"plan": self._plan.name, "declared": self._declared, "row": row}
        return Finding(NAME, "bad", what, figures | {"asset": subject.asset, "at": subject.time(row)})

    def _needs(self, subject: Subject) -> Iterator[Need]:
        """What answers need that say something, seeded, where there is history to take away."""
        answer, first = subject.answer, self._declared + max(self._declared // 4, _MORE)
        if answer is None or subject.view.height <= first + 2:
            return
        for row in places(answer, first, shares(self._subjects, _ROWS, _FEWEST), self._chance):
            if answer.speaks[row] or answer.speaks[max(row - 1, 0) : row + 2].any():
                yield self._need(subject, answer, row)

    def _need(self, subject: Subject, answer: Answer, row: int) -> Need:
        longest = min(row + 1, _LONGEST)
        same, tried, what = longest + 1, longest, ""
        while tried >= 1 and not (what := self._other(subject, answer, row, tried)):
            same, tried = tried, min(int(tried * _RATIO), tried - 1)
        if same > longest:
            return Need(subject, row, longest, True, what)
        return Need(subject, row, self._between(subject, answer, row, max(tried, 0), same), False, what)

    def _between(self, subject: Subject, answer: Answer, row: int, other: int, same: int) -> int:
        """The fewest candles with which it says the same, where it does with `same` and does not with `other`."""
        while same - other > 1:
            middle = (same + other) // 2
            if self._other(subject, answer, row, middle):
                other = middle
            else:
                same = middle
        return same

    def _other(self, subject: Subject, answer: Answer, row: int, count: int) -> str:
        """What is said otherwise with so many candles, "" where nothing is."""
        told = subject.asker.ask(last(subject.view, row, count), subject.asset)
        return "none that can be read" if told is None else otherwise(answer, row, told) or ""

    def _judged(self, needs: Sequence[Need]) -> Finding:
        allowed = max(1, int(OTHERS_ALLOWED * len(needs)))
        lengths = sorted(need.candles for need in needs)
        recommended = max(lengths[-1 - allowed] if len(lengths) > allowed else lengths[-1], self._declared)
        late = [need for need in needs if need.candles > self._declared or need.capped]
        blind = [need for need in needs if need.candles > MOST_ROWS or need.capped]
        live = rows_shown(self._declared)
        figures: dict[str, Figure] = {
            "plan": self._plan.name,
            "declared": self._declared,
            "recommended": recommended,
            "furthest": lengths[-1],
            "compared": len(needs),
            "others_at_declared": len(late),
            "others_live": sum(need.candles > live or need.capped for need in needs),
            "live_candles": live,
        }
        if len(blind) > allowed:
            return Finding(NAME, "bad", self._blind(needs, blind), figures)
        if len(late) > allowed:
            return Finding(NAME, "bad", self._late(needs, late, recommended), figures)
        few = f"; {len(late)} of them hang by a last digit, which is few enough" if late else ""
        return Finding(
            NAME,
            "ok",
            f"with the {self._declared:,} candles that it declares it says what it says with all those before, at "
            f"{len(needs):,} places{few}",
            figures,
        )

    def _blind(self, needs: Sequence[Need], blind: Sequence[Need]) -> str:
        shown = f"the {MOST_ROWS:,} candles that live sees at most"
        if all(need.candles <= MOST_ROWS for need in blind):
            shown = f"the {max(need.candles for need in blind):,} candles or fewer before them"
        return (
            f"where it starts decides what it says: with {shown}, {len(blind):,} of {len(needs):,} answers "
            f"({share(len(blind), len(needs))}) are not those of the whole history; first {_place(blind)}; "
            "let it forget what is long ago"
        )

    def _late(self, needs: Sequence[Need], late: Sequence[Need], recommended: int) -> str:
        return (
            f"{len(late):,} of {len(needs):,} answers ({share(len(late), len(needs))}) are others with the "
            f"{self._declared:,} candles that it declares; first {_place(late)}; declare {recommended:,}"
        )

    def _nothing(self) -> Finding:
        what = f"there are too few candles beyond its warm-up of {self._declared:,}, or it says nothing there"
        return not_looked_at(NAME, self._plan.name, what)


def _place(needs: Sequence[Need]) -> str:
    first = min(needs, key=lambda need: need.subject.time(need.row))
    return f"on {first.subject.asset} at {moment(first.subject.time(first.row))}, {first.what}"
