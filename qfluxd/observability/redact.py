"""Keeps what would let someone in out of everything that is written or shown."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"

_WORDS = (
    r"passwd|password|passphrase|pwd|secret|token|ssid|session|session_?id|ci_session|credentials?|"
    r"auth|authorization|cookies?|jwt|bearer|api[_-]?key"
)
# One of the words, alone or at the end of a longer name: access_token, userSecret, X-Api-Key.
_NAME = rf"(?:[\w.-]*[_.-]|user|client|access|refresh|csrf|session|auth)?(?:{_WORDS})"
_SECRET_NAME = re.compile(_NAME, re.IGNORECASE)
_SECRET_VALUE = re.compile(
    rf"""
      \[\s*\\*"auth\\*"            # an authentication frame, escaped or not
    | \\*["'][\w-]{{0,40}}(?:{_WORDS})\\*["']\s*:
    | (?:{_WORDS})\s*=\s*[^&\s]
    | (?<![.])(?<!__)(?:{_WORDS})\s*:\s*\S   # not a mistake about an option: "mqtt.password: must be text"
    | \bbearer\s+\S
    | ://[^\s/?\#@]{{1,300}}@       # who, and with which password, in an address
    | ://[^\s/:@]{{0,300}}:[^\s@]{{0,300}}@
    | session_id\\*";s:            # the serialised session of a real account
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DEPTH = 6


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds something that authenticates."""
    return _SECRET_NAME.fullmatch(name) is not None


def redacted(value: Any, depth: int = _DEPTH) -> Any:
    """The same value with every secret in it masked: by the names of its keys and by the look of its text.

    What lies deeper than a log line should is masked too.
    """
    if isinstance(value, str):
        return MASK if _SECRET_VALUE.search(value) else value
    if isinstance(value, bytes | bytearray):
        return redacted(bytes(value).decode(errors="replace"))
    if isinstance(value, Mapping):
        return redacted_fields(value, depth - 1) if depth else MASK
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(part, depth - 1) for part in value] if depth else MASK
    return value


def redacted_fields(fields: Mapping[Any, Any], depth: int = _DEPTH) -> dict[Any, Any]:
    """A mapping with secrets masked; None stays None, as it tells nothing."""
    return {
        key: MASK if value is not None and is_secret_name(str(key)) else redacted(value, depth)
        for key, value in fields.items()
    }
