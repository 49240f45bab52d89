"""What holds of reports for every text and every row of trades."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.research.report.growth import growth, thinned
from qfluxd.research.report.markup import plain, tag
from qfluxd.research.report.material import ended
from qfluxd.research.statistics.tallies import summary_of
from tests.support.reports import Seen
from tests.support.trades import made_trades

SEEDS = st.integers(0, 10_000)


@given(st.text(), st.text())
def test_any_text_stays_text(inside: str, attribute: str) -> None:
    """Text makes no element and no attribute, and is read back as it was, but for what cannot be seen."""
    seen = Seen(tag("p", inside, data_x=attribute).text)
    assert seen.elements == [("p", {"data-x": plain(attribute)})]
    assert seen.text == plain(inside)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(4, 60))
def test_thinning_keeps_the_extremes(values: list[float], most: int) -> None:
    """A thinned line has at most so many points, begins and ends as the whole, and is as high and as deep."""
    whole = np.array(values)
    places = thinned(whole, most)
    assert places.size <= max(most + 2, 1)
    assert (places[0], places[-1]) == (0, whole.size - 1)
    assert (whole[places].min(), whole[places].max()) == (whole.min(), whole.max())
    assert (np.diff(places) > 0).all()


@given(st.integers(0, 60), SEEDS)
def test_the_line_ends_at_the_result(count: int, seed: int) -> None:
    """The sum of profits begins at 0 and ends at the profit of the figures; no two points fall deeper."""
    trades = made_trades(count, seed=seed)
    way = growth(ended(trades))
    assert way.total[0] == 0
    assert abs(way.total[-1] - float(summary_of(trades).profit)) < 1e-6
    falls = [peak - low for place, peak in enumerate(way.total) for low in way.total[place:]]
    assert abs(way.deepest - max(falls)) < 1e-9
