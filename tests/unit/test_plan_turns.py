"""Whose turn it is: drawn from a seed, the same for everybody who asks, and even in every stretch of time."""

from collections import Counter

import numpy as np
import pytest

from qfluxd.model import Compared, Refusal, Series, Signal
from qfluxd.plans.turns import Turns, moment_of, whose
from tests.support.stand import ASSET, BEGIN, OTHER, Stand, Tell, plan

ARMS = ("a", "b", "c")
NOTE = Compared("duel", ("a", "b"), 5_000, 7, BEGIN, True, BEGIN)


def test_a_draw_is_the_same_in_every_run() -> None:
    """It rests on a hash alone, so a restart, a replay and a report agree; another seed or asset is another draw."""
    drawn = "".join(whose(("a", "b"), 7, ASSET, slot) for slot in range(24))
    assert drawn == "abababbaabbababababaabba"
    assert drawn != "".join(whose(("a", "b"), 8, ASSET, slot) for slot in range(24))
    assert drawn != "".join(whose(("a", "b"), 7, OTHER, slot) for slot in range(24))


@pytest.mark.parametrize("arms", [("a", "b"), ARMS, ("a", "b", "c", "d", "e")])
def test_every_block_has_each_arm_once(arms: tuple[str, ...]) -> None:
    """So no arm ever has the better hours: in any whole number of blocks all have as many slots."""
    for block in range(200):
        turns = [whose(arms, 1, ASSET, block * len(arms) + place) for place in range(len(arms))]
        assert sorted(turns) == list(arms)


def test_every_order_of_a_block_is_as_likely() -> None:
    """Over 6,000 blocks of three arms the six orders come out as a fair draw has them (chi-square with 5 degrees)."""
    orders = Counter(tuple(whose(ARMS, 3, ASSET, 3 * block + place) for place in range(3)) for block in range(6_000))
    assert len(orders) == 6
    assert sum((count - 1_000) ** 2 / 1_000 for count in orders.values()) < 20.5  # one in a thousand is above


def test_blocks_know_nothing_of_each_other() -> None:
    """Who begins a block says nothing of who begins the next, nor of another asset's block at the same time."""
    first = np.array([whose(("a", "b"), 5, ASSET, 2 * block) == "a" for block in range(4_000)], dtype=float)
    other = np.array([whose(("a", "b"), 5, OTHER, 2 * block) == "a" for block in range(4_000)], dtype=float)
    assert abs(float(np.corrcoef(first[1:], first[:-1])[0, 1])) < 0.06
    assert abs(float(np.corrcoef(first, other)[0, 1])) < 0.06


def test_a_signal_belongs_to_the_end_of_its_candle_or_to_its_own_time() -> None:
    """However late it is said; of a plan that runs by the clock the id has the time itself."""
    made = Signal("a/X/5000", "a", "tell", Series("X", 5_000), 5_000, 10_400, "call", 0.5, 5_000, "live")
    assert moment_of(made) == 10_000
    by_time = Signal("a/X/12000", "a", "tell", Series("X", 5_000), 5_000, 12_000, "call", 0.5, 5_000, "live")
    assert moment_of(by_time) == 12_000


def test_only_arms_take_turns_and_only_while_they_are_compared() -> None:
    """Another plan, a comparison without turns and one that is over stop nobody."""
    made = [
        Signal(f"{name}/{ASSET}/{BEGIN}", name, "tell", Series(ASSET, 5_000), BEGIN, BEGIN, "call", 0.5, 5_000, "live")
        for name in "abz"
    ]
    turns = Turns()
    assert [turns.refusal(signal) for signal in made] == [None] * 3
    turns.take(NOTE)
    waits = whose(NOTE.arms, NOTE.seed, ASSET, BEGIN // 5_000 + 1)
    told = {signal.plan: turns.refusal(signal) for signal in made}
    assert told.pop("z") is None
    assert told.pop(waits) is None
    [refusal] = told.values()
    assert refusal == Refusal("not_its_slot", f"comparison duel: it is the turn of {waits}")
    turns.take(Compared("duel", ("a", "b"), 0, 7, BEGIN, True, BEGIN))
    assert [turns.refusal(signal) for signal in made] == [None] * 3
    turns.take(NOTE)
    turns.take(Compared("duel", ("a", "b"), 5_000, 7, BEGIN, False, BEGIN))
    assert [turns.refusal(signal) for signal in made] == [None] * 3


def test_on_the_desk_a_plan_acts_in_its_own_slots_alone() -> None:
    """Each candle is one arm's, as drawn; the other's signal is told as refused, and counted by its code."""
    stand = Stand(plan("a", Tell(), mode="shadow"), plan("b", Tell(), mode="shadow"))
    stand.desk.plans.turns.take(NOTE)
    stand.run(62_000)
    acted: dict[str, list[int]] = {name: [] for name in "ab"}
    for _, _, intent in stand.orders:
        assert intent.candle is not None
        acted[intent.plan].append(intent.candle + 5_000)
    for name, moments in acted.items():
        assert moments
        assert {whose(NOTE.arms, NOTE.seed, ASSET, moment // 5_000) for moment in moments} == {name}
    both = sorted(moment for moments in acted.values() for moment in moments)
    assert both == [BEGIN + 5_000 * (number + 1) for number in range(len(both))]
    refused = {name: stand.state(name).refused["not_its_slot"] for name in "ab"}
    assert {name: refused[name] + len(acted[name]) for name in "ab"} == dict.fromkeys("ab", len(both))
