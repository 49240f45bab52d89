"""Sweeps on a single file, on very few prices, and in folders of which a file is gone or damaged."""

import json
import shlex
import shutil
from pathlib import Path

import pytest

from qfluxd.cli.calling import call
from qfluxd.research.report.sweeps import sweep_material
from qfluxd.research.sweep.folder import Folder
from tests.support.echoes import write_strategy
from tests.support.sweeps import table

WORDS = ("--folds", "2", "--embargo", "none", "--payout", "85", "--workers", "1")


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything happens in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("STATE_DIRECTORY", "CONFIGURATION_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def ticks(count: int, file: str = "EURUSD_otc.csv") -> None:
    """A file of so many ticks, five seconds apart."""
    rows = "".join(f"{1_763_942_400 + 5 * n},{1.1 + n * n % 7 / 1e4}\n" for n in range(count))
    Path(file).write_text(f"time,price\n{rows}")


def echo(out: str) -> int:
    """The exit code of a sweep of a strategy in a folder of its own."""
    words = ("--strategy", "echo", "--folder", "ideas", "--option", "ago=1..3", "--data", "EURUSD_otc.csv")
    return call(["sweep", *words, *WORDS, "--out", out])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_hardly_any_prices(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep on a tick or two is refused with the file's name and what to do, and begins no folder."""
    ticks(count)
    assert call(["sweep", "--strategy", "sma_cross", "--data", "EURUSD_otc.csv", "--out", "tiny"]) == 1
    said = "EURUSD_otc.csv: 1m candles: 1 row cannot be split into 6 parts; take fewer folds or more data"
    assert said in capsys.readouterr().err
    assert not Path("tiny").exists()


def test_a_file_stays_the_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sweep on a file names that file, goes on when the cache was cleared, and what a report shows makes it again."""
    write_strategy(tmp_path / "ideas")
    ticks(3000)
    assert echo("first") == 0
    assert "EURUSD_otc.csv: times are read as UTC, as epochs are" in capsys.readouterr().err
    place = json.loads(Path("first/manifest.json").read_text())["source"]["place"]
    assert place == str(tmp_path / "EURUSD_otc.csv")
    shutil.rmtree("cache")
    assert call(["sweep", "--resume", "first", "--workers", "1"]) == 0
    shutil.rmtree("cache")
    (Path("first") / "done.jsonl").write_text("")
    assert call(["sweep", "--resume", "first", "--workers", "1"]) == 0
    (origin,) = sweep_material(Path("first")).origins
    words = shlex.split(origin.command)[1:]
    assert words[words.index("--data") + 1] == "EURUSD_otc.csv"
    assert words[words.index("--folder") + 1] == "ideas"
    assert call([*words, "--out", "again", "--workers", "1"]) == 0
    first, again = (Folder.resume(Path(name)) for name in ("first", "again"))
    assert first.manifest.source.hash == again.manifest.source.hash
    assert table(first).equals(table(again))
    capsys.readouterr()
    ticks(2000)
    assert call(["sweep", "--resume", "first"]) == 1
    assert "was begun with other rows in " in capsys.readouterr().err


@pytest.mark.parametrize("harm", ["gone", "cut", "other"])
def test_trades_that_cannot_be_read(harm: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file of trades that is gone or damaged is named, with a remedy that mends the sweep; exit 1, no traceback."""
    write_strategy(tmp_path / "ideas")
    ticks(3000)
    assert echo("kept") == 0
    whole = table(Folder.resume(Path("kept")))
    part = Path("kept/trades/000001.parquet")
    match harm:
        case "gone":
            part.unlink()
        case "cut":
            part.write_bytes(part.read_bytes()[:100])
        case _:
            shutil.copy("kept/variants.parquet", part)
    capsys.readouterr()
    for words in (["report", "kept"], ["sweep", "--resume", "kept"]):
        assert call(words) == 1
        said = capsys.readouterr().err
        assert f"qfluxd: {part}: cannot be read (" in said
        assert "take the line of task 1 out of kept/done.jsonl, and `qfluxd sweep --resume kept` computes it" in said
        assert said.count("\n") == 1
    lines = Path("kept/done.jsonl").read_text().splitlines(keepends=True)
    Path("kept/done.jsonl").write_text("".join(line for line in lines if json.loads(line)["task"] != 1))
    assert call(["sweep", "--resume", "kept", "--workers", "1"]) == 0
    assert table(Folder.resume(Path("kept"))).equals(whole)
