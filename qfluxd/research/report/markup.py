"""HTML that cannot be broken out of: what comes from outside is text, and stays text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

_NAME: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9:-]*")
_VOID: Final = frozenset({"br", "col", "hr", "link", "meta", "wbr"})
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, which HTML does not allow, and those that turn the direction of what follows."""


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of a document. The promise: whoever holds one got it from `tag`, `bag` or `trusted`."""

    text: str


type Child = Html | str | Iterable[Child] | None
"""What may stand inside a tag; None is nothing."""

type Attribute = str | int | bool | None
"""True is an attribute without a value; None and False leave it out."""


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """An element. A `_` at the end of an attribute's name is dropped, any other becomes a `-`.

    Raises:
        ValueError: a name that is none.
    """
    given = "".join(_attribute(key, value) for key, value in attributes.items())
    opened = f"<{_checked(name)}{given}>"
    return Html(opened if name in _VOID else f"{opened}{_text(children)}</{name}>")


def bag(*children: Child) -> Html:
    """Several pieces one after another."""
    return Html(_text(children))


def trusted(text: str) -> Html:
    """Markup of our own making: a style sheet, a plot."""
    return Html(text)


def plain(text: str) -> str:
    """A text from outside without characters that are not seen; each of them becomes the sign for one."""
    return _UNSEEN.sub("�", text)


def _text(child: Child) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child.text
    if isinstance(child, str):
        return escape(plain(child))
    return "".join(map(_text, child))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = _checked(key.removesuffix("_").replace("_", "-"))
    return f" {name}" if value is True else f' {name}="{escape(plain(str(value)))}"'


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an element or attribute")
    return name
