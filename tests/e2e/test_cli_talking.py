"""`send`, `watch`, `record` and `doctor` against a real mosquitto and the daemon's own MQTT edge."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from qfluxd.api import commands as ask
from qfluxd.api.commands import Later, Repeat, Request, Unsure
from qfluxd.api.outbox import Outbox
from qfluxd.model import AccountState, Candle, Refusal, Series, Session, Tick
from qfluxd.settings import MqttSettings
from tests.support.brokers import NAME, Broker, broker, connected, edge

pytestmark = pytest.mark.e2e

CANDLE = Candle(Series("EURUSD_otc", 60_000), 1_700_000_040_000, 1.1, 1.3, 1.0, 1.2, 7, "whole")
READY = Session("ready", "ticks arrive", True, "demo", "EURUSD_otc", 60_000, 12, 1_700_000_000_000)


TRADE: dict[str, Any] = {
    "id": "t-1",
    "request": "mine",
    "side": "call",
    "asset": "EURUSD_otc",
    "stake": Decimal("1.50"),
    "expiry": "1m",
    "stage": "accepted",
    "code": "accepted",
    "account": "demo",
    "received": 1_700_000_040_000,
    "deal": None,
}


async def settled() -> Any:
    """What a trade comes to."""
    return {"trade": TRADE}


async def perform(request: Request) -> Any:
    """A daemon that knows one asset."""
    match command := request.command:
        case ask.Candles(asset="EURUSD_otc"):
            return {"candles": [{"at": 1_700_000_040_000, "close": 1.2}]}
        case ask.Candles():
            return Refusal("asset_unknown", f"the broker lists no {command.asset}")
        case ask.TradeOpen() if request.id == "again":
            return Repeat({"trade": TRADE})
        case ask.TradeStatus(trade="t-1"):
            return {"trade": TRADE | {"stage": "settled", "code": "won"}}
        case ask.TradeOpen(side="call"):
            return Later({"trade": TRADE}, settled())
        case ask.TradeOpen():
            return Unsure("no_answer", "nobody can tell", {"trade": TRADE | {"stage": "unknown"}})
        case ask.TradeList():
            return {"trades": [TRADE]}
        case ask.RecordStart():
            return {"path": f"/captures/{command.label}.jsonl"}
        case ask.RecordStop():
            return {"path": "/captures/evening.jsonl", "frames": 3}
    return {"pong": True}


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[tuple[Broker, Outbox]]:
    """A broker, and a daemon's edge connected to it."""
    outbox = Outbox()
    async with broker(tmp_path) as running:
        async with edge(MqttSettings(port=running.port), outbox, perform) as one:
            await connected(one)
            yield running, outbox


type Line = tuple[Broker, Outbox]


async def start(port: int, *words: str) -> asyncio.subprocess.Process:
    """Start one command line for the daemon behind this broker."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "qfluxd",
        *words,
        *("--set", f"mqtt.port={port}", "--set", f"daemon.name={NAME}"),
        env=os.environ | {"COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def qfluxd(port: int, *words: str) -> tuple[int | None, str, str]:
    """Run one command line: exit code, output, complaints."""
    process = await start(port, *words)
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


async def test_send(line: Line) -> None:
    """`send` prints the answer's data, or all of the answer as JSON, and is exit 0."""
    port = line[0].port
    assert await qfluxd(port, "send", "ping") == (0, "pong  true\n", "")
    code, out, _ = await qfluxd(port, "send", "candles", "asset=EURUSD_otc", "timeframe=1m", "count=5", "--json")
    answer = json.loads(out)
    assert (code, answer["status"], answer["final"]) == (0, "ok", True)
    assert answer["data"]["candles"][0]["close"] == 1.2


async def test_send_refused(line: Line) -> None:
    """A command that is turned down is exit 1, with the daemon's sentence."""
    port = line[0].port
    code, out, err = await qfluxd(port, "send", "candles", "asset=X", "timeframe=1m")
    assert (code, out, err) == (1, "", "qfluxd: the broker lists no X (asset_unknown)\n")
    code, out, err = await qfluxd(port, "send", "pnig")
    assert code == 1
    assert "did you mean ping?" in err


