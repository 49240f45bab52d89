"""Listens to what the trading page and its broker say to each other, without touching anything."""

import asyncio
from binascii import a2b_base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import time_ns
from typing import Final, Never

import msgspec

from qfluxd.chrome import protocol as cdp
from qfluxd.chrome.cdp import Connection, Refused
from qfluxd.chrome.channel import MOST_BYTES, MOST_FRAMES, Channel
from qfluxd.chrome.endpoint import Browser, find_browser
from qfluxd.chrome.pages import Target, Tell, page_matcher
from qfluxd.chrome.pulse import feel_browser, feel_pages
from qfluxd.chrome.secrets import Gate
from qfluxd.chrome.targets import Targets
from qfluxd.errors import Disconnected
from qfluxd.model import Frame
from qfluxd.ports import SeeFrame

# Chrome writes the method first. A message that begins so is a frame; the next letter says which way it went.
_FRAME: Final = b'{"method":"Network.webSocketFrame'
_WAY: Final = len(_FRAME)
_RECEIVED, _SENT = b"RS"
_TEXT, _BINARY = 1, 2
_RELOADS: Final = 5.0  # seconds in which Chrome answers to a reload
_TURN: Final = "Runtime.getIsolateId"  # the least that a renderer has to do for an answer
_FRAME_EVENTS: Final = ("Network.webSocketFrameReceived", "Network.webSocketFrameSent")
_decode_message: Final = msgspec.json.Decoder(cdp.Message).decode
_decode_frame: Final = msgspec.json.Decoder(cdp.FrameSeen).decode


class TapStats(msgspec.Struct, frozen=True):
    """What the tap has done since it was opened.

    `frames` and `bytes` were passed on, `secrets` dropped because they authenticate, `lost` dropped because the
    consumer was too slow, `garbled` made no sense; `queued` wait now, `peak` waited at most. `withheld` are those among
    `secrets` that the page has sent and that say one of the words to be counted.
    """

    frames: int
    bytes: int
    secrets: int
    withheld: int
    lost: int
    garbled: int
    queued: int
    peak: int
    pages: int
    sockets: int


