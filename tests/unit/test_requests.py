"""Requests are read strictly, and a mistake is answered with what would be right."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.api.commands import Candles, History, Ping, RecordStart, SetLogLevel
from qfluxd.api.requests import Fault, Request, parse

NOW = 1_763_769_600_000


def fault(name: str, payload: bytes, *, retained: bool = False) -> Fault:
    parsed = parse(name, payload, NOW, retained=retained)
    assert isinstance(parsed, Fault)
    return parsed


@pytest.mark.parametrize(
    ("name", "payload", "request_"),
    [
        ("ping", b"", Request(None, False, Ping())),
        ("ping", b'{"id":"a"}', Request("a", False, Ping())),
        ("ping", b'{"id":7,"dry_run":true,"expires_at":1763769600001}', Request(7, True, Ping())),
        ("candles", b'{"asset":"X","timeframe":"5m"}', Request(None, False, Candles("X", "5m", 100))),
        ("history", b'{"asset":"X","timeframe":"5m","from":1}', Request(None, False, History("X", "5m", 1))),
        ("record/start", b'{"name":"a-1"}', Request(None, False, RecordStart("a-1"))),
        ("log_level", b'{"level":"debug","for_s":5}', Request(None, False, SetLogLevel("debug", 5))),
    ],
)
def test_good_requests_are_read(name: str, payload: bytes, request_: Request) -> None:
    """Envelope and arguments are read; an empty payload asks without arguments."""
    assert parse(name, payload, NOW) == request_


@pytest.mark.parametrize(
    ("name", "payload", "code", "words"),
    [
        ("pong", b'{"id":"i"}', "unknown_command", "did you mean ping?"),
        ("", b'{"id":"i"}', "unknown_command", "help lists all"),
        ("candles", b'{"id":"i","aset":"X","timeframe":"1m"}', "bad_argument", "did you mean asset?"),
        ("ping", b'{"id":"i","x":1}', "bad_argument", "its arguments: none"),
        ("candles", b'{"id":"i","asset":"X"}', "bad_argument", "candles needs the argument timeframe"),
        ("candles", b'{"id":"i","asset":"X","timeframe":"1w"}', "bad_argument", "'1w' is not a timeframe"),
        ("candles", b'{"id":"i","asset":"X","timeframe":"1m","count":0}', "bad_argument", "count: expected int >= 1"),
        ("candles", b'{"id":"i","asset":5,"timeframe":"1m"}', "bad_argument", "asset: expected str, got int"),
        ("history", b'{"id":"i","asset":"X","timeframe":"1m","from":2,"to":2}', "bad_argument", "to must be later"),
        (
            "history",
            b'{"id":"i","asset":"X","timeframe":"1m","from":9223372036854775808}',
            "bad_argument",
            "from: expected int <= 253402300799999",
        ),
        (
            "history",
            b'{"id":"i","asset":"X","timeframe":"1m","from":0,"to":9223372036854775808}',
            "bad_argument",
            "to: expected int <= 253402300799999",
        ),
        ("log_level", b'{"id":"i","level":"inf"}', "bad_argument", "did you mean info?"),
        ("log_level", b'{"id":"i","level":5}', "bad_argument", "level must be one of debug, info, warning, error"),
        ("record/start", b'{"id":"i","name":"../x"}', "bad_argument", "name: expected str matching"),
        ("ping", b'{"id":"i","dry_run":1}', "bad_argument", "dry_run must be true or false"),
        ("ping", b'{"id":"i","expires_at":"soon"}', "bad_argument", "expires_at must be a number"),
        ("ping", b'{"id":"i","expires_at":1763769600}', "expired", "expires_at is in milliseconds"),
    ],
)
def test_a_mistake_is_named_with_what_is_right(name: str, payload: bytes, code: str, words: str) -> None:
    """Each mistake has its code, keeps the asker's id and says what is allowed."""
    found = fault(name, payload)
    assert (found.id, found.code) == ("i", code)
    assert words in found.error
    assert found.status == ("expired" if code == "expired" else "error")


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"{", "not JSON"),
        (b"[1]", "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'"\xff"', "not UTF-8"),
        (b"[" * 60_000, "nested too deeply"),
        (b'{"id":"i"} x', "not JSON"),
    ],
)
def test_what_is_no_json_object_is_said_to_be_none(payload: bytes, words: str) -> None:
    """Anything but a JSON object is ``bad_json``."""
    found = fault("ping", payload)
    assert (found.id, found.code) == (None, "bad_json")
    assert words in found.error


@pytest.mark.parametrize("ident", ["x" * 65, True, 1.5, ["a"], {}])
def test_an_id_is_short(ident: object) -> None:
    """An id is a short string or a whole number; nothing else is echoed."""
    found = fault("ping", msgspec.json.encode({"id": ident}))
    assert (found.id, found.code) == (None, "bad_argument")


def test_a_retained_request_is_refused_whatever_it_asks() -> None:
    """A request that the broker would repeat is never performed; its id is still echoed."""
    assert fault("ping", b'{"id":"i"}', retained=True) == Fault(
        "i", "retained_command", "a retained request would come again and again; send it without retain"
    )


def test_a_request_is_at_most_64_kb() -> None:
    """A larger one is refused unread."""
    assert fault("ping", b" " * 65_537).code == "too_large"
    assert isinstance(parse("ping", b"{}" + b" " * 65_534, NOW), Request)


@given(st.text(max_size=20), st.binary(max_size=200), st.booleans())
def test_anything_at_all_is_read_or_refused(name: str, payload: bytes, retained: bool) -> None:
    """No bytes make the parser fail."""
    assert isinstance(parse(name, payload, NOW, retained=retained), Request | Fault)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
names = st.sampled_from(
    ["id", "expires_at", "dry_run", "asset", "timeframe", "count", "from", "to", "level", "name", "for_s"]
)


@given(st.sampled_from(["candles", "history", "log_level", "record/start"]), st.dictionaries(names, json))
def test_any_arguments_are_read_or_refused(name: str, arguments: dict[str, object]) -> None:
    """Arguments of any type are taken or refused with a sentence."""
    parsed = parse(name, msgspec.json.encode(arguments), NOW)
    assert isinstance(parsed, Request) or parsed.error
