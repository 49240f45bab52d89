"""A result as it is noted among all that was tried on its data."""

from time import time_ns
from typing import Any

from qfluxd.research.backtest.result import Result
from qfluxd.research.trials import Trial, digest

_OF_A_PLAN = ("use", "options", "name", "enabled", "mode")


def trials_of(result: Result) -> list[Trial]:
    """One for each plan: its strategy and options, and the digest of all else that its result rests on."""
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
        settings=digest([rest, terms]),
        trades=figures.won + figures.lost + figures.tie,
        e_value=figures.edge,
        p_value=figures.p_value,
        at=time_ns() // 1_000_000,
        kind="backtest",
        assets=used.assets,
        start=used.start,
        end=used.end,
    )
