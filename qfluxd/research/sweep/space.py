"""What a sweep looks through: the values that each option may take, and which of them go together."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from pydantic import ValidationError

from qfluxd.errors import ConfigError, Mistake
from qfluxd.loading import StrategyModel, load_strategy
from qfluxd.model import Millis, parse_timeframe

TIMEFRAME: Final = "timeframe"
"""The name of the first axis: the candles that a strategy looks at."""


class Axis(msgspec.Struct, frozen=True):
    """One option and the values that are tried, fit for JSON; `ordered` where the next value is the nearest one."""

    name: str
    values: tuple[Any, ...]
    ordered: bool = False


class Variant(msgspec.Struct, frozen=True):
    """One way to set a strategy up.

    `number` counts from 0 in the order in which they were asked for, `places` says which value of each axis it has.
    """

    number: int
    places: tuple[int, ...]
    timeframe: Millis
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Space:
    """All combinations of the values of some axes, of which the first is the timeframe.

    The promise: `variant` makes only what the strategy itself accepts.
    """

    model: type[StrategyModel]
    folder: Path | None
    axes: tuple[Axis, ...]

    @property
    def size(self) -> int:
        """How many combinations there are, those that the strategy rejects included."""
        return math.prod(len(axis.values) for axis in self.axes)

    def all_places(self) -> Iterator[tuple[int, ...]]:
        """Every combination, the last axis turning fastest."""
        return itertools.product(*(range(len(axis.values)) for axis in self.axes))

    def places(self, index: int) -> tuple[int, ...]:
        """The combination at an index into `all_places`."""
        turned = []
        for axis in reversed(self.axes):
            index, place = divmod(index, len(axis.values))
            turned.append(place)
        return tuple(reversed(turned))

    def variant(self, places: tuple[int, ...], number: int) -> Variant | None:
        """The variant at these places, None where its options contradict each other."""
        timeframe, options = self._chosen(places)
        if self.contradiction(places) is not None:
            return None
        return Variant(number, places, timeframe, options)

    def contradiction(self, places: tuple[int, ...]) -> str | None:
        """Why the strategy does not accept these values together, None where it does."""
        timeframe, options = self._chosen(places)
        try:
            strategy = self.model.model_validate(options, context={"folder": self.folder})
        except ValidationError as problem:
            return str(problem.errors()[0]["msg"]).removeprefix("Value error, ")
        if any(longer <= timeframe for longer in strategy.timeframes):
            return "a longer timeframe that it looks at is not longer than its own"
        return None

    def _chosen(self, places: tuple[int, ...]) -> tuple[Millis, dict[str, Any]]:
        first, *others = (axis.values[place] for axis, place in zip(self.axes, places, strict=True))
        return parse_timeframe(first), dict(zip((axis.name for axis in self.axes[1:]), others, strict=True))


def make_space(use: str, axes: Sequence[Axis], folder: Path | None) -> Space:
    """The space of a strategy; `axes` begin with the timeframe.

    Raises:
        PluginError: there is no such strategy.
        ConfigError: an option is named twice, or is none.
    """
    model = load_strategy(use, folder)
    names = [axis.name for axis in axes[1:]]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(Mistake(f"--option {twice}", "is given twice; write all its values in one", "command line"))
    return Space(model, folder, tuple(axes))
