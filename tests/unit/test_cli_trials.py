"""`qfluxd trials` says how much was tried, and what that leaves of the best of it."""

import json
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.research.trials import FILE, note
from tests.unit.test_trials import trial


def told(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """What the command prints."""
    assert main(["trials", "--folder", str(folder), *words]) == 0
    out, err = capsys.readouterr()
    return out, err


def test_a_line_for_each_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With runs and variants, the best evidence, what it takes, and whether the claim stands."""
    note(tmp_path, *(trial(fast, dataset="d" * 64, p_value=0.02) for fast in range(1, 6)), trial(1, dataset="d" * 64))
    note(tmp_path, trial(1, dataset="e" * 64, assets=("GBPUSD_otc",), p_value=0.01))
    out, err = told(tmp_path, capsys)
    head, first, second = out.splitlines()
    assert head.split() == ["data", "assets", "from", "until", "runs", "variants", "best", "evidence", "needs", "claim"]
    until = "1970-01-01T02:00:00Z"  # the beginning of time is no beginning to tell
    assert first.split() == ["d" * 12, "EURUSD_otc", until, "6", "5", "50", "100", "falls"]
    assert second.split() == ["e" * 12, "GBPUSD_otc", until, "1", "1", "100", "20", "stands"]
    assert err == ""


def test_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the whole hash, the strategies, and a sentence."""
    note(tmp_path, trial(1), trial(2, strategy="ema_cross"))
    out, _ = told(tmp_path, capsys, "--json")
    answer = json.loads(out)
    (found,) = answer["datasets"]
    assert answer["damaged"] == 0
    assert (found["dataset"], found["strategies"]) == ("d1", ["ema_cross", "sma_cross"])
    assert (found["runs"], found["variants"], found["elsewhere"], found["best"]) == (2, 2, 0, 4)
    assert (found["needed"], found["standing"]) == (40, "never stood")
    assert found["sentence"].startswith("one of 2 variants tried on these data: evidence of 4 is not enough")


def test_nothing_yet_and_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sentence for either."""
    assert told(tmp_path, capsys)[0] == f"{tmp_path}: nothing was tried yet\n"
    (tmp_path / FILE).write_text("torn\n")
    out, err = told(tmp_path, capsys)
    assert out == f"{tmp_path}: nothing was tried yet\n"
    assert err == f"{tmp_path / FILE}: lines that cannot be read, each taken for a variant: 1\n"
