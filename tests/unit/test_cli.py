"""The command line from outside: help, examples, exit codes, where things are printed."""

import asyncio
import json
import logging
import os
import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest
import structlog

from qfluxd.cli import main
from qfluxd.cli.calling import app, exit_code
from qfluxd.cli.commands import COMMANDS, FAMILIES
from qfluxd.cli.printing import Failed, put_data
from qfluxd.cli.stopping import until_stopped
from qfluxd.errors import ConfigError, DataError, Disconnected, Mistake, PluginError, QfluxdError, Unavailable
from tests.support.fixtures import ROOT, fixture

NOWHERE = ("--set", "mqtt.port=9", "--set", "chrome.endpoint=http://127.0.0.1:9")
"""Ports on which nothing answers."""


@dataclass(frozen=True)
class Done:
    """What a command line came to."""

    returncode: int
    stdout: str
    stderr: str


type Here = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment of its own: no settings, an empty home, which is also the folder we are in."""
    for name in [name for name in os.environ if name.startswith("QFLUXD_")]:
        monkeypatch.delenv(name)
    for name in ("CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    own = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "COLUMNS": "100"}
    for name, value in own.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return dict(os.environ)


def qfluxd(home: dict[str, str], *words: str) -> Done:
    """Run one command line as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "qfluxd", *words], env=home, capture_output=True, text=True, check=False, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def here(home: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Here]:
    """Runs one command line in this process, which is quicker."""
    root = logging.getLogger()
    handlers, level, configuration = root.handlers[:], root.level, structlog.get_config()

    def run(*words: str) -> Done:
        out, err = TextIOWrapper(BytesIO(), write_through=True), StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", err)
            code = main(words)
        assert isinstance(out.buffer, BytesIO)
        return Done(code, out.buffer.getvalue().decode(), err.getvalue())

    yield run
    structlog.configure(**configuration)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_every_command_is_there() -> None:
    """The commands are those that are promised."""
    names = {command.name for command in COMMANDS}
    assert {"run", "demo", "chrome", "practice", "check", "doctor", "send", "watch", "record", "replay"} <= names
    assert {"config show", "config schema", "config init", "data list", "data export", "data verify"} <= names


def test_overview(home: dict[str, str]) -> None:
    """`qfluxd --help` names every command, prints to standard output and succeeds."""
    done = qfluxd(home, "--help")
    assert done.returncode == 0
    assert done.stderr == ""
    for command in COMMANDS:
        assert f"  {command.name} " in done.stdout
    assert "78" in done.stdout


def test_the_overview_loads_no_large_library(home: dict[str, str]) -> None:
    """Which is what it would have to be waited for."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "qfluxd", "--help"], env=home, capture_output=True, check=True
    )
    assert b"qfluxd.cli" in done.stderr
    for library in (b"cyclopts", b"pydantic", b"polars", b"rich", b"structlog", b"asyncio"):
        assert library not in done.stderr


def test_version(home: dict[str, str]) -> None:
    """`qfluxd --version` is the version of pyproject.toml."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert qfluxd(home, "--version").stdout == f"qfluxd {wanted}\n"


