"""`qfluxd audit` says what it found, for people and for programs, and by its exit code."""

import json
import re
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.research.audits import AUDITS, audit, read_findings
from qfluxd.research.backtest import Backtest, planned
from qfluxd.research.dataset import open_dataset
from tests.support.audited import stored, walk
from tests.support.fixtures import ROOT

PEEK = '''
from qfluxd.strategies.rule import Rule


class Peek(Rule):
    """Compares with a mean that lies around the candle."""

    @property
    def warmup(self):
        return 5

    def signals(self, view):
        mean = view.candles["close"].rolling_mean(5, center=True).to_numpy()
        close = view.floats("close")
        return self.say(view, call=mean > close, put=mean < close, confidence=0.5)
'''


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with five hours of ticks in `data` and a strategy that peeks in `ideas`, and an own state folder."""
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    stored(tmp_path / "data", walk(5))
    (tmp_path / "ideas").mkdir()
    (tmp_path / "ideas" / "peek.py").write_text(PEEK, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_table_of_all_audits(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each audit in their order, then a sentence; nothing is bad about a sound strategy, so exit 0."""
    words = ["--strategy", "sma_cross", "--option", "fast=3", "--option", "slow=9", "--payout", "85"]
    assert main(["audit", *words, "--data", "data"]) == 0
    *rows, verdict = capsys.readouterr().out.splitlines()
    named = [row.split()[:2] for row in rows]
    assert [name for _, name in named] == list(AUDITS)
    assert {level for level, _ in named} <= {"ok", "note"}
    assert re.fullmatch(r"(\d note, )?\d ok: .+", verdict)


def test_a_leak_is_told_and_kept(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 where something is bad; the findings lie beside the result too, and are those of Python."""
    words = ["--strategy", "peek", "--folder", "ideas", "--data", "data", "--only", "look_ahead", "--out", "result"]
    assert main(["audit", *words, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"] is False
    assert answer["findings"][0]["figures"]["sees"] == ["prices"]
    tried = Backtest(plans=(planned("peek", folder=place / "ideas"),))
    found = audit(tried, open_dataset(place / "data"), ("look_ahead",))
    assert [each.meaning for each in read_findings(place / "result")] == [each.meaning for each in found]


def test_plans_are_told_apart(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several strategies are told one after the other, under their names."""
    words = ["--strategy", "sma_cross", "--strategy", "random", "--data", "data", "--only", "training"]
    assert main(["audit", *words]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "sma_cross:",
        "ok",
        "random:",
        "ok",
        "2",
    ]


def test_what_there_is_not(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown audit, and no strategy: a sentence with the remedy, and exit 2."""
    assert main(["audit", "--strategy", "sma_cross", "--data", "data", "--only", "luck"]) == 2
    assert "there is no audit 'luck'; there are determinism" in capsys.readouterr().err
    assert main(["audit", "--data", "data"]) == 2
    assert "which strategy? name it with --strategy" in capsys.readouterr().err


def test_the_page_names_every_audit() -> None:
    """docs/audits.md has a row for each of them."""
    page = (ROOT / "docs" / "audits.md").read_text()
    assert [name for name in AUDITS if f"| `{name}` |" not in page] == []


def test_the_example_in_python_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it stands on the page, beside such data."""
    (code,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "audits.md").read_text(), re.DOTALL | re.MULTILINE)
    stored(tmp_path / "research", walk(4))
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "audits.md", "exec"), {})
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["look_ahead", "shuffled"]
    assert len(read_findings(tmp_path / "results")) == 2
