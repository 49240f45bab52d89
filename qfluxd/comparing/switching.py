"""What follows for the modes of strategies when a comparison is over, or its winner is promoted."""

from collections.abc import Iterable, Mapping
from typing import Final

from qfluxd.model import Millis, PlanState, PlanSwitched
from qfluxd.research.compare.history import Promotion
from qfluxd.research.compare.report import Report
from qfluxd.research.compare.setting import Setting

BY: Final = "compare"
"""Who switched a plan: a comparison that is over, or from which somebody was promoted."""

type States = Mapping[str, PlanState]


def after(setting: Setting, last: Report, states: States, at: Millis) -> list[PlanSwitched]:
    """Live arms that are not compared any more would all trade at once: only the first one goes on, if it does no harm.

    What is on paper stays as it is.
    """
    if setting.mode != "live":
        return []
    first, *others = setting.names
    leaving = [first, *others] if last.harmed == first else others
    return _off_live(leaving, states, f"comparison {setting.name} is over", at)


def promoting(setting: Setting, promotion: Promotion, states: States) -> list[PlanSwitched]:
    """The others leave live trading before the winner begins."""
    reason = f"promoted by comparison {setting.name}: {promotion.reason}"
    others = (name for name in setting.names if name != promotion.arm)
    off = _off_live(others, states, f"{promotion.arm} takes its place by comparison {setting.name}", promotion.at)
    return [*off, PlanSwitched(promotion.arm, True, "live", BY, reason, promotion.at)]


def _off_live(names: Iterable[str], states: States, reason: str, at: Millis) -> list[PlanSwitched]:
    live = (states[name] for name in names if name in states and states[name].mode == "live")
    return [PlanSwitched(state.name, state.enabled, "shadow", BY, reason, at) for state in live]
