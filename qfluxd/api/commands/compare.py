"""What may be asked about comparisons of strategies: to begin one, to end it, how it stands, and to promote who won."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from qfluxd.api.commands.arguments import Reason, usual_name
from qfluxd.api.commands.asking import Command
from qfluxd.api.commands.strategy import StrategyName
from qfluxd.model import Millis, parse_timeframe

type ComparisonName = Annotated[
    str, Meta(pattern=r"^[a-z0-9_-]{1,64}$", description="what the comparison is called; a name is used once")
]


class CompareWork(Command, frozen=True):
    """Something asked of comparisons."""


class CompareStart(CompareWork, frozen=True):
    """Begins to compare strategies: b, and others, are held against a, until it is sure which one is better."""

    name: ClassVar[str] = "compare/start"
    example: ClassVar[dict[str, Any]] = {"name": "fast-or-slow", "a": "ema_slow", "b": "ema_fast"}

    a: StrategyName
    b: StrategyName
    others: Annotated[tuple[StrategyName, ...], Meta(max_length=6, description="more of them")] = ()
    comparison: ComparisonName | None = msgspec.field(name="name", default=None)
    kind: Annotated[
        Literal["paired", "slots"],
        Meta(description="paired: all on paper at the same ticks; slots: they take turns, which are drawn"),
    ] = "paired"
    slot: (
        Annotated[
            str, Meta(max_length=16, description="how long a turn lasts, or a chance to compare; default: a candle")
        ]
        | None
    ) = None
    seed: Annotated[int, Meta(ge=0, le=2**53, description="draws the turns; default: the time")] | None = None
    rule: Annotated[
        dict[str, int | float],
        Meta(max_length=8, description="doubt, fewest, most, days, harm, worth; see docs/compare.md"),
    ] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(set(self.arms)) < len(self.arms):
            raise ValueError("a strategy cannot be compared with itself")
        if self.slot is not None:
            msgspec.structs.force_setattr(self, "slot", usual_name(self.slot))

    @property
    def arms(self) -> tuple[str, ...]:
        """All of them, the one that the others are held against first."""
        return (self.a, self.b, *self.others)

    @property
    def slot_ms(self) -> Millis | None:
        """The slot in milliseconds."""
        return None if self.slot is None else parse_timeframe(self.slot)


class CompareStop(CompareWork, frozen=True):
    """Ends a comparison before it is sure of anything; of live strategies only the first one stays live."""

    name: ClassVar[str] = "compare/stop"
    example: ClassVar[dict[str, Any]] = {"name": "fast-or-slow", "reason": "the market is closed"}

    comparison: ComparisonName = msgspec.field(name="name")
    reason: Reason = ""


class CompareReport(CompareWork, frozen=True):
    """How a comparison stands, or all of them: what each strategy came to, the evidence, and a sentence."""

    name: ClassVar[str] = "compare/report"
    example: ClassVar[dict[str, Any]] = {"name": "fast-or-slow"}

    comparison: ComparisonName | None = msgspec.field(name="name", default=None)


class ComparePromote(CompareWork, frozen=True):
    """Lets the strategy that has won a comparison trade live, and takes the others off live trading."""

    name: ClassVar[str] = "compare/promote"
    example: ClassVar[dict[str, Any]] = {"name": "fast-or-slow", "reason": "looked at its trades, all well"}

    comparison: ComparisonName = msgspec.field(name="name")
    reason: Annotated[str, Meta(min_length=1, max_length=200, description="why; a person's word is required")]

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ValueError("compare/promote needs a reason: whoever promotes a strategy says why")
