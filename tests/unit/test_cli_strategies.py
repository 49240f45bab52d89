"""`qfluxd strategy`: the list, a file to begin with, and the check in words."""

import json
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.cli.strategies import check
from qfluxd.loading import load_strategy, load_strategy_file, strategy_names
from qfluxd.strategies.indicators import ema_warmup
from qfluxd.testing import CHECKS, check_strategy

LOOKS_AHEAD = '''
"""Looks ahead."""

import numpy as np
from qfluxd.strategies.rule import Rule

class Idea(Rule):
    """Knows the next close."""

    @property
    def warmup(self):
        return 1

    def signals(self, view):
        close = view.floats("close")
        moves = np.append(np.diff(close), 0.0)
        return self.say(view, call=moves > 0, put=moves < 0, confidence=1.0)
'''


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that we are in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    code = main(["strategy", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    """Every strategy with its warm-up, its first sentence, and its options with default, range and description."""
    code, out, _ = told(capsys, "list")
    assert code == 0
    assert all(f"\n{name} (" in f"\n{out}" for name in strategy_names())
    part = out[out.index("ema_cross (needs 99 candles)\n  Follows the trend: call where") :].split("\n\n")[0]
    assert [" ".join(line.split()) for line in part.splitlines()[2:]] == [
        "expiry - how long a trade lasts; default: as long as one candle",
        "fast 9 from 2 to 100 candles of the fast average",
        "slow 21 from 3 to 200 candles of the slow average; more than fast",
    ]
    assert "random (needs 1 candle)" in out
    assert "model (how many candles it needs depends on its options)" in out
    assert "which patterns to look for: abandoned_baby, belt_hold," in out


def test_list_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as JSON, with bounds as numbers and choices as a list."""
    code, out, _ = told(capsys, "list", "--json")
    rows = {row["name"]: row for row in json.loads(out)}
    assert code == 0
    assert rows["ema_cross"]["warmup"] == load_strategy("ema_cross")().warmup
    fast = rows["ema_cross"]["options"][1]
    assert (fast["name"], fast["default"], fast["minimum"], fast["maximum"]) == ("fast", 9, 2, 100)
    threshold = rows["confluence"]["options"][2]
    assert (threshold["exclusiveMinimum"], threshold["maximum"], threshold["range"]) == (0, 1, "over 0 to 1")
    assert "engulfing" in rows["candle_patterns"]["options"][1]["choices"]
    assert (rows["model"]["warmup"], rows["model"]["options"][0]["required"]) == (None, True)


def test_list_with_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of one's own are in the list; one that cannot be loaded is named with the reason, and it is exit 1."""
    told(capsys, "new", "my_idea")
    assert f"\nmy_idea (needs {ema_warmup(20) + 1} candles)\n" in told(capsys, "list")[1]
    (here / "strategies" / "broken.py").write_text("x = (\n")
    code, out, _ = told(capsys, "list")
    assert code == 1
    assert "broken: cannot be loaded: strategies/broken.py:1: '(' was never closed; correct the line" in out
    code, out, _ = told(capsys, "list", "--json")
    assert code == 1
    assert "error" in {row["name"]: row for row in json.loads(out)}["broken"]


def test_new(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is written is a strategy that keeps every promise, commented, with the class named after the file."""
    code, out, _ = told(capsys, "new", "my_2nd_idea", "--folder", "deep/ideas")
    file = here / "deep" / "ideas" / "my_2nd_idea.py"
    assert code == 0
    assert out == "deep/ideas/my_2nd_idea.py written; qfluxd strategy check deep/ideas/my_2nd_idea.py checks it\n"
    model = load_strategy_file(file)
    assert model.__name__ == "My2ndIdea"
    assert "strategy check deep/ideas/my_2nd_idea.py" in file.read_text()
    assert "    # Options are fields." in file.read_text()
    assert {each.verdict for each in check_strategy(model())} == {"good"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("My-Idea", "'My-Idea' is no name for a strategy; use small letters, digits and _, such as my_idea"),
        ("../idea", "is no name for a strategy"),
        ("ema_cross", "there is a strategy ema_cross already; take another name"),
        ("taken", "strategies/taken.py exists and is left as it is; take another name"),
    ],
)
def test_new_refuses(name: str, says: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that cannot be, or that is taken, is turned down, and no file is touched."""
    (here / "strategies").mkdir()
    (here / "strategies" / "taken.py").write_text("mine")
    code, out, err = told(capsys, "new", name)
    assert (code, out) == (1, "")
    assert says in err
    assert [file.read_text() for file in here.rglob("*.py")] == ["mine"]


def test_new_where_nothing_can_be_written(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is a file is told of."""
    (here / "strategies").write_text("no folder")
    code, _, err = told(capsys, "new", "my_idea")
    assert code == 1
    assert "cannot be written" in err or "exists" in err


def test_check(capsys: pytest.CaptureFixture[str]) -> None:
    """A line per check, and a verdict; exit 0 where nothing is bad."""
    code, out, _ = told(capsys, "check", "sma_cross", "--options", '{"fast": 5, "expiry": "5m"}')
    assert code == 0
    assert [line.split()[1] for line in out.splitlines()[:-1]] == list(CHECKS)
    assert out.splitlines()[-1] == "sma_cross: it keeps its promises"


def test_check_of_a_bad_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that looks ahead is exit 1, and says so in words and as JSON."""
    (here / "idea.py").write_text(LOOKS_AHEAD)
    code, out, _ = told(capsys, "check", "idea.py")
    assert code == 1
    assert "\nbad   look_ahead  on walk, without the candles after the" in out
    assert out.splitlines()[-1] == "idea.py: 1 of 14 checks are bad"
    code, out, _ = told(capsys, "check", "idea", "--folder", ".", "--json", "--seed", "3")
    answer = json.loads(out)
    assert (code, answer["strategy"], answer["ok"]) == (1, "idea", False)
    assert [each["check"] for each in answer["findings"] if each["verdict"] == "bad"] == ["look_ahead"]


def test_check_finds_voters_in_the_folder(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A confluence of files of one's own is checked with them: what looks ahead as a voter looks ahead as a whole."""
    (here / "strategies").mkdir()
    (here / "strategies" / "idea.py").write_text(LOOKS_AHEAD)
    code, out, _ = told(capsys, "check", "confluence", "--options", '{"votes": [{"use": "idea"}]}')
    assert code == 1
    assert "bad   look_ahead" in out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["ema_cros"], 78, "there is no strategy called 'ema_cros'; did you mean 'ema_cross'?"),
        (["nowhere.py"], 78, "nowhere.py cannot be read: No such file or directory"),
        (["model"], 78, "command line: --options.file: is required"),
        (["ema_cross", "--options", "{"], 78, "command line: --options: is no JSON: "),
        (["ema_cross", "--options", "[1]"], 78, "command line: --options: must be a JSON object"),
        (
            ["ema_cross", "--options", '{"fsat": 5}'],
            78,
            "--options.fsat: there is no option 'fsat'; did you mean 'fast'?",
        ),
        (["ema_cross", "--options", '{"fast": 0}'], 78, "--options.fast: must be greater than or equal to 2"),
        (["ema_cross", "--options", '{"fast": 50}'], 78, "--options: fast (50) must be less than slow (21)"),
        (
            ["candle_patterns", "--options", '{"patterns": ["engulfin"]}'],
            78,
            "--options.patterns.0: there is no 'engulfin'; did you mean 'engulfing'?",
        ),
        (
            ["confluence", "--options", '{"votes": [{"use": "macd", "options": {"fats": 1}}]}'],
            78,
            "--options.votes.0.options.fats: there is no option 'fats'; did you mean 'fast'?",
        ),
        (["ema_cross", "--timeframe", "1 min"], 78, "command line: --timeframe: '1 min' is not a timeframe"),
    ],
)
def test_check_of_what_cannot_be(words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A name, file or option that is wrong is one sentence on standard error, with the remedy."""
    was, out, err = told(capsys, "check", *words)
    assert (was, out) == (code, "")
    assert says in err


def test_check_on_other_candles(capsys: pytest.CaptureFixture[str]) -> None:
    """A timeframe of one's own is taken."""
    assert check("random", timeframe="5s") == 0
    assert "it keeps its promises" in capsys.readouterr().out
