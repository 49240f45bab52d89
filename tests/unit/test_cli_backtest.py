"""`qfluxd backtest`: what it prints, keeps and notes, and what it says to mistakes."""

import json
import re
from pathlib import Path

import pytest

from qfluxd.cli import main
from qfluxd.model import HOUR
from qfluxd.research.audits import read_findings
from qfluxd.research.backtest import read
from qfluxd.research.trials import read as read_trials
from tests.support.fixtures import ROOT
from tests.support.recordings import dataset, market


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of the page."""
    made = {
        asset: market(seed, length=46 * HOUR, rough=0.05, rate=1)
        for seed, asset in enumerate(("EURUSD_otc", "GBPUSD_otc"))
    }
    return dataset(tmp_path_factory.mktemp("recorded"), made).root


@pytest.fixture
def place(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with these data as `research`, and a state folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("STATE_DIRECTORY", "CONFIGURATION_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "research").symlink_to(recorded)
    return tmp_path


def called(*words: str) -> int:
    """The exit code of `qfluxd backtest` with these words."""
    return main(["backtest", *words])


def test_the_page_shows_what_is_printed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example of docs/backtest.md, word for word."""
    page = (ROOT / "docs" / "backtest.md").read_text()
    ((line, printed),) = re.findall(r"```console\n\$ qfluxd backtest (.*?)\n(.*?)```", page, re.DOTALL)
    assert called(*line.split()) == 0
    assert capsys.readouterr().out == printed


