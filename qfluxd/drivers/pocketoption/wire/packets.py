"""From the WebSocket messages of many sockets to named events: who belongs to whom.

A binary event is a header and then its data, on one socket and in one direction. Messages of other sockets
may come between them, and so may Engine.IO's own packets (a ping). Any other message in between ends the
header's wait, as in the reference implementation: its data, should it still come, is an orphan. Nothing
is ever paired by guessing.
"""

import msgspec

from qfluxd.drivers.pocketoption.wire.outline import size
from qfluxd.drivers.pocketoption.wire.socketio import Header, Kind, fill, read_text
from qfluxd.drivers.pocketoption.wire.troubles import Troubles
from qfluxd.errors import ProtocolError
from qfluxd.model import Frame, Millis

_CACHED_HEADERS = 256
_CACHED_LENGTH = 200


class Message(msgspec.Struct, frozen=True, gc=False):
    """One event of the page's conversation with the broker.

    `body` is the JSON of its first argument (``null`` if there is none), `arguments` how many there are.
    `begun` and `at` are when its first and its last frame were read; they differ only where data followed
    a header, and `attachments` says in how many frames.
    """

    at: Millis
    begun: Millis
    conn: str
    event: str
    body: bytes
    sent: bool
    attachments: int = 0
    arguments: int = 1
    namespace: str = "/"


class Control(msgspec.Struct, frozen=True, gc=False):
    """A packet that carries no event: the socket's own life. `refused` is Socket.IO's connect error."""

    at: Millis
    conn: str
    kind: Kind
    sent: bool


class _Half(msgspec.Struct, frozen=True, gc=False):
    """A header, when it came, and what has come of its data."""

    header: Header
    begun: Millis
    parts: tuple[bytes, ...] = ()


class Packets:
    """Pairs headers with their data, per socket and direction.

    It never raises: what does not fit goes to `troubles`, and an event that it spoils is not told.
    """

    def __init__(self, troubles: Troubles) -> None:
        self._troubles = troubles
        self._known: dict[bytes, Header] = {}
        self._halves: tuple[dict[str, _Half], dict[str, _Half]] = ({}, {})

    def feed(self, frame: Frame) -> Message | Control | None:
        """What this frame completes; None where it completes nothing."""
        if not frame.text:
            return self._attach(frame)
        header = self._known.get(frame.data)
        if header is None:
            return self._read(frame)
        self._begin(header, frame)
        return None

    def forget(self, conn: str) -> None:
        """The socket is gone: a header on it waits no longer."""
        for halves in self._halves:
            if halves.pop(conn, None) is not None:
                self._troubles.note("header_without_data")

    def _read(self, frame: Frame) -> Message | Control | None:
        if frame.data.startswith(b"4") and self._halves[frame.sent].pop(frame.conn, None) is not None:
            self._troubles.note("header_superseded")
        packet = read_text(frame.data)
        if isinstance(packet, ProtocolError):
            self._troubles.note(packet.reason, packet.excerpt)
            return None
        if isinstance(packet, str):
            return Control(frame.at, frame.conn, packet, frame.sent)
        if not packet.attachments:
            return _told(packet, packet.arguments, frame, frame.at)
        if packet.whole:
            self._remember(frame.data, packet)
        self._begin(packet, frame)
        return None

    def _remember(self, data: bytes, header: Header) -> None:
        """Headers repeat: two a second per asset, each the same text. One that holds data is not kept."""
        if len(data) <= _CACHED_LENGTH:
            if len(self._known) >= _CACHED_HEADERS:
                self._known.clear()
            self._known[data] = header

    def _begin(self, header: Header, frame: Frame) -> None:
        halves = self._halves[frame.sent]
        if frame.conn in halves:
            self._troubles.note("header_superseded")
        halves[frame.conn] = _Half(header, frame.at)

    def _attach(self, frame: Frame) -> Message | Control | None:
        halves = self._halves[frame.sent]
        half = halves.pop(frame.conn, None)
        if half is None:
            self._troubles.note("orphan_binary", size(frame.data))
            return None
        header = half.header
        if header.whole and header.event is not None:
            return Message(
                frame.at, half.begun, frame.conn, header.event, frame.data, frame.sent, 1, 1, header.namespace
            )
        parts = (*half.parts, frame.data)
        if len(parts) < header.attachments:
            halves[frame.conn] = _Half(header, half.begun, parts)
            return None
        return self._assemble(header, parts, frame, half.begun)

    def _assemble(
        self, header: Header, parts: tuple[bytes, ...], frame: Frame, begun: Millis
    ) -> Message | Control | None:
        arguments = fill(header, parts)
        if isinstance(arguments, ProtocolError):
            self._troubles.note(arguments.reason, arguments.excerpt)
            return None
        return _told(header, arguments, frame, begun)


def _told(header: Header, arguments: tuple[bytes, ...], frame: Frame, begun: Millis) -> Message | Control:
    """The finished event; an acknowledgement is told without its data, which nobody here asked for."""
    if header.event is None:
        return Control(frame.at, frame.conn, "ack", frame.sent)
    body = arguments[0] if arguments else b"null"
    return Message(
        frame.at,
        begun,
        frame.conn,
        header.event,
        body,
        frame.sent,
        header.attachments,
        len(arguments),
        header.namespace,
    )
