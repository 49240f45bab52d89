"""Results stay, are there whole or not at all, and go together with nothing else."""

from pathlib import Path

import msgspec
import pytest

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import DAY
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.beginning import begin, go_on
from qfluxd.research.sweep.folder import MANIFEST, Folder
from qfluxd.research.sweep.run import Progress, Sweep
from tests.support.echoes import write_market, write_strategy
from tests.support.sweeps import Here, echo_settings, judged, swept, table


@pytest.fixture
def strategies(tmp_path: Path) -> Path:
    """A folder with the strategy of these tests."""
    return write_strategy(tmp_path / "strategies")


@pytest.fixture
def market(tmp_path: Path) -> Dataset:
    """A few hours of a market."""
    return write_market(tmp_path / "data", 500, turns=0.7)


def test_stopped_anywhere_and_gone_on_with(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """A sweep that was stopped after each task, its last line torn, ends with the table of one that was not."""
    settings = echo_settings(strategies, "ago=1..6", "every=1..3")
    whole = swept(tmp_path / "whole", settings, market)
    begin(tmp_path / "torn", settings, market)
    is_done, rounds = False, 0
    while not is_done:
        folder, stop = go_on(tmp_path / "torn", {}), list[Progress]()
        is_done = Sweep(folder, Here(workers=1), stop.append, lambda stop=stop: bool(stop)).run()  # type: ignore[misc]
        rounds += 1
        with (tmp_path / "torn" / "done.jsonl").open("ab") as file:
            file.write(b'{"task":99,"uni')
    assert rounds > 2
    found = Folder.resume(tmp_path / "torn")
    assert table(found).equals(table(whole))
    assert judged(found) == judged(whole)


def test_optuna_goes_on_as_if_it_had_not_been_stopped(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """What optuna asks for after a stop is what it would have asked for without one."""
    settings = echo_settings(strategies, "ago=1..30", "every=1..10", search="optuna", variants=40, least=5)
    whole = swept(tmp_path / "whole", settings, market)
    stop: list[Progress] = []
    folder = begin(tmp_path / "stopped", settings, market)
    assert not Sweep(folder, Here(), stop.append, lambda: len(stop) > 1).run()
    again = go_on(tmp_path / "stopped", {})
    assert Sweep(again, Here()).run()
    assert again.variants() == whole.variants()
    assert table(again).equals(table(whole))


def test_progress(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """Progress counts variants on assets up to all of them, with the time that is left."""
    told: list[Progress] = []
    folder = begin(tmp_path / "sweep", echo_settings(strategies, "ago=1..5"), market)
    assert Sweep(folder, Here(), told.append).run()
    assert [each.done for each in told] == sorted({each.done for each in told})
    assert (told[-1].done, told[-1].total, told[-1].left) == (5, 5, 0.0)
    assert all(each.left > 0 for each in told[:-1])


def test_spans_come_to_the_same(tmp_path: Path, strategies: Path) -> None:
    """A sweep in tasks of a day each has the trades of one in a piece."""
    market = write_market(tmp_path / "days", 3 * 1440)
    whole, cut = (
        swept(tmp_path / name, echo_settings(strategies, "ago=1,7", "every=5", span=span), market)
        for name, span in (("whole", None), ("cut", DAY))
    )
    assert len(cut.manifest.spans) == 3
    assert table(cut).equals(table(whole))


def test_other_data_or_settings_are_refused(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """Going on is refused where data, settings, strategy or program are not those of the beginning, by name."""
    place = tmp_path / "sweep"
    begin(place, echo_settings(strategies, "ago=1..3"), market)
    assert go_on(place, {"folds": 3, "strategy": "echo"}).path == place
    with pytest.raises(DataError, match="was begun with another folds"):
        go_on(place, {"folds": 4})
    manifest = (place / MANIFEST).read_bytes()
    (place / MANIFEST).write_bytes(msgspec.json.encode(msgspec.json.decode(manifest) | {"version": "0.0.0"}))
    with pytest.raises(DataError, match=r"was begun with qfluxd 0\.0\.0"):
        go_on(place, {})
    (place / MANIFEST).write_bytes(manifest)
    file = strategies / "echo.py"
    file.write_text(file.read_text() + "# another\n")
    with pytest.raises(DataError, match="other contents of the strategy echo"):
        go_on(place, {})
    write_strategy(strategies)
    write_market(tmp_path / "data", 500, turns=0.7, seed=2)
    with pytest.raises(DataError, match="other rows in"):
        go_on(place, {})


def test_folders_that_are_none(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """A folder that has something in it is left alone, one without a sweep is told, and so is a broken one."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    with pytest.raises(DataError, match=r"is not empty; .*--resume"):
        begin(tmp_path / "full", echo_settings(strategies, "ago=1"), market)
    with pytest.raises(DataError, match="is no folder of a sweep"):
        go_on(tmp_path / "full", {})
    (tmp_path / "full" / MANIFEST).write_text("{")
    with pytest.raises(DataError, match="cannot be read"):
        go_on(tmp_path / "full", {})


def test_one_sweep_in_a_folder(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """While one sweep is at work in a folder no other may begin there, and afterwards one may."""
    folder = begin(tmp_path / "sweep", echo_settings(strategies, "ago=1"), market)
    with folder.alone(), pytest.raises(Unavailable, match="another sweep is at work"), go_on(folder.path, {}).alone():
        pass
    with go_on(folder.path, {}).alone():
        pass