async def test_a_mistake_in_the_file_keeps_nobody_from_stopping_the_daemon(line: Line, tmp_path: Path) -> None:
    """What is wrong is said, and the kill is sent all the same; only where the daemon cannot be found it is not."""
    port = line[0].port
    file = tmp_path / "config.toml"
    file.write_text('[[strategy]]\nname = "x"\nuse = "randm"\n[risk]\nmax_stak = 1\n')
    code, out, err = await qfluxd(port, "send", "trading/kill", "reason=1", "--config", str(file))
    assert (code, out) == (0, "pong  true\n")
    assert "did you mean risk.max_stake?" in err
    assert "a daemon that runs goes on with what it has read before" in err
    file.write_text("[mqtt]\nprt = 1\n")
    code, out, err = await qfluxd(port, "send", "trading/kill", "--config", str(file))
    assert (code, out) == (78, "")
    assert "did you mean mqtt.port?" in err


async def test_send_a_trade(line: Line) -> None:
    """Without an id one is made up and told, so that it can be asked again; one that is given is kept."""
    words = ("asset=EURUSD_otc", "stake=1.50", "expiry=1m", "--json")
    code, out, err = await qfluxd(line[0].port, "send", "trade/open", "side=call", *words)
    assert code == 0
    assert err.startswith("id cli-")
    assert err.endswith("\naccepted; the outcome follows\n")
    assert json.loads(out)["id"] == err.split()[1]
    code, out, err = await qfluxd(line[0].port, "send", "trade/open", "side=call", "id=mine", *words[:3])
    assert (code, err) == (0, "accepted; the outcome follows\n")
    assert "stake     1.50" in out


async def test_a_repeat_is_said_to_be_one(line: Line) -> None:
    """A trade that was asked for before is shown as it stands now, with when it was first asked for."""
    words = ("id=again", "asset=EURUSD_otc", "side=call", "stake=1.5", "expiry=1m")
    code, out, err = await qfluxd(line[0].port, "send", "trade/open", *words)
    assert (code, err) == (0, "")
    assert out.splitlines()[0] == "duplicate: first asked at 2023-11-14T22:14:00Z; now settled: won"
    assert "stage     settled" in out
    _, out, _ = await qfluxd(line[0].port, "send", "trade/open", *words, "--json")
    assert json.loads(out)["data"]["trade"]["stage"] == "accepted"


async def test_send_a_trade_that_nobody_can_tell_of(line: Line) -> None:
    """A trade in doubt is exit 75: what is known of it is printed, and the sentence says that it is not known."""
    words = ("id=7", "asset=EURUSD_otc", "side=put", "stake=1", "expiry=60")
    code, out, err = await qfluxd(line[0].port, "send", "trade/open", *words)
    assert (code, err) == (75, "qfluxd: nobody can tell (no_answer)\n")
    assert "stage     unknown" in out


async def test_send_shows_trades_as_a_table(line: Line) -> None:
    """Trades are a row each."""
    code, out, _ = await qfluxd(line[0].port, "send", "trade/list")
    assert code == 0
    assert out.splitlines()[1].split()[1:6] == ["mine", "call", "EURUSD_otc", "1.50", "1m"]


async def test_send_to_nobody(tmp_path: Path) -> None:
    """With a broker and no daemon there is no answer: exit 75 after the time that was given."""
    async with broker(tmp_path) as running:
        code, out, err = await qfluxd(running.port, "send", "ping", "--timeout", "0.3")
    assert (code, out) == (75, "")
    assert "no answer to ping within 0.3 s; is the daemon running?" in err


async def test_refused_login(tmp_path: Path) -> None:
    """A broker that wants a password gets exit 69 and the place to set it."""
    (tmp_path / "passwords").touch()
    async with broker(tmp_path, "allow_anonymous false") as running:
        code, _, err = await qfluxd(running.port, "send", "ping")
    assert code == 69
    assert "refuses us" in err
    assert "[mqtt] username" in err


