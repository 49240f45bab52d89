"""Reports of sweeps: what training chose, by what it came to in the tests."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.cli import main
from qfluxd.cli.calling import app
from qfluxd.cli.sweep_settings import settings_given, whole_settings
from qfluxd.errors import DataError
from qfluxd.research.report.page import page
from qfluxd.research.report.sweeps import is_sweep, sweep_material
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.verdict import write
from tests.support.echoes import write_market, write_strategy
from tests.support.reports import Seen, material_of
from tests.support.sweeps import echo_settings, judged, swept


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep with an option that works, its result told."""
    root = tmp_path_factory.mktemp("sweep")
    strategies = write_strategy(root / "strategies")
    market = write_market(root / "data", 1440, ago=3, turns=0.68)
    sweep = swept(root / "sweep", echo_settings(strategies, "ago=1..4"), market)
    write(judged(sweep), sweep)
    return sweep.path


def test_the_figures_are_those_of_the_sweep(folder: Path) -> None:
    """The arm's figures are the sweep's own, pooled over its tests, and every variant tried counts."""
    found = judged(Folder.resume(folder))
    material = sweep_material(folder)
    (arm,) = material.arms
    assert arm.summary == found.pooled
    assert material.tried == 4
    assert arm.name == "echo as training chose it"


def test_training_stands_beside_test(folder: Path) -> None:
    """Each test is told with what was chosen for it, its training and its result, each with its break-even."""
    (arm,) = sweep_material(folder).arms
    tests = [each for each in arm.findings if each.name.startswith("test ")]
    assert len(tests) == 3
    for each in tests:
        assert "ago=3" in each.meaning
        assert each.meaning.count("break-even") == 2
        assert "in training" in each.meaning
        assert "in the test" in each.meaning


def test_the_page(folder: Path) -> None:
    """A whole page comes of it, with no way to anybody's files."""
    text = page(sweep_material(folder))
    assert Seen(text).unclosed == []
    assert str(folder.parent) not in text
    assert "variants of a sweep are not audited" in text


def test_the_command_asks_for_the_same(folder: Path) -> None:
    """The settings that the command makes are those of the sweep, with the folder of one's own strategy."""
    (origin,) = sweep_material(folder).origins
    _, bound, _ = app().parse_args(shlex.split(origin.command)[1:], print_error=False, exit_on_error=False)
    given: dict[str, Any] = dict(bound.arguments)
    besides = {"data", "folder", "asset", "since", "until", "config", "json"}
    words = {name: value for name, value in given.items() if name not in besides}
    strategies = folder.parent / "strategies"
    made = whole_settings(settings_given(words, strategies), strategies)
    assert made == Folder.resume(folder).manifest.settings
    assert (str(given["data"]), str(given["folder"])) == ("data", "strategies")


def test_a_sweep_that_was_stopped(folder: Path, tmp_path: Path) -> None:
    """What was not finished says so."""
    result = folder / "result.json"
    before = result.read_bytes()
    try:
        told = json.loads(before) | {"is_whole": False}
        result.write_bytes(json.dumps(told).encode())
        assert sweep_material(folder).notes == ("The sweep was stopped: this is what was done until then.",)
        result.write_bytes(b"{}")
        with pytest.raises(DataError, match="tells it anew"):
            sweep_material(folder)
        result.unlink()
        with pytest.raises(DataError, match="has no result yet"):
            sweep_material(folder)
    finally:
        result.write_bytes(before)


def test_from_the_command_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """qfluxd report takes the folder of a sweep, alone."""
    assert is_sweep(folder)
    assert main(["report", str(folder), "--folder", str(tmp_path)]) == 0
    assert "echo as training chose it" in capsys.readouterr().out.splitlines()[0]
    assert main(["report", str(folder), str(folder), "--folder", str(tmp_path)]) == 2
    assert "a sweep has a report of its own" in capsys.readouterr().err


def test_findings_without_figures(folder: Path) -> None:
    """Findings that have no figures have no table of them."""
    material = sweep_material(folder)
    assert all(each.figures == {} for each in material.arms[0].findings)
    bare = replace(material.arms[0], findings=material.arms[0].findings[:1])
    assert "pairs" not in [each.get("class") for each in Seen(page(material_of(bare))).named("table")]


def test_nothing_chosen(folder: Path) -> None:
    """A fold in which nothing was chosen says so."""
    from qfluxd.research.report.sweeps import _step

    found = judged(Folder.resume(folder))
    assert "none was chosen" in _step(msgspec.structs.replace(found.chosen[0], variant=None))
