"""A strategy before its markets, which try to make it break its promises."""

from collections import Counter
from typing import Any, Final

import numpy as np

from qfluxd.loading import strategies_folder
from qfluxd.model import Millis, Series
from qfluxd.strategy import Strategy, View
from qfluxd.testing.answers import Answer, difference, otherwise, places
from qfluxd.testing.apart import Part, asked_apart
from qfluxd.testing.asking import Asker
from qfluxd.testing.findings import Findings
from qfluxd.testing.fresh import FreshError
from qfluxd.testing.markets import KINDS, Kind, market
from qfluxd.testing.views import last, spliced, up_to

ASKED: Final = (
    "runs",
    "shape",
    "confidence",
    "unchanged",
    "chance",
    "memory",
    "look_ahead",
    "warm_up",
    "history",
    "speaks",
    "speed",
)
"""The checks for which a strategy is asked."""

_WITHOUT_HOLES: Final[tuple[Kind, ...]] = ("walk", "trend", "swing")
"""Markets whose futures can be exchanged, and on which older history is taken away."""
OTHERS_ALLOWED: Final = 0.02
"""So many of the signals may be others without the older history: a recursive average never forgets all of it. And at
so many places a rounding may decide, as it does where what is compared comes very near to a threshold."""
_SIZES: Final = (300, 1000)


