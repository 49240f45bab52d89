"""Tables of the command line: in a narrow terminal nothing is cut, and a pipe gets a row a line."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.api.payloads import encode_json
from qfluxd.cli import main
from qfluxd.cli.comparing import put_comparison
from qfluxd.cli.printing import put_data, put_table
from qfluxd.cli.sweep_printing import tell as tell_sweep
from qfluxd.cli.table_printing import laid_out, wrapped
from qfluxd.cli.trades import put_trades
from qfluxd.research.compare import report
from qfluxd.research.compare.history import Case
from qfluxd.research.compare.shown import shown
from qfluxd.research.trials import note
from tests.support.audited import stored, walk
from tests.support.duel import coins, duel, setting, told
from tests.support.echoes import write_market, write_strategy
from tests.support.reports import result_folder
from tests.support.sweeps import echo_settings, judged, swept
from tests.support.trades import made_trades
from tests.unit.test_trials import trial

FIGURE = re.compile(r"[^\s…]*\d[^\s…]*(?: %)?(?: … \S*\d\S*(?: %)?)?")
"""A word with a digit, with its unit, and an interval as one."""

type Show = Callable[[], object]
type Printed = Callable[[Show, int | None], str]


class Terminal(StringIO):
    """Standard output that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture
def printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Printed:
    """What is printed in a terminal of so many columns, or, with None, into a pipe; in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("TERM", "dumb")  # no colours, which would count as columns

    def run(show: Show, columns: int | None) -> str:
        out = StringIO() if columns is None else Terminal()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setenv("COLUMNS", str(columns or 80))
            show()
        return out.getvalue()

    return run


def fitted(printed: Printed, show: Show, columns: int = 80) -> tuple[str, str]:
    """What a terminal and a pipe get. The terminal's fits, and has every figure of the pipe's, whole and once."""
    narrow, piped = printed(show, columns), printed(show, None)
    lines = [line for line in narrow.splitlines() if len(line.split()) > 1]  # a path that is too long is left whole
    assert max(map(len, lines)) <= columns
    assert Counter(FIGURE.findall(narrow)) == Counter(FIGURE.findall(piped))
    return narrow, piped


def test_import_and_list(printed: Printed) -> None:
    """Of a file with a long name, and of what is stored, times go under the row, and a pipe gets one line for each."""
    name = "EURUSD_otc_ticks_20251027_time-1516_compiled_and_sent.csv"
    Path(name).write_text("at,price\n1761566400,1.5\n1761566401,1.6\n1761566401,1.6\n")
    assert main(["data", "import", name, "--to", "data"]) == 0
    for columns in (80, 120):
        narrow, piped = fitted(printed, lambda: main(["data", "import", name, "--to", "data"]), columns)
        assert "from: 2025-10-27T12:00:00Z  until: 2025-10-27T12:00:01Z\n" in narrow
        assert re.search(rf"^{name}  ticks  EURUSD_otc +3 +2 +0 +2025-10-27T12:00:00Z  2025-", piped, re.MULTILINE)
    narrow, piped = fitted(printed, lambda: main(["data", "list", "--folder", "data"]))
    assert narrow.splitlines()[0].split() == ["kind", "asset", "timeframe", "rows", "days", "MB"]
    assert narrow.splitlines()[2] == "    from: 2025-10-27T12:00:00Z  until: 2025-10-27T12:00:01Z"
    assert len(piped.splitlines()) == 2
    assert printed(lambda: main(["data", "list", "--folder", "data"]), 120) == piped


def test_verify(printed: Printed) -> None:
    """A finding goes on under its words in a terminal; in a pipe it is one line."""
    ticks = "".join(f"{1761566400 + n},1.5\n" for n in (*range(3), *range(9000, 9003)))
    Path("EURUSD_otc.csv").write_text(f"at,price\n{ticks}")
    assert main(["data", "import", "EURUSD_otc.csv", "--to", "data"]) == 0
    narrow, piped = fitted(printed, lambda: main(["data", "verify", "--folder", "data"]))
    assert len(piped.splitlines()) < len(narrow.splitlines())
    assert all(line.startswith(("missing ", "note ", " " * 9)) for line in narrow.splitlines())


def test_backtest_and_trials(printed: Printed, tmp_path: Path) -> None:
    """Rows of several plans keep all counts; what a rate is held against stays in its sentence."""
    stored(tmp_path / "data", walk(4))
    words = ["--strategy", "sma_cross", "--strategy", "rsi_reversal", "--data", "data", "--payout", "85", "--no-audits"]
    narrow, piped = fitted(printed, lambda: main(["backtest", *words]))
    head = next(line for line in narrow.splitlines() if line.startswith("plan"))
    assert head.split() == ["plan", "signals", "trades", "won", "lost", "profit", "of", "stakes", "drawdown"]
    assert len(re.findall(r"^    tie: \d+  unknown: \d+  not filled: \d+$", narrow, re.MULTILINE)) == 3
    assert "tie" in next(line for line in piped.splitlines() if line.startswith("plan"))
    note(tmp_path, trial(1, dataset="d" * 64), trial(2, dataset="d" * 64, assets=("AUDCAD_otc", "GBPUSD_otc")))
    narrow, piped = fitted(printed, lambda: main(["trials", "--folder", str(tmp_path)]))
    assert "    assets: AUDCAD_otc EURUSD_otc GBPUSD_otc  until: 1970-01-01T02:00:00Z\n" in narrow
    assert len(piped.splitlines()) == 2


def test_audit(printed: Printed, tmp_path: Path) -> None:
    """A finding goes on beside its name; in a pipe each is one line."""
    stored(tmp_path / "data", walk(4))
    words = ["--strategy", "sma_cross", "--data", "data", "--only", "look_ahead", "--only", "boundary"]
    narrow, piped = fitted(printed, lambda: main(["audit", *words, "--payout", "85"]))
    assert len(piped.splitlines()) == 3
    assert [line[6:17].strip() for line in narrow.splitlines()[:-1] if line[0] != " "] == ["look_ahead", "boundary"]


def test_sweep(printed: Printed, tmp_path: Path) -> None:
    """Training and test stay one under the other, each rate in one line with its interval and break-even."""
    folder, market = write_strategy(tmp_path / "strategies"), write_market(tmp_path / "data", 600, turns=0.7)
    work = swept(tmp_path / "sweep", echo_settings(folder, "ago=10..30:10", "every=1..2"), market)
    found = judged(work)
    narrow, piped = fitted(printed, lambda: tell_sweep(work, found))
    pair = (
        r"^(?:\d{4}-\d\d-\d\d \d\d:\d\d|\d) +train  \S+ +\d+\.\d %  \d+\.\d … \d+\.\d %  \d+\.\d % .*\n"
        r" +test   \S+ +\d+\.\d %  \d+\.\d … \d+\.\d %  \d+\.\d % .*\n"
        r"    options: 1m ago=\d+ every=\d\n"
    )
    assert len(re.findall(pair, narrow, re.MULTILINE)) == len(re.findall(r"  train  ", piped)) > 3
    assert re.search(r"^1  1m ago=\d+ every=\d  train  ", piped, re.MULTILINE)


def test_compare(printed: Printed) -> None:
    """Each strategy's rate stays in one line with its interval and break-even; ties and unknown go under it."""
    terms = setting()
    comparison = told(terms, duel(coins(400, 0.5, 1), coins(400, 0.6, 2)))
    comparison.finish()
    payload = shown(Case(terms, report(comparison)), report(comparison), 2, None)
    seen = msgspec.json.decode(encode_json(payload))
    narrow, _ = fitted(printed, lambda: put_comparison(seen))
    rate = r"[ab] +400 +\d\d\.\d %  \d\d\.\d … \d\d\.\d %  54\.1 % .*\n    ties: 0  unknown: 0\n"
    assert len(re.findall(rate, narrow)) == 2


