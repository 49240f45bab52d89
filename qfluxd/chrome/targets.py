"""Finds the trading pages among all tabs, holds on to them through reloads and crashes, and leaves all others alone."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from qfluxd.chrome import protocol as cdp
from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.held import Page
from qfluxd.chrome.pages import Target, Tell, origin
from qfluxd.chrome.sessions import Session, Sessions
from qfluxd.chrome.shared import SharedWorkers
from qfluxd.errors import QfluxdError

_BLANK: Final = ("", "about:blank")


class Targets:
    """All that we hold in one browser.

    The promise: only tabs that show or are about to show a trading page, what runs inside them, and shared workers
    of their origin are ever attached to.
    """

    def __init__(
        self, line: Connection, matches: Callable[[str], bool], tell: Tell, on_closed: Callable[[str], None]
    ) -> None:
        self.pages: dict[Target, Page] = {}
        self.sessions = Sessions(line, tell, self._may_hear, on_closed)
        self.garbled = 0
        self._line = line
        self._matches = matches
        self._tell = tell
        self._asked: set[str] = set()
        self._shared = SharedWorkers(line, self.sessions, self._attach)

    def hear(self, method: str, params: msgspec.Raw, session: str) -> None:
        """Take an event of Chrome's; most are none of our business."""
        known = _HEARD.get(method)
        if known is None:
            return
        decode, act = known
        try:
            event = decode(params)
        except cdp.UNREADABLE:
            self.garbled += 1
            return
        act(self, event, session)

    def _may_hear(self, owner: Target) -> bool:
        page = self.pages.get(owner)
        return page.found if page else owner in self._shared

    def _origins(self) -> set[str]:
        return {origin(page.url) for page in self.pages.values() if page.found}

    # ------------------------------------------------------------------------------------ tabs come and go

    def _on_known(self, event: cdp.TargetKnown, _session: str) -> None:
        info = event.target_info
        if info.type == "shared_worker":
            self._shared.learn(info.target_id, info.url)
            return
        page = self.pages.get(info.target_id)
        wanted = self._matches(info.url)
        if page is None and wanted:
            self._attach(info.target_id)
        elif page is not None and not page.found and not wanted and info.url not in _BLANK:
            self._leave(info.target_id, "it did not open the trading page")

    def _attach(self, thing: str) -> None:
        if thing not in self._asked:
            self._asked.add(thing)
            order = {"targetId": thing, "flatten": True}
            self._line.then(lambda _: self._asked.discard(thing), "Target.attachToTarget", order)

    def _on_attached(self, event: cdp.Attached, parent: str) -> None:
        thing = event.target_info.target_id
        if parent:
            if over := self.sessions.get(parent):
                self.sessions.begin(Session(event.session_id, over.owner, thing))
        elif event.target_info.type == "shared_worker":
            self._shared.on_attached(Session(event.session_id, thing, thing))
        else:
            session = Session(event.session_id, thing, thing)
            self.sessions.keep(session)
            page = self.pages[thing] = Page(thing, session, event.target_info.url, self._tell)
            self._look(page)

    def _look(self, page: Page) -> None:
        self._line.post("Page.enable", session=page.session.id)
        # A tab's address is the one it is heading for; its frame tree says what it shows. That is answered before
        # its first frame comes: listening starts at once, and nothing is missed while we ask.
        self._line.then(partial(self._on_shown, page), "Page.getFrameTree", session=page.session.id)
        self.sessions.begin(page.session)

    def _on_shown(self, page: Page, answer: msgspec.Raw | QfluxdError) -> None:
        tree = self._read(answer, cdp.FrameTree)
        if tree is None or self.pages.get(page.target) is not page or page.found:
            return
        document = tree.frame_tree.frame
        page.frame = document.id
        if self._matches(document.url):
            self._find(page, document.url)
        elif document.url not in _BLANK:
            page.paused = True
            self.sessions.pause(page.session)
            self._line.then(self._on_info, "Target.getTargetInfo", {"targetId": page.target})

    def _on_info(self, answer: msgspec.Raw | QfluxdError) -> None:
        if info := self._read(answer, cdp.TargetKnown):
            self._on_known(info, "")

    def _read[T](self, answer: msgspec.Raw | QfluxdError, kind: type[T]) -> T | None:
        if isinstance(answer, QfluxdError):
            return None
        try:
            return msgspec.json.decode(answer, type=kind)
        except cdp.UNREADABLE:
            self.garbled += 1
            return None

    def _find(self, page: Page, url: str) -> None:
        page.find(url)
        if page.paused:
            page.paused = False
            self.sessions.begin(page.session)
        for session in self.sessions.of(page.target):
            self.sessions.admit(session)
        self._shared.serve(self._origins())

    def _on_detached(self, event: cdp.Detached, _session: str) -> None:
        session = self.sessions.get(event.session_id)
        if session is None:
            return
        page = self.pages.get(session.owner)
        if page is not None and page.session is session:
            self._lose(session.owner, "it was closed")
        else:
            self.sessions.end(session)

    def _on_destroyed(self, event: cdp.TargetEnded, _session: str) -> None:
        self._shared.forget(event.target_id)
        if event.target_id in self.pages:
            self._lose(event.target_id, "it was closed")

    def _leave(self, target: Target, reason: str) -> None:
        self._line.post("Target.detachFromTarget", {"sessionId": self.pages[target].session.id})
        self._lose(target, reason)

    def _lose(self, target: Target, reason: str) -> None:
        page = self.pages.pop(target)
        for session in self.sessions.of(target):
            self.sessions.end(session)
        page.leave(reason)
        self._shared.serve(self._origins())

    # ----------------------------------------------------------------------------------- what a page shows

    def _page_of(self, session: str) -> Page | None:
        held = self.sessions.get(session)
        page = self.pages.get(held.owner) if held else None
        return page if page and page.session is held else None

    def _on_navigated(self, event: cdp.FrameNavigated, session: str) -> None:
        page, document = self._page_of(session), event.frame
        if page is None or document.parent_id is not None:
            return
        page.frame = document.id
        if not self._matches(document.url):
            if page.found or document.url not in _BLANK:
                self._leave(page.target, "it shows something else now")
        elif not page.found:
            self._find(page, document.url)
        else:
            self.sessions.close_sockets(page.session)
            page.load(document.url)

    def _on_moved(self, event: cdp.MovedWithin, session: str) -> None:
        page = self._page_of(session)
        if page is None or not page.found or event.frame_id != page.frame:
            return
        if self._matches(event.url):
            page.move(event.url)
        else:
            self._leave(page.target, "it shows something else now")

    def _on_target_crashed(self, event: cdp.TargetEnded, _session: str) -> None:
        if page := self.pages.get(event.target_id):
            self._crash(page, event.status)

    def _on_session_crashed(self, _event: cdp.Nothing, session: str) -> None:
        if page := self._page_of(session):
            self._crash(page, "crashed")
        elif inside := self.sessions.get(session):
            self.sessions.close_sockets(inside)

    def _crash(self, page: Page, reason: str) -> None:
        self.sessions.close_sockets(page.session)
        page.crash(reason)

    def _on_revived(self, _event: cdp.Nothing, session: str) -> None:
        if (page := self._page_of(session)) and not page.found:
            self._look(page)  # what was asked of it when it was dead is lost

    def _on_dialog(self, event: cdp.Dialog, session: str) -> None:
        if page := self._page_of(session):
            page.hang(f"a dialog waits for an answer ({event.type})")

    def _on_dialog_closed(self, _event: cdp.Nothing, session: str) -> None:
        if page := self._page_of(session):
            page.recover()


