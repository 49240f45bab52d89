"""Asking for the broker's lists again: soon for what is new, rarely for what stays, never for nothing."""

from qfluxd.trading.relisting import Patience

ONE, TWO = frozenset({"o1"}), frozenset({"o1", "o2"})


def tries(patience: Patience, doubts: frozenset[str], seconds: range) -> list[int]:
    """The seconds in which the lists are asked for."""
    asked = []
    for now in seconds:
        if patience.is_due(doubts, now):
            asked.append(now)
            patience.tried(now)
    return asked


def test_the_same_doubt_is_asked_about_ever_more_rarely_and_not_for_ever() -> None:
    """Pauses double up to five minutes; after twelve tries nothing is asked any more."""
    asked = tries(Patience(), ONE, range(10_000))
    assert asked[:5] == [0, 5, 15, 35, 75]
    assert len(asked) == 12
    assert asked[-1] - asked[-2] == 300


def test_a_new_doubt_is_asked_about_at_once() -> None:
    """It does not wait for the pause of an older one, not even where that was given up."""
    patience = Patience()
    tries(patience, ONE, range(10_000))
    assert tries(patience, TWO, range(10_000, 10_010)) == [10_000, 10_005]


def test_without_a_doubt_nothing_is_asked() -> None:
    """A doubt that ended is not asked about; when it comes back it is a new one."""
    patience = Patience()
    assert tries(patience, frozenset(), range(100)) == []
    assert tries(patience, ONE, range(100, 104)) == [100]
    assert tries(patience, frozenset(), range(104, 106)) == []
    assert tries(patience, ONE, range(106, 108)) == [106]
