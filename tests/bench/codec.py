"""What decoding one tick costs, beside other ways to do it: ``python -m tests.bench.codec``.

A pair is a Socket.IO header and a binary body with one tick, as bytes in memory. The others get the same
two and stop earlier: they decode the JSON, and neither pair sockets nor make a value.
"""

import importlib
import json
import platform
import timeit
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.model import Frame, Tick
from tests.support.wire import OFFSET

HEADER = b'451-["updateStream",{"_placeholder":true,"num":0}]'
BODY = b'[["EURGBP_otc",1756869696.775,0.87654]]'
TICK = Tick("EURGBP_otc", 1756869696775 - OFFSET, 0.87654)
ROUNDS = 5
PAIRS = 20_000


def qfluxd_codec() -> Callable[[], object]:
    """The whole way: frame values, pairing, counting, a `Tick` in UTC."""
    codec = Codec()

    def pair() -> object:
        codec.feed(Frame(0, "a", HEADER))
        return codec.feed(Frame(0, "a", BODY, text=False))

    assert pair() == [TICK]
    return pair


def plain_json(loads: Callable[[bytes], Any]) -> Callable[[], object]:
    """Both texts through a JSON library."""

    def pair() -> object:
        name = loads(HEADER[4:])[0]
        return name, loads(BODY)

    assert pair() == ("updateStream", [["EURGBP_otc", 1756869696.775, 0.87654]])
    return pair


def socketio_packet() -> Callable[[], object]:
    """python-socketio's packet decoder; the body stays bytes."""
    packet = importlib.import_module("socketio.packet").Packet
    header = HEADER[1:].decode()

    def pair() -> object:
        event = packet(encoded_packet=header)
        event.add_attachment(BODY)
        return event.data

    assert pair() == ["updateStream", BODY]
    return pair


def contenders() -> dict[str, Callable[[], object]]:
    """Whatever is installed, by the name of its distribution."""
    found = {"qfluxd": qfluxd_codec(), "json": plain_json(json.loads), "python-socketio": socketio_packet()}
    if installed("orjson"):
        found["orjson"] = plain_json(importlib.import_module("orjson").loads)
    return found


def installed(name: str) -> str | None:
    """The version of a distribution, None where it is absent."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def microseconds(pair: Callable[[], object]) -> float:
    """The best of a few rounds, per pair: the others measure what else the machine was doing."""
    return min(timeit.repeat(pair, number=PAIRS, repeat=ROUNDS)) / PAIRS * 1e6


def main() -> None:
    """Print one line for each."""
    print(f"one tick, header and body; Python {platform.python_version()}, msgspec {installed('msgspec')}")
    for name, pair in contenders().items():
        print(f"  {name:<16}{installed(name) or '':<10}{microseconds(pair):6.2f} µs a pair")


if __name__ == "__main__":
    main()
