"""What one text message of the broker's transport says, read strictly.

The broker speaks Socket.IO protocol 5 over Engine.IO protocol 4, over WebSockets alone. The first digit is
Engine.IO's; ``4`` carries a Socket.IO packet, whose own digit follows:

    0{…}  1  2  3  5  6          open, close, ping, pong, upgrade, noop
    40{…}  41  44{…}             connect, disconnect, connect error
    42["event",data]             an event in one step
    451-["event",{placeholder}]  an event's header; its data follows as one binary message
    43…  461-…                   acknowledgements

A namespace (``/name,``) and an acknowledgement's number may stand before the data.
"""

import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from qfluxd.drivers.pocketoption.wire.outline import size
from qfluxd.errors import ProtocolError

type Kind = Literal["open", "close", "ping", "pong", "upgrade", "noop", "connect", "disconnect", "refused", "ack"]

# One attachment is all that was ever seen; a header that asks for more than this is not believed.
_MOST_ATTACHMENTS = 64

_ENGINE: dict[int, Kind] = {48: "open", 49: "close", 50: "ping", 51: "pong", 53: "upgrade", 54: "noop"}
_SOCKET: dict[bytes, Kind] = {b"0": "connect", b"1": "disconnect", b"3": "ack", b"4": "refused"}
_ENGINE_PACKET = re.compile(rb"0\{.*|[23](?:probe)?|[156]", re.DOTALL)
_SOCKET_PACKET = re.compile(
    rb"4(?:(?P<plain>[0-4])|(?P<binary>[56])(?P<count>\d{1,4})-)"
    rb"(?:(?P<namespace>/[^,?]*)(?:\?[^,]*)?(?:,|\Z))?(?:\d{1,18})?(?P<data>\D.*|)",
    re.DOTALL,
)
_ARGUMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_NAME = msgspec.json.Decoder(str)
_RAW = msgspec.json.Decoder(msgspec.Raw)
# Numbers beside a placeholder keep their own digits, so that money stays exact.
_LOOSE = msgspec.json.Decoder(float_hook=lambda digits: msgspec.Raw(digits.encode()))

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading bytes as JSON may raise: not JSON, not UTF-8, nested too deep."""


class Header(msgspec.Struct, frozen=True, gc=False):
    """An event as its text message tells it; `event` is None for an acknowledgement.

    `arguments` are JSON texts. While `attachments` is not 0, placeholders stand in them for what is still
    to come; `whole` says that the one attachment is the event's one argument.
    """

    event: str | None
    namespace: str
    arguments: tuple[bytes, ...]
    attachments: int
    whole: bool


def read_text(data: bytes) -> Kind | Header | ProtocolError:
    """The packet in one text message; a `ProtocolError` (returned) where it is none."""
    if not data.startswith(b"4"):
        return _ENGINE[data[0]] if _ENGINE_PACKET.fullmatch(data) else ProtocolError("engine_packet", size(data))
    packet = _SOCKET_PACKET.fullmatch(data)
    if packet is None:
        return ProtocolError("socket_packet", size(data))
    if packet["plain"] in _SOCKET:
        return _SOCKET[packet["plain"]]
    try:
        return _read_event(packet)
    except UNREADABLE:
        return ProtocolError("bad_json", size(data))


def fill(header: Header, parts: tuple[bytes, ...]) -> tuple[bytes, ...] | ProtocolError:
    """The event's arguments with each attachment where its placeholder stands."""
    try:
        raw = [_RAW.decode(part) for part in parts]
        return tuple(msgspec.json.encode(_filled(_LOOSE.decode(item), raw)) for item in header.arguments)
    except UNREADABLE:
        return ProtocolError("bad_json", size(b"".join(parts)))


def _read_event(packet: re.Match[bytes]) -> Header | ProtocolError:
    count = int(packet["count"] or 0)
    if count > _MOST_ATTACHMENTS:
        return ProtocolError("attachments", size(packet[0]))
    namespace = (packet["namespace"] or b"/").decode()
    arguments = [bytes(item) for item in _ARGUMENTS.decode(packet["data"])]
    event = None
    if packet["binary"] != b"6":
        if not arguments:
            return ProtocolError("no_event", size(packet[0]))
        event = _NAME.decode(arguments.pop(0))
    if not count:
        return Header(event, namespace, tuple(arguments), 0, whole=False)
    loose = [_LOOSE.decode(item) for item in arguments]
    if sorted(num for item in loose for num in _placeholders(item)) != list(range(count)):
        return ProtocolError("placeholders", size(packet[0]))
    whole = len(loose) == 1 and _number(loose[0]) is not None
    return Header(event, namespace, tuple(arguments), count, whole)


def _number(value: Any) -> int | None:
    """Which attachment a JSON value stands for; None where it is no placeholder."""
    match value:
        case {"_placeholder": True, "num": int() as number}:
            return number
        case _:
            return None


def _placeholders(value: Any) -> Iterator[int]:
    number = _number(value)
    if number is not None:
        yield number
    elif isinstance(value, list):
        for item in value:
            yield from _placeholders(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _placeholders(item)


def _filled(value: Any, parts: list[msgspec.Raw]) -> Any:
    number = _number(value)
    if number is not None:
        return parts[number]
    if isinstance(value, list):
        return [_filled(item, parts) for item in value]
    if isinstance(value, dict):
        return {key: _filled(item, parts) for key, item in value.items()}
    return value
