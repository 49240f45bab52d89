"""Requests are read strictly, and a mistake is answered with what would be right."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.api.commands import (
    COMMANDS,
    Candles,
    ExpirySelect,
    FavoritesSelect,
    History,
    Ping,
    RecordStart,
    Request,
    SetLogLevel,
    Topdown,
    TradeOpen,
    TradeStatus,
)
from qfluxd.api.requests import ENVELOPE, Fault, late, parse

NOW = 1_763_769_600_000
TRADE = b'{"id":"i","asset":"X","side":"call","stake":%s,"expiry":%s}'


def fault(name: str, payload: bytes, *, retained: bool = False) -> Fault:
    parsed = parse(name, payload, retained=retained)
    assert isinstance(parsed, Fault)
    return parsed


@pytest.mark.parametrize(
    ("name", "payload", "request_"),
    [
        ("ping", b"", Request(None, None, False, Ping())),
        ("ping", b'{"id":"a"}', Request("a", None, False, Ping())),
        ("ping", b'{"id":7,"dry_run":true,"expires_at":1763769600001}', Request(7, 1763769600001, True, Ping())),
        ("candles", b'{"asset":"X","timeframe":"5m"}', Request(None, None, False, Candles("X", "5m", 100))),
        ("history", b'{"asset":"X","timeframe":"5m","from":1}', Request(None, None, False, History("X", "5m", 1))),
        ("record/start", b'{"name":"a-1"}', Request(None, None, False, RecordStart("a-1"))),
        ("log_level", b'{"level":"debug","for_s":5}', Request(None, None, False, SetLogLevel("debug", 5))),
        (
            "trade/open",
            b'{"id":"a","asset":"X","side":"call","stake":1.10,"expiry":60,"expires_at":1763769600000.5}',
            Request("a", NOW, False, TradeOpen("X", "call", Decimal("1.10"), "1m")),
        ),
        (
            "trade/open",
            b'{"id":1,"asset":"X","side":"put","stake":"0.1","expiry":"90"}',
            Request(1, None, False, TradeOpen("X", "put", Decimal("0.1"), "90s")),
        ),
        ("trade/status", b'{"trade":7}', Request(None, None, False, TradeStatus("7"))),
        ("expiry/select", b'{"expiry":"300s"}', Request(None, None, False, ExpirySelect("5m"))),
        ("favorites/select", b'{"asset":"X"}', Request(None, None, False, FavoritesSelect("X"))),
        ("favorites/select", b'{"asset":"best"}', Request(None, None, False, FavoritesSelect(pick="best"))),
        (
            "topdown",
            b'{"asset":"X","timeframes":["60m","1h","60s"]}',
            Request(None, None, False, Topdown("X", ("1h", "1m"))),
        ),
    ],
)
def test_good_requests_are_read(name: str, payload: bytes, request_: Request) -> None:
    """Envelope and arguments are read; an empty payload asks without arguments."""
    assert parse(name, payload) == request_


@pytest.mark.parametrize(
    ("name", "payload", "code", "words"),
    [
        ("pong", b'{"id":"i"}', "unknown_command", "did you mean ping?"),
        ("", b'{"id":"i"}', "unknown_command", "help lists all"),
        ("candles", b'{"id":"i","aset":"X","timeframe":"1m"}', "bad_argument", "did you mean asset?"),
        ("ping", b'{"id":"i","x":1}', "bad_argument", "its arguments: none"),
        ("candles", b'{"id":"i","asset":"X"}', "bad_argument", "candles needs the argument timeframe"),
        ("candles", b'{"id":"i","asset":"X","timeframe":"1w"}', "bad_argument", "'1w' is not a timeframe"),
        (
            "candles",
            b'{"id":"i","asset":"X","timeframe":"1m","count":0}',
            "bad_argument",
            "count must be a whole number of at least 1 (how many at most)",
        ),
        (
            "candles",
            b'{"id":"i","asset":5,"timeframe":"1m"}',
            "bad_argument",
            "asset must be text, not a whole number (the broker's exact symbol)",
        ),
        ("history", b'{"id":"i","asset":"X","timeframe":"1m","from":2,"to":2}', "bad_argument", "to must be later"),
        (
            "history",
            b'{"id":"i","asset":"X","timeframe":"1m","from":9223372036854775808}',
            "bad_argument",
            "from must be a whole number of at most 253402300799999",
        ),
        (
            "history",
            b'{"id":"i","asset":"X","timeframe":"1m","from":0,"to":9223372036854775808}',
            "bad_argument",
            "to must be a whole number of at most 253402300799999",
        ),
        ("log_level", b'{"id":"i","level":"inf"}', "bad_argument", "did you mean info?"),
        ("log_level", b'{"id":"i","level":5}', "bad_argument", "level must be one of debug, info, warning, error"),
        (
            "record/start",
            b'{"id":"i","name":"../x"}',
            "bad_argument",
            "name must be text of a certain form (the file's name: letters, digits, _ and -)",
        ),
        ("ping", b'{"id":"i","dry_run":1}', "bad_argument", "dry_run must be true or false"),
        ("ping", b'{"id":"i","expires_at":"soon"}', "bad_argument", "expires_at must be a number"),
        ("trade/open", TRADE % (b"0", b"60"), "bad_argument", "stake must be a number above 0"),
        ("trade/open", TRADE % (b'"NaN"', b"60"), "bad_argument", "stake must be a number above 0"),
        ("trade/open", TRADE % (b'"Infinity"', b"60"), "bad_argument", "stake must be a number above 0"),
        ("trade/open", TRADE % (b"1e13", b"60"), "bad_argument", "stake must be a number above 0"),
        ("trade/open", TRADE % (b"true", b"60"), "bad_argument", "stake must be a number, not true or false"),
        ("trade/open", TRADE % (b'"ten"', b"60"), "bad_argument", "stake must be a number (the stake in the"),
        (
            "trade/status",
            b'{"id":"i","trade":1.5}',
            "bad_argument",
            "trade must be a whole number or text, not a number",
        ),
        ("trade/open", TRADE % (b"1.123456789", b"60"), "bad_argument", "more than 8 decimals"),
        ("trade/open", TRADE % (b"1", b'"1w"'), "bad_argument", "write seconds, or a name from 1s to 1d"),
        ("trade/open", TRADE % (b"1", b'"0"'), "bad_argument", "write seconds, or a name from 1s to 1d"),
        ("trade/open", TRADE % (b"1", b'"999999999"'), "bad_argument", "write seconds, or a name from 1s to 1d"),
        (
            "trade/open",
            TRADE % (b"1", b"90000"),
            "bad_argument",
            "expiry must be a whole number of at most 86400 (how long it lasts: seconds",
        ),
        ("trade/open", b'{"id":"i","asset":"X","side":"up","stake":1,"expiry":60}', "bad_argument", "one of call, put"),
        ("favorites/select", b'{"id":"i"}', "bad_argument", "a symbol, or first, last or best"),
        ("favorites/select", b'{"id":"i","asset":"X","pick":"best"}', "bad_argument", "needs asset or pick"),
        (
            "topdown",
            b'{"id":"i","asset":"X","timeframes":[]}',
            "bad_argument",
            "timeframes must be a list of length at least 1",
        ),
    ],
)
def test_a_mistake_is_named_with_what_is_right(name: str, payload: bytes, code: str, words: str) -> None:
    """Each mistake has its code, keeps the asker's id and says what is allowed."""
    found = fault(name, payload)
    assert (found.id, found.code) == ("i", code)
    assert words in found.error
    assert found.status == "error"