async def test_watch(line: Line) -> None:
    """`watch` shows what is kept and what comes, a line each, and stops after --count."""
    running, outbox = line
    outbox.on_fact(CANDLE)
    code, out, _ = await qfluxd(running.port, "watch", "candle/#", "--count", "1")
    assert code == 0
    assert "candle/eurusd_otc/1m" in out
    assert "close 1.2" in out
    assert "at 2023-11-14 22:14:00 " in out


async def test_watch_json_live(line: Line) -> None:
    """`watch --json` is one JSON object per line, as it happens, until it is stopped with exit 0."""
    running, outbox = line
    process = await start(running.port, "watch", "+/#", "--json")
    assert process.stdout is not None
    async with asyncio.timeout(60):
        first = json.loads(await process.stdout.readline())
        assert (first["topic"], first["retain"], first["payload"]["state"]) == ("status", True, "online")
        outbox.on_fact(Tick("EURUSD_otc", 1_700_000_040_000, 1.25))
        heard = first
        while heard["topic"] != "tick/eurusd_otc":
            heard = json.loads(await process.stdout.readline())
        assert heard["payload"]["price"] == 1.25
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def test_watch_for(line: Line) -> None:
    """`watch --for` stops by itself when nothing comes."""
    assert await qfluxd(line[0].port, "watch", "event/#", "--for", "0.2") == (0, "", "")


async def test_record(line: Line) -> None:
    """`record` starts a recording, waits, stops it, and prints only where it is."""
    code, out, err = await qfluxd(line[0].port, "record", "--for", "0.2", "--name", "evening")
    assert (code, out) == (0, "/captures/evening.jsonl\n")
    assert "recording; for 0.2 s" in err


async def test_record_until_interrupted(line: Line) -> None:
    """Ctrl-C ends a recording in order: it is stopped and its path printed, exit 0."""
    process = await start(line[0].port, "record", "--json")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        assert b"Ctrl-C" in await process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out) == {"path": "/captures/evening.jsonl", "frames": 3}


async def test_doctor_with_a_daemon(line: Line) -> None:
    """`doctor` measures the broker and reads the daemon's session from what it has published."""
    running, outbox = line
    outbox.on_fact(READY)
    outbox.on_fact(AccountState(Decimal(1), "USD", "demo", 1))
    _, out, _ = await qfluxd(running.port, "doctor", "--json", "--set", "chrome.endpoint=http://127.0.0.1:9")
    findings = {finding["check"]: finding for finding in json.loads(out)}
    assert findings["mqtt"]["verdict"] == "ok"
    assert "MQTT 5, QoS 1 in " in findings["mqtt"]["said"]
    assert findings["daemon"]["said"] == f"online as qfluxd/{NAME}"
    assert findings["login"]["said"] == "the demo account is in front"
    assert findings["socket"]["said"] == "ready: ticks arrive"
    assert (findings["ticks"]["verdict"], findings["clock"]["verdict"]) == ("ok", "ok")


async def test_doctor_with_a_daemon_that_waits(line: Line) -> None:
    """A login that is missing is bad, with what a person has to do."""
    running, outbox = line
    outbox.on_fact(Session("login_required", "the login page is shown", False, None, None, None, None, 1))
    code, out, _ = await qfluxd(running.port, "doctor", "--json", "--set", "chrome.endpoint=http://127.0.0.1:9")
    findings = {finding["check"]: finding for finding in json.loads(out)}
    assert code == 1
    assert findings["login"] == {
        "check": "login",
        "verdict": "bad",
        "said": "the login page is shown",
        "remedy": "log in by hand in that Chrome",
    }
    assert findings["ticks"]["verdict"] == "bad"


async def test_doctor_without_a_daemon(tmp_path: Path) -> None:
    """With a broker and no daemon, what only a daemon knows is said to be unknown."""
    async with broker(tmp_path) as running:
        _, out, _ = await qfluxd(running.port, "doctor")
    assert f"warn  daemon          none runs as qfluxd/{NAME}" in out
