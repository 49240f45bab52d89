"""Where in a TOML file each key stands, so that a mistake can name its line.

`tomllib` tells values but not places. This reads the same text a second time for places only: it relies on
`tomllib` having accepted the text, and lets it decode the keys.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

type Path = tuple[str | int, ...]
"""A key from the root down; a number is a place in an array: ``("strategy", 0, "name")``."""

_TOKEN = re.compile(
    r'"""(?:\\[\s\S]|(?!""")[^\\])*"{3,5}'  # a closing quote may follow up to two quotes of content
    r"|'''(?:(?!''')[\s\S])*'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|\n"
    r"|[\[\]{}=,]"
    r"|[^\s\"'\#\[\]{}=,]+"
)
_ENDS_VALUE = frozenset("\n,]}")


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int


def locate(text: str) -> dict[Path, int]:
    """The line, from 1, on which each key, table and array element of valid TOML begins.

    A table that several headers mention stands where it is first named.
    """
    reader = _Reader(list(_tokens(text)))
    reader.document()
    return reader.places


def _tokens(text: str) -> Iterator[_Token]:
    line = 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if not token.startswith("#"):
            yield _Token(token, line)
        line += token.count("\n")
    yield _Token("\n", line)


@dataclass(slots=True)
class _Reader:
    """Walks the tokens once and notes each key where it begins."""

    tokens: list[_Token]
    places: dict[Path, int] = field(default_factory=dict)
    arrays: dict[Path, int] = field(default_factory=dict)
    at: int = 0

    def document(self) -> None:
        table: Path = ()
        while self.at < len(self.tokens):
            if self._peek() == "\n":
                self.at += 1
            elif self._peek() == "[":
                table = self._header()
            else:
                self._pair(table)

    def _peek(self) -> str:
        return self.tokens[self.at].text

    def _header(self) -> Path:
        line = self.tokens[self.at].line
        self.at += 1
        repeated = self._peek() == "["
        self.at += repeated
        path = self._inside_arrays(self._key("]"), repeated)
        self.at += 1 + repeated
        self._note(path, line)
        return path

    def _inside_arrays(self, keys: list[str], repeated: bool) -> Path:
        """The path of a header; a name that is an array of tables means its latest element."""
        path: Path = ()
        for depth, key in enumerate(keys, 1):
            path += (key,)
            if repeated and depth == len(keys):
                self.arrays[path] = self.arrays.get(path, -1) + 1
            if path in self.arrays:
                path += (self.arrays[path],)
        return path

    def _pair(self, table: Path) -> None:
        line = self.tokens[self.at].line
        path = table + tuple(self._key("="))
        self.at += 1
        self._note(path, line)
        self._value(path)

    def _key(self, end: str) -> list[str]:
        begin = self.at
        while self._peek() != end:
            self.at += 1
        nested: object = tomllib.loads("".join(token.text for token in self.tokens[begin : self.at]) + "=0")
        keys = []
        while isinstance(nested, dict):
            ((key, nested),) = nested.items()
            keys.append(key)
        return keys

    def _note(self, path: Path, line: int) -> None:
        for length in range(1, len(path) + 1):
            self.places.setdefault(path[:length], line)

    def _value(self, path: Path) -> None:
        match self._peek():
            case "[":
                self._elements(path)
            case "{":
                self._inline(path)
            case _:
                while self._peek() not in _ENDS_VALUE:
                    self.at += 1

    def _elements(self, path: Path) -> None:
        self.at += 1
        index = 0
        while (token := self._peek()) != "]":
            if token in ("\n", ","):
                self.at += 1
                continue
            self._note((*path, index), self.tokens[self.at].line)
            self._value((*path, index))
            index += 1
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        while (token := self._peek()) != "}":
            if token in ("\n", ","):
                self.at += 1
            else:
                self._pair(path)
        self.at += 1
