"""Files of recorded ticks as a market."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from qfluxd.errors import DataError
from qfluxd.model import DAY, MINUTE
from qfluxd.practice.bars import as_bars, fold
from qfluxd.practice.tickfile import TickFile, read_ticks
from tests.support.fixtures import fixture

DAY_OF_FILE = 20_386 * DAY  # 2025-10-25


def write(folder: Path, name: str, text: str) -> TickFile:
    path = folder / name
    path.write_text(text)
    return read_ticks(path)


def test_ticks_that_share_a_second_are_spread_over_it(tmp_path: Path) -> None:
    """Two ticks of one second come at .0 and .5, three at thirds, in the file's order; the header may come twice."""
    text = "timestamp,asset,price\n" * 2 + "".join(
        f"12:00:0{second}Z,AUDCAD_otc,0.9{number}\n" for number, second in enumerate((0, 0, 1, 1, 1, 2))
    )
    ticks = write(tmp_path, "AUDCAD_otc_ticks_20251025_compiled.csv", text).ticks("AUDCAD_otc", 0, 2**60)
    assert (ticks.at - DAY_OF_FILE - 12 * 3_600_000).tolist() == [0, 500, 1000, 1333, 1666, 2000]
    assert ticks.price.tolist() == [0.9, 0.91, 0.92, 0.93, 0.94, 0.95]


def test_a_clock_that_turns_midnight_goes_on(tmp_path: Path) -> None:
    """Stamps without a date take the next day when they begin again at 0."""
    text = "23:59:59Z,EURUSD_otc,1.1\n00:00:00Z,EURUSD_otc,1.2\n"
    ticks = write(tmp_path, "EURUSD_otc_20251025.csv", text).ticks("EURUSD_otc", 0, 2**60)
    assert (ticks.at - DAY_OF_FILE).tolist() == [DAY - 1000, DAY]


def test_bad_rows_are_skipped_and_counted(tmp_path: Path) -> None:
    """Empty prices, words, infinities, zeros and rows of the wrong width are left out, the rest is kept."""
    text = (
        "time,price\n1752960407.177,1.1\n1752960408,\nx,1.2\n1752960409,inf\n1752960409,0\n1,2,3,4\n1752960410.5,1.2\n"
    )
    ticks = write(tmp_path, "EURUSD_otc_live.csv", text)
    assert ticks.skipped == 5
    assert [listing.symbol for listing in ticks.listings] == ["EURUSD_otc"]
    assert ticks.ticks("EURUSD_otc", 0, 2**60).price.tolist() == [1.1, 1.2]


def test_json_with_sentiment_among_the_ticks(tmp_path: Path) -> None:
    """The recorded form with [number, null] rows: those are counted, the others are ticks."""
    ticks = write(tmp_path, "gbpusd_ticks.json", '{"ticks":[[10,null],[1781431617.844,1.33508]]}')
    assert ticks.skipped == 1
    assert ticks.listings[0].symbol == "GBPUSD"


def test_an_unknown_symbol_is_listed_as_it_is_found(tmp_path: Path) -> None:
    """Digits come from the prices, the label from the symbol; its market is always open."""
    listing = write(tmp_path, "x.csv", "1752960407,XYZABC_otc,0.1234567\n1752960408,XYZABC_otc,0.12\n").listings[0]
    assert (listing.symbol, listing.label, listing.digits, listing.hours) == (
        "XYZABC_otc",
        "XYZ/ABC OTC",
        7,
        "always",
    )


@pytest.mark.parametrize("text", ["", "time,price\n", "nothing,of,use\n", "{", '{"ticks": 3}', '{"other": []}'])
def test_a_file_without_ticks_is_refused(tmp_path: Path, text: str) -> None:
    """A file in which no tick can be found is a data error that names what was expected."""
    with pytest.raises(DataError, match=r"ticks|time"):
        write(tmp_path, "x.csv", text)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(DataError, match=r"missing\.csv"):
        read_ticks(tmp_path / "missing.csv")


def test_the_recorded_hours_are_read_whole() -> None:
    """All rows of the real file become ticks, its bars are folds of them, and the stream is the file's rows."""
    ticks = read_ticks(fixture("ticks/AUDCAD_otc_ticks_20251025_time-1516_compiled.csv"))
    everything = ticks.ticks("AUDCAD_otc", 0, 2**60)
    assert ticks.skipped == 0
    assert everything.at.size > 20_000
    assert np.diff(everything.at).min() > 0
    until = int(everything.at[-1]) // MINUTE * MINUTE
    mine = fold(as_bars(everything.between(0, until - 1)), MINUTE).last(98)
    assert all(np.array_equal(a, b) for a, b in zip(mine, ticks.bars("AUDCAD_otc", MINUTE, until, 98), strict=True))
    assert sum(1 for _ in ticks.upcoming("AUDCAD_otc", -1)) == everything.at.size


def test_a_dirty_recording_is_streamed_as_dirty_as_it_is() -> None:
    """Repeated and backward stamps stay in the stream; history is strictly ascending."""
    ticks = read_ticks(fixture("ticks/EURUSD_otc_live_20250719.csv"))
    stamps = [at for at, _ in ticks.upcoming("EURUSD_otc", -1)]
    assert sum(b < a for a, b in pairwise(stamps)) > 100
    assert sum(b == a for a, b in pairwise(stamps)) > 1_000
    assert np.diff(ticks.ticks("EURUSD_otc", 0, 2**60).at).min() > 0


def test_the_capture_with_sentiment_in_it() -> None:
    """Its 25 sentiment rows are counted, not streamed."""
    ticks = read_ticks(fixture("ticks/gbpusd_ticks_capture.json"))
    assert ticks.skipped == 25
    assert sum(1 for _ in ticks.upcoming("GBPUSD", -1)) == 1938 - 25
