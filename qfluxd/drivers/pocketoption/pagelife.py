"""What becomes of the trading pages in one Chrome, and what that means for the session."""

import asyncio
from collections.abc import Sequence
from time import time_ns
from urllib.parse import urlsplit

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
from qfluxd.model import Frame, Millis, Situation
from qfluxd.ports import Ear, SeeFrame

log = structlog.get_logger()


class PageLife:
    """Hears of the pages of one line to Chrome.

    The promise: every change is a situation with its reason. A page is put into `reloads` only where that is
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
        self._pages: dict[Target, str] = {}
        self._sockets: set[str] = set()
        self._late: set[Target] = set()

    def on_attached(self) -> None:
        """The line to Chrome is open; pages will be told of if there are any."""
        self._wait(_now(), self._none_there())

    def on_detached(self) -> None:
        """The line to Chrome has ended, and with it everything in it."""
        for conn in tuple(self._sockets):
            self._on_closed(conn, _now())

    def on_event(self, event: PageEvent) -> None:
        """Take one event of a page."""
        now = _now()
        match event:
            case PageFound() | PageReloaded() | PageNavigated() | PageMoved():
                self._on_shown(event, now)
            case PageGone():
                self._on_gone(event, now)
            case PageCrashed():
                self._on_crash(event, now)
            case PageHung():
                self._wait(now, f"the page does not answer: {event.reason}")
            case PageRecovered():
                log.info("page answers again")
            case SocketOpened():
                self._on_socket(event)
            case SocketClosed():
                self._on_closed(event.conn, now)
            case FramesLost():
                self._on_frames_lost(event, now)

    def _on_shown(self, event: PageFound | PageReloaded | PageNavigated | PageMoved, now: Millis) -> None:
        if not isinstance(event, PageMoved):
            log.info("page reloaded" if isinstance(event, PageReloaded) else "page found", url=event.url)
        self._pages[event.target] = event.url
        if "/login" in urlsplit(event.url).path:
            self._follower.say(now, Situation("login_required", "the page asks for a login; log in by hand"))
        elif not self._follower.connected:
            self._wait(now, "the page is there; its market socket has not spoken yet")

    def _on_gone(self, event: PageGone, now: Millis) -> None:
        self._pages.pop(event.target, None)
        log.info("page gone", reason=event.reason)
        if not self._pages:
            self._wait(now, self._none_there())

    def _on_crash(self, event: PageCrashed, now: Millis) -> None:
        if self._may_reload:
            self.reloads.put_nowait(event.target)
        self._wait(now, f"the page's process ended ({event.reason}); {self._cure()}")

    def _cure(self) -> str:
        return "it is reloaded" if self._may_reload else "reload it by hand"

    def _on_socket(self, event: SocketOpened) -> None:
        self._sockets.add(event.conn)
        if event.url is not None or event.target in self._late:
            return
        self._late.add(event.target)
        if self._may_reload:
            log.info("attached late, reloading the page for its history")
            self.reloads.put_nowait(event.target)
        else:
            log.info("attached late, first candles are partial until the page reloads or changes its asset")

    def _on_closed(self, conn: str, now: Millis) -> None:
        self._sockets.discard(conn)
        self._see(Frame(now, conn, b"", closed=True))

    def _on_frames_lost(self, event: FramesLost, now: Millis) -> None:
        self._ear.on_feed_lost()
        count = "some" if event.lost is None else str(event.lost)
        self._ear.alert("frames_lost", f"{count} frames were lost; candles of that time are partial", now)

    def _none_there(self) -> str:
        return f"no tab shows {self._patterns}; open it in this Chrome"

    def _wait(self, now: Millis, reason: str) -> None:
        self._follower.say(now, Situation("waiting_page", reason))


def _now() -> Millis:
    return time_ns() // 1_000_000
