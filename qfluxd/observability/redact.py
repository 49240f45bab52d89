"""Keeps what would let someone in out of everything that is written or shown."""

import re
from collections.abc import Mapping
from typing import Any

MASK = "********"

_SECRET_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|token|secret|credential|credentials|ssid|session|auth|authorization|cookie|"
    r"cookies|ci_session|api_?key)$",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"""
      \[\s*\\*"auth\\*"            # an authentication frame, escaped or not
    | \\*["'](session|session_?token|token|ssid|secret|password|ci_session)\\*["']\s*:
    | \b(session|session_?token|token|ssid|secret|password|ci_session)=[^&\s]
    | session_id\\*";s:            # the serialised session of a real account
    """,
    re.IGNORECASE | re.VERBOSE,
)
_DEPTH = 6


def is_secret_name(name: str) -> bool:
    """Whether a field of this name holds something that authenticates."""
    return bool(_SECRET_NAME.search(name))


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
