"""The transport: which frames belong together, and what is told where they do not."""

import importlib
import json
from collections import Counter
from typing import Any

import pytest

from qfluxd.drivers.pocketoption.wire.packets import Control, Message, Packets
from qfluxd.drivers.pocketoption.wire.troubles import Troubles
from qfluxd.model import Frame
from tests.support.captures import CAPTURES, read_frames, read_lines
from tests.support.fixtures import fixture

HEADER = b'451-["updateStream",{"_placeholder":true,"num":0}]'
KINDS = {"open": "engine:open", "connect": "engine:sio-connect", "ping": "engine:ping"}


def text(data: bytes, conn: str = "a", *, at: int = 0, sent: bool = False) -> Frame:
    return Frame(at, conn, data, sent=sent)


def binary(data: bytes, conn: str = "a", *, at: int = 0, sent: bool = False) -> Frame:
    return Frame(at, conn, data, text=False, sent=sent)


def feed(*frames: Frame) -> tuple[list[Message | Control], dict[str, int]]:
    """What the frames complete, and the troubles they cause."""
    troubles = Troubles()
    packets = Packets(troubles)
    told = [packet for frame in frames if (packet := packets.feed(frame)) is not None]
    return told, dict(troubles.counts)


def messages(*frames: Frame) -> list[Message]:
    told, errors = feed(*frames)
    assert not errors
    return [packet for packet in told if isinstance(packet, Message)]


# ------------------------------------------------------------------------------------ recorded page loads


@pytest.mark.parametrize("name", CAPTURES)
def test_every_recorded_event_is_decoded_as_recorded(name: str) -> None:
    """Name, way, header, socket and payload of every event equal the independently decoded truth."""
    frames = read_frames(fixture(f"frames/{name}.frames.jsonl"))
    truth = read_lines(fixture(f"frames/{name}.events.jsonl"))
    told, errors = feed(*frames)
    assert errors == {}
    assert len(told) == len(truth)
    for packet, event in zip(told, truth, strict=True):
        assert (packet.at, packet.conn) == (event["i"], event["conn"])
        if isinstance(packet, Control):
            assert event["via"] == "engine"
            assert frames[packet.at].data.decode() == event["payload"]
        else:
            assert packet.event == event["event"]
            assert ("binary" if packet.attachments else "text") == event["via"]
            assert packet.begun == event.get("hdr_i", event["i"])
            assert json.loads(packet.body) == event["payload"]


@pytest.mark.parametrize("name", CAPTURES)
def test_the_recorded_counts_hold(name: str) -> None:
    """Frames, headers, sockets, events and ticks are as many as `EXPECTED.json` says."""
    frames = read_frames(fixture(f"frames/{name}.frames.jsonl"))
    expected = json.loads(fixture("frames/EXPECTED.json").read_text())[f"{name}.frames.jsonl"]
    troubles = Troubles()
    packets = Packets(troubles)
    told = [packet for frame in frames if (packet := packets.feed(frame)) is not None]
    for conn in expected["connections_in_order"]:
        packets.forget(conn)
    names = Counter(KINDS[packet.kind] if isinstance(packet, Control) else packet.event for packet in told)
    ticks = [
        row[0]
        for packet in told
        if isinstance(packet, Message) and packet.event == "updateStream"
        for row in json.loads(packet.body)
    ]
    assert len(frames) == expected["frames"]
    assert sum(frame.text for frame in frames) == expected["text"]
    assert sum(not frame.text for frame in frames) == expected["binary"]
    assert sum(frame.data.startswith(b"451-") for frame in frames) == expected["headers_451"]
    assert dict(troubles.counts) == {"header_without_data": expected["headers_without_binary_at_end"]}
    assert list(dict.fromkeys(frame.conn for frame in frames)) == expected["connections_in_order"]
    assert names == expected["events"]
    assert Counter(ticks) == expected["ticks_per_asset"]


@pytest.mark.parametrize("name", CAPTURES)
def test_the_reference_decoder_agrees_on_every_frame(name: str) -> None:
    """python-socketio's and python-engineio's own packet decoders read the same out of each frame."""
    reference = Reference()
    packets = Packets(Troubles())
    for frame in read_frames(fixture(f"frames/{name}.frames.jsonl")):
        assert summary(packets.feed(frame)) == reference.feed(frame)


