"""How a Chrome of our own is started and ended, shown on programs that only pretend to be one."""

import asyncio
import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from qfluxd.chrome import launch
from qfluxd.chrome.launch import Chrome, launched
from qfluxd.errors import Unavailable
from qfluxd.settings import ChromeSettings
from tests.support.fake_chrome import fake_chrome
from tests.support.processes import wait_gone

LISTENS = "echo 'DevTools listening on ws://127.0.0.1:4711/devtools/browser/x' >&2"


def pretender(folder: Path, *lines: str) -> ChromeSettings:
    """Settings that start a script of these lines."""
    path = folder / "chrome"
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return ChromeSettings(endpoint="http://127.0.0.1:0", executable=path, headless=True)


async def test_it_is_told_what_it_needs_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of its own, loopback, the page; nothing that hides it; none of our passwords; its port is found."""
    monkeypatch.setenv("QFLUXD_MQTT__PASSWORD", "5e1f")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/x")
    settings = pretender(
        tmp_path, f'printf "%s\\n" "$@" > {tmp_path}/args', f"env > {tmp_path}/env", LISTENS, "exec sleep 60"
    )
    async with launched(settings, tmp_path / "state", "https://pocketoption.com/") as chrome:
        assert chrome.endpoint == "http://127.0.0.1:4711"
        assert chrome.code is None
        args = (tmp_path / "args").read_text().split("\n")
    profile = tmp_path / "state" / "chrome-profile"
    assert profile.stat().st_mode & 0o777 == 0o700
    for flag in (
        "--remote-debugging-port=0",
        "--remote-debugging-address=127.0.0.1",
        f"--user-data-dir={profile}",
        "--no-first-run",
        "--no-default-browser-check",
        "--disable-background-networking",
        "--headless=new",
    ):
        assert flag in args
    assert args[-2] == "https://pocketoption.com/"
    assert ("--no-sandbox" in args) == (os.geteuid() == 0)
    assert not any("automation" in arg.lower() for arg in args)
    environ = (tmp_path / "env").read_text()
    assert "5e1f" not in environ
    assert "NOTIFY_SOCKET" not in environ


async def test_it_ends_with_us(tmp_path: Path) -> None:
    """It is asked to end, and has."""
    async with launched(pretender(tmp_path, LISTENS, "exec sleep 60"), tmp_path) as chrome:
        pid = chrome.pid
    assert chrome.code == -15
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_will_not_end_is_ended_by_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all its processes."""
    monkeypatch.setattr("qfluxd.chrome.launch._STOP_SECONDS", 0.2)
    settings = pretender(
        tmp_path, "trap '' TERM", f"sleep 60 & echo $! > {tmp_path}/child", LISTENS, "while :; do wait; done"
    )
    async with launched(settings, tmp_path) as chrome:
        child = int((tmp_path / "child").read_text())
    assert chrome.code == -9
    await wait_gone(child)


async def test_its_death_is_noticed(tmp_path: Path) -> None:
    """`wait` brings the exit code."""
    async with launched(pretender(tmp_path, LISTENS, "read x < /dev/null", "exit 7"), tmp_path) as chrome:
        async with asyncio.timeout(5):
            assert await chrome.wait() == 7


async def test_one_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """Its last words are in the message, its addresses without what they may carry."""
    settings = pretender(tmp_path, "echo 'cannot open https://a.example/?token=5e1f today' >&2", "exit 21")
    with pytest.raises(Unavailable, match=r"code 21 .*cannot open https://a.example/ today") as caught:
        async with launched(settings, tmp_path):
            pytest.fail("started")
    assert "5e1f" not in str(caught.value)


async def test_one_that_cannot_have_its_port_is_ended(tmp_path: Path) -> None:
    """A Chrome without debugging is of no use."""
    settings = pretender(tmp_path, "echo 'Cannot start http server for devtools.' >&2", "exec sleep 60")
    with pytest.raises(Unavailable, match="another program has it"):
        async with launched(settings, tmp_path):
            pytest.fail("started")


