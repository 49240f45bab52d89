"""Takes everything out of a piece of the page that could open an account or name its owner."""

import re
from html import escape
from html.parser import HTMLParser
from typing import Final

_WITHOUT: Final = frozenset({"script", "style", "noscript", "template", "iframe", "object", "embed"})
_VOID: Final = frozenset({"img", "input", "br", "hr", "meta", "link", "base", "source", "track", "wbr", "area", "col"})
_DROPPED: Final = frozenset({"meta", "link", "base"})
_SECRET_INPUTS: Final = frozenset({"hidden", "password", "email"})
_ADDRESSES: Final = frozenset({"href", "src", "action", "srcset", "data-src", "xlink:href", "formaction", "poster"})
_EMAIL: Final = re.compile(r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_SERIALISED: Final = re.compile(r"\b[asO]:\d+:[{\"][^<>]*")
# A word this long that holds a digit is no name of a class or a price: identifiers and sessions look so.
_TOKEN: Final = re.compile(r"(?=[A-Za-z_-]*\d)[A-Za-z0-9_+/=-]{20,}")


def scrubbed(html: str) -> str:
    """The same markup without scripts, hidden fields, event handlers, addresses' queries, tokens and e-mails."""
    parser = _Scrub()
    parser.feed(html)
    parser.close()
    return "".join(parser.kept)


def clean_text(text: str) -> str:
    """Text with what looks like a token, a session or an e-mail replaced."""
    return _TOKEN.sub("[token]", _SERIALISED.sub("[session]", _EMAIL.sub("[e-mail]", text)))


class _Scrub(HTMLParser):
    """Writes down what may be kept; what is open is a stack of names only while inside something dropped."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []
        self._dropping: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._dropping or tag in _WITHOUT:
            if tag not in _VOID:
                self._dropping.append(tag)
            return
        given = dict(attrs)
        if tag in _DROPPED or (tag == "input" and (given.get("type") or "").lower() in _SECRET_INPUTS):
            return
        kept = (_attribute(name, value or "") for name, value in attrs if not name.startswith("on"))
        self.kept.append(f"<{' '.join((tag, *kept))}>")

    def handle_endtag(self, tag: str) -> None:
        if not self._dropping:
            if tag not in _VOID:
                self.kept.append(f"</{tag}>")
        elif tag in self._dropping:
            while self._dropping.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self.kept.append(escape(clean_text(data), quote=False))


def _attribute(name: str, value: str) -> str:
    if name in _ADDRESSES:
        value = re.split(r"[?#]", value, maxsplit=1)[0]
    return f'{name}="{escape(clean_text(value))}"'