class Reference:
    """The two libraries' decoders, one socket's attachments kept apart from another's."""

    def __init__(self) -> None:
        self._engine: Any = importlib.import_module("engineio.packet")
        self._socket: Any = importlib.import_module("socketio.packet")
        self._waiting: dict[str, Any] = {}

    def feed(self, frame: Frame) -> tuple[Any, ...] | None:
        packet = self._engine.Packet(encoded_packet=frame.data.decode() if frame.text else frame.data)
        if packet.binary:
            event = self._waiting[frame.conn]
            return self._event(event) if event.add_attachment(packet.data) else None
        if packet.packet_type != self._engine.MESSAGE:
            return (self._engine.packet_names[packet.packet_type],)
        event = self._socket.Packet(encoded_packet=frame.data.decode()[1:])
        if event.attachment_count:
            self._waiting[frame.conn] = event
            return None
        return self._event(event)

    def _event(self, packet: Any) -> tuple[Any, ...]:
        if packet.packet_type not in {self._socket.EVENT, self._socket.BINARY_EVENT}:
            return (self._socket.packet_names[packet.packet_type],)
        name, *arguments = packet.data
        data = json.loads(arguments[0]) if arguments and isinstance(arguments[0], bytes) else (arguments or [None])[0]
        return (name, len(arguments), data)


def summary(packet: Message | Control | None) -> tuple[Any, ...] | None:
    match packet:
        case None:
            return None
        case Control(kind=kind):
            return (kind.upper(),)
        case _:
            return (packet.event, packet.arguments, json.loads(packet.body))


# ----------------------------------------------------------------------------------------------- the forms


def test_header_and_data_make_one_event() -> None:
    """The event carries the data's bytes as they came, and when each of its frames was read."""
    (event,) = messages(text(HEADER, at=1), binary(b"[[1]]", at=2))
    assert event == Message(2, 1, "a", "updateStream", b"[[1]]", sent=False, attachments=1)


def test_sockets_are_paired_apart() -> None:
    """Frames of other sockets between a header and its data disturb nothing."""
    told = messages(text(HEADER, "a"), text(HEADER, "b"), binary(b"[2]", "b"), binary(b"[1]", "a"))
    assert [(event.conn, event.body) for event in told] == [("b", b"[2]"), ("a", b"[1]")]


def test_directions_are_paired_apart() -> None:
    """What the page sends cannot complete what the broker began."""
    told = messages(text(HEADER), text(HEADER, sent=True), binary(b"[2]", sent=True), binary(b"[1]"))
    assert [(event.sent, event.body) for event in told] == [(True, b"[2]"), (False, b"[1]")]


def test_a_ping_may_come_between_header_and_data() -> None:
    """Engine.IO's own packets are another layer: they end no header's wait."""
    told, errors = feed(text(HEADER), text(b"2"), binary(b"[1]"))
    assert [type(packet) for packet in told] == [Control, Message]
    assert errors == {}


@pytest.mark.parametrize("other", [HEADER, b'42["x"]', b"41", b"43[]", b"4nonsense"])
def test_another_message_ends_a_headers_wait(other: bytes) -> None:
    """Data after it belongs to the newer header or to nobody, never to the older one."""
    told, errors = feed(text(b'451-["old",{"_placeholder":true,"num":0}]'), text(other), binary(b"[1]"))
    assert errors["header_superseded"] == 1
    assert "old" not in [packet.event for packet in told if isinstance(packet, Message)]


def test_data_without_a_header_is_an_orphan() -> None:
    """It is counted, and only its size is kept."""
    troubles = Troubles()
    assert Packets(troubles).feed(binary(b'{"session":"secret"}')) is None
    assert [str(error) for error in troubles.kept] == ["orphan_binary: 20 bytes"]


def test_a_socket_that_dies_takes_its_header_along() -> None:
    """A new socket of the same name does not inherit it."""
    troubles = Troubles()
    packets = Packets(troubles)
    packets.feed(text(HEADER))
    packets.forget("a")
    assert packets.feed(binary(b"[1]")) is None
    assert dict(troubles.counts) == {"header_without_data": 1, "orphan_binary": 1}


def test_several_attachments_go_where_their_placeholders_stand() -> None:
    """Whatever their order and depth; numbers beside them keep all their digits."""
    header = b'452-["e",{"a":[{"_placeholder":true,"num":1},0.10],"b":{"_placeholder":true,"num":0}},7]'
    (event,) = messages(text(header), binary(b'{"x":1.50}'), binary(b"[2]"))
    assert (event.event, event.arguments, event.attachments) == ("e", 2, 2)
    assert event.body == b'{"a":[[2],0.10],"b":{"x":1.50}}'


