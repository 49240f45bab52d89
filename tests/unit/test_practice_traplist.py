"""Traps as they are named on a command line."""

import pytest

from qfluxd.practice.springs import Springs
from qfluxd.practice.traplist import TRAP_NAMES, read_traps
from qfluxd.practice.traps import Traps
from tests.support.fixtures import ROOT


def test_names_and_values() -> None:
    """Dashes or underscores, with a value where one is meant or given; nothing is no trap."""
    assert read_traps("") == Traps()
    assert read_traps("toast, amount_appends") == Traps(toast=True, amount_appends=True)
    assert read_traps("answers=doubled,rerender-ms=20", 4) == Traps(walk=4, answers="doubled", rerender_ms=20)
    assert read_traps("answers,blocked-ms,rerender-ms") == Traps(answers="late", blocked_ms=400, rerender_ms=300)
    assert read_traps("renamed=picker,toast=false") == Traps(renamed="picker")


def test_all_is_a_walk() -> None:
    """Every trap that needs no value, each by chance."""
    every = read_traps("all", 9)
    assert (every.walk, every.veil, every.lost_orders, every.answers) == (9, True, True, "late")
    assert every.renamed is None
    assert read_traps("all").walk == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("toas", "did you mean toast"),
        ("walk", "there is no trap"),
        ("xyzzy", "there are: all, amount-appends"),
        ("renamed", "renamed=amount"),
        ("late-ms", "late-ms=4000"),
        ("answers=perhaps", "perhaps"),
        ("rerender-ms=soon", "cannot have this value"),
    ],
)
def test_words_that_are_not_understood(text: str, words: str) -> None:
    """The error says which word, and what it could have been."""
    with pytest.raises(ValueError, match=words):
        read_traps(text)


def test_a_walk_depends_on_its_seed_alone() -> None:
    """Two walks of one seed agree in every chance, whatever else was asked between; other seeds do not."""

    def walk(seed: int, asks_payout: bool) -> list[bool]:
        springs = Springs(Traps(walk=seed, lost_orders=True, payout_drops=True))
        found = []
        for _ in range(200):
            if asks_payout:
                springs.drops_payout()
            found.append(springs.loses())
        return found

    assert walk(1, asks_payout=False) == walk(1, asks_payout=True)
    assert walk(1, asks_payout=False) != walk(2, asks_payout=False)
    assert 30 < sum(walk(1, asks_payout=False)) < 70


def test_a_walk_springs_nothing_that_is_not_set() -> None:
    """Without a trap there is nothing to spring; without a walk a trap springs each time."""
    assert {Springs(Traps(walk=3)).answers() for _ in range(50)} == {"once"}
    assert not any(Springs(Traps(walk=seed)).loses() for seed in range(50))
    springs = Springs(Traps(answers="missing", lost_orders=True))
    assert {(springs.answers(), springs.loses()) for _ in range(20)} == {("missing", True)}


def test_every_trap_is_described() -> None:
    """docs/practice.md names each."""
    text = (ROOT / "docs" / "practice.md").read_text()
    assert [name for name in TRAP_NAMES if f"`{name}`" not in text] == []
