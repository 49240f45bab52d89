"""What authenticates never gets past the tap, in whatever form; what is market data always does."""

import base64
import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.chrome.secrets import Gate, bare, has_secret
from tests.support.fixtures import fixture

MARK = "5e1f00d5e1f00d5e1f00d5e1f00d5e1f"
PHP = (
    'a:4:{s:10:"session_id";s:32:"' + MARK + '";s:10:"ip_address";s:9:"192.0.2.7";s:10:"user_agent";s:3:"Moz";'
    's:13:"last_activity";i:1756866001;}' + MARK
)
BODIES = {
    "demo session": {"session": MARK, "isDemo": 1, "uid": 12345678, "platform": 2, "isFastHistory": True},
    "real session": {"session": PHP, "isDemo": 0, "uid": 12345678, "platform": 2, "isOptimized": True},
    "with address": {"session": MARK, "isDemo": 1, "uid": 1, "platform": 2, "currentUrl": "cabinet/demo"},
    "token": {"token": MARK, "balance": 10, "isFastHistory": True},
    "sessionToken": {"sessionToken": MARK},
    "session_id": {"session_id": MARK},
    "ssid": {"ssid": MARK},
    "chat": {"id": 12345678, "secret": MARK},
    "password": {"login": "a", "password": MARK},
    "cookie": {"ci_session": PHP},
    "cookie header": {"headers": {"Cookie": f"ci_session={MARK}; lang=en"}},
    "authorization": {"Authorization": f"Bearer {MARK}"},
    "csrf": {"_csrf_token": MARK},
    "jwt": {"jwt": MARK},
    "api_key": {"api_key": MARK},
    "apiKey": {"apiKey": MARK},
    "bearer": {"headers": {"x": f"Bearer {MARK}"}},
    "pwd": {"login": "a", "pwd": MARK},
    "user_pwd in string": {"settings": json.dumps({"user_pwd": MARK})},
    "nested": {"a": [{"b": {"userSecret": MARK}}]},
    "string in string": {"settings": json.dumps({"session": MARK})},
    "twice in string": {"settings": json.dumps({"more": json.dumps({"access_token": MARK})})},
}
TEXTS = {
    "auth": '42["auth",' + json.dumps({"session": MARK, "isDemo": 1, "uid": 1, "platform": 2}) + "]",
    "auth without words": f'42["auth",{{"s":"{MARK}"}}]',
    "auth as a list": f'42["auth","{MARK}",1]',
    "auth spaced": f'42[ "auth" , {{"s":"{MARK}"}} ]',
    "auth acknowledged": f'4217["auth",{{"s":"{MARK}"}}]',
    "auth in a namespace": f'42/trade,["auth",{{"s":"{MARK}"}}]',
    "connect with auth": f'40{{"token":"{MARK}"}}',
    "chat user_init": f'42["user_init",{{"id":1,"secret":"{MARK}"}}]',
    "bare ssid": f'["ssid","{MARK}"]',
    "bare php": PHP,
    "bare pwd": f"pwd={MARK}",
    "bare cookie": f"ci_session={MARK}",
    "cookies listed": f'[["ci_session","{MARK}"]]',
    "percent": quote(f'42["auth",{{"session":"{MARK}"}}]'),
    "percent cookie": "ci=" + quote(PHP),
    "percent letters": f'{{"%73%65ssion":"{MARK}"}}',
    "unicode escapes": f'42["\\u0061uth",{{"x":"{MARK}"}}]',
    "unicode key": f'{{"t\\u006fken":"{MARK}"}}',
    "in an asset list": f'42["updateAssets",[[5,"#AAPL","Apple","stock",2,{{"sessionToken":"{MARK}"}}]]]',
    "in bare assets": f'[[5,"#AAPL","Apple","stock",2,{{"token" : "{MARK}"}}]]',
}


def _forms() -> Iterator[tuple[str, list[tuple[bytes, bool]]]]:
    """Every form as the messages that carry it: (payload, is text)."""
    for name, text in TEXTS.items():
        yield f"text: {name}", [(text.encode(), True)]
        yield f"binary: {name}", [(text.encode(), False)]
    for name, body in BODIES.items():
        plain = json.dumps(body).encode()
        yield f"one step: {name}", [(b'42["hello",' + plain + b"]", True)]
        yield f"body: {name}", [(b'451-["hello",{"_placeholder":true,"num":0}]', True), (plain, False)]
        yield f"pretty: {name}", [(json.dumps(body, indent=2).encode(), False)]


FORMS = dict(_forms())


def _through(messages: list[tuple[bytes, bool]], *, sent: bool) -> list[bytes]:
    gate = Gate()
    return [data for data, text in messages if gate.passes("c", data, text, sent)]


@pytest.mark.parametrize("sent", [True, False], ids=["sent", "received"])
@pytest.mark.parametrize("form", FORMS)
def test_no_form_of_a_secret_passes(form: str, sent: bool) -> None:
    """No message that carries the secret passes, in either direction, as it is and in upper case."""
    upper = [(data.upper(), text) for data, text in FORMS[form]]
    for out in (_through(FORMS[form], sent=sent), _through(upper, sent=sent)):
        assert MARK.encode().lower() not in b"".join(out).lower()


@pytest.mark.parametrize("header", ['451-["auth",{"_placeholder":true,"num":0}]', '461-9["getToken",{"num":0}]'])
def test_a_secret_header_takes_its_body_with_it(header: str) -> None:
    """The binary behind a dropped header is dropped though nothing in it looks secret; the next one passes."""
    out = _through([(header.encode(), True), (b"opaque", False), (b"[1]", False)], sent=True)
    assert out == [b"[1]"]


