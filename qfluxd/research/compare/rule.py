"""By what a comparison is decided, fixed before it begins."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from qfluxd.evidence import DOUBT
from qfluxd.model import DAY, Millis

type Kind = Literal["paired", "slots"]
"""On the same ticks, each as if it were alone; or by turns, in slots of time that are drawn."""


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a comparison may say what.

    `doubt` is shared out evenly to every claim that could be made: for each arm beside the first that it is better than
    the first, and that it is worse. Whoever looks after every trade makes any wrong claim at most once in 1 / `doubt`
    comparisons. `fewest` chances to compare come before any claim, and after `most` of them, or after `days`, it is
    over. One of live arms is stopped where the evidence that an arm does harm comes to 1 / `harm`. `worth` is the
    difference, in units of the stake for each chance, below which nobody would care.

    Raises `ValueError` where `most` is not at least `fewest`.
    """

    doubt: Annotated[float, Meta(gt=0, lt=1)] = DOUBT
    fewest: Annotated[int, Meta(ge=1, le=1_000_000)] = 50
    most: Annotated[int, Meta(ge=1, le=1_000_000)] = 5_000
    days: Annotated[float, Meta(gt=0, le=3_650)] = 90.0
    harm: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    worth: Annotated[float, Meta(gt=0, le=2)] = 0.05

    def __post_init__(self) -> None:
        if self.most < self.fewest:
            raise ValueError(f"most is {self.most} and must be at least fewest, {self.fewest}")

    def level(self, arms: int) -> float:
        """The evidence that a claim takes, of two or more arms (Bonferroni over arms and directions)."""
        return 2 * (arms - 1) / self.doubt

    @property
    def length(self) -> Millis:
        """How long it lasts at most."""
        return round(self.days * DAY)


USUAL: Final = Rule()
