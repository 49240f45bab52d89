"""Which timeframe feeds which."""

import pytest

from qfluxd.market.cascade import ladder


@pytest.mark.parametrize(
    ("timeframes", "fed_by"),
    [
        ([5, 15, 30, 60, 300], [(5, None), (15, 5), (30, 15), (60, 30), (300, 60)]),
        ([60], [(60, None)]),
        ([1, 2, 3, 6, 7], [(1, None), (2, 1), (3, 1), (6, 3), (7, 1)]),
        ([10, 4], [(2, None), (4, 2), (10, 2)]),
        ([3600, 60, 60], [(60, None), (3600, 60)]),
    ],
)
def test_each_is_fed_by_the_largest_that_divides_it(
    timeframes: list[int], fed_by: list[tuple[int, int | None]]
) -> None:
    """The feeder is the largest lower timeframe that divides; where some have none, a common one lies beneath."""
    assert ladder(timeframes) == fed_by