def test_a_request_is_late_from_its_time_on() -> None:
    """What expires is good until then; nothing said is good for ever, and any number is a time."""
    for expires, good in (("null", True), (str(NOW + 1), True), (str(NOW), False), ("-1e400", False), ("1e400", True)):
        request = parse("ping", b'{"id":"i","expires_at":%s}' % expires.encode())
        assert isinstance(request, Request)
        fault = late(request, NOW)
        assert (fault is None) == good, expires
        assert good or (fault is not None and (fault.code, fault.status, fault.id) == ("expired", "expired", "i"))


@pytest.mark.parametrize("ident", [b"null", b'""'])
def test_a_trade_needs_an_id(ident: bytes) -> None:
    """What must not be done twice is not done at all for somebody who gives no id."""
    found = fault("trade/open", (TRADE % (b"1", b"60")).replace(b'"i"', ident))
    assert (found.code, found.status) == ("id_required", "error")
    assert [name for name, command in COMMANDS.items() if command.needs_id] == ["trade/open"]


@given(st.decimals("0.00000001", "1000000000000", allow_nan=False, places=8))
def test_a_stake_keeps_its_digits(stake: Decimal) -> None:
    """Money is exact to the digit, however it is written."""
    for written in (f"{stake:f}", f'"{stake:f}"'):
        request = parse("trade/open", TRADE % (written.encode(), b"60"))
        assert isinstance(request, Request)
        assert isinstance(request.command, TradeOpen)
        assert request.command.stake == stake


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
    assert isinstance(parse("ping", b"{}" + b" " * 65_534), Request)


@given(st.text(max_size=20), st.binary(max_size=200), st.booleans())
def test_anything_at_all_is_read_or_refused(name: str, payload: bytes, retained: bool) -> None:
    """No bytes make the parser fail."""
    assert isinstance(parse(name, payload, retained=retained), Request | Fault)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
names = st.sampled_from(
    sorted({*ENVELOPE, *(field for command in COMMANDS.values() for field in command.__struct_encode_fields__)})
)


@given(st.sampled_from(sorted(COMMANDS)), st.dictionaries(names, json))
def test_any_arguments_are_read_or_refused(name: str, arguments: dict[str, object]) -> None:
    """Arguments of any type are taken or refused with a sentence."""
    parsed = parse(name, msgspec.json.encode(arguments))
    assert isinstance(parsed, Request) or parsed.error
