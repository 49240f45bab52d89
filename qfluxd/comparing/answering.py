"""Does what is asked about comparisons of strategies."""

from collections.abc import Callable
from typing import Any

from qfluxd.api import commands as ask
from qfluxd.comparing import Comparing
from qfluxd.desk import Desk
from qfluxd.model import Millis, Refusal
from qfluxd.research.compare.agreeing import Known, agreed
from qfluxd.research.compare.history import Promotion


class CompareAnswers:
    """What comparisons are asked for. The promise: only `compare/promote` puts a strategy into mode live."""

    def __init__(self, comparing: Comparing, desk: Desk, now: Callable[[], Millis]) -> None:
        """`now` is this machine's clock."""
        self._comparing = comparing
        self._desk = desk
        self._now = now

    def perform(self, command: ask.CompareWork) -> dict[str, Any] | Refusal:
        """The data of the answer, or why there is none."""
        match command:
            case ask.CompareStart():
                return self._start(command)
            case ask.CompareStop():
                return self._stop(command)
            case ask.CompareReport():
                return self._report(command.comparison)
            case ask.ComparePromote():
                return self._promote(command)
            case _:
                raise AssertionError(f"{command.name} has no one to do it")

    def _start(self, command: ask.CompareStart) -> dict[str, Any] | Refusal:
        setting = agreed(command, self._known(command))
        if isinstance(setting, Refusal):
            return setting
        return self._comparing.begin(setting) or self._told(setting.name)

    def _known(self, command: ask.CompareStart) -> Known:
        comparing, at = self._comparing, self._now()
        found = {name: self._desk.plans.plan(name) for name in command.arms}
        return Known(
            plans={name: plan for name, plan in found.items() if plan is not None},
            states=comparing.states(),
            names=comparing.cases.keys(),
            busy={name: running.setting.name for name, running in comparing.arms.items()},
            now=self._desk.now(at),
            at=at,
            late=comparing.late,
        )

    def _stop(self, command: ask.CompareStop) -> dict[str, Any] | Refusal:
        name = command.comparison
        if name not in self._comparing.running:
            return self._unknown(name)
        return self._comparing.stop(name, command.reason.strip()) or self._told(name)

    def _report(self, name: str | None) -> dict[str, Any] | Refusal:
        comparing = self._comparing
        if name is not None:
            return self._told(name) if name in comparing.cases else self._unknown(name)
        names = (*comparing.running, *reversed(comparing.newest()))
        return {"comparisons": [comparing.payload(each) for each in names]}

    def _promote(self, command: ask.ComparePromote) -> dict[str, Any] | Refusal:
        """A person's word."""
        name = command.comparison
        case = self._comparing.cases.get(name)
        if case is None:
            return self._unknown(name)
        if (refusal := self._comparing.gate(case)) is not None:
            return refusal
        promotion = Promotion(case.winner or "", "command", command.reason.strip(), self._now())
        return self._comparing.promote(name, promotion) or self._told(name)

    def _told(self, name: str) -> dict[str, Any]:
        return {"comparison": self._comparing.payload(name)}

    def _unknown(self, name: str) -> Refusal:
        if name in self._comparing.cases:
            return Refusal("comparison_over", f"comparison {name} is over")
        return Refusal("comparison_unknown", f"no comparison is called {name}; compare/report names all")
