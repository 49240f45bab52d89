"""The broker of our own: where it is looked for, and who is taken for a broker."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from qfluxd.api.mosquitto import APT, Keeper, find_mosquitto, is_loopback, keep_broker, look
from qfluxd.settings import MqttSettings
from tests.support.brokers import free_port, until


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("192.168.1.5", False),
        ("broker.example", False),
        ("0.0.0.0", False),
    ],
)
def test_loopback_is_this_machine_only(host: str, own: bool) -> None:
    """Only loopback addresses and localhost are taken for this machine."""
    assert is_loopback(host) is own


def test_mosquitto_is_found_beyond_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On PATH the first is taken; without one the system folders are looked into."""
    own = tmp_path / "mosquitto"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mosquitto() == own
    monkeypatch.setenv("PATH", "/nonexistent")
    found = find_mosquitto()
    assert found is None or found.parent in (Path("/usr/sbin"), Path("/usr/local/sbin"))


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (b"\x20\x02\x00\x00", "broker"),
        (b"\x20\x02\x00\x05", "broker"),
        (b"HTTP/1.1 400", "stranger"),
        (b"", "stranger"),
    ],
)
async def test_a_broker_is_known_by_its_answer(answer: bytes, found: str) -> None:
    """Whatever answers a CONNECT is a broker, also one that refuses us; anything else is a stranger."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        assert await look("127.0.0.1", server.sockets[0].getsockname()[1]) == found


async def test_nobody_is_nobody() -> None:
    """A port without a listener is free."""
    assert await look("127.0.0.1", free_port()) == "nothing"


async def test_without_mosquitto_the_remedy_is_said_once(tmp_path: Path) -> None:
    """Where mosquitto is not installed the line that brings it is logged, once."""
    looks = 0

    def absent() -> None:
        nonlocal looks
        looks += 1

    with capture_logs() as logs:
        await run_until(Keeper("127.0.0.1", free_port(), tmp_path, lambda: False, find=absent), lambda: looks >= 2)
    assert [(line["event"], line["remedy"]) for line in logs] == [("mosquitto is not installed", APT)]


async def test_a_stranger_is_said_once_and_left_alone(tmp_path: Path) -> None:
    """A port taken by something else is said; nothing is started."""
    looks = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal looks
        looks += 1
        writer.write(b"SSH-2.0-x\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with capture_logs() as logs:
        async with server:
            await run_until(Keeper("127.0.0.1", port, tmp_path, lambda: False), lambda: looks >= 2)
    assert [line["port"] for line in logs] == [port]


async def test_a_folder_that_cannot_be_made_is_said_once(tmp_path: Path) -> None:
    """It ends nothing: the reason is logged once, and it is tried again at the usual pace."""
    (tmp_path / "file").touch()
    looks = 0

    def found() -> Path:
        nonlocal looks
        looks += 1
        return Path("/bin/true")

    keeper = Keeper("127.0.0.1", free_port(), tmp_path / "file" / "broker", lambda: False, find=found)
    with capture_logs() as logs:
        await run_until(keeper, lambda: looks >= 3)
    (line,) = logs
    assert line["event"] == "mosquitto cannot be run"
    assert "Not a directory" in line["reason"]


async def test_a_broker_that_cannot_be_noted_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its process id cannot be written down it is not left running, and that is said."""
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    (tmp_path / "broker" / "mosquitto.pid").mkdir(parents=True)
    keeper = Keeper("127.0.0.1", free_port(), tmp_path / "broker", lambda: False, find=lambda: program)
    started: list[asyncio.subprocess.Process] = []

    async def spawn(path: Path) -> asyncio.subprocess.Process:
        started.append(await original(path))
        return started[-1]

    original = keeper._spawn
    monkeypatch.setattr(keeper, "_spawn", spawn)
    with capture_logs() as logs:
        await run_until(keeper, lambda: sum(process.returncode is not None for process in started) >= 2)
    assert [line["event"] for line in logs] == ["mosquitto cannot be run"]
    assert [process.returncode for process in started[:2]] == [-15, -15]


@pytest.mark.parametrize(
    "settings",
    [
        MqttSettings(start_broker=False),
        MqttSettings(host="broker.example"),
        MqttSettings(tls=True),
    ],
)
async def test_a_broker_is_kept_only_where_asked(tmp_path: Path, settings: MqttSettings) -> None:
    """Switched off, on another host or with TLS there is nothing to keep."""
    await keep_broker(settings, tmp_path / "broker")
    assert [*tmp_path.iterdir()] == []  # noqa: ASYNC240  # a moment


async def run_until(keeper: Keeper, true: Callable[[], object]) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keeper.run())
        await until(true, 10)
        running.cancel()
