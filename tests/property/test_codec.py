"""The codec there and back, through every disorder of sockets, and against arbitrary input."""

import importlib
import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.wire.grammar import RECEIVED, SENT
from qfluxd.drivers.pocketoption.wire.packets import Message, Packets
from qfluxd.drivers.pocketoption.wire.troubles import Troubles
from qfluxd.drivers.pocketoption.wire.values import Heard
from qfluxd.model import (
    Asset,
    Assets,
    Bar,
    ClosedDeals,
    Deal,
    DealsSettled,
    Frame,
    History,
    OpenDeals,
    Series,
    Tick,
)
from tests.support import wire

MOST = 1_900_000_000
symbols = st.from_regex(r"#?[A-Za-z0-9-]{1,12}(_otc)?", fullmatch=True)
prices = st.floats(1e-7, 1e7, allow_subnormal=False)
moments = st.integers(1_500_000_000_000, MOST * 1000)
money = st.decimals(-(10**9), 10**9, places=2)
stakes = st.decimals("0.01", 10**6, places=2)


@st.composite
def bars(draw: st.DrawFn, at: int) -> Bar:
    low, first, last, high = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
    first, last = draw(st.permutations([first, last]))
    return Bar(at, first, high, low, last)


@st.composite
def histories(draw: st.DrawFn) -> History:
    series = Series(draw(symbols), draw(st.sampled_from([1, 5, 60, 300, 3600, 14400, 86400])) * 1000)
    first = draw(st.integers(17_000, MOST * 1000 // series.timeframe - 200)) * series.timeframe - wire.OFFSET
    opens = draw(st.lists(st.integers(0, 150), unique=True, max_size=12).map(sorted))
    ticks = sorted(draw(st.lists(st.builds(Tick, st.just(series.asset), moments, prices), max_size=12)))
    return History(series, tuple(draw(bars(first + n * series.timeframe)) for n in opens), tuple(ticks))


expiries = st.lists(st.integers(1, 14_400).map(lambda s: s * 1000), unique=True, max_size=5)
assets = st.builds(
    Asset,
    symbol=symbols,
    label=st.text(max_size=20),
    kind=st.sampled_from(["currency", "stock", "index", "cryptocurrency", "commodity"]),
    digits=st.integers(0, 10),
    payout=st.integers(0, 100),
    open=st.booleans(),
    otc=st.booleans(),
    expiries=expiries.map(sorted).map(tuple),
    min_expiry=st.integers(1, 300).map(lambda s: s * 1000),
)


def deals(*, settled: bool) -> st.SearchStrategy[Deal]:
    return st.builds(
        Deal,
        id=st.uuids().map(str),
        asset=symbols,
        side=st.sampled_from(["call", "put"]),
        stake=stakes,
        payout=st.integers(0, 100),
        opened=moments,
        closes=moments,
        open_price=prices,
        account=st.sampled_from(["demo", "real"]),
        currency=st.sampled_from([None, "USD", "EUR"]),
        close_price=prices if settled else st.none(),
        profit=money if settled else st.none(),
    )


type Said = tuple[str, Any, list[Heard]]
"""An event: its name, its data on the wire, and the values that must come of it."""


def _deals(row: Sequence[Deal]) -> list[dict[str, Any]]:
    return [wire.deal(deal) for deal in row]


many_ticks = st.lists(st.builds(Tick, symbols, moments, prices), max_size=4)
some_deals = st.lists(deals(settled=True), max_size=3)
said: st.SearchStrategy[Said] = st.one_of(
    many_ticks.map(lambda ticks: ("updateStream", wire.tick_rows(ticks), list(ticks))),
    histories().map(
        lambda told: ("loadHistoryPeriodFast", wire.older_history(told), [History(told.series, told.bars, ())])
    ),
    st.lists(assets, max_size=3).map(
        lambda rows: ("updateAssets", [wire.asset_row(row) for row in rows], [Assets(tuple(rows))])
    ),
    st.lists(deals(settled=False), max_size=3).map(
        lambda rows: ("updateOpenedDeals", _deals(rows), [OpenDeals(tuple(rows))])
    ),
    some_deals.map(lambda rows: ("updateClosedDeals", _deals(rows), [ClosedDeals(tuple(rows))])),
    some_deals.map(
        lambda rows: ("successcloseOrder", {"profit": 1, "deals": _deals(rows)}, [DealsSettled(tuple(rows))])
    ),
)


@given(said=said, frames=st.sampled_from([wire.in_one_step, wire.in_two_steps]))
def test_what_is_said_is_heard(said: Said, frames: Callable[..., list[Frame]]) -> None:
    """Any value, encoded as the broker does and decoded again, is the same value."""
    event, data, expected = said
    codec = Codec()
    assert [value for frame in frames("a", event, data) for value in codec.feed(frame)] == expected
    assert codec.errors == {}


@given(history=histories(), newest_first=st.booleans(), volume=st.booleans())
def test_recent_history_is_heard(history: History, newest_first: bool, volume: bool) -> None:
    """Candles in either order, with a volume or without, and ticks, become the same ascending history."""
    codec = Codec()
    data = wire.recent_history(history, newest_first=newest_first, volume=volume)
    told, _shown = [v for f in wire.in_two_steps("a", "updateHistoryNewFast", data) for v in codec.feed(f)]
    assert told == history
    assert codec.errors == {}


# Each socket's life: what it says, event by event, and how many frames of it come before it dies.
lives = st.lists(st.tuples(st.lists(said, min_size=1, max_size=4), st.integers(0, 8)), min_size=1, max_size=4)


@given(lives=lives, data=st.data())
def test_sockets_interleave_and_die(lives: list[tuple[list[Said], int]], data: st.DataObject) -> None:
    """Whatever the order of the sockets' frames and deaths, each whole event is heard once, and nothing else."""
    codec = Codec()
    queues = [
        [(frame, is_last, values) for event, body, values in said for is_last, frame in _halves(n, event, body)]
        for n, (said, _) in enumerate(lives)
    ]
    left = [min(len(queue), length) for queue, (_, length) in zip(queues, lives, strict=True)]
    cut_short = sum(1 for queue, n in zip(queues, left, strict=True) if n and not queue[n - 1][1])
    heard: list[Heard] = []
    expected: list[Heard] = []
    alive = [n for n, count in enumerate(left) if count]
    while alive:
        n = data.draw(st.sampled_from(alive))
        frame, is_last, values = queues[n].pop(0)
        heard += codec.feed(frame)
        expected += values if is_last else []
        left[n] -= 1
        if not left[n]:
            codec.forget(frame.conn)
            alive.remove(n)
    assert heard == expected
    assert codec.errors == ({"header_without_data": cut_short} if cut_short else {})


def _halves(socket: int, event: str, body: Any) -> list[tuple[bool, Frame]]:
    header, data = wire.in_two_steps(f"socket {socket}", event, body)
    return [(False, header), (True, data)]


# ------------------------------------------------------------------------------- against the reference encoder

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
plain = scalars | st.text(max_size=8)
attachments = st.recursive(plain, lambda inner: st.lists(inner, max_size=3), max_leaves=4).map(
    lambda value: json.dumps(value).encode()
)
arguments = st.recursive(
    plain | attachments,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)


@given(event=st.text(max_size=12), data=st.lists(arguments, max_size=3))
def test_what_the_reference_encodes_is_read(event: str, data: list[Any]) -> None:
    """Events of python-socketio's encoder, with binary parts anywhere in them, come out with those parts in place."""
    packet = importlib.import_module("socketio.packet").Packet(data=[event, *data], namespace="/")
    encoded = packet.encode()
    parts = encoded if isinstance(encoded, list) else [encoded]
    packets = Packets(troubles := Troubles())
    told = [packets.feed(Frame(0, "a", _on_the_wire(part), text=isinstance(part, str))) for part in parts]
    *halves, message = told
    assert all(half is None for half in halves)
    assert isinstance(message, Message)
    assert troubles.counts == {}
    assert (message.event, message.arguments) == (event, len(data))
    assert json.loads(message.body) == (_unpacked(data[0]) if data else None)


def _on_the_wire(part: str | bytes) -> bytes:
    return b"4" + part.encode() if isinstance(part, str) else part


def _unpacked(value: Any) -> Any:
    """A value with its binary parts read as the JSON they hold."""
    match value:
        case bytes():
            return json.loads(value)
        case list():
            return [_unpacked(item) for item in value]
        case dict():
            return {key: _unpacked(item) for key, item in value.items()}
        case _:
            return value


# ----------------------------------------------------------------------------------------- against anything

SECRET = re.compile(r"s3cr3t|1234567")
secrets = st.sampled_from(["s3cr3t", "a:4:{s:10:s3cr3t", 1234567, -1234567.5, "1234567"])
keys = st.sampled_from(["asset", "period", "history", "candles", "data", "deals", "settings", "session", "s3cr3t9"])
junk = st.recursive(
    plain | secrets,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=15,
)
events = st.sampled_from([*RECEIVED, *SENT, "auth", "successauth", "NotAuthorized", "unknown"])
starts = st.sampled_from([b"", b"0", b"2", b"4", b"40", b"41", b"42", b"43", b"451-", b"452-", b"461-", b'42["auth",'])
spoiled = st.builds(lambda start, rest: start + rest, starts, st.binary(max_size=40))
conns = st.sampled_from(["a", "b"])
any_frames = st.one_of(
    st.builds(lambda *parts: [Frame(0, *parts)], conns, spoiled, st.booleans(), st.booleans()),
    st.builds(lambda c, e, d, s: wire.in_one_step(c, e, d, sent=s), conns, events, junk, st.booleans()),
    st.builds(lambda c, e, d, s: wire.in_two_steps(c, e, d, sent=s), conns, events, junk, st.booleans()),
)


@given(st.lists(any_frames, max_size=12))
def test_nothing_raises_and_nothing_leaks(frames: list[list[Frame]]) -> None:
    """Arbitrary bytes, and known events with arbitrary data, become values or errors without a value in them."""
    codec = Codec()
    for frame in (frame for group in frames for frame in group):
        assert isinstance(codec.feed(frame), list)
    codec.forget("a")
    for error in codec.kept:
        assert not SECRET.search(f"{error!r} {error.reason} {error.excerpt} {error.__dict__}")
        assert len(error.excerpt) <= 301
        assert (error.__traceback__, error.__context__, error.__cause__) == (None, None, None)
    assert not SECRET.search(f"{dict(codec.errors)} {dict(codec.counts)}")


@pytest.mark.parametrize("event", [*RECEIVED, *SENT])
@given(data=junk)
@settings(max_examples=25)
def test_no_event_raises_on_junk(event: str, data: Any) -> None:
    """Each reader on its own takes whatever JSON there is."""
    for sent in (True, False):
        codec = Codec()
        for frame in wire.in_one_step("a", event, data, sent=sent):
            codec.feed(frame)
        assert sum(codec.counts.values()) == 1


@given(
    amount=st.builds(lambda n, places: Decimal(n).scaleb(-places), st.integers(-(10**14), 10**14), st.integers(0, 20))
)
def test_money_keeps_every_digit(amount: Decimal) -> None:
    """A balance of any number of digits comes out as it was written."""
    codec = Codec()
    frames = wire.in_two_steps("a", "successupdateBalance", {"isDemo": 1, "balance": amount})
    (balance,) = [value for frame in frames for value in codec.feed(frame)]
    assert getattr(balance, "amount", None) == amount
