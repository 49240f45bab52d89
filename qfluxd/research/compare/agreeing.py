"""The terms on which a comparison begins, or why it cannot."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from qfluxd.api.commands import CompareStart
from qfluxd.model import SECOND, Millis, Mode, PlanState, Refusal, timeframe_name
from qfluxd.plans.plan import Plan
from qfluxd.research.compare.gate import AWAKE
from qfluxd.research.compare.rule import Rule
from qfluxd.research.compare.setting import Arm, Setting, arm_of, usual_slot


class Known(NamedTuple):
    """What is known when somebody asks for a comparison.

    `names` are those that were used before, `busy` names the comparison that a plan is in. `now` is the broker's clock,
    `at` this machine's; no plan says anything more than `late` milliseconds after it was due.
    """

    plans: Mapping[str, Plan]
    states: Mapping[str, PlanState]
    names: Collection[str]
    busy: Mapping[str, str]
    now: Millis
    at: Millis
    late: Millis


def agreed(command: CompareStart, known: Known) -> Setting | Refusal:
    """The setting of a comparison that is asked for, or why there is none. Without a seed it is this machine's time."""
    name = command.comparison or _made_up(command, known.now)
    if name in known.names:
        return Refusal("name_used", f"there was a comparison {name} before; a name is used once")
    if (refusal := _unfit(command, known)) is not None:
        return refusal
    mode = _mode(command, [known.states[each].mode for each in command.arms])
    if isinstance(mode, Refusal):
        return mode
    arms = tuple(arm_of(known.plans[each]) for each in command.arms)
    slot, rule = _slot(command, arms), _rule(command)
    if isinstance(slot, Refusal):
        return slot
    if isinstance(rule, Refusal):
        return rule
    seed = known.at if command.seed is None else command.seed
    return Setting(name, command.kind, mode, arms, slot, seed, known.now, rule, known.late)


def _made_up(command: CompareStart, since: Millis) -> str:
    moment = datetime.fromtimestamp(since / 1000, UTC)
    return f"{command.a[:20]}-vs-{command.b[:20]}-{moment:%Y%m%d-%H%M%S}"


def _unfit(command: CompareStart, known: Known) -> Refusal | None:
    """Why these plans cannot be compared at all."""
    plans, states, busy = known.plans, known.states, known.busy
    for name in command.arms:
        if name not in plans:
            return Refusal("strategy_unknown", f"no strategy is called {name}; strategy/list names all")
        if states[name].phase not in AWAKE:
            return Refusal("strategy_off", f"strategy {name} is {states[name].phase}: {states[name].detail}")
        if name in busy:
            return Refusal("compared_already", f"strategy {name} is in comparison {busy[name]}; compare/stop ends that")
    first = plans[command.a]
    for name in command.arms[1:]:
        if set(plans[name].assets) != set(first.assets):
            return Refusal("assets_differ", f"{command.a} and {name} look at other assets; give both tables the same")
    return None


def _mode(command: CompareStart, modes: list[Mode]) -> Mode | Refusal:
    """The mode that all arms are in."""
    if command.kind == "paired" and set(modes) != {"shadow"}:
        remedy = "put each into mode shadow; for one that trades live write its table a second time, for shadow"
        return Refusal("not_shadow", f"paired strategies run on paper side by side: {remedy}")
    if len(set(modes)) > 1 or modes[0] == "signal":
        told = ", ".join(f"{name} {mode}" for name, mode in zip(command.arms, modes, strict=True))
        return Refusal("modes_differ", f"to take turns all must be in mode shadow, or all in mode live ({told})")
    return modes[0]


def _slot(command: CompareStart, arms: tuple[Arm, ...]) -> Millis | Refusal:
    usual = usual_slot(command.kind, arms)
    slot = usual if command.slot_ms is None else command.slot_ms
    if command.kind == "slots" and slot < usual:
        return Refusal("bad_argument", f"a turn is at least as long as the candles, {timeframe_name(usual)}")
    return max(slot, SECOND)


def _rule(command: CompareStart) -> Rule | Refusal:
    try:
        return msgspec.convert(command.rule, Rule)
    except msgspec.ValidationError as problem:
        return Refusal("bad_argument", f"rule: {problem}")
