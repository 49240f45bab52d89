"""What becomes of the trading pages in one Chrome, and what that means for the session."""

import asyncio
from collections.abc import Sequence
from time import time_ns

import structlog

from qfluxd.chrome.pages import (
    FramesLost,
    PageCrashed,
    PageEvent,
    PageFound,
    PageGone,
    PageHung,
    PageMoved,
    PageNavigated,
    PageRecovered,
    PageReloaded,
    SocketClosed,
    SocketOpened,
    Target,
)
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.drivers.pocketoption.texts import asks_login
from qfluxd.model import Frame, Millis, Situation
from qfluxd.ports import Ear, SeeFrame

log = structlog.get_logger()


class _Page:
    """What is known of one trading page: where it is, and what is wrong with it."""

    __slots__ = ("crash", "hang", "url")

    def __init__(self) -> None:
        self.url = ""
        self.crash: str | None = None
        self.hang: str | None = None


class PageLife:
    """Hears of the pages of one line to Chrome.

    The promise: while the market socket is open no page's trouble takes the session back; without it the
    situation is the gravest of any page's, with its reason. A page is put into `reloads` only where that is
    allowed: once when its socket was open before us, so that its history is heard, and after a crash.
    """

    def __init__(
        self, patterns: Sequence[str], ear: Ear, follower: Follower, see: SeeFrame, *, may_reload: bool
    ) -> None:
        """`see` gets a frame for the end of each socket: it is part of what a recording has to tell."""
        self.reloads: asyncio.Queue[Target] = asyncio.Queue()
        self._patterns = " or ".join(patterns)
        self._ear = ear
        self._follower = follower
        self._see = see
        self._may_reload = may_reload
        self._pages: dict[Target, _Page] = {}
        self._sockets: dict[str, Target] = {}
        self._late: set[Target] = set()

    @property
    def front(self) -> Target | None:
        """The tab whose market socket is in use; without one the tab that was found last, None where there is none."""
        market = self._follower.market
        if market is not None and (target := self._sockets.get(market)) is not None:
            return target
        return next(reversed(self._pages), None)

    def on_attached(self) -> None:
        """The line to Chrome is open; pages will be told of at once if there are any."""
        self._follower.say(_now(), Situation("waiting_page", "Chrome is there; looking for the trading page"))

    def on_looked(self) -> None:
        """Time enough has passed for all pages to have been told of."""
        self._judge(_now())

    def on_detached(self) -> None:
        """The line to Chrome has ended, and with it everything in it."""
        self._follower.lose()
        for conn in tuple(self._sockets):
            self._on_closed(conn, _now())

    def on_event(self, event: PageEvent) -> None:
        """Take one event of a page."""
        now = _now()
        match event:
            case PageFound() | PageReloaded() | PageNavigated() | PageMoved():
                self._on_shown(event)
            case PageGone():
                self._pages.pop(event.target, None)
                log.info("page gone", reason=event.reason)
            case PageCrashed():
                self._on_crash(event)
            case PageHung():
                self._page(event.target).hang = event.reason
                log.warning("page does not answer", reason=event.reason)
            case PageRecovered():
                self._page(event.target).hang = None
                log.info("page answers again")
            case SocketOpened():
                self._on_socket(event)
            case SocketClosed():
                self._on_closed(event.conn, now)
            case FramesLost():
                self._on_frames_lost(event, now)
        if not isinstance(event, SocketOpened | SocketClosed | FramesLost):
            self._judge(now)

    def _page(self, target: Target) -> _Page:
        return self._pages.setdefault(target, _Page())

    def _on_shown(self, event: PageFound | PageReloaded | PageNavigated | PageMoved) -> None:
        if not isinstance(event, PageMoved):
            log.info("page reloaded" if isinstance(event, PageReloaded) else "page found", url=event.url)
        page = self._page(event.target)
        page.url, page.crash, page.hang = event.url, None, None

    def _on_crash(self, event: PageCrashed) -> None:
        self._page(event.target).crash = event.reason
        if self._may_reload:
            self.reloads.put_nowait(event.target)

    def _on_socket(self, event: SocketOpened) -> None:
        self._sockets[event.conn] = event.target
        if event.url is not None or event.target in self._late:
            return
        self._late.add(event.target)
        if self._may_reload:
            log.info("attached late, reloading the page for its history")
            self.reloads.put_nowait(event.target)
        else:
            log.info("attached late, first candles are partial until the page reloads or changes its asset")

    def _on_closed(self, conn: str, now: Millis) -> None:
        self._sockets.pop(conn, None)
        self._see(Frame(now, conn, b"", closed=True))

    def _on_frames_lost(self, event: FramesLost, now: Millis) -> None:
        self._follower.lose()
        self._ear.on_feed_lost()
        count = "some" if event.lost is None else str(event.lost)
        self._ear.alert("frames_lost", f"{count} frames were lost; candles of that time are partial", now)

    def _judge(self, now: Millis) -> None:
        if not self._follower.connected:
            self._follower.say(now, self._situation())

    def _situation(self) -> Situation:
        """Where we stand without a market socket: what a person has to mend comes first."""
        pages = self._pages.values()
        if not pages:
            return Situation("waiting_page", f"no tab shows {self._patterns}; open it in this Chrome")
        if any(asks_login(page.url) for page in pages):
            return Situation("login_required", "the page asks for a login; log in by hand")
        if self._follower.refusal is not None:
            return Situation("login_required", self._follower.refusal)
        if crash := next((page.crash for page in pages if page.crash), None):
            cure = "it is reloaded" if self._may_reload else "reload it by hand"
            return Situation("waiting_page", f"the page's process ended ({crash}); {cure}")
        if hang := next((page.hang for page in pages if page.hang), None):
            return Situation("waiting_page", f"the page does not answer: {hang}")
        return Situation("waiting_page", "the page is there; its market socket has not spoken yet")


def _now() -> Millis:
    return time_ns() // 1_000_000
