"""What is kept of a message that made no sense: its shape, and not one of its values."""

import re
from typing import Any

import msgspec

_LONGEST = 300
_DEEPEST = 4
_WIDEST = 24
_FIRST = 8
# Digits are left out on purpose: a session token used as a key has some, the broker's own keys have none.
_WORD = re.compile(r"[A-Za-z_/-]{1,24}")


def outline(body: bytes) -> str:
    """The shape of a JSON text: keys that are plain words, types and lengths; at most 300 characters.

    ``{"asset":"EURUSD_otc","period":60}`` becomes ``{asset: str[10], period: int}``. What is not JSON is
    told by its size only.
    """
    try:
        shape = _shape(msgspec.json.decode(body), _DEEPEST)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return size(body)
    return shape if len(shape) <= _LONGEST else f"{shape[:_LONGEST]}…"


def size(body: bytes) -> str:
    """All that is told of bytes that cannot be read."""
    return f"{len(body)} bytes"


def _shape(value: Any, depth: int) -> str:
    match value:
        case None:
            return "null"
        case str():
            return f"str[{len(value)}]"
        case dict() if depth:
            return _fields(value, depth)
        case list() if depth:
            return _items(value, depth)
        case dict() | list():
            return f"{type(value).__name__}[{len(value)}]"
        case _:
            return type(value).__name__


def _fields(value: dict[str, Any], depth: int) -> str:
    told = [f"{_key(key)}: {_shape(item, depth - 1)}" for key, item in list(value.items())[:_WIDEST]]
    return "{" + ", ".join(told + ["…"] * (len(value) > _WIDEST)) + "}"


def _items(value: list[Any], depth: int) -> str:
    told = [_shape(item, depth - 1) for item in value[:_FIRST]]
    if len(value) <= _FIRST:
        return f"[{', '.join(told)}]"
    return f"[{len(value)} of {' | '.join(dict.fromkeys(told))}]"


def _key(key: str) -> str:
    return key if _WORD.fullmatch(key) else f"key[{len(key)}]"