def test_a_secret_header_takes_as_many_bodies_as_it_announces() -> None:
    """``453-`` owes three bodies, also when pings stand between them."""
    messages = [(b'453-["auth",1]', True), (b"x1", False), (b"2", True), (b"x2", False), (b"x3", False), (b"y", False)]
    assert _through(messages, sent=True) == [b"2", b"y"]


def test_bodies_are_owed_on_their_socket_and_direction_only() -> None:
    """What one socket owes is not taken from another, nor from the other direction."""
    gate = Gate()
    assert not gate.passes("a", b'451-["auth",1]', True, True)
    assert gate.passes("b", b"[1]", False, True)
    assert gate.passes("a", b"[1]", False, False)
    assert not gate.passes("a", b"[1]", False, True)


def test_a_new_packet_ends_what_was_owed() -> None:
    """A header whose body never comes costs no later event its body."""
    messages = [(b'451-["auth",1]', True), (b'451-["x",{"num":0}]', True), (b"[2]", False)]
    assert _through(messages, sent=False) == [b'451-["x",{"num":0}]', b"[2]"]


def test_a_socket_that_closed_owes_nothing() -> None:
    """After `forget` the name starts afresh."""
    gate = Gate()
    gate.passes("a", b'451-["auth",1]', True, True)
    gate.forget("a")
    assert gate.passes("a", b"[1]", False, True)


def test_a_secret_body_leaves_its_header() -> None:
    """Only the body is dropped where the header is harmless."""
    header = b'451-["hello",{"_placeholder":true,"num":0}]'
    assert _through([(header, True), (b'{"session":"x"}', False)], sent=False) == [header]


@pytest.mark.parametrize(
    "harmless",
    [
        '[["EURGBP_otc",1756869696.775,0.87654]]',
        '451-["updateStream",{"_placeholder":true,"num":0}]',
        '451-["successauth",{"_placeholder":true,"num":0}]',
        '42["auth/success"]',
        '42["NotAuthorized"]',
        '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}',
        '{"isDemo":1,"balance":48335.49}',
        '{"error":"amount is 100 % too large","asset":"EURUSD_otc"}',
        '[{"chart_id":"chart-1","settings":"{\\"chartId\\":\\"chart-1\\"}"}]',
        '[[5,"#AAPL","Apple","stock",2,50],[9,"BAT_otc","Basic Attention Token OTC","cryptocurrency",3,80]]',
        '42["updateAssets",[[5, "#BAT", "Attention Token", "stock", 2, 50]]]',
        '[["PWD_otc",1756869696.775,0.87654],["PWD",1756869696.775,0.87654]]',
        '42["changeSymbol",{"asset":"GAPI_otc","period":60}]',
        "2",
        "",
    ],
)
def test_market_data_passes(harmless: str) -> None:
    """Nothing of the market is taken for a secret, not even an asset whose label sounds like one."""
    assert _through([(harmless.encode(), True)], sent=False) == [harmless.encode()]


@pytest.mark.parametrize("name", ["20250831_224741", "20250903_003350"])
def test_recorded_frames_pass_whole(name: str) -> None:
    """Of two recordings that were cleaned before they were published, nothing is dropped."""
    gate = Gate()
    with fixture(f"frames/detailed_websocket_data_{name}.frames.jsonl").open() as rows:
        for row in map(json.loads, rows):
            text = "text" in row
            data = row["text"].encode() if text else base64.b64decode(row["b64"])
            assert gate.passes(row["conn"], data, text, row["dir"] == "sent"), row["i"]


@given(st.binary(max_size=60), st.sampled_from([b"session", b"Token", b"SSID", b"sEcret"]), st.binary(max_size=60))
def test_a_word_is_found_wherever_it_stands(before: bytes, word: bytes, after: bytes) -> None:
    """Whatever bytes surround it, a message with one of the words is secret."""
    assert has_secret(before + word + after)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("wss://demo-api-eu.po.market/socket.io/?EIO=4&token=x", "wss://demo-api-eu.po.market/socket.io/"),
        ("https://me:pw@pocketoption.com:8443/en/#session=x", "https://pocketoption.com:8443/en/"),
        ("http://[::1]:9222/json?x", "http://[::1]:9222/json"),
        ("https://a.example/password-recovery/abcDEF1234567890abcDEF12/x", "https://a.example/password-recovery/***/x"),
        ("https://a.example/r/eyJhbGciOiJIUzI1NiJ9.e30.x?y", "https://a.example/r/***"),
        ("https://long-host-name-of-1234567890.example/x", "https://long-host-name-of-1234567890.example/x"),
        ("https://a.example/en/cabinet/demo-quick-high-low/", "https://a.example/en/cabinet/demo-quick-high-low/"),
        ("https://a.example/a-long-page-name-without-digits/", "https://a.example/a-long-page-name-without-digits/"),
        ("data:text/html,token", "data:"),
        ("about:blank", "about:"),
        ("http://[broken/", "(unreadable address)"),
        ("http://a:99999/x?token=1", "(unreadable address)"),
        ("", ""),
    ],
)
def test_addresses_are_told_without_what_they_may_carry(url: str, told: str) -> None:
    """No user, query or fragment of an address is ever told, nor what in its path looks like a token."""
    assert bare(url) == told
