"""A mosquitto of our own, started, looked after and ended."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from qfluxd.api.mosquitto import Keeper, find_mosquitto, keep_broker, look
from qfluxd.settings import MqttSettings
from tests.support.brokers import Broker, broker, child_of, connected, edge, free_port, listening, retained, until

pytestmark = pytest.mark.e2e


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


@asynccontextmanager
async def kept(port: int, folder: Path) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(keep_broker(MqttSettings(port=port), folder))
        yield
        running.cancel()


async def answers(port: int, within: float = 5) -> None:
    async with asyncio.timeout(within):
        while await look("127.0.0.1", port) != "broker":  # noqa: ASYNC110  # a port tells nobody
            await asyncio.sleep(0.02)


def pids(logs: list[EventDict]) -> list[int]:
    return [line["pid"] for line in logs if line["event"] == "mosquitto started"]


def is_alive(pid: int) -> bool:
    """Whether it runs; one that has ended and waits for its parent has no command line any more."""
    command = Path(f"/proc/{pid}/cmdline")
    return command.exists() and command.read_bytes() != b""


async def test_where_nobody_answers_a_broker_is_started(tmp_path: Path, logs: list[EventDict]) -> None:
    """A broker starts in a private folder, the edge connects to it, and it is gone when the daemon is."""
    port, folder = free_port(), tmp_path / "broker"
    async with kept(port, folder), edge(MqttSettings(port=port)) as running:
        await connected(running, within=3)
        assert (await retained(port))["status"]
        assert folder.stat().st_mode & 0o077 == 0
    assert await look("127.0.0.1", port) == "nothing"
    assert [pid for pid in pids(logs) if is_alive(pid)] == []


async def test_a_broker_that_dies_is_started_again(tmp_path: Path, logs: list[EventDict]) -> None:
    """Killed, it is back and the edge with it within 3 s."""
    port = free_port()
    async with kept(port, tmp_path), edge(MqttSettings(port=port)) as running:
        await connected(running)
        os.kill(pids(logs)[0], signal.SIGKILL)
        await until(lambda: running.health.reconnects == 1, 3)
    assert len(pids(logs)) == 2


async def test_it_remembers_what_was_retained(tmp_path: Path) -> None:
    """What others have published as retained is there again after a restart."""
    port = free_port()
    for turn in range(2):
        async with kept(port, tmp_path):
            await answers(port)
            if turn == 0:
                async with listening(port) as ear:
                    await ear.say("kept", b"1", retain=True)
            else:
                assert await retained(port) == {"kept": b"1"}


async def test_somebody_elses_broker_is_used_and_left_alone(tmp_path: Path, logs: list[EventDict]) -> None:
    """Where a broker answers none is started, and it goes on when the daemon ends."""
    async with broker(tmp_path) as theirs:
        async with kept(theirs.port, tmp_path / "ours"), edge(MqttSettings(port=theirs.port)) as running:
            await connected(running)
            await asyncio.sleep(1.2)
        assert await look("127.0.0.1", theirs.port) == "broker"
    assert pids(logs) == []


async def test_somebody_elses_broker_has_time_to_restart(tmp_path: Path, logs: list[EventDict]) -> None:
    """A broker that was there and goes is given a while; ours is started when it does not come back."""
    theirs = Broker(tmp_path)
    keeper = Keeper("127.0.0.1", theirs.port, tmp_path / "ours", lambda: False, gone_for=2)
    try:
        await theirs.start()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(keeper.run())
            await asyncio.sleep(0.5)
            await theirs.kill()
            await asyncio.sleep(1.2)
            await theirs.start()
            await asyncio.sleep(1.5)
            assert pids(logs) == []
            await theirs.kill()
            await until(lambda: pids(logs), 5)
            running.cancel()
    finally:
        await theirs.kill()


async def test_a_broker_left_over_is_ended(tmp_path: Path, logs: list[EventDict]) -> None:
    """The broker of an earlier run that was killed is ended, so that ours can be looked after."""
    port = free_port()
    async with kept(port, tmp_path):
        await answers(port)
    with child_of(str(find_mosquitto()), "-c", str(tmp_path / "mosquitto.conf")) as orphan:
        await answers(port)
        (tmp_path / "mosquitto.pid").write_text(f"{orphan} 999999999")
        async with kept(port, tmp_path):
            await until(lambda: len(pids(logs)) == 2, 5)
            await answers(port)
            assert not is_alive(orphan)
