"""Whether a strategy that has seen much answers as one that has seen nothing else, in a fresh interpreter.

What is kept in a module outlives every copy of a strategy, and taking candles away does not take it away. So the fresh
one is asked about parts only: what was learnt from all candles cannot be learnt there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qfluxd.strategy import Strategy, View
from qfluxd.testing.answers import Answer, difference, read_answer, shape_faults
from qfluxd.testing.asking import Asker
from qfluxd.testing.fresh import Reply, ask_afresh


@dataclass(frozen=True, slots=True)
class Part:
    """Candles to ask about, and a word for where they are from."""

    where: str
    view: View


@dataclass(frozen=True, slots=True)
class Apart:
    """A part of which the fresh one says otherwise, and what.

    With `remembers` that is because of what was asked before: a fresh one that was asked that too says the same again.
    """

    part: Part
    what: str
    remembers: bool

    @property
    def reason(self) -> str:
        """Where that comes from."""
        if self.remembers:
            return "it keeps what it was shown before, and so may know what comes later"
        return "the order of a set, a clock, or something kept outside of it"


def asked_apart(
    strategy: Strategy, asker: Asker, parts: Sequence[Part], before: View, folder: Path | None
) -> Apart | None:
    """The first of these parts of which a fresh interpreter, which sees nothing else, does not say what is said here.

    `before` is what the strategy was asked about here before all else. `folder` holds strategies of the owner's own.
    Raises `FreshError` as `ask_afresh` does.
    """
    here = [asker.ask(part.view, part.where) for part in parts]
    there = ask_afresh(strategy, [part.view for part in parts], folder)
    for part, answer, reply in zip(parts, here, there, strict=True):
        if answer is not None and (what := _other(part.view, answer, reply)):
            again = ask_afresh(strategy, (before, part.view), folder)[-1]
            return Apart(part, what, remembers=_other(part.view, answer, again) is None)
    return None


def _other(view: View, answer: Answer, reply: Reply) -> str | None:
    if isinstance(reply, str):
        return f"it raises {reply} there"
    if any(shape_faults(reply, view.height)):
        return "none that can be read"
    found = difference(answer, read_answer(reply), view.height)
    return None if found is None else str(found)
