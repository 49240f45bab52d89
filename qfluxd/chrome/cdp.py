"""The line to Chrome: commands out, answers and events in, over its debugging port."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

import msgspec
from picows import WSError, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from qfluxd.chrome.protocol import UNREADABLE
from qfluxd.errors import Disconnected, QfluxdError

# Chrome holds back at most 256 MB for a slow reader, so no message of its can be larger than this.
_LARGEST_MESSAGE: Final = 512 * 1024 * 1024
_EMPTY: Final = msgspec.Raw(b"{}")

type Take = Callable[[bytes], bool]
"""Sees every message before it is opened; true means that it has dealt with it. Never waits."""

type Answered = Callable[[msgspec.Raw | QfluxdError], None]
"""Gets the undecoded answer to a command, `Refused` or `Disconnected`. Never waits."""

type OnEvent = Callable[[str, msgspec.Raw, str], None]
"""Hears an event: its method, its undecoded parameters, and the session it belongs to ("" for the browser)."""


class Refused(QfluxdError):
    """Chrome turned a command down, mostly because what it was about is gone."""


class _Fault(msgspec.Struct):
    message: str = ""


class _Message(msgspec.Struct, rename={"session": "sessionId"}):
    """Whatever Chrome sends, opened only as far as it must be to see whose it is."""

    id: int | None = None
    method: str = ""
    params: msgspec.Raw = _EMPTY
    result: msgspec.Raw = _EMPTY
    error: _Fault | None = None
    session: str = ""


_open_message: Final = msgspec.json.Decoder(_Message).decode
_encode: Final = msgspec.json.Encoder().encode


class Connection(WSListener):
    """One WebSocket to a browser, shared by all its sessions; when it ends, everyone who waits is told.

    `heard` counts the messages that came and `heard_bytes` their size: whoever asks for a sign of life can see
    whether Chrome was silent or only busy. `garbled` counts those that were no JSON.
    """

    def __init__(
        self, take: Take, on_event: OnEvent, on_read: Callable[[], None], on_end: Callable[[], None] = lambda: None
    ) -> None:
        self.heard = 0
        self.heard_bytes = 0
        self.garbled = 0
        self._take = take
        self._on_event = on_event
        self._on_read = on_read
        self._on_end = on_end
        self._transport: WSTransport | None = None
        self._ended = False
        self._parts: list[bytes] = []
        self._last_id = 0
        self._waiting: dict[int, Answered] = {}

    async def open(self, line: str, *, seconds: float = 5.0) -> None:
        """Open a browser's debugging WebSocket (``ws://…``); `end` closes it.

        Raises:
            Disconnected: it cannot be opened within `seconds`.
        """
        try:
            async with asyncio.timeout(seconds):
                await ws_connect(lambda: self, line, max_frame_size=_LARGEST_MESSAGE)
        except (OSError, TimeoutError, WSError) as error:
            raise Disconnected(f"Chrome's debugging line cannot be opened ({type(error).__name__})") from None

    # ------------------------------------------------------------------------------------------- speaking

    def post(self, method: str, params: Mapping[str, Any] | None = None, session: str = "") -> int:
        """Send a command whose answer nobody waits for; returns its number. On a line that has ended it is lost."""
        self._last_id += 1
        command: dict[str, Any] = {"id": self._last_id, "method": method, "params": params or {}}
        if session:
            command["sessionId"] = session
        self.say(_encode(command))
        return self._last_id

    def say(self, message: bytes) -> None:
        """Send a command that is written already. On a line that has ended it is lost."""
        if self._transport is not None and not self._ended:
            self._transport.send(WSMsgType.TEXT, message)

    def then(self, act: Answered, method: str, params: Mapping[str, Any] | None = None, session: str = "") -> int:
        """Send a command; `act` gets its answer before anything that Chrome says after it. Returns its number."""
        number = self.post(method, params, session)
        if self._ended:
            act(Disconnected("the line to Chrome has ended"))
        else:
            self._waiting[number] = act
        return number

    def ask(
        self, method: str, params: Mapping[str, Any] | None = None, session: str = ""
    ) -> asyncio.Future[msgspec.Raw]:
        """Send a command; the future brings its undecoded answer, `Refused` or `Disconnected`."""
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        number = self.then(partial(_settle, answer), method, params, session)
        answer.add_done_callback(lambda _: self._waiting.pop(number, None))
        return answer

    async def call(
        self, method: str, params: Mapping[str, Any] | None = None, session: str = "", seconds: float = 5.0
    ) -> dict[str, Any]:
        """Send a command and wait for its answer.

        Raises:
            Refused: Chrome turned it down, or its answer makes no sense.
            Disconnected: the line ended before the answer.
            TimeoutError: no answer within `seconds`.
        """
        async with asyncio.timeout(seconds):
            answer = await self.ask(method, params, session)
        try:
            return msgspec.json.decode(answer, type=dict[str, Any])
        except UNREADABLE:
            raise Refused(f"Chrome's answer to {method} makes no sense") from None

    # ------------------------------------------------------------------------------------------ listening

    def on_ws_connected(self, transport: WSTransport) -> None:
        """The line is up."""
        self._transport = transport

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """A message has come, or the next part of one."""
        data = frame.get_payload_as_bytes()
        self.heard += 1
        self.heard_bytes += len(data)
        if self._parts or not frame.fin or not self._take(data):
            self._assemble(transport, frame, data)
        if frame.last_in_buffer:
            self._on_read()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The line has ended: nobody is left waiting."""
        self._ended = True
        waiting, self._waiting = self._waiting, {}
        for act in waiting.values():
            act(Disconnected("the line to Chrome has ended"))
        self._on_end()

    def _assemble(self, transport: WSTransport, frame: WSFrame, data: bytes) -> None:
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            transport.disconnect()
        elif frame.fin and not self._parts:
            self._dispatch(data)
        else:
            self._parts.append(data)
            if frame.fin:
                whole = b"".join(self._parts)
                self._parts.clear()
                if not self._take(whole):
                    self._dispatch(whole)

    def _dispatch(self, data: bytes) -> None:
        try:
            message = _open_message(data)
        except UNREADABLE:
            self.garbled += 1
            return
        if message.id is None:
            self._on_event(message.method, message.params, message.session)
            return
        if act := self._waiting.pop(message.id, None):
            act(message.result if message.error is None else Refused(message.error.message))

    # --------------------------------------------------------------------------------------------- ending

    async def wait_ended(self) -> None:
        """Return when the line has ended. What a callback raised comes out here; the line ends by that too."""
        if self._transport is None:
            return
        try:
            await self._transport.wait_disconnected()
        except WSError as error:
            raise Disconnected(f"the line to Chrome broke ({type(error).__name__})") from None

    def end(self) -> None:
        """Hang up, at once; Chrome and its tabs stay as they are."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)


def _settle(future: asyncio.Future[msgspec.Raw], answer: msgspec.Raw | QfluxdError) -> None:
    if future.done():
        return  # its asker has run out of time
    if isinstance(answer, QfluxdError):
        future.set_exception(answer)
        future.exception()  # marks it as seen: its asker may have gone
    else:
        future.set_result(answer)
