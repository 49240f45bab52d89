"""What a plot shows, said without the library that draws it."""

from dataclasses import dataclass
from typing import Final, Literal

from qfluxd.strategy import Floats

type Role = Literal["ink", "muted", "grid", "main", "other", "level", "good", "bad"]
"""What a colour stands for; the style sheet says which one it is, by day and by night."""

type Unit = Literal["number", "count", "percent", "points", "time", "none"]
"""How an axis is written: a number, a whole one, a fraction as percent, percent as they come, ms UTC as a date, not."""

WIDTH: Final = 400
"""Every plot is so wide; the page makes it larger or smaller as one."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One side of a plot; `low` and `high` are its ends, None for those of what it shows."""

    label: str
    unit: Unit = "number"
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points; NaN interrupts it."""

    label: str
    role: Role
    x: Floats
    y: Floats
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two lines."""

    label: str
    role: Role
    x: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Level:
    """A straight line from side to side, or from bottom to top where it is `upright`."""

    label: str
    role: Role
    at: float
    dashed: bool = True
    upright: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """Points, each with how far it may be off."""

    label: str
    role: Role
    x: Floats
    y: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars that touch one another: between `edges[i]` and `edges[i + 1]` one as high as `heights[i]`."""

    label: str
    role: Role
    edges: Floats
    heights: Floats


type Layer = Line | Band | Level | Points | Bars


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot in words. `title` and `says` are for those who do not see it, and stand beside it for all others."""

    title: str
    says: str
    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    height: int = 230