def test_trades(printed: Printed) -> None:
    """Ids that are long go under the row, whole."""
    ident, deal = "1f8a54d2-7c7b-4a4c-8a53-0a1b3b1c2d3e", "55ffb5ae-91a4-4bd7-8f0a-6a7b8c9d0e1f"
    row = {
        "received": 1_763_769_602_417,
        "id": "t-1",
        "request": ident,
        "side": "call",
        "asset": "EURUSD_otc",
        "stake": 1,
        "expiry": "1m",
        "stage": "settled",
        "code": "settled",
        "account": "demo",
        "deal": {"id": deal, "profit": 0.92},
    }
    narrow, piped = fitted(printed, lambda: put_trades([row, row]))
    assert narrow.splitlines()[1].split()[1:] == ["call", "EURUSD_otc", "1.00", "1m", "settled", "+0.92"]
    assert f"    id: {ident}  code: settled  account: demo\n    deal: {deal}\n" in narrow
    assert len(piped.splitlines()) == 3


@pytest.mark.parametrize("words", [("strategy", "list"), ("config", "show")])
def test_sentences_in_tables(printed: Printed, words: tuple[str, ...]) -> None:
    """They go on below themselves; no name and no number is broken."""
    narrow, piped = fitted(printed, lambda: main(words))
    assert sorted(narrow.split()) == sorted(piped.split())


