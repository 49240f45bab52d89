"""A new model takes over only where new trades show that it is better."""

from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.model import MINUTE
from qfluxd.research.promotion import Rule, Shadowed, promote
from tests.support.planted import ASSET, MONDAY


def trades(wins: "list[bool] | np.ndarray", every: int = 1, ahead: int = 1, asset: str = ASSET) -> list[Shadowed]:
    """A trade after every so many candles, at a payout of 85 percent."""
    return [trade(number * every, won, ahead, asset) for number, won in enumerate(wins)]


def trade(number: int, won: bool, ahead: int = 1, asset: str = ASSET) -> Shadowed:
    at = MONDAY + number * MINUTE
    return Shadowed(at, asset, at, at + ahead * MINUTE, 0.85 if won else -1.0, 0.85)


def coins(count: int, chance: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(count) < chance


def test_a_better_model_is_promoted() -> None:
    """One that wins three times in five against a coin takes over, well before the comparison ends."""
    found = promote(trades(coins(1500, 0.5, 1)), trades(coins(1500, 0.6, 2)))
    assert found.decision == "promote"
    assert found.better >= 20 > found.worse
    assert found.new > found.old
    assert "is better: the evidence is" in found.reason


def test_a_worse_model_is_turned_down() -> None:
    """The other way round the model in use is kept, with evidence that the new one is worse."""
    found = promote(trades(coins(1500, 0.6, 2)), trades(coins(1500, 0.5, 1)))
    assert (found.decision, found.reason.partition(":")[0]) == ("keep", "the new model is worse")
    assert found.worse >= 20 > found.better


def test_equal_models_wait_and_then_stay() -> None:
    """Two coins are told apart by nothing; after the most chances that the rule allows, the model in use stays."""
    old, new = trades(coins(900, 0.5, 3)), trades(coins(900, 0.5, 4))
    assert promote(old, new).decision == "wait"
    found = promote(old, new, Rule(most=900))
    assert (found.decision, found.pairs) == ("keep", 900)


def test_few_trades_decide_nothing() -> None:
    """Even when the new one won each, so few chances are too few."""
    found = promote(trades([False] * 20), trades([True] * 20))
    assert found.decision == "wait"
    assert found.better >= 20
    assert promote([], []).decision == "wait"


def test_staying_out_counts_as_nothing_earned() -> None:
    """A model that stays out of trades that lose is better than one that makes them."""
    lost = trades(coins(1500, 0.35, 5))
    found = promote(lost, [each for each in lost if each.unit > 0])
    assert found.decision == "promote"
    assert found.pairs == 1500


def test_promotions_without_a_reason_are_rare() -> None:
    """Of two hundred comparisons of equal models at most one in twenty ends in a promotion."""
    ends = [promote(trades(coins(400, 0.5, 2 * n)), trades(coins(400, 0.5, 2 * n + 1))) for n in range(200)]
    assert sum(each.decision == "promote" for each in ends) <= 10


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.92), (0.92, 0.5)])
def test_a_model_that_trades_only_after_the_other_has_won_is_no_better_by_that(low: float, high: float) -> None:
    """Of many comparisons of two models that gain nothing, at payouts of their own, at most one in twenty promotes."""
    found = []
    for seed in range(60):
        chance = np.random.default_rng(seed)
        old = [
            msgspec.structs.replace(trade(number, True), unit=low if won else -1.0, payout=low)
            for number, won in enumerate(chance.random(300) < 1 / (1 + low))
        ]
        new = [
            msgspec.structs.replace(each, unit=high if won else -1.0, payout=high)
            for each, won in zip(old, chance.random(300) < 1 / (1 + high), strict=True)
            if each.unit > 0
        ]
        found.append(promote(old, new))
    assert sum(each.decision == "promote" for each in found) <= 3


def test_nothing_is_looked_at_from_a_payout_on_that_is_above_all_others() -> None:
    """What was decided by what came before stays decided; what comes after decides nothing."""
    old, new = trades([False] * 90), trades([True] * 90)
    assert promote(old, new).decision == "promote"
    old[40] = msgspec.structs.replace(old[40], payout=1.01)
    assert (promote(old, new).decision, promote(old, new).pairs) == ("wait", 40)


def test_trades_that_overlap_do_not_count_twice() -> None:
    """Trades that last five candles, made after each, tell more than every fifth of them, and less than if each had
    ended before the next."""
    alone = promote(trades(coins(300, 0.5, 6)), trades(coins(300, 0.65, 7)))
    overlapping = promote(trades(coins(300, 0.5, 6), ahead=5), trades(coins(300, 0.65, 7), ahead=5))
    assert (alone.pairs, overlapping.pairs) == (300, 300)
    assert 1 < overlapping.better < alone.better


def test_the_same_outcome_told_by_trades_that_overlap_is_no_proof() -> None:
    """Two equal models that trade after each candle, each group of five coming out alike, are rarely told apart."""
    found = []
    for seed in range(100):
        old, new = (np.repeat(coins(60, 0.5, 2 * seed + side), 5) for side in (0, 1))
        found.append(promote(trades(old, ahead=5), trades(new, ahead=5)))
    assert sum(each.decision == "promote" for each in found) <= 5


def test_assets_of_one_moment_count_together() -> None:
    """Two assets that always come out alike are no more evidence than one."""
    old, new = coins(300, 0.5, 6), coins(300, 0.65, 7)
    one = promote(trades(old), trades(new))
    both = promote(
        trades(old) + trades(old, asset="GBPUSD_otc"),
        trades(new, asset="GBPUSD_otc") + trades(new),
    )
    assert both.better == pytest.approx(one.better)
    assert both.pairs == 2 * one.pairs


outcomes = st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=30)


@given(outcomes, outcomes, st.randoms(use_true_random=False))
def test_the_order_of_telling_does_not_matter(
    old: list[tuple[int, bool]], new: list[tuple[int, bool]], random: Random
) -> None:
    """The verdict rests on the trades, not on the order in which they are given."""
    one, other = ([trade(*each) for each in dict(side).items()] for side in (old, new))
    found = promote(one, other)
    random.shuffle(one)
    random.shuffle(other)
    assert promote(one, other) == found
