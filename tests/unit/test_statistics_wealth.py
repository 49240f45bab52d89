"""The evidence of very many trades at once."""

import math

import numpy as np
import pytest

from qfluxd.evidence import Bet, Bets
from qfluxd.research.statistics import looks


def test_long_chains_that_overlap_stay_exact() -> None:
    """Trades of which each overlaps the next seven, through wealths far beyond what a float can hold."""
    at = np.arange(20_000)
    result = np.where(np.random.default_rng(1).random(20_000) < 0.9, 0.92, -1.0)
    seen = looks(at, at + 7, result, np.full(20_000, 0.92))
    slow = Bets(Bet(int(start), int(start) + 7, float(each), 0.92) for start, each in enumerate(result)).evidence
    for wealth, same in zip(seen.final, slow, strict=True):
        assert wealth.logs == pytest.approx(same.logs, rel=1e-9)
        assert wealth.peak == pytest.approx(same.peak, abs=1e-9)
    assert seen.final[0].peak > 800


def test_very_many_open_at_once_stay_numbers() -> None:
    """Thousands in one stretch, all lost or all won."""
    at = np.arange(3_000)
    for result in (-1.0, 0.92):
        seen = looks(at, np.full(3_000, 3_000), np.full(3_000, result), np.full(3_000, 0.92))
        assert np.isfinite(seen.edge).all()
        assert np.isfinite(seen.final[1].logs).all()


def test_no_trade_is_no_evidence() -> None:
    """Both wealths are what they began with."""
    none = np.zeros(0, np.int64)
    seen = looks(none, none, np.zeros(0), np.zeros(0))
    assert seen.at.size == 0
    assert [wealth.value for wealth in seen.final] == [1, 1]


def test_a_result_beyond_what_was_possible_is_an_error() -> None:
    """A payout that is not that of the trade, or no number."""
    for result in (0.95, -1.5, np.nan):
        with pytest.raises(ValueError, match="more than the most"):
            looks(np.array([0]), np.array([1]), np.array([result]), np.array([0.9]))


def test_a_million_trades_are_one_pass() -> None:
    """So many give evidence as exact as few do: a fair coin at fair odds, whose gains are known."""
    count = 1_000_000
    result = np.where(np.random.default_rng(2).random(count) < 0.5, 1.0, -1.0)
    seen = looks(np.arange(count), np.arange(count) + 1, result, np.ones(count))
    won = int((result > 0).sum())
    assert seen.final[0].logs[0] == pytest.approx(won * math.log(1.02) + (count - won) * math.log(0.98))
    assert seen.edge.size == count