class Tap:
    """One Chrome, listened to.

    The promise: frames come in the order Chrome gave them, each once, without anything that authenticates; what had
    to be dropped is counted and told. It sends nothing to the page and changes nothing in it.
    """

    def __init__(self, browser: Browser, pages: Sequence[str], channel: Channel, words: Sequence[bytes] = ()) -> None:
        self.browser = browser
        self._words = tuple(words)
        self._gate = Gate()
        self._channel = channel
        self._line = Connection(self._take, self._hear, channel.end_turn)
        self._targets = Targets(self._line, page_matcher(pages), channel.say, self._gate.forget)
        self._sessions = self._targets.sessions
        self._live = self._sessions.live
        self._frames = 0
        self._bytes = 0
        self._secrets = 0
        self._withheld = 0
        self._garbled = 0

    # ---------------------------------------------------------------------------- the way of a single frame

    def _take(self, message: bytes) -> bool:
        if not message.startswith(_FRAME):
            return False
        way = message[_WAY]
        if way != _RECEIVED and way != _SENT:
            return False
        try:
            seen = _decode_frame(message)
        except cdp.UNREADABLE:
            self._garbled += 1
        else:
            self._pass_on(seen.params, seen.session_id, way == _SENT)
        return True

    def _pass_on(self, message: cdp.Message, session_id: str, sent: bool) -> None:
        now = time_ns()
        session = self._live.get(session_id)
        payload = message.response
        text = payload.opcode == _TEXT
        if session is None or not (text or payload.opcode == _BINARY):
            return
        try:
            data = payload.payload_data.encode() if text else a2b_base64(payload.payload_data)
        except ValueError:
            self._garbled += 1
            return
        conn = session.conns.get(message.request_id) or self._sessions.name_socket(session, message.request_id, None)
        if self._gate.passes(conn, data, text, sent):
            self._frames += 1
            self._bytes += len(data)
            self._channel.put(Frame(now // 1_000_000, conn, data, text, sent), now)
        else:
            self._secrets += 1
            self._withheld += sent and any(word in data for word in self._words)

    def _hear(self, method: str, params: msgspec.Raw, session: str) -> None:
        if method in _FRAME_EVENTS:  # with its parts in another order than the one that is looked for
            try:
                self._pass_on(_decode_message(params), session, method == _FRAME_EVENTS[1])
            except cdp.UNREADABLE:
                self._garbled += 1
        else:
            self._targets.hear(method, params, session)

    # ------------------------------------------------------------------------------------------ its own life

    async def connect(self) -> None:
        """Open the line; `open_tap` does it."""
        await self._line.open(self.browser.line)

    def close(self) -> None:
        """Hang up; the browser and its tabs stay as they are."""
        self._line.end()

    async def run(self) -> Never:
        """Listen until Chrome goes; frames and page events come through the callbacks given to `open_tap`.

        Raises:
            Disconnected: Chrome ended, broke the line, or does not answer any more. What had been read before has
                been delivered; nothing more is told of pages and sockets, they are all gone.
        """
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._channel.run(), name="tap delivery")
                group.create_task(feel_browser(self._line, self._channel.say), name="tap browser pulse")
                group.create_task(feel_pages(self._line, self._targets), name="tap page pulse")
                group.create_task(self._wait_ended(), name="tap line")
                self._line.post("Target.setDiscoverTargets", cdp.DISCOVER)
        except* Disconnected as lost:
            reason = str(lost.exceptions[0])
        await self._channel.empty()
        raise Disconnected(reason)

    async def _wait_ended(self) -> Never:
        await self._line.wait_ended()
        raise Disconnected("Chrome has ended, or closed its debugging line")

    # --------------------------------------------------------------------------------------------- on request

    async def reload(self, target: Target) -> None:
        """Reload a page, also one that has crashed.

        Raises:
            Refused: that page is not held, or does not let itself be reloaded.
            Disconnected: the line ended.
        """
        page = self._targets.pages.get(target)
        if page is None:
            raise Refused("there is no such trading page any more")
        answer, load = self._line.ask("Page.reload", session=page.session.id), page.next_load()
        try:  # where a document goes at once, Chrome's answer may go with it
            done, _ = await asyncio.wait((answer, load), timeout=_RELOADS, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise Refused("the page does not let itself be reloaded: a dialog may be open")
            if answer in done:
                await answer
        finally:
            answer.cancel()
            load.cancel()

    async def caught_up(self, target: Target, seconds: float = 5.0) -> None:
        """Return when every frame that the page had sent or got before this call has been seen.

        Raises:
            Refused: that page is not held.
            Disconnected: the line ended.
            TimeoutError: the page, or who sees its frames, is too busy.
        """
        page = self._targets.pages.get(target)
        if page is None:
            raise Refused("there is no such trading page any more")
        async with asyncio.timeout(seconds):
            # A renderer answers behind the frames that it has reported on the same session.
            asked = [(line, self._line.ask(_TURN, session=line.id)) for line in self._sessions.of(target)]
            for session, answer in asked:
                try:
                    await answer
                except Refused:
                    if session is page.session:
                        raise  # any other was a worker that has ended meanwhile
            await self._channel.caught_up()

    async def processes(self) -> list[tuple[str, int]]:
        """Chrome's processes, each as (type, process id); the first is the browser itself.

        Raises:
            Refused: Chrome does not tell, or not in a way that makes sense.
            Disconnected: the line ended.
            TimeoutError: no answer in time.
        """
        answer = await self._line.call("SystemInfo.getProcessInfo")
        try:
            told = msgspec.convert(answer, cdp.Processes)
        except msgspec.ValidationError:
            raise Refused("Chrome's list of its processes makes no sense") from None
        return [(process.type, process.id) for process in told.process_info]

    @property
    def stats(self) -> TapStats:
        """What was done so far."""
        return TapStats(
            frames=self._frames,
            bytes=self._bytes,
            secrets=self._secrets,
            withheld=self._withheld,
            lost=self._channel.lost,
            garbled=self._garbled + self._targets.garbled + self._line.garbled,
            queued=self._channel.queued,
            peak=self._channel.peak,
            pages=sum(page.found for page in self._targets.pages.values()),
            sockets=sum(len(session.conns) for session in self._live.values()),
        )


@asynccontextmanager
async def open_tap(
    endpoint: str,
    pages: Sequence[str],
    *,
    see: SeeFrame,
    tell: Tell,
    words: Sequence[bytes] = (),
    most_frames: int = MOST_FRAMES,
    most_bytes: int = MOST_BYTES,
) -> AsyncIterator[Tap]:
    """A line to the Chrome at `endpoint` (``http://host:port``) for as long as the block runs; `Tap.run` listens.

    `pages` are patterns of the trading page's address, such as ``https://pocketoption.com/*``. `see` gets every frame
    and `tell` every event of a page, in one order, on the loop. What is sent and withheld though it says one of `words`
    is counted apart. The two limits bound what is kept for a slow consumer.

    Raises:
        Disconnected: no Chrome answers there.
        ValueError: a pattern is no page address.
    """
    channel = Channel(see, tell, most_frames=most_frames, most_bytes=most_bytes)
    browser = await find_browser(endpoint)
    tap = Tap(browser, pages, channel, words)
    try:
        await tap.connect()
        yield tap
    finally:
        tap.close()