@pytest.mark.parametrize(
    "header",
    [
        b'451-["e"]',
        b'451-["e",{"_placeholder":true,"num":1}]',
        b'452-["e",{"_placeholder":true,"num":0}]',
        b'452-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]',
    ],
)
def test_placeholders_have_to_match_the_attachments(header: bytes) -> None:
    """Each attachment has exactly one place; a header that says otherwise is not believed."""
    told, errors = feed(text(header), binary(b"[1]"))
    assert told == []
    assert errors == {"placeholders": 1, "orphan_binary": 1}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'0{"sid":"x"}', "open"),
        (b"1", "close"),
        (b"2", "ping"),
        (b"2probe", "ping"),
        (b"3", "pong"),
        (b"5", "upgrade"),
        (b"6", "noop"),
        (b"40", "connect"),
        (b'40{"sid":"x"}', "connect"),
        (b'40/admin,{"sid":"x"}', "connect"),
        (b"41", "disconnect"),
        (b"41/admin,", "disconnect"),
        (b'44{"message":"x"}', "refused"),
        (b"4312[]", "ack"),
    ],
)
def test_packets_without_an_event_are_told_by_kind(data: bytes, kind: str) -> None:
    """Each of the transport's own packets, with namespace and number where it may have them."""
    assert feed(text(data)) == ([Control(0, "a", kind, sent=False)], {})  # type: ignore[arg-type]  # a str from a table


def test_an_acknowledgement_takes_its_data_along() -> None:
    """A binary acknowledgement is no event, and its data no orphan."""
    told, errors = feed(text(b'461-7[{"_placeholder":true,"num":0}]'), binary(b"[1]"))
    assert told == [Control(0, "a", "ack", sent=False)]
    assert errors == {}


@pytest.mark.parametrize(
    ("data", "event", "body", "arguments", "namespace"),
    [
        (b'42["ps"]', "ps", b"null", 0, "/"),
        (b'42["e",{"a":1.10}]', "e", b'{"a":1.10}', 1, "/"),
        (b'4217["e",1,2]', "e", b"1", 2, "/"),
        (b'42/chat,["e",null]', "e", b"null", 1, "/chat"),
        (b'42/chat?token=x,3["e","y"]', "e", b'"y"', 1, "/chat"),
        (b'450-["e",[1]]', "e", b"[1]", 1, "/"),
    ],
)
def test_events_in_one_step(data: bytes, event: str, body: bytes, arguments: int, namespace: str) -> None:
    """Name, first argument as it stands, number of arguments, namespace without its query."""
    (told,) = messages(text(data))
    assert (told.event, told.body, told.arguments, told.namespace) == (event, body, arguments, namespace)
    assert told.attachments == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "engine_packet"),
        (b"hello", "engine_packet"),
        (b"7", "engine_packet"),
        (b"1756869696", "engine_packet"),
        (b"4", "socket_packet"),
        (b"47[]", "socket_packet"),
        (b"45[]", "socket_packet"),
        (b"42", "bad_json"),
        (b'42["e"', "bad_json"),
        (b"42{}", "bad_json"),
        (b"42[1,2]", "bad_json"),
        (b'42["\xff"]', "bad_json"),
        (b"42[" + b"[" * 100_000, "bad_json"),
        (b"42[]", "no_event"),
        (b'4565-["e"]', "attachments"),
    ],
)
def test_what_is_no_packet_is_counted_by_reason(data: bytes, reason: str) -> None:
    """Nothing is raised, nothing told, and only the size is kept."""
    troubles = Troubles()
    assert Packets(troubles).feed(text(data)) is None
    assert [(error.reason, error.excerpt) for error in troubles.kept] == [(reason, f"{len(data)} bytes")]


def test_attachments_that_are_no_json_spoil_only_their_event() -> None:
    """Where they have to be put together; a single one is handed on as it came."""
    header = b'452-["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]'
    told, errors = feed(text(header), binary(b"[1]"), binary(b"\x00"), text(b'42["next"]'))
    assert [packet.event for packet in told if isinstance(packet, Message)] == ["next"]
    assert errors == {"bad_json": 1}


def test_only_the_latest_troubles_are_kept() -> None:
    """All are counted; the last fifty stay, without traceback or cause."""
    troubles = Troubles()
    packets = Packets(troubles)
    for length in range(60):
        packets.feed(binary(b"x" * length))
    assert troubles.counts["orphan_binary"] == 60
    assert [error.excerpt for error in troubles.kept] == [f"{length} bytes" for length in range(10, 60)]
    assert all(error.__traceback__ is None and error.__context__ is None for error in troubles.kept)
