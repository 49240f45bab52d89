"""Looks whether a strategy keeps its promises."""

import json
from collections.abc import Sequence
from typing import Any, Final

from pydantic import BaseModel

from qfluxd.model import DAY, MINUTE, SECOND, Millis
from qfluxd.strategy import Strategy
from qfluxd.testing.findings import Finding, Findings
from qfluxd.testing.trial import ASKED, Trial

_EXTRAS: Final = ("payout", "sentiment")
_LENGTHS: Final = (MINUTE, 30 * SECOND, 15 * SECOND, 5 * SECOND, SECOND)


def check_strategy(
    strategy: Strategy,
    *,
    seed: int = 0,
    cuts: int = 16,
    timeframe: Millis | None = None,
    context: Any = None,
    budget_us: float | None = None,
) -> list[Finding]:
    """Look whether `strategy` does what `qfluxd.strategy.Strategy` promises: a finding for each of `CHECKS`.

    It is asked about made-up markets (`qfluxd.testing.market`), and on each of them about `cuts` seeded places.
    `timeframe` is that of the candles, in ms; without one a minute, or what is shorter than all that it looks at.
    `context` is what its options were validated with. With `budget_us` a look at 1000 candles must not take longer, in
    microseconds. Nothing that the strategy raises is raised here.
    """
    findings = Findings()
    _check_declared(strategy, findings)
    _check_described(strategy, findings)
    _check_options(strategy, context, findings)
    if findings.any_bad("declared"):
        findings.skip(*ASKED)
    else:
        length = timeframe or _shorter_than(strategy.timeframes)
        Trial(strategy, findings, seed=seed, cuts=cuts, timeframe=length, context=context).run(budget_us)
    return findings.all()


def _check_declared(strategy: Strategy, findings: Findings) -> None:
    try:
        warmup, timeframes, wants = _declared(strategy)
    except (Exception, SystemExit) as problem:  # noqa: BLE001 - whatever a strategy raises is a finding
        findings.bad("declared", f"what it needs cannot be asked: {type(problem).__name__}: {problem}")
        return
    if type(warmup) is not int or warmup < 1:
        findings.bad("declared", f"warmup is {warmup!r}; it is a whole number from 1")
    if not isinstance(timeframes, tuple) or not all(type(each) is int and 0 < each <= DAY for each in timeframes):
        findings.bad("declared", f"timeframes is {timeframes!r}; it is a tuple of lengths in ms, () for none")
    if not isinstance(wants, tuple) or not set(wants) <= set(_EXTRAS):
        findings.bad("declared", f"wants is {wants!r}; it is a tuple of {' and '.join(_EXTRAS)}, () for none")


def _declared(strategy: Strategy) -> tuple[object, object, object]:
    return strategy.warmup, strategy.timeframes, strategy.wants


def _check_described(strategy: Strategy, findings: Findings) -> None:
    if not (type(strategy).__doc__ or "").strip():
        findings.bad("described", "the class has no docstring; its first sentence is shown in lists")
    fields = type(strategy).model_fields if isinstance(strategy, BaseModel) else {}
    if bare := [name for name, field in fields.items() if not field.description]:
        findings.note("described", f"without a description: {', '.join(bare)}")


def _check_options(strategy: Strategy, context: Any, findings: Findings) -> None:
    if not isinstance(strategy, BaseModel) or not strategy.model_config.get("frozen"):
        findings.bad("options", "it is no frozen pydantic model; derive it from qfluxd.settings.Table")
        return
    try:
        again = type(strategy).model_validate(json.loads(json.dumps(strategy.model_dump(mode="json"))), context=context)
    except (TypeError, ValueError) as problem:
        findings.bad("options", f"its options cannot be written as JSON and read again: {problem}")
        return
    if again != strategy:
        findings.bad("options", "its options are others after they were written as JSON and read again")


def _shorter_than(timeframes: Sequence[Millis]) -> Millis:
    """A minute, or the longest usual timeframe that is shorter than all of these."""
    return next((length for length in _LENGTHS if all(length < each for each in timeframes)), SECOND)
