"""Keeps what logs you in out of everything qfluxd sees, stores, publishes or prints."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

_WORDS: Final = (
    b"session",
    b"token",
    b"ssid",
    b"secret",
    b"passw",
    b"passphrase",
    b"cookie",
    b"authorization",
    b'"jwt',
    b"api_key",
    b"apikey",
    b"bearer",
)
_AUTH: Final = (b'"auth"', b'"auth\\')  # plain, or escaped inside a string
_SHORT_KEY: Final = re.compile(rb"""pwd\\*["']?\s*[:=]""")  # three letters alone may stand in a symbol
_PERCENT: Final = ord("%")
_BACKSLASH: Final = ord("\\")
_ESCAPE: Final = re.compile(rb"\\+u00([0-9a-f]{2})")
# What nobody would type: a link that resets a password has one in its path.
_TOKEN: Final = re.compile(r"(?<![\w-])(?=[A-Za-z_-]*[0-9])(?=[0-9_-]*[A-Za-z])[A-Za-z0-9_-]{20,}")
_HEADER: Final = re.compile(rb"4[56](\d{1,9})-")
# A list of assets names them as the broker likes ("Attention Token"), and losing it would blind the daemon: there a
# word alone is a label, and only a word used as a key or a cookie's name carries a secret.
_ASSETS: Final = re.compile(rb"""(?:4[23]\d*\["[a-z/-]+",)?\[\[\d+, ?"[^"]*", ?"[^"]*", ?"[a-z]+", ?\d""")
_KEY: Final = re.compile(rb"(?:" + rb"|".join(_WORDS) + rb""")[\w-]{0,40}\\*["']?\s*[:=;]""")


def has_secret(data: bytes) -> bool:
    """Whether a message carries something that authenticates, in plain, escaped, percent-encoded or upper-case form.

    `data` is the whole message: the UTF-8 bytes of a text one or the body of a binary one.
    """
    low = data.lower()
    # What every secret contains: `ss` (session, ssid, pass…), `ok` (token, cookie), `re` (secret, bearer), four words
    # without these, or an escape that could hide one. A tick has none, and find() costs an eighth of `in` on bytes.
    if (
        low.find(b"ss") < 0
        and low.find(b"ok") < 0
        and low.find(b"re") < 0
        and low.find(b"auth") < 0
        and low.find(b'"jwt') < 0
        and low.find(b"api") < 0
        and low.find(b"pwd") < 0
        and _PERCENT not in low
        and _BACKSLASH not in low
    ):
        return False
    return _says_secret(low) or ((plain := _unwrapped(low)) is not None and _says_secret(plain))


def _says_secret(low: bytes) -> bool:
    if any(low.find(form) >= 0 for form in _AUTH) or (low.find(b"pwd") >= 0 and _SHORT_KEY.search(low)):
        return True
    if not any(low.find(word) >= 0 for word in _WORDS):
        return False
    return _ASSETS.match(low) is None or _KEY.search(low) is not None


def _unwrapped(low: bytes) -> bytes | None:
    if _PERCENT not in low and low.find(b"\\u00") < 0:
        return None
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), unquote_to_bytes(low)).lower()


class Gate:
    """Decides which messages of a socket may pass; what it drops, it drops with all that belongs to it.

    A Socket.IO event may be a header (``451-[…]``) with binary bodies behind it: when the header is secret,
    that many bodies on the same socket in the same direction are dropped too.
    """

    def __init__(self) -> None:
        self._owed: dict[tuple[str, bool], int] = {}

    def passes(self, conn: str, data: bytes, text: bool, sent: bool) -> bool:
        """Whether this message may be seen; call it once for each message, in order."""
        if self._owed and self._owes((conn, sent), data, text):
            return False
        if not has_secret(data):
            return True
        if text and (header := _HEADER.match(data)):
            self._owed[conn, sent] = int(header[1])
        return False

    def forget(self, conn: str) -> None:
        """The socket is gone, and with it what it owed."""
        self._owed.pop((conn, False), None)
        self._owed.pop((conn, True), None)

    def _owes(self, line: tuple[str, bool], data: bytes, text: bool) -> bool:
        owed = self._owed.get(line, 0)
        if not owed or (text and not data.startswith(b"4")):
            return False  # pings may stand between a header and its bodies
        if text or owed == 1:
            del self._owed[line]  # all bodies came, or a new packet says that they never will
        else:
            self._owed[line] = owed - 1
        return not text


def bare(url: str) -> str:
    """An address fit to be told: without user, query and fragment, and without what in its path may be a token."""
    start, path = (parts := stripped(url).split("/"))[:3], parts[3:]
    return "/".join([*start, *("***" if _TOKEN.search(part) else part for part in path)])


def stripped(url: str) -> str:
    """An address without user, query and fragment, to be compared; to be told, it is not `bare` enough."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "(unreadable address)"
    if not host:
        return f"{parts.scheme}:" if parts.scheme else ""
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}{'' if port is None else f':{port}'}{parts.path}"
