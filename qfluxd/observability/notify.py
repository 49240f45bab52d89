"""Tells systemd how the daemon is: ready, reloading, stopping, alive.

The protocol is sd_notify(3): one datagram of NAME=value lines to the socket in $NOTIFY_SOCKET. Without that
variable every call does nothing.
"""

import asyncio
import os
import socket
import time
from collections.abc import Mapping

import structlog

log = structlog.get_logger()


class Notifier:
    """Speaks to systemd. The promise: it never waits and never raises; systemd being away changes nothing."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self.interval = _watchdog_interval(environ)

    @property
    def connected(self) -> bool:
        """Whether there is someone to tell."""
        return self._address is not None

    def ready(self, status: str = "") -> None:
        """The loop runs and the configuration is good; also the end of a reload."""
        self._send("READY=1", status and f"STATUS={status}")

    def status(self, text: str) -> None:
        """A line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def reloading(self) -> None:
        """A reload begins; `ready` must follow, else systemd waits for it in vain."""
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send("RELOADING=1", f"MONOTONIC_USEC={microseconds}")

    def stopping(self, status: str = "") -> None:
        """The daemon is on its way out."""
        self._send("STOPPING=1", status and f"STATUS={status}")

    def alive(self) -> None:
        """Feed the watchdog; only `Watchdog` should, as it asks the pulses first."""
        self._send("WATCHDOG=1")

    def _send(self, *lines: str) -> None:
        if self._address is None:
            return
        message = "\n".join(line.replace("\n", " ") for line in lines if line)
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), self._address)
        except OSError as problem:
            log.debug("systemd not told", message=message, problem=problem.strerror)


def _address(given: str) -> str | None:
    """A path, or with @ in front an abstract name; other kinds of socket are not ours to speak to."""
    if given.startswith("@"):
        return "\0" + given[1:]
    return given if given.startswith("/") else None


def _watchdog_interval(environ: Mapping[str, str]) -> float | None:
    """Seconds in which systemd wants to hear that we live, or None where it does not ask us."""
    given, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not given.isdecimal() or int(given) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(given) / 1_000_000


class Pulse:
    """One thing that must keep turning. The promise: a missing beat is seen within one watchdog period."""

    __slots__ = ("_turned", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._turned = True

    def turn(self) -> None:
        """It has turned once more."""
        self._turned = True

    def take(self) -> bool:
        """Whether it has turned since this was last asked."""
        turned, self._turned = self._turned, False
        return turned


class Watchdog:
    """Feeds systemd's watchdog. The promise: only in a period in which every pulse has turned."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._pulses: list[Pulse] = []
        self._still: tuple[str, ...] = ()

    def pulse(self, name: str) -> Pulse:
        """Watch one more thing; it counts as turning until the end of the period that has begun."""
        pulse = Pulse(name)
        self._pulses.append(pulse)
        return pulse

    def release(self, pulse: Pulse) -> None:
        """Watch it no longer: it has ended as it should."""
        self._pulses.remove(pulse)

    def turn(self) -> bool:
        """End one period: feed the watchdog, or say once what stands still."""
        still = tuple(pulse.name for pulse in self._pulses if not pulse.take())
        if still and still != self._still:
            log.error("watchdog not fed", still=still)
        elif self._still and not still:
            log.info("watchdog fed again")
        self._still = still
        if not still:
            self._notifier.alive()
        return not still

    async def run(self) -> None:
        """Feed at half the interval that systemd asks for, for ever; at once done where it does not ask."""
        if self._notifier.interval is None:
            return
        while True:
            self.turn()
            await asyncio.sleep(self._notifier.interval / 2)
