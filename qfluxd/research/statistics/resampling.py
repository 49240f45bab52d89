"""What might have come as well: trades drawn again in blocks, because neighbours are not independent."""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.strategy import Floats

type Places = NDArray[np.intp]

PATHS: Final = 2_000
"""Times that trades are drawn again; from seed to seed the ends of a 95 % interval then move by 2 % of its width."""
_AT_ONCE: Final = 1_000_000
"""Places drawn at once, so that memory stays small."""
_QUIET: Final = 2.0
"""Autocorrelations within so many times sqrt(log10(n) / n) of 0 count as none (Politis and White 2004)."""


def block_length(values: Floats) -> float:
    """How long blocks have to be on average for the mean of a series of these values; 1 where it has no memory.

    The length that makes the variance of the stationary bootstrap most exact, b = (2 G² / D)^(1/3) n^(1/3), with
    G = sum of w(k) |k| R(k) and D = 2 (sum of w(k) R(k))², R the autocovariances and w a flat-top window over the lags
    that show any correlation (Politis and White 2004, as corrected by Patton, Politis and White 2009).
    """
    count = values.size
    if count < 3 or values.min() == values.max():
        return 1.0
    around = _autocovariances(values)
    lags = np.arange(around.size)
    reach = min(2 * max(_memory(around, count), 1), around.size - 1)
    window = np.clip(2 * (1 - lags / reach), 0, 1) * around * np.where(lags == 0, 1, 2)
    spread, slope = window.sum(), (window * lags).sum()
    if spread <= 0:
        return 1.0
    longest = math.ceil(min(3 * math.sqrt(count), count / 3))
    return float(min(max((slope / spread) ** 2 * count, 1.0) ** (1 / 3), longest))


def drawn(count: int, length: float, paths: int, seed: int, steps: int | None = None) -> Iterator[Places]:
    """Places of a series drawn again, some paths at a time: a row for each path, as long as the series, or of `steps`.

    The stationary bootstrap (Politis and Romano 1994): blocks begin anywhere, have geometric lengths of this mean, and
    go on from the series' end to its beginning. The same seed draws the same.
    """
    chance = np.random.default_rng(seed)
    place = np.arange(count if steps is None else steps)
    rows = max(1, _AT_ONCE // place.size)
    for done in range(0, paths, rows):
        shape = min(rows, paths - done), place.size
        begins = chance.random(shape) * length < 1
        begins[:, 0] = True
        last = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
        start = np.take_along_axis(chance.integers(0, count, shape), last, axis=1)
        yield (start + place - last) % count


def gathered(values: Floats, most: int) -> tuple[Floats, NDArray[np.int64]]:
    """The sums of neighbours, so many together that there are at most so many sums, and how many each is of.

    Drawing sums of neighbours is drawing in blocks that are a little longer, which is never wrong about memory.
    """
    each = max(1, -(-values.size // most))
    first = np.arange(0, values.size, each)
    return np.add.reduceat(values, first), np.diff(np.append(first, values.size))


def _autocovariances(values: Floats) -> Floats:
    """R(0), R(1), ... up to the farthest lag that is looked at."""
    count = values.size
    most = min(math.ceil(math.sqrt(count)) + _wait(count), count - 1)
    centred = values - values.mean()
    return np.array([centred[: count - lag] @ centred[lag:] / count for lag in range(most + 1)])


def _memory(around: Floats, count: int) -> int:
    """The last lag after which there is no correlation for a while; or else the last at which there is any."""
    limit = _QUIET * math.sqrt(math.log10(count) / count)
    loud = np.flatnonzero(np.abs(around[1:] / around[0]) >= limit) + 1
    known = np.concatenate([[0], loud, [around.size + _wait(count)]])
    return int(known[np.flatnonzero(np.diff(known) > _wait(count))[0]])


def _wait(count: int) -> int:
    return max(5, math.ceil(math.sqrt(math.log10(count))))
