"""`qfluxd trials` says how much was tried, and what that leaves of the best of it."""

import json
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.research.trials import FILE, note
from tests.unit.test_trials import HOUR, trial


def told(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, str]:
    """What the command prints."""
    assert main(["trials", "--folder", str(folder), *words]) == 0
    out, err = capsys.readouterr()
    return out, err


def test_a_line_for_each_data_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With runs and variants, the best evidence, what it takes, and whether the claim stands."""
    note(tmp_path, *(trial(fast, dataset="d" * 64, p_value=0.02) for fast in range(1, 6)), trial(1, dataset="d" * 64))
    later = {"start": 2 * HOUR, "end": 3 * HOUR, "assets": ("GBPUSD_otc",)}
    note(tmp_path, trial(9, dataset="e" * 64, p_value=0.01, **later))
    out, err = told(tmp_path, capsys)
    head, first, second, word = out.splitlines()
    assert word == "What stands here was not audited here: qfluxd audit tells whether a strategy looks ahead."
    assert head.split() == ["data", "assets", "from", "until", "runs", "variants", "best", "evidence", "needs", "claim"]
    until = "1970-01-01T02:00:00Z"  # the beginning of time is no beginning to tell
    assert first.split() == ["d" * 12, "EURUSD_otc", until, "6", "5", "50", "100", "falls"]
    times = ["1970-01-01T02:00:00Z", "1970-01-01T03:00:00Z"]
    assert second.split() == ["e" * 12, "GBPUSD_otc", *times, "1", "1", "100", "20", "stands"]
    assert err == ""


def test_what_is_not_enough_does_not_look_as_if_it_were(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Evidence of 19.99 is told as less than the 20 that it takes."""
    note(tmp_path, trial(1, p_value=1 / 19.99))
    out, _ = told(tmp_path, capsys)
    assert out.splitlines()[1].split()[-5:] == ["1", "19", "20", "never", "stood"]


def test_windows_and_assets_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Twenty beginnings of one variant, and two assets beside: each line says how many that are."""
    starts = range(1, 21)
    note(tmp_path, *(trial(dataset=f"d{n}", start=n * 60_000, p_value=0.04) for n in starts))
    note(tmp_path, *(trial(dataset=asset, start=60_000, assets=(asset,)) for asset in ("GBPUSD_otc", "AUDCAD_otc")))
    answer = json.loads(told(tmp_path, capsys, "--json")[0])
    assert {(found["variants"], found["needed"], found["runs"]) for found in answer["datasets"]} == {(22, 440, 22)}
    assert answer["datasets"][0]["standing"] == "falls"


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
