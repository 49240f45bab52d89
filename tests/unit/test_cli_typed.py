"""What was typed wrong is exit 2 in every research command, and nothing is taken for something near it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from qfluxd.cli.calling import app, call, exit_code
from qfluxd.cli.comparing import promote, start
from qfluxd.cli.printing import Failed, Misused
from qfluxd.errors import UnknownPlugin

TABLE = """
[[strategy]]
name = "evening"
use = "random"
assets = ["*_otc"]
timeframe = "1m"
mode = "shadow"
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything happens in the test's own folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("STATE_DIRECTORY", "CONFIGURATION_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "line",
    [
        "backtest --strategy macd --payout 85.5",
        "backtest --strategy macd --digits 2.9",
        "audit --strategy macd --seed 1.5",
        "sweep --strategy macd --folds 2.6",
        "sweep --strategy macd --payout 85.5",
        "sweep --strategy macd --workers 0x2",
        "train X --out x.onnx --folds 2.6",
        "train X --out x.onnx --payout 85.5",
        "compare start a b --fewest 10.7",
        "trades list --count 2.0",
        "watch --count 1e3",
        "strategy check macd --seed 0.5",
    ],
)
def test_a_whole_number_is_one(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no whole number is refused where one is asked for, and never rounded to the nearest."""
    *_, option, value = line.split()
    assert call(line.split()) == 2
    assert f"invalid value for {option}: '{value}' is no whole number" in capsys.readouterr().err


def test_whole_numbers_are_taken() -> None:
    """Also one with a sign, and where an option that is not given is None."""
    words = ["backtest", "--payout", "85", "--seed", "-3"]
    _, bound, _ = app().parse_args(words, print_error=False, exit_on_error=False)
    asked: Any = bound.arguments["asked"]
    assert (asked.payout, asked.seed, asked.digits) == (85, -3, None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("backtest", "which strategy? name it with --strategy"),
        ("backtest --strategy sma_crss", "there is no strategy called 'sma_crss'; did you mean 'sma_cross'?"),
        ("backtest --strategy sma_cross --option fst=3", "there is no option 'fst'; did you mean 'fast'?"),
        ("backtest --strategy sma_cross --option fast=400", "sma_cross: fast: must be less than"),
        ("backtest --strategy sma_cross --timeframe soon", "soon"),
        ("backtest --strategy macd --payout 2000", "a payout is 0 to 1000 percent"),
        ("backtest --strategy macd --from tomorrow", "'tomorrow' is no time"),
        ("backtest --plan dawn", "no [[strategy]] with the name 'dawn'; there are evening"),
        ("backtest --plan evening --stake 3", "--stake belongs to a strategy: name it with --strategy"),
        ("backtest --plan evening --schedule 30s", "--schedule belongs to a strategy"),
        ("backtest --again nothing --both", "--again takes all from the result"),
        ("audit --strategy sma_crss", "did you mean 'sma_cross'?"),
        ("audit --strategy sma_cross --option fst=3", "did you mean 'fast'?"),
        ("audit --strategy macd --only looks", "there is no audit 'looks'; there are "),
        ("sweep", "which strategy? name it with --strategy"),
        ("sweep --strategy sma_crss", "there is no strategy called 'sma_crss'; did you mean 'sma_cross'?"),
        ("sweep --strategy sma_cross --option fst=3", "--option fst: there is no option 'fst'; did you mean 'fast'?"),
        ("sweep --strategy sma_cross --option fast=400", "--option fast: 400: "),
        ("sweep --strategy sma_cross --timeframe soon", "--timeframe: "),
        ("sweep --strategy macd --folds 1", "--folds is a number from 2 to 50"),
        ("sweep --strategy macd --embargo long", "'long' is no length of time"),
        ("sweep --strategy macd --from 2026-02-01 --until 2026-01-01", "must be before --until"),
        ("sweep --strategy macd --workers 0", "--workers is at least 1"),
        ("sweep --resume nowhere --data data", "--resume goes on where the sweep is"),
        ("report", "name the folder of a result, or --journal"),
        ("report r1 --journal", "r1 and --journal are two reports; ask for one of them at a time"),
        ("report r1 --out report.pdf", "report.pdf: the name must end in .html"),
        ("report r1 --from 2026-01-01", "--from and --until are for --journal"),
        ("compare start alone", "name two strategies or more"),
    ],
)
def test_a_slip_of_the_hand(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is exit 2 whatever the command, and one sentence that names it."""
    Path("config.toml").write_text(TABLE)
    assert call(line.split()) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""


def test_what_no_search_accepts(capsys: pytest.CaptureFixture[str]) -> None:
    """Values that exclude each other were typed; they are known only where the search begins."""
    rows = "".join(f"{1_760_000_000 + 5 * n},{1.1 + n % 7 / 1e4}\n" for n in range(2000))
    Path("EURUSD_otc.csv").write_text(f"time,price\n{rows}")
    words = "sweep --strategy sma_cross --option fast=50 --option slow=10 --data EURUSD_otc.csv"
    assert call(words.split()) == 2
    assert "--option: no combination of values is possible" in capsys.readouterr().err


def test_a_wrong_file_is_no_slip_of_the_hand(capsys: pytest.CaptureFixture[str]) -> None:
    """A configuration or a strategy that cannot be loaded is exit 78, and data that are not there are exit 1."""
    Path("wrong.toml").write_text("[mqtt]\nprot = 1\n")
    Path("strategies").mkdir()
    Path("strategies/odd.py").write_text("import nothing_of_that_name\n")
    for command in ("backtest", "audit", "sweep"):
        assert call([command, "--strategy", "macd", "--config", "wrong.toml"]) == 78
        assert call([command, "--strategy", "odd"]) == 78
        assert call([command, "--strategy", "macd", "--data", "nowhere"]) == 1
    assert "strategies/odd.py:1: ModuleNotFoundError" in capsys.readouterr().err


def test_no_result_over_another(capsys: pytest.CaptureFixture[str]) -> None:
    """A result goes into a new or empty folder, and that is said before anything is computed; nothing is written."""
    Path("kept").mkdir()
    Path("kept/result.json").write_text("mine")
    Path("file").touch()
    line = "backtest --strategy macd --data nowhere --out"
    assert call([*line.split(), "kept"]) == 1
    assert "kept: is not empty; name another folder, or remove what is in it" in capsys.readouterr().err
    assert call([*line.split(), "file"]) == 1
    assert "file: is a file; name a folder for the result" in capsys.readouterr().err
    assert Path("kept/result.json").read_text() == "mine"
    Path("kept/result.json").unlink()
    assert call([*line.split(), "kept"]) == 1
    assert "nowhere: there is no such folder or file" in capsys.readouterr().err


def test_exit_codes() -> None:
    """The kinds of error that this is about; a name that is in a file stays a matter of the configuration."""
    assert [exit_code(error) for error in (Misused("x"), Failed("x"), UnknownPlugin("x"))] == [2, 1, 78]


@pytest.mark.parametrize(
    ("code", "kind"), [("bad_argument", Misused), ("strategy_unknown", Misused), ("no_winner", Failed)]
)
async def test_what_a_daemon_answers(code: str, kind: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument that the daemon does not know is a slip of the hand, and what it turns down is not."""

    class Caller:
        """Who answers so to everything."""

        async def ask(self, *_: Any) -> dict[str, Any]:
            """No."""
            return {"status": "error", "error": "no", "code": code}

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[Caller]:
        yield Caller()

    monkeypatch.setattr("qfluxd.api.caller.open_caller", opened)
    with pytest.raises(kind, match="no"):
        await start(["a", "b"])
    with pytest.raises(kind, match="no"):
        await promote("a", reason="b")
