"""Whoever does the work, and whatever becomes of them, the table is the same."""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import DAY
from qfluxd.research.dataset import Dataset
from qfluxd.research.sweep.beginning import begin
from qfluxd.research.sweep.cluster import Cluster
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.processes import Processes
from qfluxd.research.sweep.run import Progress, Sweep
from qfluxd.research.sweep.tasks import Job, Queue
from qfluxd.research.sweep.work import work
from tests.support.echoes import ASSET, write_market, write_strategy
from tests.support.sweeps import Here, echo_settings, judged, swept, table


@pytest.fixture
def strategies(tmp_path: Path) -> Path:
    """A folder with the strategy of these tests."""
    return write_strategy(tmp_path / "strategies")


@pytest.fixture
def market(tmp_path: Path) -> Dataset:
    """A few hours of a market of two assets."""
    write_market(tmp_path / "data", 400, turns=0.7, asset="OTHER_otc", seed=2)
    return write_market(tmp_path / "data", 400, turns=0.7)


@pytest.mark.parametrize("make", [Processes, lambda workers: Cluster(workers=workers)], ids=["processes", "dask"])
def test_a_worker_is_killed(
    make: Callable[[int], Processes | Cluster], tmp_path: Path, strategies: Path, market: Dataset
) -> None:
    """A worker that is killed in the middle costs nothing: every variant is there, as if nobody had been killed."""
    settings = echo_settings(strategies, "ago=1..6", "every=1..4")
    whole = swept(tmp_path / "whole", settings, market)
    engine, killed = make(2), list[int]()

    def kill(progress: Progress) -> None:
        if not killed:
            killed.append(engine.pids[0])
            os.kill(killed[0], signal.SIGKILL)

    folder = begin(tmp_path / "killed", settings, market)
    try:
        assert Sweep(folder, engine, kill).run()
        assert engine.in_flight == 0
        assert killed[0] not in engine.pids
    finally:
        engine.close(now=True)
    assert not folder.failed
    assert table(folder).equals(table(whole))
    assert judged(folder) == judged(whole)


def test_what_ends_every_worker(tmp_path: Path, strategies: Path) -> None:
    """A variant that ends its process each time is told as failed, and the other is there."""
    settings = echo_settings(strategies, 'breaks=["", "dies"]')
    folder = begin(tmp_path / "sweep", settings, write_market(tmp_path / "data", 400))
    engine = Processes(1)
    try:
        assert Sweep(folder, engine).run()
    finally:
        engine.close(now=True)
    (failure,) = folder.failed
    assert failure.variant == 1
    assert "ended from outside" in failure.why
    assert set(table(folder)["variant"]) == {0}


def test_what_raises(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """A variant that raises is told as failed with its reason, and is not judged; those in the same run are there."""
    folder = swept(tmp_path / "sweep", echo_settings(strategies, "ago=1,2", 'breaks=["", "raises"]'), market)
    failed = {(failure.variant, failure.asset) for failure in folder.failed}
    assert failed == {(number, asset) for number in (1, 3) for asset in (ASSET, "OTHER_otc")}
    assert all("it is broken" in failure.why for failure in folder.failed)
    assert set(table(folder)["variant"]) == {0, 2}
    found = judged(folder)
    assert set(found.failed) == {1, 3}
    assert {each.variant.number for each in found.best} == {0, 2}


def job(folder: Folder, **changed: object) -> Job:
    """The job of a sweep, somewhat changed."""
    manifest = folder.manifest
    return msgspec.structs.replace(Job(manifest.settings, manifest.source, manifest.version), **changed)


def test_a_worker_with_other_data_or_another_program(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """A worker elsewhere that has other rows or another qfluxd does nothing, and says which."""
    folder = swept(tmp_path / "sweep", echo_settings(strategies, "ago=1"), market)
    variants, spans = folder.variants(), folder.manifest.spans

    def task(of: Job) -> None:
        queue = Queue(of, spans)
        queue.add(variants, set())
        given = queue.take(1)
        assert given is not None
        assert not work(given).failed

    task(job(folder, is_checked=True))
    with pytest.raises(DataError, match=r"a worker has qfluxd .*, the sweep 9\.9; install the same everywhere"):
        task(job(folder, version="9.9"))
    others = msgspec.structs.replace(folder.manifest.source, assets={ASSET: "00", "OTHER_otc": "00"})
    with pytest.raises(DataError, match="a worker has other rows of ECHO_otc"):
        task(job(folder, is_checked=True, source=others))


def test_many_variants_in_a_run_are_as_if_each_were_alone(tmp_path: Path, strategies: Path, market: Dataset) -> None:
    """However many variants share a run, and however often all trade at once, each has the trades that it has alone."""
    settings = echo_settings(strategies, "ago=1..50", "every=1", "expiry=30m", timeframe="1m,5m")
    many = begin(tmp_path / "many", settings, market)
    sweep = Sweep(many, Here(workers=1))
    sweep._queue.learn(10_000, 1.0)
    assert sweep.run()
    assert len(many.lines) < 10
    few = begin(tmp_path / "few", settings, market)
    sweep = Sweep(few, Here(workers=1))
    for _ in range(50):
        sweep._queue.learn(1, 1.0)
    assert sweep.run()
    assert len(few.lines) > 10
    assert table(many).equals(table(few))


def test_an_asset_may_be_quoted_for_a_part_of_the_time(tmp_path: Path, strategies: Path) -> None:
    """Cut into spans in some of which an asset has no price, no variant fails, and all trades are the same."""
    data = tmp_path / "data"
    write_market(data, 1_440, turns=0.7, asset="OTHER_otc", seed=2)
    dataset = write_market(data, 12 * 1_440, turns=0.7)
    whole = swept(tmp_path / "whole", echo_settings(strategies, "ago=2,3"), dataset)
    cut = swept(tmp_path / "cut", echo_settings(strategies, "ago=2,3", span=2 * DAY), dataset)
    assert len(cut.manifest.spans) > 5
    assert not cut.failed
    assert table(cut).equals(table(whole))


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where dask is not installed, or nobody answers at the address, the sentence says what to do."""
    with pytest.raises(Unavailable, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 .*`dask scheduler`"):
        Cluster("tcp://127.0.0.1:1", within=0.2)
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Unavailable, match=r"pip install 'qfluxd\[sweep\]'"):
        Cluster()
