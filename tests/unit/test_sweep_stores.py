"""Data in an object store are fetched as they are, once, and are no others than those of the hash."""

import tempfile
from pathlib import Path

import pytest

from qfluxd.errors import DataError
from qfluxd.model import DAY
from qfluxd.research.dataset import LAST
from qfluxd.research.sweep.beginning import begin, go_on
from qfluxd.research.sweep.run import Sweep
from qfluxd.research.sweep.stores import data_at, kept_data
from tests.support.echoes import ASSET, START, write_market, write_strategy
from tests.support.sweeps import Here, echo_settings, swept, table


@pytest.fixture(autouse=True)
def _room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is fetched is kept in the test's own folder."""
    (tmp_path / "room").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "room"))


def test_a_sweep_on_an_object_store(tmp_path: Path) -> None:
    """A sweep whose data are named by an address has the trades and the hash of one on the folder itself."""
    folder = write_strategy(tmp_path / "strategies")
    market = write_market(tmp_path / "data", 2000, turns=0.7)
    settings, place = echo_settings(folder, "ago=1..3"), f"file://{tmp_path}/data"
    near = swept(tmp_path / "near", settings, market)
    with data_at(place, (ASSET,), 0, LAST) as fetched:
        far = begin(tmp_path / "far", settings, fetched, place)
    assert Sweep(far, Here()).run()
    assert table(far).equals(table(near))
    assert far.manifest.source.hash == near.manifest.source.hash
    assert go_on(tmp_path / "far", {}).manifest.source.place == place


def test_only_the_days_that_are_wanted(tmp_path: Path) -> None:
    """Of a long past only the days of the stretch are fetched, and the stretch has the hash that it has at home."""
    write_market(tmp_path / "data", 4 * 1440)
    start, end = START + DAY, START + 2 * DAY
    with data_at(str(tmp_path / "data"), (ASSET,), start, end) as home:
        known = home.hash
    with data_at(f"file://{tmp_path}/data", (ASSET,), start, end) as fetched:
        assert fetched.hash == known
        assert len(list(fetched.root.rglob("*.parquet"))) == 1


def test_kept_once(tmp_path: Path) -> None:
    """A worker fetches once what it needs, and finds it again after the store is gone."""
    market, place = write_market(tmp_path / "data", 300), f"file://{tmp_path}/data"
    known = market.hash
    first = kept_data(place, ASSET, 0, LAST, known)
    (tmp_path / "data").rename(tmp_path / "gone")
    assert kept_data(place, ASSET, 0, LAST, known) == first
    assert first.hash == known


@pytest.mark.parametrize(
    ("assets", "said"), [((), "name the assets"), (("NONE_otc",), "holds no ticks or candles of NONE_otc")]
)
def test_nothing_there(assets: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """An address without assets, or with none of theirs, is told in a sentence."""
    write_market(tmp_path / "data", 300)
    with pytest.raises(DataError, match=said), data_at(f"file://{tmp_path}/data", assets, 0, LAST):
        pass
