"""A whole daemon in a test: practice broker, a Chrome, an MQTT broker, each on its own free port."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from qfluxd.chrome.launch import Chrome, launched
from qfluxd.config import load
from qfluxd.daemon import Daemon
from qfluxd.model import Fact, Session
from qfluxd.practice.server import PracticeBroker, PracticeOptions, serve
from qfluxd.settings import ChromeSettings
from tests.support.brokers import NAME, free_port


class Facts:
    """A sink that remembers everything and wakes whoever waits for something."""

    def __init__(self) -> None:
        self.said: list[Fact] = []
        self._more = asyncio.Event()

    def on_fact(self, fact: Fact) -> None:
        """Remember one fact."""
        self.said.append(fact)
        self._more.set()

    def of[F: Fact](self, kind: type[F], since: int = 0) -> list[F]:
        """All facts of a kind, from the `since`-th fact of any kind on."""
        return [fact for fact in self.said[since:] if isinstance(fact, kind)]

    @property
    def session(self) -> Session | None:
        """The newest word on the session."""
        return next((fact for fact in reversed(self.said) if isinstance(fact, Session)), None)

    async def until(self, true: Callable[[], object], within: float = 15) -> None:
        """Return when this has become true; looks again at every fact."""
        async with asyncio.timeout(within):
            while not true():
                self._more.clear()
                await self._more.wait()

    async def state(self, state: str, within: float = 15, reason: str = "") -> Session:
        """Wait until the session is in this state, for a reason that holds these words."""

        def there() -> bool:
            session = self.session
            return session is not None and session.state == state and reason in session.reason

        await self.until(there, within)
        assert self.session is not None
        return self.session


@asynccontextmanager
async def practice(**options: object) -> AsyncIterator[PracticeBroker]:
    """A practice broker on a free port."""
    async with serve(PracticeOptions(**options)) as running:  # type: ignore[arg-type]  # the test names its options
        yield running


@asynccontextmanager
async def chrome(folder: Path, url: str, port: int = 0) -> AsyncIterator[Chrome]:
    """A Chrome that somebody else started, with one tab open."""
    settings = ChromeSettings(endpoint=f"http://127.0.0.1:{port or free_port()}", headless=True)
    async with launched(settings, folder, url) as running:
        yield running


@asynccontextmanager
async def daemon(folder: Path, file: object = "/dev/null", **overrides: object) -> AsyncIterator[tuple[Daemon, Facts]]:
    """A running daemon; `overrides` by dotted key with `__` for the dot, over `file`. Stopped in order at the end."""
    facts = Facts()
    given = {"daemon.name": NAME, "daemon.state_dir": str(folder), "mqtt.start_broker": False}
    given |= {key.replace("__", "."): value for key, value in overrides.items()}
    running = Daemon(load(Path(str(file)), given), [facts])
    async with asyncio.TaskGroup() as group:
        task = group.create_task(running.run(), name="daemon")
        try:
            yield running, facts
        finally:
            running.stop()
            async with asyncio.timeout(10):
                await asyncio.wait([task])


@asynccontextmanager
async def stack(
    folder: Path, mqtt_port: int, options: dict[str, object] | None = None, **overrides: object
) -> AsyncIterator[tuple[PracticeBroker, Daemon, Facts]]:
    """Practice broker, and a daemon that starts its own Chrome with the trading page in it."""
    async with AsyncExitStack() as all_of_it:
        broker = await all_of_it.enter_async_context(practice(**(options or {})))
        running, facts = await all_of_it.enter_async_context(
            daemon(
                folder,
                chrome__launch=True,
                chrome__headless=True,
                chrome__endpoint=f"http://127.0.0.1:{free_port()}",
                driver__pocketoption__pages=[broker.url, f"{broker.origin}/*"],
                mqtt__port=mqtt_port,
                **overrides,
            )
        )
        yield broker, running, facts