def test_the_page_s_python_works(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The example from Python runs as it stands."""
    page = (ROOT / "docs" / "backtest.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(code, "docs/backtest.md", "exec"), {})
    assert "break-even" in capsys.readouterr().out
    assert read(place / "results" / "sma").trades.height > 100


def test_kept_noted_and_run_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A result is written, noted among the trials, proven by the other way, and found again by its own settings."""
    words = ("--strategy", "random", "--option", "rate=0.05", "--data", "research", "--asset", "EURUSD_otc")
    code = called(*words, "--payout", "85", "--latency", "0.3,0.6", "--both", "--out", "first", "--no-audits")
    assert code == 0
    assert "Both ways agree, trade by trade." in capsys.readouterr().out
    result = read(place / "first")
    assert result.settings["latency"] == [300, 600]
    (trial,) = read_trials(place / "state" / "qfluxd").trials
    assert (trial.strategy, trial.options, trial.dataset) == ("random", {"rate": 0.05}, result.dataset.hash)
    assert called("--again", "first") == 0
    assert "first: the same trades again; the data are the same." in capsys.readouterr().out


def test_for_programs_and_audited(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """JSON holds the summary of each plan and what the audits found, which are kept beside the result."""
    words = (
        "--strategy",
        "donchian_breakout",
        "--data",
        "research",
        "--asset",
        "GBPUSD_otc",
        "--until",
        "2025-10-09T20",
    )
    code = called(*words, "--payout", "85", "--json", "--out", "audited")
    told = json.loads(capsys.readouterr().out)
    assert told["fingerprint"] == read(place / "audited").fingerprint
    assert told["summary"]["donchian_breakout"]["won"] > 0
    findings = read_findings(place / "audited")
    assert [each["name"] for each in told["audits"]] == [each.name for each in findings]
    assert code == int(any(each.level == "bad" for each in findings))


CONFIG = """
[risk]
max_open = 1
[strategies]
shadow_latency = 0.7
[[strategy]]
name = "evening"
use = "random"
assets = ["*_otc"]
timeframe = "1m"
options = { rate = 1.0 }
"""


def test_a_plan_of_the_configuration(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It brings its options, its latency and the limits of the account."""
    Path("config.toml").write_text(CONFIG)
    assert called("--plan", "evening", "--data", "research", "--no-audits", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["settings"]["latency"] == [700]
    assert {"plan": "evening", "code": "too_many_open"}.items() <= {
        key: value for row in told["refusals"] for key, value in row.items() if row["code"] == "too_many_open"
    }.items()
    assert called("--plan", "evening", "--data", "research", "--no-audits", "--no-limits", "--json") == 0
    free = json.loads(capsys.readouterr().out)
    assert free["trades"] > told["trades"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which strategy? name it with --strategy"),
        (("--strategy", "sma_crss"), "sma_cross"),
        (("--strategy", "sma_cross", "--option", "fast=400"), "sma_cross: fast: must be less than or equal to"),
        (("--strategy", "sma_cross", "--option", "fst=4"), "sma_cross: there is no option 'fst'; did you mean 'fast'?"),
        (("--strategy", "macd", "--strategy", "macd"), "--strategy macd twice: several of one are plans"),
        (("--strategy", "macd", "--payout", "-5"), "a payout is 0 to 1000 percent"),
        (("--strategy", "macd", "--balance", "-5"), "the balance is not below 0"),
        (("--strategy", "macd", "--digits", "-1"), "digits are 0 to 15 decimals"),
        (("--strategy", "macd", "--folder", "nowhere"), "--folder nowhere: there is no such folder"),
        (
            ("--strategy", "macd", "--data", "research", "--from", "2026-02-01", "--until", "2026-01-01"),
            "--from 2026-02-01 must be before --until 2026-01-01",
        ),
        (("--strategy", "sma_cross", "--option", "fast"), "write a name and a value, such as fast=5"),
        (("--strategy", "sma_cross", "--strategy", "macd", "--option", "fast=4"), "--option goes with one --strategy"),
        (("--option", "fast=4", "--plan", "x"), "the configuration has no [[strategy]] with the name 'x'"),
        (("--strategy", "macd", "--latency", "soon"), "'soon' is no latency"),
        (("--strategy", "macd", "--latency", "measured"), "journal"),
        (("--strategy", "macd", "--stake", "much"), "write an amount, 2% of the balance, or a policy as JSON"),
        (("--strategy", "macd", "--refuse", "2"), "refuse is a share from 0 to 1"),
        (("--strategy", "macd", "--data", "nowhere"), "nowhere: there is no such"),
        (("--strategy", "macd", "--asset", "XAUUSD", "--data", "research"), "XAUUSD"),
        (("--again", "nothing"), "nothing: holds no result"),
        (("--again", "nothing", "--payout", "80"), "--again takes all from the result"),
        (("--again", "nothing", "--both"), "--again takes all from the result"),
    ],
)
def test_mistakes(place: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str) -> None:
    """Each is answered with a sentence that names it."""
    assert called(*words) != 0
    assert said in capsys.readouterr().err


PEEK = """
import numpy as np
import polars as pl

from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Peek(Rule):
    'Knows the next close.'

    @property
    def warmup(self) -> int:
        return 2

    def signals(self, view: View) -> pl.DataFrame:
        close = view.floats("close")
        later = np.append(close[1:], np.nan)
        return self.say(view, call=later > close, put=later < close, confidence=0.5)
"""


def test_what_is_not_to_be_believed_is_said_first(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A strategy that peeks seems to beat break-even; before that stands that it is not to be believed."""
    Path("strategies").mkdir()
    Path("strategies/peek.py").write_text(PEEK)
    words = ("--strategy", "peek", "--data", "research", "--asset", "GBPUSD_otc", "--until", "2025-10-09T20")
    assert called(*words, "--payout", "85") == 1
    told = capsys.readouterr().out.splitlines()
    first = told.index("What peek shows is not to be believed, see below (look_ahead, shuffled).")
    assert told[first + 1].startswith("peek beats break-even: ")
    assert "2 bad" in told[-4]


def test_luck_among_many_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where more was tried on the same data, a claim that would be enough alone is held against all of them."""
    Path("strategies").mkdir()
    Path("strategies/peek.py").write_text(PEEK)
    words = ("--strategy", "peek", "--data", "research", "--asset", "GBPUSD_otc", "--until", "2025-10-09T20")
    assert called(*words, "--payout", "85", "--no-audits") == 0
    assert "tried on these data" not in capsys.readouterr().out
    assert called(*words, "--payout", "80", "--no-audits") == 0
    assert "peek is one of 2 variants tried on these data: evidence of " in capsys.readouterr().out


def test_beginnings_assets_and_edits_are_tries(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same strategy from another time, on another asset or with its file edited is told as one more; run again, or
    further on, it is not."""
    Path("strategies").mkdir()
    Path("strategies/peek.py").write_text(PEEK)
    words = ("--strategy", "peek", "--data", "research", "--payout", "85", "--no-audits")
    one = (*words, "--asset", "GBPUSD_otc")
    for more in ((), (), ("--until", "2025-10-09T20")):
        assert called(*one, *more) == 0
        assert "tried on these data" not in capsys.readouterr().out
    for number, more in enumerate((("--from", "2025-10-09T11"), ("--from", "2025-10-09T12")), 2):
        assert called(*one, *more) == 0
        assert f"peek is one of {number} variants tried on these data: " in capsys.readouterr().out
    assert called(*words, "--asset", "EURUSD_otc") == 0
    assert "peek is one of 4 variants tried on these data: " in capsys.readouterr().out
    Path("strategies/peek.py").write_text(PEEK.replace("later > close", "later > close - 1e-9"))
    assert called(*one) == 0
    assert "peek is one of 5 variants tried on these data: " in capsys.readouterr().out


def _ticks(file: str) -> None:
    """Writes some hours of ticks without a payout."""
    rows = "".join(f"{1_760_000_000 + 5 * n},{1.1 + n % 7 / 1e4}\n" for n in range(4000))
    Path(file).write_text(f"time,price\n{rows}")


def test_a_profit_that_nobody_knows_is_no_nought(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without payouts the table says that the profit is unknown."""
    _ticks("EURUSD_otc.csv")
    assert called("--strategy", "random", "--data", "EURUSD_otc.csv", "--no-audits") == 0
    (row,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("random  "))
    assert row.endswith("unknown")
    assert "+0.00" not in row


def test_how_a_single_file_was_read_is_said(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Beside the result, each time: an epoch of the broker's own clock would be taken for UTC without a word."""
    _ticks("EURUSD_otc.csv")
    for _ in range(2):
        assert called("--strategy", "random", "--data", "EURUSD_otc.csv", "--no-audits", "--json") == 0
        said = capsys.readouterr()
        assert "EURUSD_otc.csv: times are read as UTC, as epochs are" in said.err
        assert json.loads(said.out)


_LOUD = """
import polars as pl

from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Loud(Rule):
    \"\"\"Says what it does, and then {then}.\"\"\"

    @property
    def warmup(self) -> int:
        \"\"\"One candle.\"\"\"
        return 1

    def signals(self, view: View) -> pl.DataFrame:
        \"\"\"Call on every tenth candle.\"\"\"
        print("thinking")
        {then}
        over = view.floats("close") > view.floats("open")
        return self.say(view, call=over, put=~over, confidence=view.floats("close") / view.floats("close"))
"""


def _own(then: str) -> None:
    Path("strategies").mkdir()
    Path("strategies/loud.py").write_text(_LOUD.format(then=then))


def test_what_a_strategy_prints_is_no_result(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes to standard error; what programs read is JSON and nothing else."""
    _own("pass")
    words = ("--strategy", "loud", "--data", "research", "--asset", "GBPUSD_otc", "--until", "2025-10-09T10")
    assert called(*words, "--no-audits", "--both", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)
    assert "thinking" in said.err


def test_a_strategy_that_would_end_the_program_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ending well would tell whoever runs it that all is right."""
    _own("raise SystemExit(0)")
    words = ("--strategy", "loud", "--data", "research", "--asset", "GBPUSD_otc", "--until", "2025-10-09T10")
    assert called(*words, "--no-audits") == 1
    assert "SystemExit: 0" in capsys.readouterr().err
    assert main(["strategy", "check", "strategies/loud.py", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert any("it raises SystemExit: 0" in each["detail"] for each in found["findings"])


def test_silence_has_a_reason(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Data shorter than the warm-up bring no signal, and it is said after how many candles one may come."""
    words = ("--strategy", "ema_cross", "--data", "research", "--asset", "GBPUSD_otc", "--until", "2025-10-09T10")
    assert called(*words, "--payout", "85") == 0
    told = capsys.readouterr().out
    assert "ema_cross gave no signal; the first one can come after 99 candles of 1m." in told
    assert "fragility    not looked at: it made no trade" in told


def test_a_file_is_called_by_its_name(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A result of a single file names that file, not the cache, and is run again from it."""
    _ticks("EURUSD_otc.csv")
    assert called("--strategy", "random", "--data", "EURUSD_otc.csv", "--no-audits", "--out", "kept") == 0
    assert capsys.readouterr().out.startswith("EURUSD_otc.csv: EURUSD_otc, trades from ")
    assert read(place / "kept").dataset.place == "EURUSD_otc.csv"
    assert called("--again", "kept") == 0
    assert "kept: the same trades again; the data are the same." in capsys.readouterr().out


def test_where_a_strategy_failed(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line of its own file is named."""
    Path("strategies").mkdir()
    Path("strategies/odd.py").write_text(PEEK.replace('view.floats("close")', "1 / 0"))
    assert called("--strategy", "odd", "--data", "research", "--no-audits") == 1
    assert "odd: the strategy failed: ZeroDivisionError: division by zero (odd.py, line 17)" in capsys.readouterr().err
