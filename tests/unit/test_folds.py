"""What is tested on stays out of what is learnt from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.errors import DataError
from qfluxd.model import MINUTE
from qfluxd.research.folds import Split, purged_parts, walk_forward
from qfluxd.research.prices import Times

moments = st.lists(st.integers(0, 50), min_size=12, max_size=200).map(lambda gaps: np.cumsum(gaps) * MINUTE)


def nearest_says(move: Times, split: Split) -> float:
    """How often the newest row learnt from moved like the row tested."""
    return float((move[split.test] == move[split.train[-1]]).mean())


def test_an_unpurged_split_leaks_and_a_purged_one_does_not() -> None:
    """On a random walk the way of the next hour is known from training rows whose hour is not over, else never."""
    rng = np.random.default_rng(1)
    ahead, count = 61, 20_000
    price = np.cumsum(rng.choice([-1.0, 1.0], count + ahead))
    move = np.sign(price[ahead:] - price[:-ahead]).astype(np.int64)
    signalled = np.arange(count) * MINUTE
    splits = walk_forward(signalled, signalled + ahead * MINUTE, 199, 0)[20:]  # tests of 100 rows each
    unpurged = [Split(np.arange(split.test[0]), split.test, 0) for split in splits]
    assert np.mean([nearest_says(move, split) for split in unpurged]) > 0.6
    assert np.mean([nearest_says(move, split) for split in splits]) == pytest.approx(0.5, abs=0.05)
    assert {split.purged for split in splits} == {ahead - 1}


@given(moments, st.integers(0, 5), st.integers(1, 90), st.integers(0, 60))
def test_walking_forward(signalled: Times, folds: int, ahead: int, embargo: int) -> None:
    """Each step's outcomes are known before its test begins, and each part but the first is tested once, in order."""
    closes = signalled + ahead * MINUTE
    try:
        splits = walk_forward(signalled, closes, folds + 2, embargo * MINUTE)
    except DataError:
        return
    for split in splits:
        begins = signalled[split.test[0]]
        assert (closes[split.train] + embargo * MINUTE <= begins).all()
        assert split.train.size + split.purged == split.test[0]
        assert begins not in signalled[: split.test[0]]
    tested = np.concatenate([split.test for split in splits])
    assert (tested == np.arange(tested[0], signalled.size)).all()


@given(moments, st.integers(2, 5), st.integers(1, 90), st.integers(0, 60))
def test_purged_parts(signalled: Times, count: int, ahead: int, embargo: int) -> None:
    """Every row is tested once, by rows whose time does not touch the time of the test."""
    closes = signalled + ahead * MINUTE
    try:
        splits = purged_parts(signalled, closes, count, embargo * MINUTE)
    except DataError:
        return
    assert sorted(np.concatenate([split.test for split in splits])) == list(range(signalled.size))
    for split in splits:
        begins, ends = signalled[split.test].min(), closes[split.test].max()
        apart = (closes[split.train] + embargo * MINUTE <= begins) | (signalled[split.train] >= ends + embargo * MINUTE)
        assert apart.all()


def test_too_few_rows_are_said() -> None:
    """More parts than moments, or an embargo longer than the past, are told in a sentence."""
    signalled = np.arange(20) * MINUTE
    with pytest.raises(DataError, match="cannot be split into 31 parts"):
        walk_forward(signalled, signalled + MINUTE, 30, 0)
    with pytest.raises(DataError, match="nothing is left to learn from"):
        walk_forward(signalled, signalled + MINUTE, 3, 60 * MINUTE)
