"""The log: its forms, its level, and what never gets into it."""

import io
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from qfluxd.observability import logs
from qfluxd.observability.redact import MASK


@pytest.fixture
def said(log_stream: io.StringIO) -> Callable[[], list[dict[str, Any]]]:
    """The log as JSON lines, set up at info; gives the lines so far."""
    logs.set_up("info", "json", log_stream)
    return lambda: [json.loads(line) for line in log_stream.getvalue().splitlines()]


type Said = Callable[[], list[dict[str, Any]]]


def test_json(said: Said) -> None:
    """A line is one JSON object: time in UTC, level, event, fields, in that order."""
    structlog.get_logger().info("page found", url="https://example.com/", tabs=3)
    (line,) = said()
    assert list(line) == ["timestamp", "level", "event", "url", "tabs"]
    assert line["timestamp"].endswith("Z")
    assert (line["level"], line["event"], line["tabs"]) == ("info", "page found", 3)


def test_console(log_stream: io.StringIO) -> None:
    """On request a line is for people; without a terminal it has no colours."""
    logs.set_up("info", "console", log_stream)
    structlog.get_logger().warning("page gone", url="x")
    line = log_stream.getvalue()
    assert "warning" in line
    assert line.endswith("page gone                url=x\n")
    assert "\x1b" not in line


def test_auto(log_stream: io.StringIO) -> None:
    """Where standard error is no terminal, `auto` is JSON."""
    logs.set_up("info", "auto", log_stream)
    structlog.get_logger().info("up")
    assert json.loads(log_stream.getvalue())["event"] == "up"


def test_level_changes_while_running(said: Said) -> None:
    """A logger that has been used before follows a change of level, in both directions."""
    log = structlog.get_logger()
    log.debug("one")
    logs.set_level("debug")
    log.debug("two")
    logs.set_level("error")
    log.warning("three")
    log.error("four")
    assert [line["event"] for line in said()] == ["two", "four"]
    assert logs.level() == "error"


