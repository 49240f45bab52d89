"""Splits of time that keep what is tested out of what is learnt.

A trade's outcome lies ahead of its signal. Where outcomes of the training rows reach into the time of the test, the
test is partly known already: such rows are purged, and an embargo leaves out some more on the border (Marcos López de
Prado, "Advances in Financial Machine Learning", 2018, chapter 7).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.model import Millis
from qfluxd.research.prices import Times

type Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Split:
    """Places of rows to learn from and to test on; `purged` rows were left out on the border between them."""

    train: Places
    test: Places
    purged: int


def walk_forward(signalled: Times, closes: Times, folds: int, embargo: Millis) -> list[Split]:
    """Steps forward through time, each learning from all that was known `embargo` before its test began.

    `signalled` ascends; both are in ms UTC. The rows fall into `folds` + 1 parts of about equal size, of which each
    but the first is tested once. Rows of the same moment stay in one part.

    Raises:
        DataError: a part has no rows of its own, or nothing is left to learn from.
    """
    splits = []
    for test in _parts(signalled, folds + 1)[1:]:
        before = np.arange(test[0])
        train = before[closes[before] + embargo <= signalled[test[0]]]
        if not train.size:
            raise DataError(
                "nothing is left to learn from before the first test; take fewer folds or a shorter embargo"
            )
        splits.append(Split(train, test, before.size - train.size))
    return splits


def purged_parts(signalled: Times, closes: Times, count: int, embargo: Millis) -> list[Split]:
    """Every row tested once by what is learnt from all others but those whose time touches that of the test.

    For what must not be tried on the future of a model, such as its calibration, within training rows only.

    Raises:
        DataError: a part has no rows of its own, or nothing is left to learn from.
    """
    everything = np.arange(signalled.size)
    splits = []
    for test in _parts(signalled, count):
        others = np.setdiff1d(everything, test, assume_unique=True)
        begins, ends = signalled[test[0]], closes[test].max()
        train = others[(closes[others] + embargo <= begins) | (signalled[others] >= ends + embargo)]
        if not train.size:
            raise DataError("nothing is left to learn from beside a part; take fewer folds or a shorter embargo")
        splits.append(Split(train, test, others.size - train.size))
    return splits


def _parts(signalled: Times, count: int) -> list[Places]:
    """Stretches of rows, of about the same number each, none of which ends within a moment."""
    if signalled.size >= count:
        wanted = [round(signalled.size * number / count) for number in range(1, count)]
        edges = [0, *(int(np.searchsorted(signalled, signalled[each])) for each in wanted), signalled.size]
        if min(np.diff(edges)) >= 1:
            return [np.arange(start, end) for start, end in pairwise(edges)]
    rows = "1 row" if signalled.size == 1 else f"{signalled.size} rows"
    raise DataError(f"{rows} cannot be split into {count} parts; take fewer folds or more data")