@pytest.mark.parametrize("name", [*(command.name for command in COMMANDS), *FAMILIES])
def test_help_of_each(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command has help of its own, with its sentence; a command's also has examples."""
    assert main([*name.split(), "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    if name in FAMILIES:
        assert FAMILIES[name] in shown
        return
    (command,) = [command for command in COMMANDS if command.name == name]
    assert command.sentence in shown
    assert "Examples:" in shown
    for example in command.examples:
        assert " ".join(example.split()) in shown


@pytest.mark.parametrize("example", [example for command in COMMANDS for example in command.examples])
def test_examples_parse(example: str) -> None:
    """Every example is a command line that would be run."""
    program, *words = shlex.split(example)
    assert program == "qfluxd"
    function, _, _ = app().parse_args(words, print_error=False, exit_on_error=False)
    assert function.__module__.startswith("qfluxd.cli.")


def test_json_where_data_is_printed() -> None:
    """Commands that print data take --json."""
    for words in (
        ["check"],
        ["config", "show"],
        ["config", "schema"],
        ["doctor"],
        ["send", "ping"],
        ["watch"],
        ["record"],
        ["replay", "x"],
        ["data", "list"],
        ["data", "export", "X"],
        ["data", "verify"],
    ):
        _, bound, _ = app().parse_args([*words, "--json"], print_error=False, exit_on_error=False)
        assert bound.arguments["json"] is True


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("rnu", "there is no command 'rnu'; did you mean 'run'?"),
        ("config shw", "there is no command 'config shw'; did you mean 'config show'?"),
        ("--config x run", "a command comes first"),
        ("check --cnfig x", "unknown option: --cnfig. Did you mean --config?"),
        ("demo --for soon", 'unable to convert "soon"'),
        ("check all", "too many words: all"),
        ("replay", "FILE requires an argument"),
    ],
)
def test_usage(words: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command line that makes no sense is exit 2, with one sentence on standard error that helps."""
    assert main(words.split()) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert "--help" in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError(Mistake("a", "b", "c")), 78),
        (PluginError("x"), 78),
        (Unavailable("x"), 69),
        (Disconnected("x"), 75),
        (DataError("x"), 1),
        (QfluxdError("x"), 1),
        (Failed("x"), 1),
    ],
)
def test_exit_codes(error: QfluxdError, code: int) -> None:
    """Each kind of error has its exit code."""
    assert exit_code(error) == code


def test_check(home: dict[str, str], tmp_path: Path) -> None:
    """`check` is 0 for the shipped file and 78, with every mistake and its line, for a wrong one."""
    right = qfluxd(home, "check", "--config", str(ROOT / "config.toml"))
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.endswith("right\n")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('[mqtt]\nprot = 1\n[market]\ntimeframes = ["1 min"]\n')
    done = qfluxd(home, "check", "--config", str(wrong))
    assert (done.returncode, done.stdout) == (78, "")
    assert f"{wrong}:2: mqtt.prot: unknown key; did you mean mqtt.port?" in done.stderr
    assert f"{wrong}:4: market.timeframes[0]:" in done.stderr


def test_check_json(here: Here, tmp_path: Path) -> None:
    """`check --json` is for programs: mistakes with source, line, key and sentence, exit 78 all the same."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[mqtt]\nprot = 1\n")
    done = here("check", "--config", str(wrong), "--json")
    assert done.returncode == 78
    assert json.loads(done.stdout)["mistakes"] == [
        {"source": str(wrong), "line": 2, "key": "mqtt.prot", "what": "unknown key; did you mean mqtt.port?"}
    ]
    assert json.loads(here("check", "--json").stdout)["ok"] is True


def test_config_show_masks(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    """`config show` tells where each option came from and never a secret."""
    monkeypatch.setenv("QFLUXD_MQTT__PASSWORD", "hunter2")
    done = here("config", "show", "--json")
    shown = json.loads(done.stdout)["settings"]
    assert shown["mqtt.password"] == {"value": "********", "origin": "environment variable QFLUXD_MQTT__PASSWORD"}
    assert "hunter2" not in done.stdout + done.stderr


def test_config_init(here: Here, tmp_path: Path) -> None:
    """`config init` writes a file that `check` finds right, and leaves an existing one alone with exit 1."""
    assert here("config", "init").returncode == 0
    assert here("check").returncode == 0
    again = here("config", "init")
    assert again.returncode == 1
    assert "config.toml exists and is left as it is" in again.stderr


def test_config_schema(here: Here) -> None:
    """`config schema` prints JSON Schema."""
    assert json.loads(here("config", "schema").stdout)["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("words", [["send", "ping"], ["watch"], ["record", "--for", "1"]])
def test_no_broker(here: Here, words: list[str]) -> None:
    """Without an MQTT broker a command that needs one is exit 69, in one sentence."""
    done = here(*words, "--set", "mqtt.port=9")
    assert (done.returncode, done.stdout) == (69, "")
    assert done.stderr.startswith("qfluxd: no MQTT broker at 127.0.0.1:9 ")
    assert done.stderr.count("\n") == 1


def test_send_arguments(here: Here) -> None:
    """An argument of `send` that is not key=value is told before anything is sent."""
    done = here("send", "candles", "EURUSD_otc")
    assert done.returncode == 1
    assert "is not key=value" in done.stderr


def test_doctor(here: Here) -> None:
    """`doctor` tells what is wrong with its remedy, and is exit 1 where something is."""
    done = here("doctor", "--json", *NOWHERE)
    findings = {finding["check"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 1
    assert findings["configuration"]["verdict"] in ("ok", "warn")
    assert findings["state"]["verdict"] == "ok"
    port = findings["debugging port"]
    assert (port["verdict"], port["remedy"]) == ("bad", "start it with: qfluxd chrome")
    assert findings["mqtt"]["verdict"] in ("warn", "bad")
    told = here("doctor", *NOWHERE).stdout.splitlines()
    assert len(told) == len(json.loads(done.stdout))
    assert any(line.startswith("bad   debugging port  no Chrome") and "→" in line for line in told)


def test_data_of_nothing(here: Here) -> None:
    """With nothing stored, `data` says so: an empty list, and exit 1 for an asset that is asked for."""
    assert json.loads(here("data", "list", "--json").stdout) == []
    done = here("data", "export", "EURUSD_otc", "--to", "x.csv")
    assert done.returncode == 1
    assert "data list" in done.stderr
    assert here("data", "export", "EURUSD_otc", "--to", "x.xls").returncode == 1
    assert here("data", "verify", "--from", "yesterday").returncode == 1


def test_data_there_and_out(here: Here, tmp_path: Path) -> None:
    """What is stored is listed, taken out and found in order."""
    from qfluxd.market.store import Store
    from qfluxd.model import Tick
    from qfluxd.settings import StoreSettings

    store = Store(tmp_path / "state" / "qfluxd" / "data", StoreSettings())
    for at in range(1_700_000_000_000, 1_700_000_060_000, 500):
        store.on_fact(Tick("EURUSD_otc", at, 1.1 + at % 7 / 1e4))
    store.close()
    (stored,) = json.loads(here("data", "list", "--json").stdout)
    assert (stored["asset"], stored["rows"]) == ("EURUSD_otc", 120)
    assert "EURUSD_otc" in here("data", "list").stdout
    lines = here("data", "export", "EURUSD_otc", "--json", "--from", "2023-11-14T22:13:30").stdout.splitlines()
    assert len(lines) == 100
    assert json.loads(lines[0])["at"] == 1_700_000_010_000
    assert here("data", "export", "EURUSD_otc", "--to", "x.csv").stdout == "x.csv: 120 rows\n"
    assert here("data", "verify").returncode == 0


def test_replay(here: Here) -> None:
    """`replay` shows a recorded session as it goes and what came of it, the same for people and for programs."""
    capture = str(fixture("frames/detailed_websocket_data_20250831_224741.frames.jsonl"))
    told = here("replay", capture).stdout.splitlines()
    assert any(line.startswith("candle/gbpusd_otc/5s ") and "quality whole" in line for line in told)
    *messages, last = (json.loads(line) for line in here("replay", capture, "--json").stdout.splitlines())
    report = last["report"]
    assert sum(message["topic"].startswith("tick/") for message in messages) == report["facts"]["tick"] == 58
    assert f"fingerprint  {report['fingerprint']}" in told
    assert report["decisions"]["count"] == 0
    assert told[-1] == f"decisions    {json.dumps(report['decisions'])}"


def test_replay_of_something_else(here: Here, tmp_path: Path) -> None:
    """A file that is no capture is exit 1, with the line that is none."""
    other = tmp_path / "other.jsonl"
    other.write_text("hello\n")
    done = here("replay", str(other))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"qfluxd: {other}:1: ")


def test_run_refuses_a_bad_configuration(home: dict[str, str]) -> None:
    """`run` with a wrong configuration is exit 78 at once, for systemd not to try again."""
    done = qfluxd(home, "run", "--set", "mqtt.prot=1", "--set", "log.level=loud")
    assert done.returncode == 78
    assert done.stderr.count("command line: ") == 2


def test_reader_that_goes_away(home: dict[str, str]) -> None:
    """Output cut short by its reader, as with `| head`, is no error and no traceback."""
    line = f"{shlex.quote(sys.executable)} -m qfluxd config schema | head -c 10"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], env=home, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_plain_answers(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer's data is printed as lines and tables that line up."""
    put_data({"state": "ready", "offset": 12, "candles": [{"at": 1, "close": 1.5}, {"at": 20, "close": 2}]})
    assert capsys.readouterr().out.splitlines() == [
        "state   ready",
        "offset  12",
        "candles:",
        "at  close",
        "1   1.5",
        "20  2",
    ]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_until_stopped_by_a_signal(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end what runs until it is stopped, after its own tidying up."""
    tidied = False

    async def work() -> None:
        nonlocal tidied
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            tidied = True

    assert await until_stopped(work()) is None
    assert tidied


async def test_until_stopped_by_time() -> None:
    """It also ends by itself after the seconds it was given, or gives what the work gives."""
    assert await until_stopped(asyncio.Event().wait(), 0.01) is None
    assert await until_stopped(asyncio.sleep(0, "done"), 10) == "done"


async def test_cancelled_from_outside() -> None:
    """Being cancelled by someone else is not mistaken for having been stopped."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(until_stopped(asyncio.Event().wait()), name="work")
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()
