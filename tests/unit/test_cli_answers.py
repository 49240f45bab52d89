"""Answers and findings are printed so that they are read at a glance, with what to do."""

from pathlib import Path
from typing import Any

import pytest

from qfluxd.api.commands import described
from qfluxd.cli.answering import put_answer
from qfluxd.cli.doctor.broker import _lost_journal, daemon
from qfluxd.cli.doctor.finding import Finding
from qfluxd.trading.journal import FILE, Journal

AT = 1_763_769_600_000
READY: dict[str, Any] = {"state": "ready", "reason": "data comes in", "connected": True, "account": "demo"}


def answered(data: Any, **fields: Any) -> dict[str, Any]:
    return {"status": "ok", "code": "ok", "error": None, "data": data, **fields}


def findings(session: dict[str, Any], **health: Any) -> dict[str, Finding]:
    kept = {"status": {"state": "online"}, "session": session, "health": health}
    return {finding.check: finding for finding in daemon(kept, "main", 10, "demo")}


def test_help_is_a_line_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Each command has one line with its arguments, those that may be left out in brackets, and its sentence."""
    put_answer("help", answered(described()))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(described()["commands"])
    (candles,) = [row for row in lines if row.startswith("candles ")]
    assert " ".join(candles.split()).startswith("candles asset timeframe [count] The newest closed candles")


def test_a_walk_is_a_line_a_timeframe(capsys: pytest.CaptureFixture[str]) -> None:
    """Of many candles a person is told how many, from when to when, the last close, and where the picture is."""
    candles = [{"at": AT + minute * 60_000, "close": 1.5 + minute} for minute in range(3)]
    floors = [
        {"timeframe": "1m", "candles": candles, "screenshot": "screenshots/x.png"},
        {"timeframe": "5m", "candles": [], "screenshot": None},
    ]
    put_answer("topdown", answered({"asset": "X", "floors": floors, "restored": True}))
    *_, minutes, none = capsys.readouterr().out.splitlines()
    assert minutes.split() == ["1m", "3", "2025-11-22T00:00:00Z", "2025-11-22T00:02:00Z", "3.5", "screenshots/x.png"]
    assert none.split() == ["5m", "0", "none"]


def test_a_repeat_without_a_trade_is_said_to_be_one(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that was given before is never taken for a new one."""
    put_answer("trade/open", answered({}, status="duplicate"))
    assert capsys.readouterr().out.startswith("duplicate: it was asked before")


def test_an_account_that_nobody_heard_has_a_remedy() -> None:
    """Attached to a page that was open, the doctor tells what to send; before there is a page it waits."""
    unheard = findings(READY | {"account": None})["login"]
    assert unheard.verdict == "warn"
    assert "qfluxd send page/reload" in unheard.remedy
    early = findings({"state": "waiting_page", "reason": "no tab", "connected": False, "account": None})["login"]
    assert early.said == "not known yet"


def test_the_other_account_in_front_is_worth_a_warning() -> None:
    """No order is placed on it, so it is not well; the account that is expected is."""
    wrong = findings(READY | {"account": "real"})["login"]
    assert (wrong.verdict, wrong.remedy) == ("warn", "qfluxd send account/select account=demo")
    assert findings(READY)["login"].verdict == "ok"


def test_old_ticks_are_told_by_their_time() -> None:
    """An age at some last report says nothing; when the newest was heard does."""
    gone = {"state": "waiting_chrome", "reason": "no Chrome", "connected": False, "account": None}
    ticks = findings(gone, at=AT, tick_age_ms=1_000)["ticks"]
    assert ticks.said == "the newest known of was heard at 2025-11-21T23:59:59Z; stale after 10 s"
    assert ticks.remedy == "see the line above"


def test_a_journal_that_is_gone_is_bad_while_a_daemon_trades(tmp_path: Path) -> None:
    """A deleted journal keeps nothing from being done twice; a daemon that trades nothing needs none."""
    kept: dict[str, Any] = {"status": {"state": "online"}, "health": {"trading": {"state": "active"}}}
    lost = _lost_journal(kept, tmp_path)
    assert lost is not None
    assert (lost.check, lost.verdict) == ("journal", "bad")
    assert _lost_journal(kept | {"health": {"trading": None}}, tmp_path) is None
    assert _lost_journal(kept, tmp_path / "unknown") is None
    Journal(tmp_path, AT).close()
    assert (tmp_path / FILE).is_file()
    assert _lost_journal(kept, tmp_path) is None
