"""Which tabs are trading pages, and what may be told of their lives."""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import msgspec

from qfluxd.chrome.secrets import stripped
from qfluxd.model import Millis

type Target = str
"""Chrome's name for a tab; it stays the same through every navigation."""


class PageFound(msgspec.Struct, frozen=True):
    """A trading page is there, and its frames are heard from now on."""

    target: Target
    url: str


class PageReloaded(msgspec.Struct, frozen=True):
    """The page was loaded anew at the same address; its old sockets have been closed."""

    target: Target
    url: str


class PageNavigated(msgspec.Struct, frozen=True):
    """Another trading page was loaded in the same tab; its old sockets have been closed."""

    target: Target
    url: str


class PageMoved(msgspec.Struct, frozen=True):
    """The page changed its own address without loading anything; its sockets live on."""

    target: Target
    url: str


class PageCrashed(msgspec.Struct, frozen=True):
    """The page's process has died; a reload brings it back."""

    target: Target
    reason: str


class PageHung(msgspec.Struct, frozen=True):
    """The page does not answer, or waits for a person to answer a dialog."""

    target: Target
    reason: str


class PageRecovered(msgspec.Struct, frozen=True):
    """A page that hung answers again."""

    target: Target


class PageGone(msgspec.Struct, frozen=True):
    """There is no trading page in that tab any more: it was closed, or shows something else."""

    target: Target
    reason: str


class SocketOpened(msgspec.Struct, frozen=True):
    """A WebSocket of the page. `url` has no query; it is None for one that was open before we came."""

    target: Target
    conn: str
    url: str | None


class SocketClosed(msgspec.Struct, frozen=True):
    """A WebSocket of the page has ended; its name does not come again."""

    target: Target
    conn: str


class FramesLost(msgspec.Struct, frozen=True):
    """Frames were dropped just before the next one that is delivered.

    `lost` is how many, or None where Chrome itself ran out of room and nobody counted; `first` and `last` are
    this machine's clock when they were read, or the limits between which they were lost.
    """

    lost: int | None
    first: Millis
    last: Millis


type PageEvent = (
    PageFound
    | PageReloaded
    | PageNavigated
    | PageMoved
    | PageCrashed
    | PageHung
    | PageRecovered
    | PageGone
    | SocketOpened
    | SocketClosed
    | FramesLost
)

type Tell = Callable[[PageEvent], None]
"""Hears about a page. Never waits, never raises."""

_PORTS = {"http": 80, "https": 443}
_PATTERN = re.compile(r"(https?)://([^/?#@\s]+)(/[^?#\s]*)?", re.IGNORECASE)


def page_matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Whether an address belongs to one of the trading pages.

    A pattern is an address with ``*`` for any characters: ``https://pocketoption.com/*``. In the host ``*`` stands
    for characters of a host only; the address is looked at without its query and fragment.

    Raises:
        ValueError: a pattern is no http or https address.
    """
    rules = [_compile(pattern) for pattern in patterns]

    def matches(url: str) -> bool:
        address = _plain(url)
        return address is not None and any(rule.fullmatch(address) for rule in rules)

    return matches


def start_page(patterns: Sequence[str]) -> str | None:
    """The address to open for these patterns: the first whose host has no star, up to the star in its path."""
    for pattern in patterns:
        match = _PATTERN.fullmatch(pattern.strip())
        if match is not None and "*" not in match[2]:
            return match[0].partition("*")[0]
    return None


def _compile(pattern: str) -> re.Pattern[str]:
    match = _PATTERN.fullmatch(pattern.strip())
    if match is None:
        raise ValueError(f"{pattern!r} is no page address; write one such as https://pocketoption.com/*")
    scheme, host, path = match[1].lower(), match[2].lower(), match[3] or "/"
    host = host.removesuffix(f":{_PORTS[scheme]}")
    return re.compile(f"{scheme}://{_stars(host, '[^/]*')}{_stars(path, '.*')}", re.DOTALL)


def _stars(text: str, means: str) -> str:
    return means.join(re.escape(part) for part in text.split("*"))


def _plain(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return stripped(url) if parts.scheme in _PORTS and parts.username is None else None


def origin(url: str) -> str:
    """The scheme, host and port of an address: what browsers call its origin."""
    return "/".join(stripped(url).split("/", 3)[:3])
