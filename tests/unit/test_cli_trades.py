"""The journal is read from the command line, beside a daemon or without one."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
import structlog

from qfluxd.api.caller import Said
from qfluxd.api.payloads import OpenTradesPayload, TradeEventPayload, encode_json
from qfluxd.api.shapes import trade_payload
from qfluxd.cli import main
from qfluxd.cli.doctor.trading import journal as examined
from qfluxd.cli.talking import _argument, _code, _texts
from qfluxd.cli.watching import line
from qfluxd.model import Deal, Trade, TradingSwitch
from qfluxd.trading.journal import FILE, Journal
from qfluxd.trading.records import Opening, Step, canonical

AT = 1_763_769_602_417
DEAL = Deal("d-1", "EURUSD_otc", "call", Decimal(1), 92, AT, AT + 60_000, 1.16, "demo", "USD", 1.17, Decimal("0.92"))
SETTLED = Opening("t-1", canonical("evening-1"), "EURUSD_otc", "call", Decimal(1), 60_000, AT)
NUMBERED = Opening("t-2", canonical(7), "EURUSD_otc", "put", Decimal("2.5"), 90_000, AT + 1)
FOREIGN = Opening("hand-x", None, "GBPUSD_otc", "put", Decimal(3), 60_000, AT + 2, foreign=True)


def step(trade: str, stage: Any, code: str = "", detail: str = "", deal: Deal | None = None) -> Step:
    account = None if deal is None else deal.account
    return Step(trade, stage, code or stage, detail, AT, AT, account=account, deal=deal)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A state folder with three trades: one settled, one in doubt, one opened by hand."""
    with Journal(tmp_path, AT) as journal:
        opened = msgspec.structs.replace(DEAL, close_price=None, profit=None)
        journal.add(SETTLED, step("t-1", "received"), step("t-1", "accepted", deal=opened))
        journal.add(step("t-1", "settled", deal=DEAL))
        journal.add(NUMBERED, step("t-2", "received"), step("t-2", "unknown", "no_answer", "nobody can tell"))
        journal.add(FOREIGN, step("hand-x", "accepted", deal=msgspec.structs.replace(opened, id="d-9")))
    return tmp_path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs one command line in this process: exit code, output, complaints."""
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()

    def run(*words: str) -> tuple[int, str, str]:
        out, err = StringIO(), StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            return main(words), out.getvalue(), err.getvalue()

    yield run
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configuration)


type Here = Callable[..., tuple[int, str, str]]


def test_the_newest_come_first(folder: Path, here: Here) -> None:
    """The list shows each trade by the id that its asker gave, its stage, its deal and its profit."""
    code, out, _ = here("trades", "list", "--folder", str(folder))
    rows = [row.split() for row in out.splitlines()]
    assert code == 0
    assert [row[1] for row in rows] == ["id", "hand-x", "7", "evening-1"]
    assert rows[3][2:] == ["call", "EURUSD_otc", "1.00", "1m", "settled", "settled", "demo", "d-1", "+0.92"]
    assert len(here("trades", "list", "--count", "1", "--folder", str(folder))[1].splitlines()) == 2


def test_the_list_for_programs_is_what_topics_say(folder: Path, here: Here) -> None:
    """With --json each trade is as `event/trade` tells it, asker's id and money as they were."""
    _, out, _ = here("trades", "list", "--json", "--folder", str(folder))
    trades = json.loads(out)
    assert [trade["request"] for trade in trades] == [None, "7", "evening-1"]
    assert trades[2]["deal"]["profit"] == 0.92
    assert trades[1]["error"] == "nobody can tell"


@pytest.mark.parametrize(("ident", "trade"), [("evening-1", "t-1"), ("t-1", "t-1"), ("d-1", "t-1"), ("7", "t-2")])
def test_a_trade_is_found_by_each_of_its_ids(folder: Path, here: Here, ident: str, trade: str) -> None:
    """The asker's id, a number too, the journal's and the deal's all lead to it, with every step it went."""
    code, out, _ = here("trades", "show", ident, "--json", "--folder", str(folder))
    told = json.loads(out)
    assert (code, told["trade"]["id"]) == (0, trade)
    assert told["steps"][0]["stage"] == "received"


def test_a_trade_for_people(folder: Path, here: Here) -> None:
    """Each thing known has its line, those of the deal too, and then the steps."""
    _, out, _ = here("trades", "show", "evening-1", "--folder", str(folder))
    told = dict(row.split(maxsplit=1) for row in out.partition("steps:")[0].splitlines() if " " in row.strip())
    assert (told["stage"].strip(), told["deal.profit"].strip()) == ("settled", "0.92")
    assert [row.split()[1] for row in out.partition("steps:")[2].strip().splitlines()] == [
        "stage",
        "received",
        "accepted",
        "settled",
    ]


def test_a_trade_is_shown_once_a_step_and_to_the_digit(tmp_path: Path, here: Here) -> None:
    """A step that is written again to say where the pictures lie is shown once; times are readable, money whole."""
    odd = msgspec.structs.replace(SETTLED, stake=Decimal("1.005"))
    first = step("t-1", "refused", "bad_stake")
    with Journal(tmp_path, AT) as journal:
        journal.add(odd, step("t-1", "received"), first)
        journal.add(msgspec.structs.replace(first, at=AT + 9, now=AT + 9, artifacts="trades/x"))
    _, out, _ = here("trades", "show", "evening-1", "--folder", str(tmp_path))
    fields, _, steps = out.partition("steps:")
    assert len(steps.strip().splitlines()) == 3
    assert "2025-11-22T00:00:02.417Z" in fields
    assert "1.005" in fields
    assert "1.005" in here("trades", "list", "--folder", str(tmp_path))[1]


