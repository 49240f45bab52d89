"""However bets overlap and react to what is known: the wealth is a fair bet, and the same in one pass as one by one."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.evidence import Bet, Bets
from qfluxd.research.statistics import looks

PAYOUTS = st.sampled_from([0.5, 0.8, 0.92, 1.0, 3.5])
CHANCES = st.lists(st.tuples(st.integers(0, 8), st.integers(1, 12), PAYOUTS), min_size=1, max_size=7)


@given(CHANCES, st.integers(0, 2**16))
@settings(max_examples=60, deadline=None)
def test_no_rule_makes_a_fair_bet_a_good_one(chances: list[tuple[int, int, float]], rule: int) -> None:
    """Over every way in which trades at break-even may end, weighted by its chance, the mean stays 1.

    Whether a trade is made at all depends in an arbitrary way on the results that are known when it would be opened.
    """
    means = [0.0, 0.0]
    for ending in itertools.product((True, False), repeat=len(chances)):
        likely = math.prod(
            1 / (1 + most) if won else most / (1 + most) for won, (_, _, most) in zip(ending, chances, strict=True)
        )
        made: list[Bet] = []
        at = 0
        for won, (wait, length, most) in zip(ending, chances, strict=True):
            at += wait
            known = tuple(bet.result > 0 for bet in made if bet.until <= at)
            if hash((rule, known)) % 3:
                made.append(Bet(at, at + length, most if won else -1.0, most))
        for place, wealth in enumerate(Bets(made).evidence):
            means[place] += likely * wealth.value
    assert means == pytest.approx([1, 1], abs=1e-9)


@st.composite
def bets(draw: st.DrawFn) -> Bet:
    """One that may overlap others, and may have been known at once."""
    at, most = draw(st.integers(0, 300)), draw(PAYOUTS)
    result = draw(st.one_of(st.sampled_from([most, -1.0, 0.0]), st.floats(-1, most)))
    return Bet(at, at + draw(st.integers(0, 60)), result, most)


@given(st.lists(bets(), max_size=60), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_all_at_once_is_one_by_one(made: list[Bet], chance: object) -> None:
    """The pass over arrays gives the values of `Bets`, which come to the same in whatever order they come in."""
    mixed = list(made)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # a random.Random
    one_by_one = Bets()
    for bet in mixed:
        one_by_one.add(bet)
    at, until = (np.array([getattr(bet, name) for bet in mixed], np.int64) for name in ("at", "until"))
    result, most = (np.array([getattr(bet, name) for bet in mixed], np.float64) for name in ("result", "most"))
    seen = looks(at, until, result, most)
    for wealth, same, other in zip(seen.final, Bets(made).evidence, one_by_one.evidence, strict=True):
        assert wealth.logs == pytest.approx(same.logs, abs=1e-9)
        assert other.logs == pytest.approx(same.logs, abs=1e-9)
        assert wealth.peak == pytest.approx(same.peak, abs=1e-9)
        assert other.peak == pytest.approx(same.peak, abs=1e-9)
    for place, now in enumerate(seen.at.tolist()):
        before = Bets(bet for bet in made if bet.at < now).as_of(now)
        assert (seen.edge[place], seen.loss[place]) == pytest.approx(
            [math.log(wealth.value) for wealth in before], abs=1e-9
        )
