"""The ring of closed bars."""

from hypothesis import given
from hypothesis import strategies as st

from qfluxd.market.past import Past, Row, join
from qfluxd.market.quality import BLIND, FILLED, QUALITY, TOLD, is_settled


def bar(at: int, traits: int = FILLED) -> Row:
    """A bar that can be told from others."""
    return Row(at, at + 0.1, at + 0.4, at - 0.2, at + 0.3, at % 50, traits)


@given(st.integers(1, 9), st.integers(0, 9), st.integers(0, 30), st.integers(-2, 40))
def test_it_is_the_end_of_a_list(keep: int, given_rows: int, appended: int, count: int) -> None:
    """However it was filled, it answers the newest bars of all that were put in, at most `keep`, oldest first."""
    rows = [bar(at) for at in range(given_rows + appended)]
    past = Past(keep, rows[:given_rows])
    for row in rows[given_rows:]:
        past.append(*row)
    kept = rows[-keep:]
    assert len(past) == len(kept)
    assert past.rows() == kept
    wanted = kept[max(0, len(kept) - max(0, count)) :]
    assert past.rows(count) == wanted
    assert past.frame(count)["open"].to_list() == [row.open for row in wanted]


def test_joined_bars_know_what_their_parts_know() -> None:
    """Prices come from the parts that have any, counts add up, and one blind part makes the whole blind."""
    parts = [Row(0, 9, 9, 9, 9, 0, 0), Row(1, 3, 5, 2, 4, 2, FILLED), Row(2, 6, 7, 1, 6, 3, FILLED | TOLD)]
    assert join(0, parts) == Row(0, 3, 7, 1, 6, 5, FILLED | TOLD)
    assert QUALITY[join(0, parts).traits] == "backfilled"
    assert QUALITY[join(0, [*parts, Row(3, 6, 6, 6, 6, 0, BLIND)]).traits] == "partial"
    assert join(0, parts[:1]) == parts[0]


def test_only_whole_and_backfilled_are_settled() -> None:
    """The two words that promise that a candle never changes belong to the settled traits, and only they."""
    for traits, word in enumerate(QUALITY):
        assert is_settled(traits) == (word in ("whole", "backfilled"))
