"""Lets Playwright see one tab of a browser, and keeps it from all others."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec
from picows import WSFrame, WSListener, WSMsgType, WSTransport, WSUpgradeRequest, ws_create_server

from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.endpoint import find_browser
from qfluxd.chrome.protocol import UNREADABLE

_NOTHING: Final = msgspec.Raw(b"{}")
# Answered as done, and not done. Playwright asks for them only for what we never ask of it, and they would cost the
# page and us time for every frame, log line and worker, or have a worker wait until we have looked at it.
_DONE_WITHOUT: Final = frozenset({"Network.enable", "Log.enable", "Runtime.enable", "Target.setAutoAttach"})
# All that may be asked of the browser; of the page, anything but what is refused below.
_ALLOWED: Final = frozenset(
    {
        "Browser.getVersion",
        "Browser.getWindowForTarget",
        "Target.attachToBrowserTarget",
        "Target.attachToTarget",
        "Target.detachFromTarget",
        "Target.getTargetInfo",
    }
)
_REFUSED: Final = (
    *("Browser.", "Target.", "Storage.", "SystemInfo.", "Tracing."),
    *("Page.close", "Page.crash", "Page.handleJavaScriptDialog"),
)
# A dialog waits for the person before the page; Playwright would dismiss it.
_NOT_TOLD: Final = (b'{"method":"Page.javascriptDialog',)


class _About(msgspec.Struct, rename="camel"):
    target_id: str = ""


class _Command(msgspec.Struct, rename="camel"):
    """What Playwright asks of the browser."""

    id: int
    method: str
    params: msgspec.Raw = _NOTHING
    session_id: str = ""


_open_command: Final = msgspec.json.Decoder(_Command).decode
_open_about: Final = msgspec.json.Decoder(_About).decode
_encode: Final = msgspec.json.Encoder().encode


class Keyhole(WSListener):
    """A browser's debugging address that shows one tab.

    The promise: nothing that comes in here reaches another tab, closes or stops anything, or answers a dialog that
    waits for a person. `ended` says that one of the two sides has hung up.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.address = ""
        self.ended = False
        self._path = f"/{secrets.token_urlsafe(24)}"
        self._chrome = Connection(self._show, lambda *_: None, lambda: None, self.end)
        self._watcher: WSTransport | None = None

    async def open(self, line: str, port: int) -> None:
        """Open the browser's own debugging WebSocket; ours listens on `port`."""
        await self._chrome.open(line)
        self.address = f"ws://127.0.0.1:{port}{self._path}"

    def admit(self, request: WSUpgradeRequest) -> WSListener | None:
        """Whether this is Playwright: only it has been told the path, and it comes once."""
        if self._watcher is None and request.path.decode(errors="replace") == self._path:
            return self
        return None

    def _show(self, message: bytes) -> bool:
        if not message.startswith(b"{"):
            return False  # a word of the line itself: Chrome says goodbye
        if self._watcher is not None and not message.startswith(_NOT_TOLD):
            self._watcher.send(WSMsgType.TEXT, message)
        return True

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Playwright has come."""
        self._watcher = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Playwright asks for something."""
        message = frame.get_payload_as_bytes()
        try:
            command = _open_command(message)
            about = _open_about(command.params)
        except UNREADABLE:
            self.end()  # it says goodbye, or speaks in a way that it never did
        else:
            self._pass_on(command, about.target_id, message)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Playwright has gone; so does what it held of the tab."""
        self.end()

    def _pass_on(self, command: _Command, about: str, message: bytes) -> None:
        if command.method == "Target.setAutoAttach" and not command.session_id:
            ours = {"targetId": self.target, "flatten": True}
            self._chrome.say(_encode({"id": command.id, "method": "Target.attachToTarget", "params": ours}))
        elif command.method in _DONE_WITHOUT:
            self._answer(command, result={})
        elif self._may_pass(command.method, about):
            self._chrome.say(message)
        else:
            self._answer(command, error={"code": -32000, "message": f"{command.method} does not pass here"})

    def _may_pass(self, method: str, about: str) -> bool:
        if method.startswith("Target.") and about not in ("", self.target):
            return False
        return method in _ALLOWED or not method.startswith(_REFUSED)

    def _answer(self, command: _Command, **what: object) -> None:
        assert self._watcher is not None
        session = {"sessionId": command.session_id} if command.session_id else {}
        self._watcher.send(WSMsgType.TEXT, _encode({"id": command.id, **what, **session}))

    def end(self) -> None:
        """Hang up on both sides."""
        self.ended = True
        self._chrome.end()
        if self._watcher is not None:
            self._watcher.disconnect(graceful=False)


@asynccontextmanager
async def open_keyhole(endpoint: str, target: str) -> AsyncIterator[Keyhole]:
    """A way in to one tab of the Chrome at `endpoint`, for as long as the block runs; its `address` is for Playwright.

    Raises:
        Disconnected: no Chrome answers there.
    """
    browser = await find_browser(endpoint)
    keyhole = Keyhole(target)
    server = await ws_create_server(keyhole.admit, "127.0.0.1", 0)
    try:
        await keyhole.open(browser.line, server.sockets[0].getsockname()[1])
        yield keyhole
    finally:
        keyhole.end()
        server.close()
