"""Bets that are open at the same time: no rule that reacts to what is known raises false alarms, and little is lost."""

import math
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from qfluxd.evidence import FRACTIONS, Bet, Bets, Wealth, difference

LONG = 2_000


def go_on_while_losing(chance: Random, trades: int) -> list[Bet]:
    """Flips of a fair coin that pays 100 %, each open while the next begins, until what is known so far is a gain."""
    bets: list[Bet] = []
    at = 0
    while len(bets) < trades:
        begun: list[float] = []
        while len(begun) < 2 or (sum(begun[:-1]) <= 0 and len(begun) < 20):
            begun.append(chance.choice((1.0, -1.0)))
            bets.append(Bet(at, at + LONG, begun[-1]))
            at += LONG // 2
        at += 5 * LONG
    return bets


def chains(bets: list[Bet]) -> Iterator[list[Bet]]:
    """Those that overlap one another, directly or through others."""
    breaks = [place for place in range(1, len(bets)) if bets[place].at >= bets[place - 1].until]
    for start, stop in pairwise([0, *breaks, len(bets)]):
        yield bets[start:stop]


def test_who_goes_on_while_he_loses_shows_no_edge() -> None:
    """Pausing after gains makes means of what overlaps positive with a fair coin; the evidence is not fooled."""
    rows = [go_on_while_losing(Random(seed), 300) for seed in range(300)]
    means = [sum(bet.result for bet in chain) / len(chain) for row in rows for chain in chains(row)]
    assert sum(means) / len(means) > 0.2
    assert abs(sum(bet.result for row in rows for bet in row) / (300 * len(rows))) < 0.02
    assert sum(Bets(row).evidence[0].best >= 20 for row in rows) / len(rows) <= 0.05


def test_looks_in_the_middle_raise_no_false_alarms() -> None:
    """The same when somebody looks whenever one more has come out, the last ones still being open."""
    alarms = 0
    for seed in range(150):
        bets = Bets()
        best = 0.0
        for bet in go_on_while_losing(Random(seed), 200):
            bets.add(bet)
            best = max(best, *(wealth.best for wealth in bets.evidence[:1]))
        alarms += best >= 20
    assert alarms / 150 <= 0.05


def test_overlapping_trades_tell_more_than_the_few_that_do_not_overlap() -> None:
    """Trades that always overlap four others, won in 60 of 100 at 85 %: nearly as good as if each had waited."""
    chance = np.random.default_rng(1)
    found = {1: 0, 5: 0, 0: 0}
    for _ in range(40):
        results = np.where(chance.random(1_200) < 0.6, 0.85, -1.0).tolist()
        rows = [Bet(at, at + 1, result, 0.85) for at, result in enumerate(results)]
        found[1] += Bets(rows).evidence[0].best >= 20
        found[5] += Bets([Bet(bet.at, bet.at + 5, bet.result, 0.85) for bet in rows]).evidence[0].best >= 20
        found[0] += Bets(rows[::5]).evidence[0].best >= 20
    assert found[1] >= found[5] > 2 * found[0]
    assert found[5] >= 0.8 * found[1]


def test_trades_one_after_the_other_are_those_of_the_plain_wealth() -> None:
    """Nothing overlaps: both directions, to the last digits."""
    results = [0.85, -1.0, 0.0, 0.92, -1.0, 0.85]
    edge, loss = Wealth(), Wealth(against=True)
    for result in results:
        edge, loss = edge.after(result, 0.92), loss.after(result, 0.92)
    got = Bets(Bet(at, at + 1, result, 0.92) for at, result in enumerate(results)).evidence
    for wealth, expected in zip(got, (edge, loss), strict=True):
        assert wealth.logs == pytest.approx(expected.logs, abs=1e-12)
        assert wealth.peak == pytest.approx(expected.peak, abs=1e-12)


def test_what_is_open_counts_as_lost_until_it_is_known() -> None:
    """Looked at before the end, and after it."""
    bets = Bets([Bet(0, 10, 0.9, 0.9)])
    edge, _ = bets.as_of(9)
    assert edge.logs == pytest.approx([math.log(1 - f) for f in FRACTIONS])
    assert bets.as_of(10) == bets.evidence
    assert bets.evidence[0].value > 1
    assert len(bets) == 1


def test_very_many_open_at_once_stay_numbers() -> None:
    """Who has put nearly all away bets no more; nothing becomes 0 or infinite."""
    for result in (0.9, -1.0):
        for wealth in Bets(Bet(at, 10_000, result, 0.9) for at in range(900)).evidence:
            assert all(math.isfinite(log) for log in wealth.logs)
    wins = Bets(Bet(at, at + 2, 0.9, 0.9) for at in range(6_000)).evidence[0]
    assert 500 < wins.peak < 2_000
    assert wins.value > 1e300


def test_a_result_beyond_what_was_possible_is_an_error() -> None:
    """Less than the stake lost, or more than the payout."""
    with pytest.raises(ValueError, match=r"cannot come to 0\.95"):
        Bets().add(Bet(0, 1, 0.95, 0.9))
    with pytest.raises(ValueError, match=r"cannot come to -1\.1"):
        Bets([Bet(0, 1, -1.1)])


def test_differences_lie_between_minus_one_and_one() -> None:
    """The one won while the other lost, at whatever payout, and the other way round."""
    assert difference(0.92, -1.0, 0.92) == 1
    assert difference(-1.0, 0.92, 0.92) == -1
    assert difference(0.0, -1.0, 0.85) == pytest.approx(1 / 1.85)


def test_two_that_are_equal_are_rarely_told_apart() -> None:
    """Two coins on the same chances, one of which often stays out; a look after every chance, in both directions."""
    chance = np.random.default_rng(2)
    alarms = 0
    for _ in range(200):
        payout = chance.choice([0.8, 0.92], 400)
        fair = 1 / (1 + payout)
        one = np.where(chance.random(400) < fair, payout, -1.0)
        other = np.where(chance.random(400) < 0.5, 0.0, np.where(chance.random(400) < fair, payout, -1.0))
        gains = (one - other) / (1 + payout)
        better, worse = Bets(Bet(at, at + 3, float(gain)) for at, gain in enumerate(gains)).evidence
        alarms += max(better.best, worse.best) >= 40
    assert alarms / 200 <= 0.05
