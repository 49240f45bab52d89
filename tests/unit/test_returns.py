"""What trading came to: by the day, since it was resumed, and how many were lost in a row."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from qfluxd.trading.returns import Closing, Returns


def closing(profit: str, closes: int = 0) -> Closing:
    """A deal that came to this."""
    return Closing("demo", "X", None, Decimal(profit), closes)


def returns(*profits: str) -> Returns:
    """Deals that came to these, one after the other, on day 7."""
    made = Returns()
    for closes, profit in enumerate(profits, 1):
        made.add(closing(profit, closes), 7, lately=True)
    return made


def test_a_day_is_the_sum_of_its_deals_and_of_later_ones() -> None:
    """Profits and losses are netted as the deals themselves came out."""
    made = returns("-10", "9.2", "0")
    made.add(closing("5"), 8, lately=True)
    assert [made.since(day) for day in (7, 8, 9)] == [Decimal("4.2"), Decimal(5), Decimal(0)]


def test_old_days_are_forgotten_and_new_ones_are_not() -> None:
    """A year of days leaves the newest week as it is."""
    made = returns("-1")
    for back in range(365):
        made.put(400 - back, Decimal(-1))
    assert made.since(394) == -7


def test_the_drawdown_is_from_the_best_result_since_trading_was_resumed() -> None:
    """It begins at nothing, falls with each loss, and what it ever was is remembered until the next resume."""
    made = returns("10", "-4", "-3", "2")
    assert (made.drawdown, made.deepest) == (Decimal(5), Decimal(7))
    made.add(closing("20"), 7, lately=True)
    assert (made.drawdown, made.deepest) == (Decimal(0), Decimal(7))
    made.resume()
    assert (made.drawdown, made.deepest) == (Decimal(0), Decimal(0))
    made.add(closing("-3"), 7, lately=True)
    assert (made.drawdown, made.deepest) == (Decimal(3), Decimal(3))


def test_what_was_settled_before_trading_was_resumed_is_no_drawdown() -> None:
    """It counts for its day and for the streak all the same."""
    made = Returns()
    made.add(closing("-8", 3), 7, lately=False)
    assert (made.drawdown, made.since(7), made.losses, made.lost_at) == (Decimal(0), Decimal(-8), 1, 3)


def test_a_win_alone_ends_a_streak() -> None:
    """A tie neither adds to it nor ends it; the next loss after a win is the first."""
    assert (returns("-1", "0", "-1").losses, returns("-1", "0", "-1", "0").lost_at) == (2, 3)
    assert returns("-1", "-1", "0.01").losses == 0
    assert returns("-1", "-1", "0.01", "-1").losses == 1


@given(st.lists(st.integers(-50, 50)))
def test_drawdown_and_streak_are_what_their_definitions_say(profits: list[int]) -> None:
    """For any results: the best of all sums so far less the present sum, and the losses after the last win."""
    made = returns(*map(str, profits))
    sums = [sum(profits[:length]) for length in range(len(profits) + 1)]
    falls = [max(sums[: length + 1]) - total for length, total in enumerate(sums)]
    assert (made.drawdown, made.deepest) == (Decimal(falls[-1]), Decimal(max(falls)))
    after = profits[max((place + 1 for place, profit in enumerate(profits) if profit > 0), default=0) :]
    assert made.losses == sum(profit < 0 for profit in after)