def test_journal_priority(tmp_path: Path, log_stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Connected to the journal, each line begins with the priority that journald understands."""
    with (tmp_path / "journal").open("w+") as journal:
        status = os.fstat(journal.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        logs.set_up("debug", "auto", journal)
        log = structlog.get_logger()
        for say in (log.debug, log.info, log.warning, log.error):
            say("x")
        lines = Path(journal.name).read_text().splitlines()
        logs.set_up("info", "json", log_stream)
    assert [line[:4] for line in lines] == ["<7>{", "<6>{", "<4>{", "<3>{"]


def test_another_journal(tmp_path: Path, log_stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error that was redirected away from the journal gets no priorities."""
    monkeypatch.setenv("JOURNAL_STREAM", "1:1")
    with (tmp_path / "file").open("w+") as file:
        logs.set_up("info", "auto", file)
        structlog.get_logger().info("x")
        logs.set_up("info", "json", log_stream)
        assert Path(file.name).read_text().startswith("{")


SECRETS: list[dict[str, Any]] = [
    {"password": "hunter2"},
    {"mqtt_password": "hunter2"},
    {"token": "hunter2"},
    {"ssid": "hunter2"},
    {"auth": {"user": "hunter2"}},
    {"frame": '42["auth",{"session":"hunter2","isDemo":1}]'},
    {"frame": b'42["auth",{"session":"hunter2"}]'},
    {"frame": '"42[\\"auth\\",{\\"session\\":\\"hunter2\\"}]"'},
    {"nested": {"deep": [{"session": "hunter2"}]}},
    {"text": "{'sessionToken': 'hunter2'}"},
    {"url": "https://example.com/?token=hunter2"},
    {"cookie": "ci_session=hunter2"},
    {"body": 'a:4:{s:10:"session_id";s:32:"hunter2"}'},
    {"line": "Authorization: Bearer hunter2"},
    {"line": "got bearer hunter2 from it"},
    {"line": "password: hunter2"},
    {"line": "X-Api-Key: hunter2"},
    {"line": "Set-Cookie: a=hunter2"},
    {"line": "_csrf_token=hunter2"},
    {"line": "{'userSecret': 'hunter2'}"},
    {"broker": "mqtt://user:hunter2@host"},
    {"broker": "mqtt://user:hunter2/x@host:1883"},
    {"broker": "https://hunter2@host/"},
    {"pwd": "hunter2"},
    {"accessToken": "hunter2"},
    {"api-key": "hunter2"},
    {"deep": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": "hunter2"}}}}}}}}},
]


@pytest.mark.parametrize("fields", SECRETS, ids=str)
def test_redacted(said: Said, log_stream: io.StringIO, fields: dict[str, Any]) -> None:
    """What authenticates is masked: by the name it goes under, or by its look."""
    structlog.get_logger().info("seen", **fields)
    assert "hunter2" not in log_stream.getvalue()
    assert MASK in log_stream.getvalue()


def test_redacted_event_and_traceback(said: Said, log_stream: io.StringIO) -> None:
    """Neither the event itself nor an exception's text lets a secret through."""
    log = structlog.get_logger()
    log.info('got ["auth", {"session": "hunter2"}]')
    try:
        int('{"token": "hunter2"}')
    except ValueError:
        log.exception("failed")
    assert "hunter2" not in log_stream.getvalue()
    assert len(said()) == 2


def test_harmless_left(said: Said) -> None:
    """What only sounds like it stays readable."""
    structlog.get_logger().info("authorised", reason="login_required", author="x", password=None)
    (line,) = said()
    assert (line["reason"], line["author"], line["password"]) == ("login_required", "x", None)


@pytest.mark.parametrize(
    "text",
    [
        "config.toml:21: mqtt.password: must be text",
        "environment variable QFLUXD_MQTT__PASSWORD: mqtt.password: must be text",
        "credential mqtt__password: cannot be read",
        "config.toml holds mqtt.password and others can read it; chmod 600 config.toml",
        "Bad user name or password",
        "https://pocketoption.com/en/cabinet/demo-quick-high-low/",
        "http://127.0.0.1:9222",
        "secrets: 4",
        "author: somebody@example.com",
    ],
)
def test_sentences_about_secrets_stay(said: Said, text: str) -> None:
    """What an owner has to read about a mistake or an address is not masked."""
    structlog.get_logger().warning("seen", text=text)
    assert said()[0]["text"] == text


def test_sink(said: Said) -> None:
    """A sink gets lines of its own level, whatever standard error shows, redacted and fit for JSON."""
    got: list[Any] = []

    def sink(*line: object) -> None:
        got.append(line)

    log = structlog.get_logger()
    end = logs.add_sink(sink, "debug")
    log.debug("candle", at=Path("/x"), token="t")
    end()
    log.debug("later")
    assert said() == []
    ((level, event, fields, at),) = got
    assert (level, event, fields) == ("debug", "candle", {"at": "/x", "token": MASK})
    assert at > 1_700_000_000_000


def test_libraries(said: Said) -> None:
    """What libraries say through the standard library comes out alike: warnings always, less at debug."""
    logging.getLogger("aiomqtt").warning("lost %s", "it")
    logging.getLogger("aiomqtt").info("no")
    logs.set_level("debug")
    logging.getLogger("aiomqtt").info("yes")
    logging.getLogger("aiomqtt").debug("never, it may be one a frame")
    assert [(line["logger"], line["event"]) for line in said()] == [("aiomqtt", "lost it"), ("aiomqtt", "yes")]


def test_warning_level_keeps_warnings_of_libraries(said: Said) -> None:
    """At level warning a library's warning is still heard."""
    logs.set_level("warning")
    logging.getLogger("x").warning("heard")
    assert [line["event"] for line in said()] == ["heard"]


def test_broken_stream(log_stream: io.StringIO) -> None:
    """Standard error that has gone away is no reason to stop."""
    gone = io.StringIO()
    logs.set_up("info", "json", gone)
    gone.close()
    structlog.get_logger().info("nobody reads this")


def test_odd_values(said: Said) -> None:
    """A value that JSON does not know becomes its text; not-a-number becomes null."""
    structlog.get_logger().info("odd", error=OSError("x"), number=float("nan"))
    (line,) = said()
    assert (line["error"], line["number"]) == ("x", None)
