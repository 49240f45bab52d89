"""`qfluxd sweep` as its user meets it: what it prints, how it stops, and what the page about it says."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qfluxd.cli.calling import app, call
from qfluxd.research import trials
from qfluxd.research.sweep.folder import Folder
from tests.support.echoes import write_market, write_strategy
from tests.support.fixtures import ROOT
from tests.support.sweeps import echo_settings, judged, swept, table

PAGE = (ROOT / "docs" / "sweep.md").read_text()
LINES = [
    line.removeprefix("$ ").removeprefix("POLARS_MAX_THREADS=1 ")
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything happens in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("qfluxd")])
def test_lines_of_the_page(line: str) -> None:
    """Every command line on the page is one that the program would run."""
    _, *words = shlex.split(line, comments=True)
    function, _, _ = app().parse_args(words, print_error=False, exit_on_error=False)
    assert function.__module__ == "qfluxd.cli.sweeping"


def test_the_example_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example says what the page tells of it: 93 pairs, 75 % in training, 54.5 % afterwards, nothing survives."""
    write_market(tmp_path / "data", 5 * 1440, asset="EURUSD_otc")
    assert call(shlex.split(LINES[0])[1:]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("93 variants of sma_cross on EURUSD_otc, 7 impossible combinations left out\n")
    assert re.search(r"fast=18 slow=60  train  61        75\.4 %  63\.3 … 84\.5 %  54\.1 %      \+39\.5 %\n", printed)
    assert re.search(r"test   33        54\.5 %  38\.0 … 70\.2 %  54\.1 %      \+0\.9 %\n", printed)
    assert "The best stands alone, as luck does: " in printed
    assert "\nNothing survives: chosen by training and tested on what came after, 60 of 107 " in printed
    assert "one of 94 variants tried on these data" in printed  # the choice of training is one too
    assert {"manifest.json", "result.json", "variants.parquet"} <= {
        file.name for file in Path("sweeps/first").iterdir()
    }


def test_ctrl_c_and_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C keeps what was computed and says how to go on; then the table is that of a sweep never stopped. What was
    shown before counts: each variant once, and what training chose both times."""
    folder, market = write_strategy(tmp_path / "strategies"), write_market(tmp_path / "data", 1000, turns=0.7)
    words = ["--strategy", "echo", "--option", "ago=10..50", "--option", "every=1..8", "--data", "data", "--folds", "3"]
    sweep = [sys.executable, "-m", "qfluxd", "sweep", *words, "--payout", "85", "--out", "kept", "--workers", "1"]
    with subprocess.Popen(sweep, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert running.stdout is not None
        assert any(" left" in line for line in running.stderr)
        running.send_signal(signal.SIGINT)
        assert "stopping: what is being computed is kept" in running.stderr.read()
        assert "go on with qfluxd sweep --resume kept" in running.stdout.read()
    assert running.returncode == 130
    before = len(Folder.resume(Path("kept")).done)
    assert 0 < before < 41 * 8
    assert len(trials.read(tmp_path / "state" / "qfluxd").trials) == before
    assert call(["sweep", "--resume", "kept", "--json", "--workers", "1"]) == 0
    told = json.loads(capsys.readouterr().out)
    whole = swept(tmp_path / "whole", echo_settings(folder, "ago=10..50", "every=1..8"), market)
    assert table(Folder.resume(Path("kept"))).equals(table(whole))
    assert (told["is_whole"], told["tried"], told["verdict"]) == (True, 41 * 8, judged(whole, earlier=2).verdict)
    assert told["best"][0]["train"]["rate"] is not None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--payout", "85"], "which strategy? name it with --strategy"),
        (["--option", "fast=2"], "belong to a strategy"),
        (["--strategy", "sma_cros"], "did you mean 'sma_cross'"),
        (["--strategy", "sma_cross", "--option", "fst=2"], "did you mean 'fast'"),
        (["--strategy", "sma_cross", "--folds", "1"], "--folds is a number from 2 to 50"),
        (["--strategy", "sma_cross", "--latency", "90"], "--latency is a number from 0 to 60"),
        (["--strategy", "sma_cross", "--span", "1m"], "--span is at least 1d"),
        (["--strategy", "sma_cross", "--embargo", "long"], "'long' is no length of time"),
        (["--strategy", "sma_cross", "--workers", "0"], "--workers is at least 1"),
        (["--strategy", "sma_cross", "--variants", "9"], "--variants goes with --search random or optuna"),
        (["--strategy", "sma_cross", "--folder", "nowhere"], "--folder nowhere: there is no such folder"),
        (["--strategy", "sma_cross", "--scheduler", "tcp://127.0.0.1:1"], "goes with --engine dask"),
        (["--strategy", "sma_cross", "--data", "nowhere"], "nowhere: there is no such"),
        (["--resume", "nowhere"], "is no folder of a sweep"),
        (["--resume", "nowhere", "--data", "data"], "--resume goes on where the sweep is"),
    ],
)
def test_mistakes(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be done is told in one sentence before anything is computed."""
    assert call(["sweep", *words]) != 0
    assert said in capsys.readouterr().err


def test_a_sweep_of_which_nothing_came(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where every variant failed that is the verdict, with where it failed, and the exit code is 1."""
    write_market(tmp_path / "data", 300, asset="EURUSD_otc")
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "odd.py").write_text(
        "from qfluxd.strategies.rule import Rule\n\n\nclass Odd(Rule):\n    'Fails.'\n\n    @property\n"
        "    def warmup(self):\n        return 2\n\n    def signals(self, view):\n        return 1 / 0\n"
    )
    words = ["--strategy", "odd", "--data", "data", "--payout", "85", "--out", "odd", "--workers", "1"]
    assert call(["sweep", *words]) == 1
    told = capsys.readouterr().out
    assert "Failed: variant 0, EURUSD_otc: the strategy failed: ZeroDivisionError: division by zero (odd.py, " in told
    assert "\nCannot tell: every variant failed; correct the strategy, and begin anew.\n" in told
