"""An MQTT broker of our own, for machines where none runs: mosquitto on loopback, started and looked after.

A broker that is there already is used and never touched.
"""

import asyncio
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from time import monotonic
from typing import Literal

from structlog import get_logger

from qfluxd.leftovers import STOP_WITHIN, Leftover
from qfluxd.settings import MqttSettings

APT = "sudo apt-get install mosquitto"
"""What brings mosquitto to Debian and Ubuntu."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the port."""
ANSWER_WITHIN = 2.0
"""Seconds for whoever listens on the port to answer like an MQTT broker."""
GONE_FOR = 10.0
"""Seconds that somebody else's broker may be away before we start ours: a restart of it must find its port free."""
STEADY = 2.0
"""Seconds after which an end of mosquitto is news, and not one more failure to start."""

type Found = Literal["broker", "stranger", "nothing"]

# CONNECT, MQTT 3.1.1, clean session, client id "qfluxd-looks": any broker answers it, if only to refuse.
_CONNECT = b"\x10\x18\x00\x04MQTT\x04\x02\x00\x05\x00\x0cqfluxd-looks"
_DISCONNECT = b"\xe0\x00"
_CONNACK = 0x20


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_mosquitto() -> Path | None:
    """The mosquitto program, also where it is not on an ordinary user's PATH."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which("mosquitto", path=path)
    return Path(found) if found else None


async def look(host: str, port: int) -> Found:
    """Who listens on the port: an MQTT broker, something else, or nobody."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            reader, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return "nothing"
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            writer.write(_CONNECT)
            answer = await reader.read(1)
            writer.write(_DISCONNECT)
            await writer.drain()
    except (OSError, TimeoutError):
        return "stranger"
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return "broker" if answer and answer[0] == _CONNACK else "stranger"


async def keep_broker(settings: MqttSettings, folder: Path, connected: Callable[[], bool] = lambda: False) -> None:
    """See that a broker answers on loopback until cancelled; does nothing unless `start_broker` asks for it.

    `folder` is ours alone: configuration, retained messages and process id of the broker are kept in it.
    While `connected` says that all is well nobody else's broker is bothered with looks. Cancel it after the
    MQTT edge, which has a goodbye to send.
    """
    if settings.start_broker and is_loopback(settings.host) and not settings.tls:
        await Keeper(settings.host, settings.port, folder, connected).run()


class Keeper:
    """Runs mosquitto while nobody else serves the port; never ends one that this folder did not start."""

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        connected: Callable[[], bool],
        *,
        find: Callable[[], Path | None] = find_mosquitto,
        gone_for: float = GONE_FOR,
    ) -> None:
        self._host = "127.0.0.1" if host == "localhost" else host
        self._port = port
        self._folder = folder
        self._connected = connected
        self._find = find
        self._gone_for = gone_for
        self._said = ""
        self._leftover = Leftover(folder / "mosquitto.pid", str(self._config))

    async def run(self) -> None:
        """Look, run mosquitto if nobody is there, and again when that has changed."""
        if (pid := await self._leftover.end()) is not None:
            get_logger().info("mosquitto left over from an earlier run ended", pid=pid)
        patience = 0.0
        while True:
            found: Found = "broker" if self._connected() else await look(self._host, self._port)
            if found == "nothing" and patience <= 0:
                await self._run_one()
            else:
                patience = self._gone_for if found == "broker" else patience - LOOK_EVERY
                self._on_found(found)
            await asyncio.sleep(LOOK_EVERY)

    async def _run_one(self) -> None:
        program = self._find()
        if program is None:
            self._say("mosquitto is not installed", remedy=APT)
            return
        began = monotonic()
        try:
            code, last = await self._attend(program)
        except OSError as error:
            self._say("mosquitto cannot be run", folder=str(self._folder), reason=str(error))
            return
        if monotonic() - began >= STEADY:
            self._said = ""
        self._say("mosquitto ended", code=code, line=last)

    async def _attend(self, program: Path) -> tuple[int | None, str]:
        """Run it to its end; returns its exit code and the last line it said."""
        process, last = await self._spawn(program), ""
        try:
            self._leftover.note(process.pid)
            get_logger().info("mosquitto started", host=self._host, port=self._port, pid=process.pid)
            if process.stderr is not None:
                async for line in process.stderr:
                    last = line.decode(errors="replace").strip()
                    get_logger().debug("mosquitto", line=last)
            await process.wait()
        finally:
            await _end(process)
            self._leftover.forget()
        return process.returncode, last

    async def _spawn(self, program: Path) -> asyncio.subprocess.Process:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._config.write_text(self._configuration())
        # A session of its own: Ctrl-C in a terminal must not end it before we have said goodbye.
        return await asyncio.create_subprocess_exec(
            str(program),
            "-c",
            str(self._config),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )

    def _configuration(self) -> str:
        lines = [
            f"listener {self._port} {self._host}",
            "allow_anonymous true",
            "persistence true",
            f"persistence_location {self._folder.resolve()}/",
            "autosave_interval 60",
            "set_tcp_nodelay true",
            "max_inflight_messages 100",
            "max_packet_size 4194304",
            "log_dest stderr",
            "log_timestamp false",
        ]
        # As root it would become the user mosquitto, who cannot write to our folder.
        return "\n".join([*lines, *(["user root"] if os.geteuid() == 0 else []), ""])

    def _on_found(self, found: Found) -> None:
        if found == "broker":
            self._said = ""
        elif found == "stranger":
            self._say("port is taken by something that does not answer as an MQTT broker", port=self._port)

    def _say(self, event: str, **fields: object) -> None:
        if self._said != event:
            self._said = event
            get_logger().warning(event, **fields)

    @property
    def _config(self) -> Path:
        return self._folder / "mosquitto.conf"


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_WITHIN):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
