"""One plan as it runs: whether it is awake, what it has said, and what its trades came to."""

from collections import Counter, deque
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from qfluxd.model import Millis, Mode, PlanPhase, PlanState, PlanSwitched, Signal, Verdict, timeframe_name
from qfluxd.plans.looking import Look, worded
from qfluxd.plans.plan import Plan
from qfluxd.strategy import Extra, Strategy
from qfluxd.trading.schedule import Due
from qfluxd.trading.staking import Result

_OVERRUNS: Final = 3
"""So many looks in a row that take too long bench a plan; a single one may be the machine's fault."""
_RESULTS: Final = 64
"""Results that a staking policy may look back on."""
_SAID: Final = 10_000
"""Signals by whose ids a plan knows that it has said something."""
_WAKERS: Final = ("command", "file")
"""By whom a plan that was benched is woken: by a person, who asks for it or writes it down."""


class Needs(msgspec.Struct, frozen=True):
    """What a strategy says of itself, asked once: it is code that anybody may have written."""

    options: dict[str, Any] = {}
    warmup: int = 1
    timeframes: tuple[Millis, ...] = ()
    wants: tuple[Extra, ...] = ()


def needs_of(strategy: Strategy) -> Needs:
    """What a strategy says of itself. Raises whatever it does."""
    options = strategy.model_dump(mode="json")
    return Needs(options, int(strategy.warmup), tuple(strategy.timeframes), tuple(strategy.wants))


class Running:
    """A plan with all that changes about it.

    The promise: switched off or benched it is not awake, and only a person wakes it again; one that cannot run as it is
    stays benched, whoever wants it to.
    """

    def __init__(self, plan: Plan, late_after: Millis, folded: Iterable[Millis]) -> None:
        """A run that could be begun only `late_after` milliseconds after its time is skipped.

        `folded` are the lengths of candle that there are; a plan that needs others is benched.
        """
        self.plan = plan
        self.due = Due(plan.schedule, late_after)
        self.enabled = plan.enabled
        self.mode: Mode = plan.mode
        self._benched: str | None = None
        self._unfit: str | None = None
        self._why = ""
        self.needs = Needs()
        try:
            self.needs = needs_of(plan.strategy)
        except Exception as problem:  # noqa: BLE001 - the others go on
            self._unfit = worded(problem)
        if missing := {plan.timeframe, *self.needs.timeframes}.difference(folded):
            self._unfit = f"no {timeframe_name(min(missing))} candles are folded before the daemon is started again"
        self._late = 0
        self._said: deque[str] = deque(maxlen=_SAID)
        self._known: set[str] = set()
        self._signals = 0
        self._refused: Counter[str] = Counter()
        self._overruns = 0
        self._last_signal: Millis | None = None
        self._took_us: int | None = None
        self._rows: dict[str, int] = {}
        self._results: dict[Mode, deque[Result]] = {}

    @property
    def awake(self) -> bool:
        """Whether it looks at anything."""
        return self.enabled and self._benched is None and self._unfit is None

    def inherit(self, other: "Running") -> None:
        """Take over what another plan of this name has earned and lost, and that it has said what it said."""
        self._results = other._results
        self._said, self._known = other._said, other._known

    def switch(self, switch: PlanSwitched) -> None:
        """A person or a comparison switched it, or it was benched."""
        if switch.by == "bench":
            self._benched = switch.reason
            return
        if switch.by in _WAKERS:
            self._benched, self._overruns = None, 0
        self.enabled, self.mode, self._why = switch.enabled, switch.mode, switch.reason

    def benched(self, reason: str, at: Millis) -> PlanSwitched:
        """What benches it, for a reason."""
        return PlanSwitched(self.plan.name, self.enabled, self.mode, "bench", reason, at)

    def skip(self, runs: int) -> None:
        """So many runs came too late to be made."""
        self._late += runs

    def is_new(self, signal: Signal) -> bool:
        """Whether it has not said this before; now it has."""
        if signal.id in self._known:
            return False
        if len(self._said) == _SAID:
            self._known.discard(self._said[0])
        self._said.append(signal.id)
        self._known.add(signal.id)
        return True

    def looked(self, asset: str, look: Look, budget_us: int | None) -> str | None:
        """It has looked at an asset; why it must be benched now, None where it need not."""
        self._rows[asset] = look.rows
        if budget_us is None or not look.warm:  # nothing was asked of it yet
            return None
        self._took_us = look.took_us
        self._overruns = self._overruns + 1 if look.took_us > budget_us else 0
        if self._overruns < _OVERRUNS:
            return None
        return f"its last {_OVERRUNS} looks took more than {budget_us / 1000:g} ms each"

    def judged(self, verdict: Verdict) -> None:
        """A signal of it was judged."""
        self._signals += 1
        self._last_signal = verdict.signal.at
        if verdict.outcome == "refused":
            self._refused[verdict.code] += 1

    def add_results(self, mode: Mode, results: Iterable[Result]) -> None:
        """What trades of it came to, oldest first."""
        self._results.setdefault(mode, deque(maxlen=_RESULTS)).extend(results)

    @property
    def results(self) -> tuple[Result, ...]:
        """What its trades in the present mode came to, oldest first."""
        return tuple(self._results.get(self.mode, ()))

    def state(self) -> PlanState:
        """How it is doing."""
        phase, detail = self._phase()
        plan = self.plan
        return PlanState(
            name=plan.name,
            use=plan.use,
            enabled=self.enabled,
            mode=self.mode,
            phase=phase,
            detail=detail,
            assets=plan.assets,
            timeframe=plan.timeframe,
            options=self.needs.options,
            signals=self._signals,
            refused=dict(sorted(self._refused.items())),
            skipped=self.due.skipped + self._late,
            last_signal=self._last_signal,
            took_us=self._took_us,
        )

    def _phase(self) -> tuple[PlanPhase, str]:
        if self._unfit is not None:
            return "benched", self._unfit
        if self._benched is not None:
            return "benched", f"{self._benched}; strategy/enable tries again"
        if not self.enabled:
            return "off", f"{self._why}; strategy/enable turns it on" if self._why else "strategy/enable turns it on"
        needed = self.needs.warmup
        if any(rows >= needed for rows in self._rows.values()):
            return "running", ""
        if not self._rows:
            return "warming", "it has not looked at any candle yet"
        if len(self._rows) > 1:  # counts of many would be news at every candle of each
            return "warming", f"needs {needed} closed candles, which none of {len(self._rows)} assets has yet"
        ((asset, rows),) = self._rows.items()
        return "warming", f"needs {needed} closed candles; of {asset} there are {rows}"
