"""Whatever is asked of the daemon has an answer, also where the disk has none."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from qfluxd.api.commands import History
from qfluxd.desk import Desk
from qfluxd.errors import DataError
from qfluxd.market.layout import LAST_MILLIS, Shelf, day_file
from qfluxd.market.store import Store
from qfluxd.model import DAY, Candle, Refusal, Series
from qfluxd.performer import MarketAnswers
from qfluxd.settings import MarketSettings, StoreSettings
from tests.support.rows import merge_all

MINUTELY = Series("EURUSD_otc", 60_000)
MONDAY = 20_388 * DAY


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, StoreSettings())
    for minute in range(3):
        store.on_fact(Candle(MINUTELY, MONDAY + minute * 60_000, 1.0, 2.0, 0.5, 1.5, 3, "whole"))
    yield store
    store.close()


def answers(store: Store) -> MarketAnswers:
    desk = Desk(MarketSettings(), lambda fact: None, server_offset=7200)
    return MarketAnswers(desk, store, lambda: MONDAY + DAY)


@pytest.mark.parametrize(("start", "end", "count"), [(0, None, 3), (0, 2**63, 3), (2**63, None, 0), (2**63, 2**64, 0)])
async def test_history_of_any_stretch_is_answered(store: Store, start: int, end: int | None, count: int) -> None:
    """Numbers that are no time at all find what there is in reach of them."""
    answer = await answers(store).history(History("EURUSD_otc", "1m", start, end))
    assert not isinstance(answer, Refusal)
    assert (len(answer["candles"]), answer["complete"]) == (count, True)


async def test_history_over_a_damaged_day_is_an_error_that_says_where(store: Store, tmp_path: Path) -> None:
    """A day whose footer is good and whose body is not is told with the series, as an error that is answered."""
    store.close()
    merge_all(tmp_path)
    path = day_file(tmp_path, Shelf("candles", "EURUSD_otc", 60_000), MONDAY // DAY)
    data = bytearray(path.read_bytes())
    data[4:80] = bytes(76)
    path.write_bytes(data)
    later = Store(tmp_path, StoreSettings())
    with pytest.raises(DataError, match="stored candles of EURUSD_otc/1m"):
        await answers(later).history(History("EURUSD_otc", "1m", 0, LAST_MILLIS))
