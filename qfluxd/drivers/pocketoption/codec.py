"""From the page's frames to what the broker says, and to what the page asks of it.

Nothing here waits, reads a file or knows a clock: feed frames, get values. What makes no sense is counted
and kept in outline, never guessed at and never raised.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from qfluxd.drivers.pocketoption.wire import deals
from qfluxd.drivers.pocketoption.wire.grammar import RECEIVED, SENT
from qfluxd.drivers.pocketoption.wire.outline import outline
from qfluxd.drivers.pocketoption.wire.packets import Control, Message, Packets
from qfluxd.drivers.pocketoption.wire.reading import Reader
from qfluxd.drivers.pocketoption.wire.shown import Shown
from qfluxd.drivers.pocketoption.wire.socketio import UNREADABLE
from qfluxd.drivers.pocketoption.wire.sockets import Sockets
from qfluxd.drivers.pocketoption.wire.troubles import Troubles
from qfluxd.drivers.pocketoption.wire.values import Heard
from qfluxd.errors import ProtocolError
from qfluxd.model import Frame, LoggedIn, LoggedOut, Millis

_NAME = re.compile(r"[A-Za-z0-9_./-]{1,48}")
_MOST_NAMES = 256
_OTHER = "other"
_OF_ORDERS = (deals.read_order, deals.read_deal_opened, deals.read_refusal, deals.read_settled_deals)


class Codec:
    """Decodes the traffic of all sockets of one page.

    It promises never to raise on a frame, whatever is in it, and to keep no value of a frame it could not
    read. A value is told once, in the order of the frames.
    """

    def __init__(self, server_offset: int = 7200) -> None:
        """`server_offset`: how many seconds the server's clock is ahead of UTC."""
        self._offset = server_offset * 1000
        self._troubles = Troubles()
        self._packets = Packets(self._troubles)
        self._sockets = Sockets()
        self._shown = Shown()
        self._counts: dict[str, int] = {}
        self._superseded = 0

    @property
    def counts(self) -> Mapping[str, int]:
        """How often each event was heard, read or not.

        The page's own have ``sent:`` before the name, the transport's packets ``packet:``.
        """
        return self._counts

    @property
    def errors(self) -> Mapping[str, int]:
        """How many messages or rows made no sense, by reason."""
        return self._troubles.counts

    @property
    def kept(self) -> Sequence[ProtocolError]:
        """The latest fifty errors with the shape of what was wrong, oldest first; free of its values."""
        return self._troubles.kept

    @property
    def superseded(self) -> int:
        """How many events of an old market socket were ignored because a newer one had been accepted."""
        return self._superseded

    def feed(self, frame: Frame) -> list[Heard]:
        """All that this frame says; nothing where it is half of something, or not for us."""
        packet = self._packets.feed(frame)
        if packet is None:
            return []
        if isinstance(packet, Control):
            return self._on_control(packet)
        return self._on_message(packet)

    def forget(self, conn: str) -> None:
        """The socket closed."""
        self._packets.forget(conn)
        self._sockets.forget(conn)

    def _on_message(self, message: Message) -> list[Heard]:
        event = message.event
        reader = (SENT if message.sent else RECEIVED).get(event)
        self._count(f"sent:{event}" if message.sent else event)
        if message.namespace != "/":
            return []
        if reader is None:
            return self._on_session(message)
        if not self._sockets.hears(message.conn, message.at):
            return self._superseded_word(reader, message)
        return self._read(reader, message)

    def _superseded_word(self, reader: Reader, message: Message) -> list[Heard]:
        """Of an old market socket only what it says of orders: one that left through it is as real as any other."""
        if reader in _OF_ORDERS:
            return self._read(reader, message)
        self._superseded += 1
        return []

    def _on_session(self, message: Message) -> list[Heard]:
        match message.event, message.sent:
            case "successauth", False:
                self._sockets.accept(message.conn, message.at)
                return [LoggedIn(message.conn)]
            case "auth", True:
                self._sockets.hears(message.conn, message.at)
            case "NotAuthorized", False:
                return self._log_out(message.conn, message.at, "not authorized")
        return []

    def _on_control(self, packet: Control) -> list[Heard]:
        self._count(f"sent:packet:{packet.kind}" if packet.sent else f"packet:{packet.kind}")
        if packet.kind == "disconnect" and not packet.sent and self._sockets.knows(packet.conn):
            return self._log_out(packet.conn, packet.at, "disconnected by the broker")
        return []

    def _log_out(self, conn: str, at: Millis, reason: str) -> list[Heard]:
        """The session on this socket is over; that of a superseded one was not ours any more."""
        ours = self._sockets.hears(conn, at)
        self._sockets.forget(conn)
        return [LoggedOut(reason)] if ours else []

    def _read(self, reader: Reader, message: Message) -> list[Heard]:
        values: list[Heard] = []
        if message.arguments != 1:
            self._troubles.note(f"arguments:{message.event}")
            return values
        try:
            for told in reader(message, self._offset):
                if isinstance(told, ProtocolError):
                    self._troubles.note(told.reason, told.excerpt)
                else:
                    values.append(told)
        except msgspec.ValidationError:
            self._troubles.note(f"shape:{message.event}", outline(message.body))
        except UNREADABLE:
            self._troubles.note("bad_json", f"{message.event}: {len(message.body)} bytes")
        return self._shown.follow(message, values)

    def _count(self, name: str) -> None:
        """Names come from outside: those that are no words, or too many, are counted together."""
        counts = self._counts
        if name in counts:
            counts[name] += 1
            return
        if len(counts) >= _MOST_NAMES or not _NAME.fullmatch(name.removeprefix("sent:").removeprefix("packet:")):
            name = _OTHER
        counts[name] = counts.get(name, 0) + 1
