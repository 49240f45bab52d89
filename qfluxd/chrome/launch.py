"""Starts a Chrome with a profile of its own, reachable from this machine only."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import structlog

from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.find import find_chrome, needs_no_sandbox
from qfluxd.chrome.secrets import bare
from qfluxd.errors import Disconnected, Unavailable
from qfluxd.leftovers import Leftover
from qfluxd.settings import ChromeSettings

log = structlog.get_logger()

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 2.0
_LAST_WORDS_SECONDS: Final = 0.5
_LISTENING: Final = re.compile(r"DevTools listening on ws://([^/\s]+)/")
_ADDRESS: Final = re.compile(r"\b\w+://[^\s\"')]+")
_SMALL_SHM: Final = 512 * 1024 * 1024
# Characters kept of a line that Chrome prints; one without an end must not fill our memory.
_LONGEST_LINE: Final = 4096
# What a Chrome of our own is started with: nothing that a page could tell it by, and no way around its safety.
_FLAGS: Final = (
    "--remote-debugging-address=127.0.0.1",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--password-store=basic",  # a login made on a desktop must be readable by the service, which has no keyring
    "--disable-background-timer-throttling",  # a trading page behind another window must not slow down
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
)
# Ours, and none of the browser's business: passwords, and the line on which systemd hears that we are well.
_PRIVATE: Final = ("QFLUXD_", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_", "CREDENTIALS_DIRECTORY")


class Chrome(asyncio.SubprocessProtocol):
    """A Chrome that we started. `endpoint` is its debugging address, `code` its exit code once it has ended.

    What it prints is read all the time, so that it never waits for us, and goes to the debug log.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.endpoint = ""
        self.pid = 0
        self.code: int | None = None
        self._transport: asyncio.SubprocessTransport | None = None
        self._said = ""
        self._last_words = ""
        self._listening: asyncio.Future[str] = loop.create_future()
        self._ended = asyncio.Event()

    async def wait(self) -> int:
        """Wait until it has ended; returns its exit code (negative: the signal that killed it)."""
        await self._ended.wait()
        return self.code or 0

    async def wait_listening(self) -> None:
        """Wait until its debugging port is open.

        Raises:
            Unavailable: it ended before that, cannot open the port, or takes too long.
        """
        try:
            async with asyncio.timeout(_START_SECONDS):
                self.endpoint = f"http://{await self._listening}"
        except TimeoutError:
            raise Unavailable(f"Chrome does not open its debugging port; it said: {self._last_words}") from None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It has been started."""
        # uvloop's transport is none of asyncio's classes; a process id of 0 would make `stop` end our own group.
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self.pid = self._transport.get_pid()
        assert self.pid > 0

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """It prints something."""
        *lines, self._said = (self._said + data.decode(errors="replace")).split("\n")
        self._said = self._said[:_LONGEST_LINE]
        for line in filter(None, map(str.strip, lines)):
            self._hear(line[:_LONGEST_LINE])

    def process_exited(self) -> None:
        """It has ended; what it said last may still be on its way, or never come where a child holds the pipe."""
        self.code = self._transport.get_returncode() if self._transport else None
        self._ended.set()
        asyncio.get_running_loop().call_later(_LAST_WORDS_SECONDS, self._say_ended)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended and all it said was heard."""
        self._say_ended()

    def _say_ended(self) -> None:
        self._fail(f"Chrome ended at once with code {self.code} (is its profile open elsewhere?): {self._last_words}")

    def _hear(self, line: str) -> None:
        self._last_words = _ADDRESS.sub(lambda found: bare(found[0]), line)[:300]
        log.debug("chrome says", line=self._last_words)
        if match := _LISTENING.search(line):
            if not self._listening.done():
                self._listening.set_result(match[1])
        elif "Cannot start http server for devtools" in line:
            self._fail("Chrome cannot open its debugging port: another program has it")

    def _fail(self, reason: str) -> None:
        if not self._listening.done():
            self._listening.set_exception(Unavailable(reason))
            self._listening.exception()  # marks it as seen: nobody may be waiting for it

    async def stop(self) -> None:
        """End it: ask, wait two seconds, then end it and all its processes by force."""
        try:
            if self.code is None:
                os.kill(self.pid, signal.SIGTERM)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_STOP_SECONDS):
                        await self.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        await self.wait()
        if self._transport:
            self._transport.close()


def _command(program: Path, settings: ChromeSettings, profile: Path, url: str | None) -> list[str]:
    flags = [*_FLAGS, f"--remote-debugging-port={urlsplit(settings.endpoint).port}", f"--user-data-dir={profile}"]
    if settings.headless:
        flags += ["--headless=new", "--window-size=1600,900"]
    if _shared_memory() < _SMALL_SHM:
        flags.append("--disable-dev-shm-usage")
    if needs_no_sandbox():
        log.warning("chrome sandbox off", reason="root in a container")
        flags.append("--no-sandbox")
    return [str(program), *flags, url or "about:blank"]


def _shared_memory() -> int:
    try:
        room = os.statvfs("/dev/shm")  # noqa: S108 - where Chrome keeps shared memory, not a file of ours
    except OSError:
        return _SMALL_SHM
    return room.f_blocks * room.f_frsize


async def _refuse_taken_port(endpoint: str) -> None:
    parts = urlsplit(endpoint)
    if not parts.port:
        return
    try:
        browser = await find_browser(endpoint)
    except Disconnected as error:
        if await _listens(parts.hostname or "127.0.0.1", parts.port):
            raise Unavailable(f"{error}; choose another port for [chrome] endpoint") from None
        return
    raise Unavailable(f"{endpoint} belongs to {browser.name} already; end that, or attach to it with launch = false")


async def _listens(host: str, port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def launched(settings: ChromeSettings, state_dir: Path, url: str | None = None) -> AsyncIterator[Chrome]:
    """A Chrome of our own, with `url` open, for as long as the block runs.

    Its profile (`settings.profile_dir`, else ``chrome-profile`` in `state_dir`) is for its owner only. With port 0 in
    the endpoint it takes a free one; `Chrome.endpoint` names it.

    Raises:
        Unavailable: no browser, no port, no place for its profile, or no way to run it safely; says what to do.
    """
    profile = settings.profile_dir or state_dir / "chrome-profile"
    leftover = Leftover(profile / "qfluxd.pid", f"--user-data-dir={profile}")
    if (pid := await leftover.end()) is not None:
        log.info("chrome left over from an earlier run ended", pid=pid)
    await _refuse_taken_port(settings.endpoint)
    command = _command(find_chrome(settings), settings, profile, url)
    with _writing(profile):
        profile.mkdir(mode=0o700, parents=True, exist_ok=True)
        profile.chmod(0o700)
    chrome = await _start(command)
    try:
        with _writing(profile):
            leftover.note(chrome.pid)
        await chrome.wait_listening()
        log.info("chrome started", pid=chrome.pid, endpoint=chrome.endpoint, headless=settings.headless)
        yield chrome
    finally:
        await chrome.stop()
        leftover.forget()


@contextmanager
def _writing(profile: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"Chrome's profile {profile} cannot be written ({error.strerror}); make room for it and make it ours to "
            "write, or choose another with [chrome] profile_dir"
        ) from None


async def _start(command: list[str]) -> Chrome:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(_PRIVATE)}
    try:
        _, chrome = await asyncio.get_running_loop().subprocess_exec(
            Chrome,
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=environ,
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} cannot be started: {error.strerror}") from None
    return chrome
