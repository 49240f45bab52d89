"""`qfluxd report`: the terminal, the file, and what is refused."""

import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import polars as pl
import pytest

from qfluxd.cli import main
from qfluxd.research import trials
from qfluxd.research.report.page import page
from qfluxd.research.report.results import results_material
from qfluxd.research.trials import Trial
from qfluxd.trading.journal import Journal
from tests.support.reports import HASH, Seen, result_folder
from tests.support.trades import made_trades

type Here = Callable[..., tuple[int, str, str]]

TRADES = made_trades(600, rate=0.55, days=30)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Here:
    """Runs one command line in a folder of its own: exit code, output, complaints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str) -> tuple[int, str, str]:
        out, err = StringIO(), StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            return main(["report", *words, "--folder", str(tmp_path)]), out.getvalue(), err.getvalue()

    return run


def test_the_terminal(here: Here) -> None:
    """The answer comes first, every figure has what it is held against, and nothing is wider than 80 columns."""
    result_folder(Path("rsi"), TRADES)
    code, out, _ = here("rsi")
    lines = out.splitlines()
    assert code == 0
    assert lines[0] == "Nobody can tell yet whether rsi beats break-even."
    assert max(map(len, lines)) <= 80
    for word in ("win rate", "break-even", "per stake", "still needed", "fragility", HASH[:40]):
        assert word in out
    assert "\x1b" not in out


def test_an_interval_of_few_trades_is_told_with_a_reserve(here: Here) -> None:
    """Of few trades it holds the truth less often than it says; terminal and page say so, and of more they do not."""
    for name, number in (("few", 120), ("more", 600)):
        result_folder(Path(name), made_trades(number))
        told = [" ".join(here(name)[1].split()), " ".join(Seen(page(results_material([Path(name)]))).text.split())]
        assert ["somewhat too narrow for so few trades" in each for each in told] == [name == "few"] * 2


def test_several_in_the_terminal(here: Here) -> None:
    """Several results stand side by side, told apart by their folders, within 80 columns."""
    for name, seed in (("first", 1), ("second", 2)):
        result_folder(Path(name), made_trades(600, seed=seed))
    code, out, _ = here("first", "second")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert "rsi (first)" in out
    assert "rsi (second)" in out
    assert "any of the 2 strategies beats break-even" in out


def test_folders_of_one_name(here: Here) -> None:
    """Two folders of the same name are told apart too."""
    for name in ("a/run", "b/run"):
        result_folder(Path(name), made_trades(50))
    told = json.loads(here("a/run", "b/run", "--json")[1])
    assert [each["name"] for each in told["strategies"]] == ["rsi (run)", "rsi (run, 2)"]


def test_the_file(here: Here) -> None:
    """--out writes the page whole and says where it is; the same result gives the same bytes."""
    result_folder(Path("rsi"), TRADES)
    code, _, err = here("rsi", "--out", "report.html")
    first = Path("report.html").read_bytes()
    assert code == 0
    assert "report.html: written" in err
    assert Seen(first.decode()).unclosed == []
    here("rsi", "--out", "report.html")
    assert Path("report.html").read_bytes() == first


def test_no_way_to_anybody_s_files(here: Here, tmp_path: Path) -> None:
    """Where files lie on this machine is told in no report, only what they are called."""
    result_folder(tmp_path / "rsi", TRADES, place=f"{tmp_path}/my/data")
    here(str(tmp_path / "rsi"), "--out", "report.html")
    text = Path("report.html").read_text()
    assert str(tmp_path) not in text
    assert "…/data" in text


def test_json(here: Here) -> None:
    """--json has the verdict and each figure as a number."""
    result_folder(Path("rsi"), TRADES)
    told = json.loads(here("rsi", "--json")[1])
    (strategy,) = told["strategies"]
    assert told["verdict"] == "open"
    assert strategy["won"] + strategy["lost"] + strategy["ties"] + strategy["unknown"] == 600
    assert strategy["low"] < strategy["rate"] < strategy["high"]
    assert 0 < strategy["break_even"] < 1
    assert strategy["refused"] == {"payout_low": 20}
    assert [each["name"] for each in strategy["audits"]] == ["look_ahead", "fragility", "shuffled", "neighbours"]
    assert told["origins"][0]["data hash"] == HASH


def test_what_was_tried_is_counted(here: Here, tmp_path: Path) -> None:
    """Everything in the ledger on the same data counts against a claim."""
    result_folder(Path("rsi"), made_trades(900, rate=0.58, days=60, seed=8))
    alone = json.loads(here("rsi", "--json")[1])
    variants = (
        Trial(
            dataset=HASH,
            strategy="rsi",
            options={"n": n},
            settings="s",
            trades=1,
            e_value=1.0,
            p_value=1.0,
            at=n,
            kind="sweep",
        )
        for n in range(50)
    )
    trials.note(tmp_path, *variants)
    among = json.loads(here("rsi", "--json")[1])
    assert (alone["tried"], among["tried"]) == (1, 51)  # the choice of the sweep is one more
    assert among["strategies"][0]["evidence_needed"] == 51 * alone["strategies"][0]["evidence_needed"]


def test_one_plan_of_several(here: Here) -> None:
    """--plan leaves the others out; a name that there is not is told."""
    both = pl.concat([TRADES, made_trades(40, plan="macd")]).sort("signalled")
    result_folder(Path("both"), both, plans=("rsi", "macd"))
    told = json.loads(here("both", "--plan", "macd", "--json")[1])
    assert [each["name"] for each in told["strategies"]] == ["macd"]
    assert told["strategies"][0]["audits"] == []
    code, _, err = here("both", "--plan", "rsj")
    assert code == 1
    assert "there is no trade of rsj" in err


def test_a_plan_that_never_traded(here: Here) -> None:
    """A plan without a trade is in the report: that it said nothing is a result."""
    result_folder(Path("both"), TRADES, plans=("rsi", "silent"))
    told = json.loads(here("both", "--json")[1])
    assert [each["trades"] for each in told["strategies"]] == [600, 0]


def test_different_data_are_told(here: Here) -> None:
    """Results on different data stand side by side with a warning."""
    from dataclasses import replace

    import msgspec

    from qfluxd.research.backtest.result import read

    result_folder(Path("a"), TRADES)
    other = read(Path("a"))
    replace(other, dataset=msgspec.structs.replace(other.dataset, hash="00" * 32)).write(Path("b"))
    assert "rest on different data" in here("a", "b")[1]


def test_the_journal(here: Here, tmp_path: Path) -> None:
    """--journal reports on the journal in the state folder; an empty one is an answer too."""
    with Journal(tmp_path, 1_793_620_800_000):
        pass
    code, out, _ = here("--journal", "--out", "journal.html")
    assert code == 0
    assert out.splitlines()[0] == "There are no trades to report on."
    assert "There are no trades" in Path("journal.html").read_text()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "name the folder of a result, or --journal"),
        (("rsi", "--journal"), 2, "rsi and --journal are two reports; ask for one of them at a time"),
        (("rsi", "--from", "2026-11-01"), 2, "--from and --until are for --journal"),
        (("rsi", "--out", "report.pdf"), 2, "the name must end in .html"),
        (("nowhere",), 1, "holds no result"),
        (("--journal",), 69, "there is no journal"),
    ],
)
def test_what_is_refused(here: Here, words: tuple[str, ...], code: int, said: str) -> None:
    """What cannot be is said in a sentence with what to do."""
    result_folder(Path("rsi"), made_trades(3))
    found, _, err = here(*words)
    assert found == code
    assert said in err


def test_without_the_library_of_plots(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without matplotlib everything is told but the file, and the sentence says how to get it."""
    result_folder(Path("rsi"), made_trades(40))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert here("rsi")[0] == 0
    code, _, err = here("rsi", "--out", "report.html")
    assert code == 69
    assert "pip install 'qfluxd[report]'" in err
    assert not Path("report.html").exists()


def test_a_file_that_cannot_be_written(here: Here) -> None:
    """A folder that is not there is told."""
    result_folder(Path("rsi"), made_trades(3))
    code, _, err = here("rsi", "--out", "nowhere/report.html")
    assert code == 1
    assert "cannot be written" in err


def test_hostile_names_in_the_terminal(here: Here) -> None:
    """Names can neither move the cursor nor be taken for markup of the terminal."""
    name = "[bold]x[/bold]\x1b[31m\u202e"
    result_folder(Path("rsi"), made_trades(40).with_columns(pl.lit(name).alias("plan")), plans=(name, "b"))
    _, out, _ = here("rsi")
    assert "[bold]x[/bold]" in out.replace("\n", "")
    assert "\x1b" not in out
    assert "\u202e" not in out
