"""What a check of a strategy finds, in words."""

from dataclasses import dataclass
from typing import Final, Literal

type Verdict = Literal["good", "note", "bad"]

CHECKS: Final = {
    "declared": "it says how many candles it needs, which timeframes, and what beside prices",
    "described": "its docstring says what it does, and each option what it is for",
    "options": "its options are the same after they were written as JSON and read again, and cannot be changed",
    "runs": "it answers on every market, with few candles too",
    "shape": "it answers with a row per candle, in the right types",
    "confidence": "its confidence stays between 0 and 1",
    "unchanged": "it leaves the candles and its own options as they are",
    "chance": "the same candles bring the same answer",
    "memory": "what it was asked before makes no difference",
    "look_ahead": "no answer changes when later candles are taken away or are others",
    "warm_up": "it says nothing before it is warm",
    "history": "no answer rests on candles older than its warm-up",
    "speaks": "it says something",
    "speed": "it is quick enough",
}
"""Every check by its stable word, with the sentence for a strategy that passes it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check came to. `check` is a key of `CHECKS`; a ``note`` is something to know and no fault."""

    check: str
    verdict: Verdict
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict:4}  {self.check:10}  {self.detail}"


class Findings:
    """Collects what is found.

    The promise: every check is in the result once, with the first thing that was wrong and how often more was.
    """

    def __init__(self) -> None:
        self._wrong: dict[str, list[str]] = {}
        self._told: dict[str, tuple[Verdict, str]] = {}
        self._skipped: set[str] = set()

    def bad(self, check: str, detail: str) -> None:
        """Something is wrong."""
        self._wrong.setdefault(check, []).append(detail)

    def note(self, check: str, detail: str) -> None:
        """Something should be known; the newest note of a check counts."""
        self._told[check] = "note", detail

    def good(self, check: str, detail: str) -> None:
        """It passes, and there is more to say than that."""
        self._told[check] = "good", detail

    def skip(self, *checks: str) -> None:
        """These could not be looked at, because of something else that is wrong."""
        self._skipped.update(checks)

    def any_bad(self, *checks: str) -> bool:
        """Whether something is wrong with one of these checks so far."""
        return not self._wrong.keys().isdisjoint(checks)

    def all(self) -> list[Finding]:
        """One finding per check, in the order of `CHECKS`."""
        return [self._finding(check) for check in CHECKS]

    def _finding(self, check: str) -> Finding:
        if wrong := self._wrong.get(check):
            more = f" (and {len(wrong) - 1} more of this kind)" if wrong[1:] else ""
            return Finding(check, "bad", wrong[0] + more)
        if check in self._skipped:
            return Finding(check, "note", "not looked at, because of what is bad above")
        if told := self._told.get(check):
            return Finding(check, *told)
        return Finding(check, "good", CHECKS[check])
