"""The daemon and its companions as systemd runs them: told, reloaded, stopped by signals."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from qfluxd.chrome.endpoint import find_browser
from qfluxd.errors import Disconnected
from tests.support.asker import open_asker
from tests.support.brokers import NAME, broker, free_port

pytestmark = pytest.mark.e2e

ALONE = """\
[mqtt]
start_broker = false
port = {mqtt}
[chrome]
endpoint = "http://127.0.0.1:{chrome}"
[log]
level = "info"
"""


@asynccontextmanager
async def started(folder: Path, *words: str, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A command that runs, with state of its own; killed if it is still there on the way out."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "qfluxd",
        *words,
        env=os.environ | {"STATE_DIRECTORY": str(folder / "state")} | environ,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket on which systemd listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        yield listener


async def until_told(systemd: socket.socket, line: str) -> list[str]:
    """Every line that systemd is told, up to this one."""
    told: list[str] = []
    async with asyncio.timeout(60):
        while line not in told:
            told += (await asyncio.get_running_loop().sock_recv(systemd, 4096)).decode().split("\n")
    return told


async def test_daemon_under_systemd(systemd: socket.socket, tmp_path: Path) -> None:
    """With neither Chrome nor a broker the daemon is READY, says what it waits for, feeds the watchdog, takes a
    changed configuration over on SIGHUP, refuses a wrong one whole, and on SIGTERM is gone within 5 s with exit 0."""
    file = tmp_path / "config.toml"
    text = ALONE.format(mqtt=free_port(), chrome=free_port())
    file.write_text(text)
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "4000000"}
    async with started(tmp_path, "run", "--config", str(file), **environ) as daemon:
        told = await until_told(systemd, "READY=1")
        told += await until_told(systemd, "WATCHDOG=1")
        await until_told(systemd, "WATCHDOG=1")

        file.write_text(text.replace('"info"', '"debug"'))
        daemon.send_signal(signal.SIGHUP)
        assert any(line.startswith("MONOTONIC_USEC=") for line in await until_told(systemd, "READY=1"))
        file.write_text("[log]\nlevl = 1\n")
        daemon.send_signal(signal.SIGHUP)
        await until_told(systemd, "READY=1")

        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        await until_told(systemd, "STOPPING=1")
        _, log = await daemon.communicate()
        assert time.monotonic() - began < 5
        assert daemon.returncode == 0
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "state").rglob("*")} == {0}
    assert any(line.startswith("STATUS=waiting_chrome") for line in told)
    assert b'"applied":["log.level"]' in log
    assert b"did you mean log.level?" in log


async def test_restart_by_request(systemd: socket.socket, tmp_path: Path) -> None:
    """What waits for a restart is in force after one that was asked for: the same process leaves and comes back.

    On a configuration that is wrong nobody leaves. systemd hears of a reload, and of a stop only at the end.
    """
    file = tmp_path / "config.toml"
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
    async with broker(tmp_path) as mqtt, open_asker(mqtt.port) as ear:
        text = f'[daemon]\nname = "{NAME}"\n' + ALONE.format(mqtt=mqtt.port, chrome=free_port())
        file.write_text(text)
        async with started(tmp_path, "run", "--config", str(file), **environ) as daemon:
            await until_told(systemd, "READY=1")
            await ear.until(lambda: ear.state("status").get("state") == "online", 30)
            first = ear.state("status")["session"]
            await ear.until(lambda: "parquet" in ear.state("info").get("features", ()))

            file.write_text(text + "[store]\nparquet = false\n")
            assert (await ear.ask("reload", "1"))["data"]["restart_required"] == ["store.parquet"]
            assert "parquet" in ear.state("info")["features"]
            assert (await ear.ask("restart", "2"))["data"] == {"applied": ["store.parquet"]}
            told = await until_told(systemd, "READY=1")
            assert "RELOADING=1" in told
            assert "STOPPING=1" not in told
            await ear.until(lambda: ear.state("status").get("session") not in (None, first), 30)
            await ear.until(lambda: "parquet" not in ear.state("info")["features"], 30)
            assert ear.state("info")["restart_required"] == []

            file.write_text("[log]\nlevl = 1\n")
            refused = await ear.ask("restart", "3")
            assert (refused["status"], refused["code"]) == ("error", "bad_config")
            assert "did you mean log.level?" in refused["error"]
            assert (await ear.ask("ping", "4"))["status"] == "ok"

            daemon.send_signal(signal.SIGTERM)
            await until_told(systemd, "STOPPING=1")
            await daemon.communicate()
            assert daemon.returncode == 0
            await ear.until(lambda: ear.state("status").get("state") == "offline")


async def test_chrome_command(tmp_path: Path) -> None:
    """`qfluxd chrome` starts Chrome with its port on loopback and a profile only for us; SIGTERM ends both, exit 0."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    words = ["--set", "chrome.headless=true", "--set", f"chrome.endpoint={endpoint}", "--url", "about:blank"]
    async with started(tmp_path, "chrome", *words) as chrome:
        assert chrome.stdout is not None
        async with asyncio.timeout(60):
            assert endpoint.encode() in await chrome.stdout.readline()
        assert "Chrome" in (await find_browser(endpoint)).name
        for made in ("state", "state/chrome-profile"):
            assert (tmp_path / made).stat().st_mode & 0o777 == 0o700
        chrome.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await chrome.communicate()
        assert chrome.returncode == 0
    with pytest.raises(Disconnected):
        await find_browser(endpoint)


async def test_practice_command(tmp_path: Path) -> None:
    """`qfluxd practice` serves its trading page on loopback until SIGTERM, exit 0."""
    port = free_port()
    async with started(tmp_path, "practice", "--port", str(port), "--seed", "7") as practice:
        assert practice.stdout is not None
        url = f"http://127.0.0.1:{port}/en/cabinet/demo-quick-high-low/"
        async with asyncio.timeout(60):
            assert url.encode() in await practice.stdout.readline()
        page = await asyncio.to_thread(_get, url)
        assert b"PRACTICE" in page
        practice.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            await practice.communicate()
        assert practice.returncode == 0


def _get(url: str) -> bytes:
    with urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body
