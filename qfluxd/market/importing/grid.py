"""On which grid the bars of a file lie, where its own bars end, and which rows are none of them."""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.model import DAY, SECOND, Millis, timeframe_name

type Times = NDArray[np.int64]

_FEWEST_APPENDED: Final = 2


class Grid(msgspec.Struct, frozen=True):
    """Bars of `timeframe` that open `phase` after its multiples. Rows from number `ends` on are not the file's own.

    `last` is the opening time of the newest of its own bars: nothing after it proves that it was over.
    """

    timeframe: Millis
    phase: Millis
    ends: int
    last: Millis

    def is_on(self, at: Times) -> NDArray[np.bool_]:
        """Whether a bar opens at these times."""
        on: NDArray[np.bool_] = at % self.timeframe == self.phase
        return on


def find_grid(at: Times, stated: Millis | None, named: Millis | None, place: str) -> Grid:
    """The grid of opening times in the order of a file.

    `stated` is the timeframe that somebody vouches for. Else it is the one that the file's name says, where its first
    rows are so far apart or all steps are multiples of it, and then the commonest step. A recorder that goes on by
    itself appends bars of a shorter step: where the rows from the first that is off the grid lie closer together than
    the timeframe, none of them is the server's.

    Raises:
        DataError: there is one bar and no name to tell its length, or the step is no timeframe.
    """
    timeframe = stated or _timeframe(at, named, place)
    phase = _phase(at, timeframe)
    off = np.flatnonzero(at % timeframe != phase)
    ends = at.size
    if off.size and at.size - off[0] >= _FEWEST_APPENDED and np.median(_steps(at[off[0] :])) < timeframe:
        ends = int(off[0])
    own = at[:ends][at[:ends] % timeframe == phase]
    return Grid(timeframe, phase, ends, int(own.max()))


def _timeframe(at: Times, named: Millis | None, place: str) -> Millis:
    steps = _steps(at)
    if not steps.size:
        if named is None:
            raise DataError(f"{place}: one bar, and nothing says how long it is; state --timeframe, such as 1m")
        return named
    step = _commonest(steps)
    if named is not None and (step % named == 0 or _begins_with(at, named)):
        return named
    if step % SECOND or not SECOND <= step <= DAY:
        raise DataError(f"{place}: its bars are {step / 1000:g} s apart, which is no timeframe; state --timeframe")
    return step


def warn(grid: Grid, named: Millis | None) -> str | None:
    """What to say where the rows contradict the name of their file."""
    if named is None or named == grid.timeframe:
        return None
    return f"the name says {timeframe_name(named)}, the bars are {timeframe_name(grid.timeframe)} apart: that counts"


def _begins_with(at: Times, timeframe: Millis) -> bool:
    """Whether a file begins with bars of this length, whatever was appended to them."""
    off = np.flatnonzero(at % timeframe != at[0] % timeframe)
    steps = _steps(at[: off[0]] if off.size else at)
    return steps.size > 0 and _commonest(steps) == timeframe


def _phase(at: Times, timeframe: Millis) -> Millis:
    """By the first row where a file begins with its bars, else by most rows."""
    return int(at[0] % timeframe) if _begins_with(at, timeframe) else _commonest(at % timeframe)


def _steps(at: Times) -> Times:
    steps = np.abs(np.diff(at))
    return steps[steps > 0]


def _commonest(values: Times) -> Millis:
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])