def test_a_check(printed: Printed) -> None:
    """What a check found goes on below itself, in the third column."""
    lines = printed(lambda: main(["strategy", "check", "ema_cross"]), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert {line[:6] for line in lines[:-1]} == {"good  ", " " * 6}


def test_report(printed: Printed) -> None:
    """Names give way to numbers: those of strategies side by side are never broken."""
    for name, seed in (("one", 1), ("two", 2)):
        trades = made_trades(3000, seed=seed, plan="a_strategy_with_a_name_of_some_length")
        result_folder(Path(f"{name}_of_the_longer_names_of_folders"), trades)
    places = ["one_of_the_longer_names_of_folders", "two_of_the_longer_names_of_folders"]
    narrow = printed(lambda: main(["report", *places, "--folder", "."]), 80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert len(re.findall(r"  \d\d\.\d % of \d,\d\d\d  \d\d\.\d %  ", narrow)) == 2
    assert len(re.findall(r"  \d\d\.\d % … \d\d\.\d %  +[+−]\d+\.\d … [+−]\d+\.\d %", narrow)) == 2


def test_a_real_terminal() -> None:
    """One of 80 columns gets lines of 80 at most."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    home = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    words = [sys.executable, "-m", "qfluxd", "strategy", "list"]
    with subprocess.Popen(words, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL, env=home) as running:
        os.close(slave)
        lines = b"".join(_heard(master)).decode().splitlines()
    os.close(master)
    assert running.returncode == 0
    assert 60 < max(map(len, lines)) <= 80


def _heard(terminal: int) -> Iterator[bytes]:
    """All that is written to a terminal until nobody has it open."""
    while True:
        try:
            part = os.read(terminal, 65_536)
        except OSError:
            return
        if not part:
            return
        yield part


def test_columns_of_nobody_s_choice(printed: Printed) -> None:
    """Without groups the last columns go first, each with its heading, and an empty cell is not told."""
    rows = [{"name": "a" * 30, "first": "1" * 30, "second": "2" * 30}, {"name": "b", "first": "", "second": ""}]
    assert printed(lambda: put_data(rows), 80).splitlines() == [
        f"name{' ' * 28}first",
        f"{'a' * 30}  {'1' * 30}",
        f"    second: {'2' * 30}",
        "b",
    ]


def test_tables_without_headings(printed: Printed) -> None:
    """What goes under a row is told as it is, and so are headings that came as a row."""
    assert printed(lambda: put_table([("rule", "evidence"), ("r" * 40, "1.2e-09")]), 40).splitlines() == [
        "rule",
        "    evidence",
        "r" * 40,
        "    1.2e-09",
    ]


def test_sentences() -> None:
    """A figure keeps its unit and its interval; a word that is longer than a line, such as a path, is whole."""
    assert wrapped("won 55.0 % (45.0 … 64.0 %) of all", 22, indent=0) == ["won", "55.0 % (45.0 … 64.0 %)", "of all"]
    assert wrapped("see /a/very/long/path/of/a-file for it", 20, "ok  ") == [
        "ok  see",
        "    /a/very/long/path/of/a-file",
        "    for it",
    ]
    assert wrapped("", 40, "ok  ") == ["ok"]


CELLS = st.lists(st.text("0123456789 .%…", max_size=14).map(str.strip), min_size=4, max_size=4)


@given(st.lists(CELLS, min_size=1, max_size=5), st.integers(40, 90), st.sampled_from([(), (("c", "b"),), (("d",),)]))
def test_no_cell_is_lost_or_cut(rows: list[list[str]], width: int, under: tuple[tuple[str, ...], ...]) -> None:
    """Whatever the cells and the width: every line fits, and every cell stands whole in the order of the rows."""
    lines = list(laid_out(rows, ["a", "b", "c", "d"], width, under))
    assert max(map(len, lines)) <= width
    rest = iter(lines[1:])
    for row in rows:
        seen = [next(rest)]
        for cell in row:
            while not any(cell in line for line in seen):
                seen.append(next(rest))
