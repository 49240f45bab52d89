"""What the journal holds of comparisons: how each began and ended, and whether its winner was promoted."""

from collections.abc import Iterable
from itertools import dropwhile, takewhile
from typing import Literal

import msgspec

from qfluxd.model import Millis
from qfluxd.research.compare.report import Report
from qfluxd.research.compare.setting import Setting
from qfluxd.trading.records import ComparisonStep


class Promotion(msgspec.Struct, frozen=True):
    """A winner was put into mode live: by a person's command, or by the rule of the file."""

    arm: str
    by: Literal["command", "file"]
    reason: str
    at: Millis


class Case(msgspec.Struct, frozen=True):
    """One comparison as the journal has it; `ended` is its last report, None while it runs.

    It was `begun` at that time of this machine's clock.
    """

    setting: Setting
    ended: Report | None = None
    promotion: Promotion | None = None
    begun: Millis = 0

    @property
    def winner(self) -> str | None:
        """The arm that has won."""
        return None if self.ended is None else self.ended.winner


class Seen(msgspec.Struct, frozen=True):
    """Some arm said something of an asset, in the slot of this moment."""

    asset: str
    moment: Millis


def begun(setting: Setting, at: Millis) -> ComparisonStep:
    """A comparison begins on these terms."""
    return ComparisonStep(setting.name, "begun", at, msgspec.json.encode(setting))


def seen(name: str, asset: str, moment: Millis, at: Millis) -> ComparisonStep:
    """The first word of any arm in a slot."""
    return ComparisonStep(name, "seen", at, msgspec.json.encode(Seen(asset, moment)))


def ended(name: str, last: Report, at: Millis) -> ComparisonStep:
    """A comparison is over, and this is what it came to."""
    return ComparisonStep(name, "ended", at, msgspec.json.encode(last))


def promoted(name: str, promotion: Promotion) -> ComparisonStep:
    """Its winner was promoted."""
    return ComparisonStep(name, "promoted", promotion.at, msgspec.json.encode(promotion))


def read_seen(step: ComparisonStep) -> Seen:
    """What a ``seen`` says."""
    return msgspec.json.decode(step.data, type=Seen)


def cases(steps: Iterable[ComparisonStep]) -> dict[str, Case]:
    """Every comparison by its name, in the order in which they began."""
    found: dict[str, Case] = {}
    for step in steps:
        match step.what:
            case "begun":
                found[step.name] = Case(msgspec.json.decode(step.data, type=Setting), begun=step.at)
            case "ended":
                last = msgspec.json.decode(step.data, type=Report)
                found[step.name] = msgspec.structs.replace(found[step.name], ended=last)
            case "promoted":
                promotion = msgspec.json.decode(step.data, type=Promotion)
                found[step.name] = msgspec.structs.replace(found[step.name], promotion=promotion)
    return found


def tried(known: Iterable[Case], setting: Setting, arm: str) -> int:
    """How many comparisons an arm was put into before this one began, of all `cases`, whoever else was in them."""
    before = takewhile(lambda case: case.setting.name != setting.name, known)
    return sum(arm in case.setting.names for case in before)


def again(known: Iterable[Case], setting: Setting, arm: str) -> bool:
    """Whether an arm was put into another comparison since this one began, of all `cases`."""
    since = dropwhile(lambda case: case.setting.name != setting.name, known)
    return any(arm in case.setting.names for case in since if case.setting.name != setting.name)


def earlier(known: Iterable[Case], setting: Setting) -> int:
    """How often the same arms were compared before, of all `cases`: each comparison could go wrong anew."""
    arms = set(setting.names)
    before = takewhile(lambda case: case.setting.name != setting.name, known)
    return sum(set(case.setting.names) == arms for case in before)
