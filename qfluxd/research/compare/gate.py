"""What a winner must have shown before anybody may let it trade live."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from qfluxd.evidence import Summary
from qfluxd.model import DAY, Millis, PlanState, PlanSwitched, Refusal
from qfluxd.plans.plan import Plan
from qfluxd.research.compare.history import Case, Promotion
from qfluxd.research.compare.rule import Rule
from qfluxd.research.compare.setting import spec_of
from qfluxd.settings import CompareSettings
from qfluxd.strategy import live_refusal

AWAKE: Final = ("running", "warming")


def gate(case: Case, worth: Summary | None, plan: Plan | None, state: PlanState | None) -> Refusal | None:
    """Why the winner of a comparison may not be promoted, None where a person may do it.

    It must be better than the others, beat break-even by what its own trades are `worth`, be the very plan that was
    compared, and be one that may trade live at all.
    """
    if case.ended is None:
        return Refusal("not_over", "the comparison is not over")
    winner = case.ended.winner
    if winner is None:
        return Refusal("no_winner", f"nobody has won; it ended as {case.ended.word}")
    if case.promotion is not None:
        return Refusal("promoted_before", f"{case.promotion.arm} was promoted already: {case.promotion.reason}")
    if worth is None or worth.finding != "beats":
        so_far = "" if worth is None else f": {worth.verdict}"
        return Refusal("not_proven", f"{winner} is better than the others, and must beat break-even as well{so_far}")
    if plan is None or state is None:
        return Refusal("strategy_unknown", f"strategy {winner} was taken out of the configuration")
    compared = next(arm for arm in case.setting.arms if arm.name == winner)
    if spec_of(plan) != compared.spec:
        return Refusal("strategy_changed", f"strategy {winner} is not what was compared any more; compare it again")
    if state.phase not in AWAKE:
        return Refusal("strategy_off", f"strategy {winner} is {state.phase}: {state.detail}")
    return live_refusal(plan.strategy)


def moved(case: Case, state: PlanState | None, last: PlanSwitched | None) -> str:
    """Whether the winner does not stand any more as it was compared, in a sentence; nothing where it does.

    `last` is how it was switched last. One that a person has switched since is a person's business, also where it was
    switched back.
    """
    mode = case.setting.mode
    if state is not None and state.mode != mode:
        return f"{state.name} was compared in mode {mode}, and is in mode {state.mode} now"
    if last is not None and last.at >= case.begun:
        return f"{last.name} was switched by {last.by} since the comparison began"
    return ""


def unasked(
    winner: str,
    rule: Rule,
    settings: CompareSettings,
    past: Iterable[Promotion],
    at: Millis,
    *,
    before: int = 0,
    again: bool = False,
    moved: str = "",
) -> str:
    """Why the rule of the file leaves it to a person to promote a winner; nothing where it needs none, once `gate`
    lets it through.

    `before` is how many comparisons the winner was put into already, `again` whether it was put into another one since,
    `moved` why it does not stand as it was compared. Whoever may begin a comparison chooses its `rule`, and who is in
    it: one that is easier, or yet another try, is no ground for money, and what was won once may have been lost
    meanwhile. What a person has switched since is not switched back.
    """
    if settings.promote != "live":
        return "[compare] promote is not live"
    if rule.doubt > (usual := Rule().doubt):
        return f"its rule allows a doubt of {rule.doubt:g}, and {usual:g} is the most without asking"
    if before:
        return f"{winner} was compared {before} times before"
    if again:
        return f"{winner} was put into another comparison since"
    if moved:
        return moved
    if not any(fnmatchcase(winner, pattern) for pattern in settings.strategies):
        return f"[compare] strategies does not name {winner}"
    newest = max((promotion.at for promotion in past if promotion.by == "file"), default=None)
    if newest is not None and at - newest < settings.every_days * DAY:
        return f"the last promotion without asking is less than {settings.every_days:g} days ago"
    return ""
