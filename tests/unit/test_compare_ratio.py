"""Whether each arm got its share of the slots, with an alarm that may be looked at after every one of them."""

import numpy as np
import pytest

from qfluxd.model import MINUTE
from qfluxd.plans.turns import whose
from qfluxd.research.compare import report
from qfluxd.research.compare.ratio import Ratio
from tests.support.duel import ASSET, BEGIN, coins, duel, setting, told, trade

ARMS = ("a", "b")


def walked(seed: int, shown: np.ndarray, lost: np.ndarray) -> bool:
    """Whether the alarm is ever given, where some slots have no signal and some of b's are lost."""
    ratio = Ratio(ARMS)
    for slot in np.flatnonzero(shown):
        arm = whose(ARMS, seed, ASSET, int(slot))
        if arm == "b" and lost[slot]:
            continue
        ratio.add(ASSET, int(slot) // 2, arm)
        if ratio.is_broken:
            return True
    return False


def test_an_even_ratio_is_hardly_ever_called_broken() -> None:
    """Of 300 draws over 400 slots, three in four of which have a signal, looked at after each, none or one."""
    random = np.random.default_rng(1)
    alarms = sum(walked(seed, random.random(400) < 0.75, np.zeros(400, bool)) for seed in range(300))
    assert alarms <= 1


def test_slots_that_get_lost_are_found() -> None:
    """Where a third of one arm's slots goes missing, nearly every comparison of some thousand slots says so."""
    random = np.random.default_rng(2)
    found = [walked(seed, np.ones(2_500, bool), random.random(2_500) < 0.33) for seed in range(20)]
    assert sum(found) >= 18


def test_whole_blocks_tell_nothing() -> None:
    """Where both slots of each block were seen the shares are even by the draw itself."""
    ratio = Ratio(ARMS)
    for slot in range(1_000):
        ratio.add(ASSET, slot // 2, whose(ARMS, 1, ASSET, slot))
    assert ratio.seen == {"a": 500, "b": 500}
    assert ratio.e_value <= 1.01


def test_three_arms_and_several_assets_have_blocks_of_their_own() -> None:
    """What was seen of one asset's block leaves nothing out of another's."""
    ratio = Ratio(("a", "b", "c"))
    for slot in range(600):
        for asset in ("X", "Y"):
            ratio.add(asset, slot // 3, whose(("a", "b", "c"), 1, asset, slot))
    assert ratio.seen == {"a": 400, "b": 400, "c": 400}
    assert not ratio.is_broken


def test_a_broken_ratio_voids_the_comparison() -> None:
    """With a sentence that has the counts; nothing is claimed of either arm."""
    terms = setting(kind="slots", fewest=1)
    own = [
        (arm, trade(arm, number))
        for number in range(3_000)
        if (arm := terms.turn(ASSET, BEGIN + number * MINUTE)) is not None and (arm == "a" or number % 4 == 0)
    ]
    comparison = told(terms, own)
    comparison.finish()
    found = report(comparison)
    assert (found.word, found.winner) == ("void", None)
    assert found.sentence.startswith("void: the turns did not come out even (a ")
    assert found.ratio is not None
    assert found.ratio.e_value >= 1_000


def test_a_trade_out_of_turn_voids_it() -> None:
    """Whatever let it through: nobody knows what else it did."""
    terms = setting(kind="slots")
    comparison = told(terms, duel(coins(30, 0.5, 1), coins(30, 0.5, 2)))
    turn = terms.turn(ASSET, BEGIN + 30 * MINUTE)
    comparison.take("b" if turn == "a" else "a", trade("x", 30, ident="stray"))
    comparison.finish()
    found = report(comparison)
    assert found.word == "void"
    assert f"when it was the turn of {turn} (trade stray)" in found.sentence


@pytest.mark.parametrize("kind", ["paired", "slots"])
def test_only_turns_have_a_ratio(kind: str) -> None:
    """Side by side there are none to count."""
    found = report(told(setting(kind=kind), ()))
    assert (found.ratio is None) == (kind == "paired")