class Trial:
    """One strategy, asked again and again.

    The promise: what it does wrong is found under its own name, and never raised; what follows from one fault is not
    found as another.
    """

    def __init__(
        self, strategy: Strategy, findings: Findings, *, seed: int, cuts: int, timeframe: Millis, context: Any
    ) -> None:
        self._strategy = strategy
        self._findings = findings
        self._seed = seed
        self._cuts = cuts
        self._timeframe = timeframe
        self._asker = Asker(strategy, findings, context)
        self._folder = strategies_folder(context)
        self._warmup = strategy.warmup
        self._chance = np.random.default_rng(seed)
        self._said: Counter[str] = Counter()
        self._others: list[str] = []
        self._compared = 0
        self._rounded: list[str] = []
        self._cut = 0

    def run(self, budget_us: float | None) -> None:
        """All checks on all markets."""
        tried = [kind for kind in KINDS if self._try_on(kind)]
        if not tried:
            self._findings.skip(*ASKED)
            return
        if self._try_apart(tried):
            self._judge_rounded()
            self._judge_history()
        calls, puts = self._said["call"], self._said["put"]
        if calls + puts:
            self._findings.good("speaks", f"it says call {calls} times and put {puts} times on these markets")
        else:
            self._findings.note("speaks", "it says nothing on any of the markets")
        self._measure(budget_us)

    def _try_on(self, kind: Kind) -> bool:
        """All checks on one market; whether it answered there."""
        view = self._market(kind)
        answer = self._asker.ask(view, kind, self._asker.copy())
        if answer is None:
            return False
        self._look_at(answer, kind)
        self._try_few(view, kind)
        self._try_again(view, answer, kind)
        if self._findings.any_bad("chance", "memory"):
            self._findings.skip("look_ahead", "history")
            return True
        self._try_cuts(view, answer, kind)
        if kind in _WITHOUT_HOLES:
            self._try_futures(view, answer, kind)
            self._try_history(view, answer, kind)
        return True

    def _market(self, kind: Kind, seed: int = 0, rows: int | None = None) -> View:
        return market(
            kind,
            rows=rows or self._warmup + 400,
            timeframe=self._timeframe,
            higher=self._strategy.timeframes,
            depth=self._warmup + 220,
            wants=self._strategy.wants,
            seed=self._seed + seed,
        )

    # -------------------------------------------------------------------------------------------- trying

    def _look_at(self, answer: Answer, kind: Kind) -> None:
        strange = answer.confidence[~((answer.confidence >= 0) & (answer.confidence <= 1))]
        if strange.size:
            self._findings.bad("confidence", f"on {kind}, a confidence is {strange[0]:.6g}")
        self._silent(answer, kind)
        self._said.update(answer.says(row) for row in np.flatnonzero(answer.speaks).tolist())

    def _silent(self, answer: Answer, kind: Kind) -> None:
        """Before its warm-up it has said nothing."""
        early = np.flatnonzero(answer.speaks[: self._warmup - 1])
        if early.size:
            row = int(early[0])
            what = f"it says {answer.says(row)} at candle {row + 1}, and declares that it needs {self._warmup}"
            self._findings.bad("warm_up", f"on {kind}, {what}")

    def _try_few(self, view: View, kind: Kind) -> None:
        """Few candles, and longer timeframes of which none has closed."""
        for rows in sorted({1, 2, self._warmup - 1, self._warmup} - {0}):
            if answer := self._asker.ask(up_to(view, rows - 1), kind):
                self._silent(answer, kind)
        if view.higher:
            none = {length: frame.head(0) for length, frame in view.higher.items()}
            self._asker.ask(View(view.series, view.candles, none), f"{kind} without longer candles")

    def _try_again(self, view: View, answer: Answer, kind: Kind) -> None:
        """One that was never asked answers the same, and so does one that was asked about other candles before."""
        again = self._asker.ask(view, kind, self._asker.copy())
        if again and (what := difference(answer, again, view.height)):
            reason = "a clock, a chance without a seed, or something kept outside of it"
            self._findings.bad("chance", f"on {kind}, the same candles bring another answer ({reason}): {what}")
            return
        other = up_to(view, self._warmup + 7)
        self._asker.ask(View(Series("GBPUSD_otc", self._timeframe), other.candles, other.higher), kind)
        again = self._asker.ask(view, kind)
        if again and (what := difference(answer, again, view.height)):
            self._findings.bad("memory", f"on {kind}, it answers otherwise after it was asked before: {what}")

    def _try_apart(self, tried: list[Kind]) -> bool:
        """A fresh interpreter, which sees the beginning of each market only, the last market first, says the same.

        So it is, too, where it cannot be asked.
        """
        if self._findings.any_bad("options", "chance", "memory"):
            return True
        views = [(kind, self._market(kind)) for kind in tried]
        parts = [Part(kind, up_to(view, view.height // 2)) for kind, view in reversed(views)]
        try:
            apart = asked_apart(self._strategy, self._asker, parts, views[0][1], self._folder)
        except FreshError as problem:
            self._findings.note("memory", f"a fresh interpreter could not be asked: {problem}")
            return True
        if apart is not None:
            what = f"on {apart.part.where}, a fresh interpreter answers otherwise ({apart.reason}): {apart.what}"
            self._findings.bad("memory" if apart.remembers else "chance", what)
            self._findings.skip("look_ahead", "history")
        return apart is None

    def _try_cuts(self, view: View, answer: Answer, kind: Kind) -> None:
        """With everything after a candle taken away, the answers up to it are the same."""
        for row in places(answer, 0, self._cuts, self._chance):
            told = self._asker.ask(up_to(view, row), kind)
            self._compare(answer, told, row, f"on {kind}, without the candles after the {row + 1}th")

    def _try_futures(self, view: View, answer: Answer, kind: Kind) -> None:
        """With another future after a candle, the answers up to it are the same."""
        other = self._market(kind, seed=2)
        for row in places(answer, 0, self._cuts, self._chance):
            told = self._asker.ask(spliced(view, other, row), kind)
            self._compare(answer, told, row, f"on {kind}, with other candles after the {row + 1}th")

    def _compare(self, answer: Answer, told: Answer | None, row: int, where: str) -> None:
        self._cut += 1
        found = None if told is None else difference(answer, told, row + 1)
        if found is not None and found.slight:
            self._rounded.append(f"{where}, {found}")
        elif found is not None:
            self._findings.bad("look_ahead", f"{where}, {found}")

    def _try_history(self, view: View, answer: Answer, kind: Kind) -> None:
        """At the last of exactly `warmup` candles it says what it says with all those before."""
        if self._findings.any_bad("look_ahead"):
            self._findings.skip("history")
            return
        for row in places(answer, self._warmup - 1, 4 * self._cuts, self._chance):
            told = self._asker.ask(last(view, row, self._warmup), kind)
            if told is None:
                return
            self._silent(told, kind)
            speaks = bool(answer.speaks[row] or told.speaks[-1])
            self._compared += speaks
            what = otherwise(answer, row, told)
            if what and not self._shifted(view, answer, row, told, kind):
                self._others.append(f"on {kind}, at candle {row + 1} of {view.height}, {what}")

    def _shifted(self, view: View, answer: Answer, row: int, told: Answer, kind: Kind) -> bool:
        """Whether one says a candle earlier what the other says: of slow averages, a last digit decides that."""
        if told.side[-1] == answer.side[row]:
            return False
        beside = [near for near in (row - 1, row + 1) if self._warmup <= near + 1 <= view.height]
        if told.speaks[-1] and told.side[-1] not in answer.side[beside]:
            return False
        cut = (self._asker.ask(last(view, near, self._warmup), kind) for near in beside)
        return not answer.speaks[row] or any(each and each.side[-1] == answer.side[row] for each in cut)

    def _judge_rounded(self) -> None:
        many = len(self._rounded) > max(1, OTHERS_ALLOWED * self._cut)
        for what in self._rounded:
            if many:
                self._findings.bad("look_ahead", what)
            else:
                self._findings.note("look_ahead", what)

    def _judge_history(self) -> None:
        if not self._others:
            return
        count = f"{len(self._others)} of {self._compared} signals"
        what = f"{count} are others where only its warm-up of {self._warmup} candles is shown"
        if len(self._others) > max(1, OTHERS_ALLOWED * self._compared):
            self._findings.bad("history", f"{what}; declare a longer one: {self._others[0]}")
        else:
            self._findings.note("history", f"{what}, which is few enough: {self._others[0]}")

    def _measure(self, budget_us: float | None) -> None:
        views = [self._market("walk", rows=rows) for rows in _SIZES]
        if any(self._asker.ask(view, "walk") is None for view in views):
            self._findings.skip("speed")
            return
        took = [self._asker.microseconds(view) for view in views]
        sizes = zip(took, _SIZES, strict=True)
        told = "a look takes " + " and ".join(f"{us:.0f} µs at {rows} candles" for us, rows in sizes)
        if budget_us is not None and took[-1] > budget_us:
            self._findings.bad("speed", f"{told}; {budget_us:.0f} µs are allowed")
        else:
            self._findings.good("speed", told)
