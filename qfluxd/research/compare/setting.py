"""What is compared: agreed at the beginning, written down, and never changed."""

import hashlib

import msgspec

from qfluxd.evidence import HIGHEST
from qfluxd.model import SECOND, Millis, Mode
from qfluxd.plans.plan import Plan
from qfluxd.plans.turns import whose
from qfluxd.research.compare.rule import USUAL, Kind, Rule


class Arm(msgspec.Struct, frozen=True):
    """One of the plans that are compared. `spec` is the SHA-256 of all that it was made from."""

    name: str
    timeframe: Millis
    on_candle: bool = True
    use: str = ""
    spec: str = ""


def arm_of(plan: Plan) -> Arm:
    """A plan as an arm."""
    return Arm(plan.name, plan.timeframe, plan.schedule.on_candle, plan.use, spec_of(plan))


def spec_of(plan: Plan) -> str:
    """One short word for all that a plan is made from."""
    return hashlib.sha256(plan.spec.encode()).hexdigest()


class Setting(msgspec.Struct, frozen=True):
    """The terms of one comparison. The first arm is the one that the others are held against.

    A chance to compare is a slot of `slot` milliseconds of one asset, or with turns as many slots in a row as there are
    arms. What belongs to slots before `since` (the broker's clock) is not looked at, nor a signal that came more than
    `late` milliseconds after it was due. `seed` draws the turns. Nothing is claimed any more once a payout is above
    `highest` percent.
    """

    name: str
    kind: Kind
    mode: Mode
    arms: tuple[Arm, ...]
    slot: Millis
    seed: int
    since: Millis
    rule: Rule = USUAL
    late: Millis = 5 * SECOND
    highest: int = HIGHEST

    @property
    def names(self) -> tuple[str, ...]:
        """The arms by name, the first one first."""
        return tuple(arm.name for arm in self.arms)

    @property
    def level(self) -> float:
        """The evidence that a claim takes."""
        return self.rule.level(len(self.arms))

    @property
    def width(self) -> Millis:
        """How long the time of one chance is."""
        return self.slot * (len(self.arms) if self.kind == "slots" else 1)

    def group(self, moment: Millis) -> int:
        """The chance that a moment belongs to, by its number since 1970; the same for every asset."""
        return moment // self.width

    def turn(self, asset: str, moment: Millis) -> str | None:
        """Whose turn it is, None where nobody takes turns."""
        return whose(self.names, self.seed, asset, moment // self.slot) if self.kind == "slots" else None

    @property
    def first(self) -> int:
        """The first chance that begins after the comparison did: at its very beginning somebody may have acted yet."""
        return self.since // self.width + 1


def usual_slot(kind: Kind, arms: tuple[Arm, ...]) -> Millis:
    """As long as a candle: the shortest of the arms, so that each trades at most once in it; by turns the longest."""
    lengths = [arm.timeframe for arm in arms]
    return max(lengths) if kind == "slots" else min(lengths)