async def test_one_that_never_listens_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while it is ended, and that is said."""
    monkeypatch.setattr("qfluxd.chrome.launch._START_SECONDS", 0.2)
    with pytest.raises(Unavailable, match="does not open its debugging port"):
        async with launched(pretender(tmp_path, "exec sleep 60"), tmp_path):
            pytest.fail("started")


async def test_a_port_that_another_browser_has_is_left_to_it(tmp_path: Path) -> None:
    """It is named, and nothing is started."""
    async with fake_chrome() as other:
        settings = pretender(tmp_path, f"touch {tmp_path}/started").model_copy(update={"endpoint": other.endpoint})
        with pytest.raises(Unavailable, match="belongs to Chrome/156 already"):
            async with launched(settings, tmp_path):
                pytest.fail("started")
    assert not (tmp_path / "started").exists()


async def test_a_port_that_another_program_has_is_left_to_it(tmp_path: Path) -> None:
    """The remedy is another port."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        settings = pretender(tmp_path, "exit 1").model_copy(update={"endpoint": endpoint})
        with pytest.raises(Unavailable, match="choose another port"):
            async with launched(settings, tmp_path):
                pytest.fail("started")


async def test_what_it_prints_is_logged_without_tokens(tmp_path: Path) -> None:
    """Its lines go to the debug log, addresses stripped of user, query and fragment."""
    settings = pretender(
        tmp_path, "echo 'GET wss://u:5e1f@a.example/s?sid=5e1f#5e1f failed' >&2", LISTENS, "exec sleep 60"
    )
    with capture_logs() as logs:
        async with launched(settings, tmp_path):
            pass
    assert {"event": "chrome says", "line": "GET wss://a.example/s failed", "log_level": "debug"} in logs
    assert "5e1f" not in repr(logs)


async def test_a_program_that_cannot_be_run_is_said(tmp_path: Path) -> None:
    """Not a traceback but a sentence."""
    settings = pretender(tmp_path)
    assert settings.executable is not None
    settings.executable.write_bytes(b"\x7fELF nonsense")
    with pytest.raises(Unavailable, match="cannot be started"):
        async with launched(settings, tmp_path):
            pytest.fail("started")


async def test_a_profile_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """With the remedy, and nothing is started."""
    (tmp_path / "file").touch()
    settings = pretender(tmp_path, f"touch {tmp_path}/started", LISTENS, "exec sleep 60")
    settings = settings.model_copy(update={"profile_dir": tmp_path / "file" / "profile"})
    with pytest.raises(Unavailable, match=r"cannot be written \(Not a directory\).* profile_dir"):
        async with launched(settings, tmp_path):
            pytest.fail("started")
    assert not (tmp_path / "started").exists()


async def test_one_that_cannot_be_noted_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its process id cannot be written down it does not run on unknown to the next run; that is said."""
    (tmp_path / "chrome-profile" / "qfluxd.pid").mkdir(parents=True)
    settings = pretender(tmp_path, LISTENS, "exec sleep 60")
    started: list[int] = []

    async def start(command: list[str]) -> Chrome:
        started.append((chrome := await original(command)).pid)
        return chrome

    original = launch._start
    monkeypatch.setattr(launch, "_start", start)
    with pytest.raises(Unavailable, match="cannot be written"):
        async with launched(settings, tmp_path):
            pytest.fail("started")
    (pid,) = started
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_line_without_an_end_is_not_kept(tmp_path: Path) -> None:
    """Of what it prints without ever ending the line a few kilobytes are held; its later lines are heard."""
    chrome = Chrome()
    for _ in range(100):
        chrome.pipe_data_received(2, b"x" * 65_536)
    assert len(chrome._said) <= 4096
    with capture_logs() as logs:
        chrome.pipe_data_received(2, b" https://a.example/?token=5e1f\nnext\n")
    assert [line["line"] for line in logs] == ["x" * 300, "next"]