type _Act = Callable[[Targets, Any, str], None]


def _reader(kind: type[msgspec.Struct], act: _Act) -> tuple[Callable[[msgspec.Raw], Any], _Act]:
    return msgspec.json.Decoder(kind).decode, act


_HEARD: Final = {
    "Target.targetCreated": _reader(cdp.TargetKnown, Targets._on_known),
    "Target.targetInfoChanged": _reader(cdp.TargetKnown, Targets._on_known),
    "Target.targetDestroyed": _reader(cdp.TargetEnded, Targets._on_destroyed),
    "Target.targetCrashed": _reader(cdp.TargetEnded, Targets._on_target_crashed),
    "Target.attachedToTarget": _reader(cdp.Attached, Targets._on_attached),
    "Target.detachedFromTarget": _reader(cdp.Detached, Targets._on_detached),
    "Page.frameNavigated": _reader(cdp.FrameNavigated, Targets._on_navigated),
    "Page.navigatedWithinDocument": _reader(cdp.MovedWithin, Targets._on_moved),
    "Page.javascriptDialogOpening": _reader(cdp.Dialog, Targets._on_dialog),
    "Page.javascriptDialogClosed": _reader(cdp.Nothing, Targets._on_dialog_closed),
    "Inspector.targetCrashed": _reader(cdp.Nothing, Targets._on_session_crashed),
    "Inspector.targetReloadedAfterCrash": _reader(cdp.Nothing, Targets._on_revived),
    "Network.webSocketCreated": _reader(cdp.Socket, lambda all_, event, name: all_.sessions.on_opened(event, name)),
    "Network.webSocketClosed": _reader(cdp.Socket, lambda all_, event, name: all_.sessions.on_closed(event, name)),
}
