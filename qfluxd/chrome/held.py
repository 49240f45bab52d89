"""One tab that we hold, and what has been told of it."""

import asyncio

import msgspec

from qfluxd.chrome.pages import (
    PageCrashed,
    PageFound,
    PageGone,
    PageHung,
    PageMoved,
    PageNavigated,
    PageRecovered,
    PageReloaded,
    Target,
    Tell,
)
from qfluxd.chrome.secrets import bare
from qfluxd.chrome.sessions import Session


class Page:
    """A tab. `found` once it was seen to show a trading page, `paused` while it shows another that it will leave.

    The promise: each change is told once, `PageFound` before all others, and nothing after `PageGone`.
    """

    def __init__(self, target: Target, session: Session, url: str, tell: Tell) -> None:
        self.target = target
        self.session = session
        self.url = bare(url)
        self.frame = ""
        self.found = False
        self.paused = False
        self.pulse: asyncio.Future[msgspec.Raw] | None = None
        self._loads: set[asyncio.Future[None]] = set()
        self._tell = tell
        self._told = False
        self._crashed = False
        self._hung = False
        self._gone = False

    def find(self, url: str) -> None:
        """It shows a trading page."""
        self.found = True
        self.url = bare(url)
        self._introduce()
        self.recover()
        self._crashed = False

    def load(self, url: str) -> None:
        """A trading page, the same or another, was loaded in place of the one before."""
        kind = PageReloaded if self.url == bare(url) else PageNavigated
        self.url = bare(url)
        self._crashed = self._hung = False
        for load in self._loads:
            if not load.done():
                load.set_result(None)
        self._tell(kind(self.target, self.url))

    def next_load(self) -> asyncio.Future[None]:
        """Done as soon as a trading page is loaded in place of this one; cancel it when it is not waited for."""
        load: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loads.add(load)
        load.add_done_callback(self._loads.discard)
        return load

    def move(self, url: str) -> None:
        """Its address changed, and nothing else."""
        if self.url != bare(url):
            self.url = bare(url)
            self._tell(PageMoved(self.target, self.url))

    def crash(self, reason: str) -> None:
        """Its process has died; Chrome says it in more than one way."""
        if not self._crashed:
            self._crashed, self._hung = True, False
            self._introduce()
            self._tell(PageCrashed(self.target, reason))

    def hang(self, reason: str) -> None:
        """It was found not to answer."""
        if not (self._hung or self._crashed or self._gone):
            self._hung = True
            self._introduce()
            self._tell(PageHung(self.target, reason))

    def recover(self) -> None:
        """It has given a sign of life."""
        if self._hung and not self._gone:
            self._hung = False
            self._tell(PageRecovered(self.target))

    def leave(self, reason: str) -> None:
        """It is no trading page any more, or no page at all."""
        self._gone = True
        if self._told:
            self._tell(PageGone(self.target, reason))

    def _introduce(self) -> None:
        if not self._told:
            self._told = True
            self._tell(PageFound(self.target, self.url))