def test_a_trade_that_nobody_knows(folder: Path, here: Here) -> None:
    """An unknown id is exit 1 with what to do; no journal is exit 69."""
    code, out, err = here("trades", "show", "nobody", "--folder", str(folder))
    assert (code, out) == (1, "")
    assert "knows no trade nobody; qfluxd trades list shows the newest" in err
    code, _, err = here("trades", "list", "--folder", str(folder / "else"))
    assert code == 69
    assert "there is no journal" in err


def test_an_empty_journal(tmp_path: Path, here: Here) -> None:
    """Where nothing was traded the list says so."""
    Journal(tmp_path, AT).close()
    assert here("trades", "list", "--folder", str(tmp_path))[1] == "no trade yet\n"


def test_the_doctor_reads_journal_and_switch(folder: Path) -> None:
    """Doubt and a switch that is off are worth a warning; no journal yet is fine, a file that is none is bad."""
    findings = {finding.check: finding for finding in examined(folder)}
    assert (findings["journal"].verdict, findings["trading"].verdict) == ("warn", "ok")
    assert findings["journal"].said == "3 trades, 2 not over, 1 in doubt"
    with Journal(folder, AT) as journal:
        journal.add(TradingSwitch("killed", "enough", AT))
    findings = {finding.check: finding for finding in examined(folder)}
    assert (findings["trading"].verdict, findings["trading"].said) == ("warn", "killed: enough")
    (folder / "bad").mkdir()
    (folder / "bad" / FILE).write_bytes(b"no journal at all" * 100)
    assert [(finding.check, finding.verdict) for finding in examined(folder / "bad")] == [("journal", "bad")]
    assert [(finding.check, finding.verdict) for finding in examined(folder / "none")] == [("journal", "ok")]


TRADE = Trade("t-1", '"mine"', "EURUSD_otc", "call", Decimal(1), 60_000, "settled", "settled", "", AT, AT, "demo", DEAL)


@pytest.mark.parametrize(
    ("trade", "words"),
    [
        (TRADE, "settled  call EURUSD_otc 1.00 for 1m  deal d-1 (92 %)  profit +0.92 USD  mine"),
        (
            msgspec.structs.replace(TRADE, stage="refused", code="stale", detail="old data", deal=None),
            "refused  call EURUSD_otc 1.00 for 1m  stale: old data  mine",
        ),
        (
            msgspec.structs.replace(TRADE, stage="clicked", deal=None, foreign=True, request=None),
            "clicked  call EURUSD_otc 1.00 for 1m  by hand",
        ),
    ],
)
def test_trades_are_watched_in_words(trade: Trade, words: str) -> None:
    """`watch` says a trade in a line that is read at a glance."""
    payload = encode_json(TradeEventPayload(trade.stage, trade_payload(trade)))
    assert line(Said("event/trade", payload, False)).plain == f"{'event/trade':<28} {words}"
    both = encode_json(OpenTradesPayload((trade_payload(trade),) * 2))
    assert line(Said("trades/open", both, True)).plain == f"{'trades/open':<28} {words}; {words}"


def test_watch_shows_what_it_does_not_know_as_it_is() -> None:
    """No open trades are said to be none, and a payload of another version is shown field by field."""
    assert line(Said("trades/open", b'{"trades":[]}', True)).plain.endswith(" none")
    assert line(Said("event/trade", b'{"event_type":"new"}', False)).plain.endswith(" event_type new")
    assert line(Said("screenshot/image", b"\xff\xd8\xff", True)).plain.endswith(" bytes 3")


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"status": "ok", "error": None, "data": {"trade": {"stage": "accepted"}}}, 0),
        ({"status": "duplicate", "error": None, "data": {"trade": {"stage": "settled"}}}, 0),
        ({"status": "duplicate", "error": "too much", "data": {}}, 1),
        ({"status": "error", "error": "too much", "data": []}, 1),
        ({"status": "expired", "error": "late"}, 1),
        ({"status": "unknown", "error": "no answer", "data": {}}, 75),
        ({"status": "duplicate", "error": "no answer", "data": {"trade": {"stage": "unknown"}}}, 75),
    ],
)
def test_exit_codes_of_answers(answer: dict[str, Any], code: int) -> None:
    """Done is 0, turned down 1, not known 75; a repeat has the code of the first."""
    assert _code(answer) == code


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("stake=1.10", Decimal("1.10")),
        ("stake=1", 1),
        ("id=7", "7"),
        ("trade=007", "007"),
        ('id="mine"', "mine"),
        ("shown=false", False),
        ("expiry=1m", "1m"),
        ("reason=NaN", "NaN"),
        ('timeframes=["1h"]', ["1h"]),
        ("x=1e999999999999999999999", "1e999999999999999999999"),
    ],
)
def test_values_of_arguments(word: str, value: object) -> None:
    """Money keeps its digits, JSON is JSON, anything else is text."""
    assert _argument(word, _texts("trade/open")) == (word.partition("=")[0], value)


@pytest.mark.parametrize("word", ["reason=123", "reason=true", "reason=[1]", 'reason="123"'])
def test_what_a_command_takes_as_text_is_text_however_it_looks(word: str) -> None:
    """A kill is not turned down for its reason being a number."""
    key, value = _argument(word, _texts("trading/kill"))
    assert (key, value) == ("reason", word.partition("=")[2].strip('"'))
