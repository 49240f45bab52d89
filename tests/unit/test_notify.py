"""What systemd is told, heard on a real datagram socket."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from qfluxd.observability.notify import Notifier, Watchdog


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[tuple[dict[str, str], Callable[[], str]]]:
    """An environment with NOTIFY_SOCKET, and what arrives there next."""
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(5)
        yield {"NOTIFY_SOCKET": path}, lambda: listener.recv(4096).decode()


type Heard = tuple[dict[str, str], Callable[[], str]]


def test_messages(heard: Heard) -> None:
    """Each call is one datagram in the words of sd_notify(3)."""
    environ, hear = heard
    notifier = Notifier(environ)
    notifier.ready("waiting for Chrome")
    assert hear() == "READY=1\nSTATUS=waiting for Chrome"
    notifier.status("3 assets\nstream")
    assert hear() == "STATUS=3 assets stream"
    notifier.stopping()
    assert hear() == "STOPPING=1"
    assert notifier.connected


def test_reload(heard: Heard) -> None:
    """A reload tells when it began on the monotonic clock, and ends with READY."""
    environ, hear = heard
    notifier = Notifier(environ)
    notifier.reloading()
    first, second = hear().split("\n")
    assert first == "RELOADING=1"
    assert 0 <= notify_clock() - int(second.removeprefix("MONOTONIC_USEC=")) < 5_000_000
    notifier.ready()
    assert hear() == "READY=1"


def notify_clock() -> int:
    """The monotonic clock in microseconds."""
    import time

    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def test_abstract_socket() -> None:
    """A name with @ in front is an abstract socket."""
    name = f"qfluxd-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "/nowhere/at/all"])
def test_nobody_there(address: str) -> None:
    """No socket, one of another kind, or one that has gone: telling it changes nothing."""
    Notifier({"NOTIFY_SOCKET": address}).ready()


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_interval(environ: dict[str, str], seconds: float | None) -> None:
    """The watchdog's interval is taken only where systemd asks this very process."""
    assert Notifier(environ).interval == seconds


def test_fed_while_all_turn(heard: Heard) -> None:
    """The watchdog is fed in a period in which every pulse turned, and not in one in which one stood still."""
    environ, hear = heard
    watchdog = Watchdog(Notifier(environ))
    desk, mqtt = watchdog.pulse("desk"), watchdog.pulse("mqtt")
    assert watchdog.turn()
    assert hear() == "WATCHDOG=1"
    desk.turn()
    with capture_logs() as lines:
        assert not watchdog.turn()
        assert not watchdog.turn()
    assert [line["still"] for line in lines] == [("mqtt",), ("desk", "mqtt")]
    desk.turn()
    mqtt.turn()
    assert watchdog.turn()
    assert hear() == "WATCHDOG=1"


def test_said_once() -> None:
    """The same pulse standing still for long is one line in the log, and one when it turns again."""
    watchdog = Watchdog(Notifier({}))
    pulse = watchdog.pulse("desk")
    watchdog.turn()
    with capture_logs() as lines:
        watchdog.turn()
        watchdog.turn()
        pulse.turn()
        watchdog.turn()
    assert [line["event"] for line in lines] == ["watchdog not fed", "watchdog fed again"]


def test_released() -> None:
    """A pulse whose owner has ended is not waited for."""
    watchdog = Watchdog(Notifier({}))
    pulse = watchdog.pulse("feed")
    watchdog.turn()
    watchdog.release(pulse)
    assert watchdog.turn()


async def test_runs_at_half_the_interval(heard: Heard) -> None:
    """The watchdog is fed at once and then at half the interval."""
    environ, hear = heard
    watchdog = Watchdog(Notifier(environ | {"WATCHDOG_USEC": "20000"}))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(watchdog.run(), name="watchdog")
        assert [await asyncio.to_thread(hear) for _ in range(3)] == ["WATCHDOG=1"] * 3
        task.cancel()


async def test_not_asked() -> None:
    """Where systemd does not ask, there is nothing to run."""
    await asyncio.wait_for(Watchdog(Notifier({})).run(), 1)
