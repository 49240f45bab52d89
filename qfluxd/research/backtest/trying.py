"""A result as it is noted among all that was tried on its data."""

from time import time_ns
from typing import Any

from qfluxd.research.backtest.result import Result
from qfluxd.research.trials import Trial, digest

_OF_A_PLAN = ("use", "options", "name", "enabled", "mode", "assets")
"""What makes no difference to a plan's trades here, or is noted by itself."""


def trials_of(result: Result) -> list[Trial]:
    """One for each plan: its strategy and options, and the digest of all else that its result rests on but the data."""
    return [_trial(result, plan) for plan in result.settings["plans"]]


def _trial(result: Result, plan: dict[str, Any]) -> Trial:
    figures = result.summary(plan["name"])
    used = result.dataset
    rest = {key: value for key, value in plan.items() if key not in _OF_A_PLAN}
    terms = {key: value for key, value in result.settings.items() if key != "plans"}
    return Trial(
        dataset=used.hash,
        strategy=plan["use"],
        options=plan["options"],
        settings=digest([rest, terms, *result.files.get(plan["name"], ())]),
        trades=figures.won + figures.lost + figures.tie,
        e_value=figures.edge,
        p_value=figures.p_value,
        at=time_ns() // 1_000_000,
        kind="backtest",
        assets=used.assets,
        start=used.start if used.first is None else used.first,
        end=used.end if used.last is None else used.last + 1,
    )
