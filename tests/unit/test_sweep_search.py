"""What is tried follows from the space, the seed and the scores, and is what the strategy accepts."""

import sys

import pytest

from qfluxd.errors import ConfigError, Unavailable
from qfluxd.loading import load_strategy
from qfluxd.research.sweep.axes import option_axis, timeframe_axis
from qfluxd.research.sweep.search import How, make_search
from qfluxd.research.sweep.space import Space, Variant, make_space


def sma(*options: str) -> Space:
    """A space of sma_cross, which wants fast < slow."""
    model = load_strategy("sma_cross")
    axes = (timeframe_axis("1m"), *(option_axis(option, model, None) for option in options))
    return make_space("sma_cross", axes, None)


SPACE = sma("fast=2..30", "slow=10..50:10")


def closeness(variant: Variant) -> float:
    """A score with one peak."""
    return float(-abs(variant.options["fast"] - 12) - abs(variant.options["slow"] - 40) / 10)


def tried(how: How, seed: int, variants: int = 48) -> list[Variant]:
    """All that a search asks for where `closeness` is what they come to."""
    search, found = make_search(how, SPACE, variants, seed), []
    while batch := search.ask():
        found += batch
        search.tell([closeness(variant) for variant in batch])
    return found


def test_the_grid_is_every_combination_that_is_possible() -> None:
    """Each pair with fast < slow is tried once, numbered in order; the others are counted."""
    search = make_search("grid", SPACE, 0, 0)
    found = search.ask()
    wanted = [(fast, slow) for fast in range(2, 31) for slow in range(10, 51, 10) if fast < slow]
    assert [(each.options["fast"], each.options["slow"]) for each in found] == wanted
    assert [each.number for each in found] == list(range(len(wanted)))
    assert search.skipped == SPACE.size - len(wanted)
    assert search.ask() == []


@pytest.mark.parametrize("how", ["random", "optuna"])
def test_the_seed_says_what_is_tried(how: How) -> None:
    """Two searches of one seed try the same, each variant once; another seed tries others."""
    first = tried(how, 1)
    assert first == tried(how, 1)
    assert first != tried(how, 2)
    assert len({each.places for each in first}) == len(first) == 48
    assert all(each.options["fast"] < each.options["slow"] for each in first)


def test_optuna_goes_where_scores_are_better() -> None:
    """The later half of what it tries scores better than the first one, and better than chance."""
    found = tried("optuna", 1)
    early, late = ([closeness(each) for each in part] for part in (found[:16], found[-16:]))
    by_chance = [closeness(each) for each in tried("random", 1)]
    assert sum(late) / 16 > max(sum(early) / 16, sum(by_chance) / 48)


@pytest.mark.parametrize("how", ["random", "optuna"])
def test_a_small_space_ends(how: How) -> None:
    """Where fewer combinations are possible than are asked for, all of them are tried and that is it."""
    search, count = make_search(how, sma("fast=8..12", "slow=10"), 50, 1), 0
    while batch := search.ask():
        search.tell([0.0] * len(batch))
        count += len(batch)
    assert (count, search.skipped) == (2, 3)


@pytest.mark.parametrize("how", ["grid", "random", "optuna"])
def test_nothing_is_possible(how: How) -> None:
    """A space in which every combination contradicts itself is refused with the strategy's own words."""
    with pytest.raises(ConfigError, match=r"fast \(20\) must be less than slow \(10\)"):
        make_search(how, sma("fast=20", "slow=10"), 5, 1).ask()


def test_a_timeframe_that_is_not_longer() -> None:
    """A combination whose longer timeframe is not longer than its own is left out."""
    model = load_strategy("topdown")
    axes = (timeframe_axis("1m,5m"), option_axis('higher=[["5m"], ["15m"]]', model, None))
    search = make_search("grid", make_space("topdown", axes, None), 0, 0)
    assert (search.total, search.skipped) == (3, 1)


def test_too_large_a_grid() -> None:
    """A grid that nobody would live to see is refused, with what to do."""
    with pytest.raises(ConfigError, match="take random or optuna"):
        make_search("grid", sma("fast", "slow", "expiry=1m,2m,3m,4m,5m,6m,7m,8m,9m,10m,11m"), 0, 0)


def test_an_option_given_twice() -> None:
    """The same option on two axes is a mistake."""
    with pytest.raises(ConfigError, match="given twice"):
        sma("fast=2", "fast=3")


def test_without_optuna(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where optuna is not installed the sentence names the extra."""
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(Unavailable, match=r"pip install 'qfluxd\[sweep\]'"):
        make_search("optuna", SPACE, 5, 1)
