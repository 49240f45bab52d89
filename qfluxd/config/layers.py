"""The places a setting may come from, each read into the same shape with the place of every key."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from qfluxd.config.lines import Path, locate
from qfluxd.errors import Mistake

PREFIX = "QFLUXD_"
RESERVED = frozenset({"QFLUXD_CHROME"})
"""Variables that begin like a setting and are none: QFLUXD_CHROME names the browser to start."""

_CREDENTIAL_LIMIT = 64 * 1024
_AT_LINE = re.compile(r"\s*\(at line (\d+), column \d+\)$")
_AT_END = re.compile(r"\s*\(at end of document\)$")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was given: a file and line, a variable, a credential."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(slots=True)
class Layer:
    """What one place says: nested tables, and for every key where it stands.

    `typed` is true where values carry types of their own (a file) rather than being text; `spell` writes a key
    the way this place writes it.
    """

    source: str
    data: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)
    typed: bool = False
    spell: Callable[[str], str] = str

    def place(self, path: Path) -> Place:
        """Where a key stands, or else the nearest table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place(self.source)

    def mistake(self, path: Path, what: str) -> Mistake:
        """A mistake at a key of this layer."""
        place = self.place(path)
        return Mistake(dotted(path), what, place.source, place.line)

    def put(self, path: tuple[str, ...], value: object, place: Place) -> None:
        """Set a key given on its own."""
        table = self.data
        for key in path[:-1]:
            inner = table.setdefault(key, {})
            if not isinstance(inner, dict):
                self.mistakes.append(Mistake(".".join(path), f"{key} is given as a value too", str(place)))
                return
            table = inner
        table[path[-1]] = value
        self.places[path] = place


def from_file(file: FilePath) -> Layer:
    """Read a TOML file; what cannot be read or parsed is among the layer's mistakes."""
    layer = Layer(str(file), typed=True)
    try:
        text = file.read_bytes().decode()
        layer.data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        layer.mistakes.append(_syntax_mistake(problem, text, layer.source))
    except UnicodeDecodeError as problem:
        line = problem.object[: problem.start].count(b"\n") + 1
        layer.mistakes.append(Mistake("", "is not UTF-8 text", layer.source, line))
    except FileNotFoundError:
        layer.mistakes.append(Mistake("", "there is no such file; qfluxd config init writes one", layer.source))
    except OSError as problem:
        layer.mistakes.append(Mistake("", f"cannot be read: {problem.strerror}", layer.source))
    else:
        layer.places = {path: Place(layer.source, line) for path, line in locate(text).items()}
    return layer


def _syntax_mistake(problem: tomllib.TOMLDecodeError, text: str, source: str) -> Mistake:
    said = str(problem)
    if at := _AT_LINE.search(said):
        return Mistake("", f"not TOML: {said[: at.start()]}", source, int(at[1]))
    return Mistake("", f"not TOML: {_AT_END.sub(' at the end', said)}", source, text.count("\n") + 1)


def from_environment(environ: Mapping[str, str]) -> Layer:
    """Read every variable QFLUXD_<TABLE>__<KEY>; deeper tables take one more double underscore."""
    layer = Layer("environment", spell=lambda key: PREFIX + key.upper().replace(".", "__"))
    for name, text in sorted(environ.items()):
        if name.upper().startswith(PREFIX) and name not in RESERVED:
            path = tuple(name[len(PREFIX) :].lower().split("__"))
            layer.put(path, text, Place(f"environment variable {name}"))
    return layer


def from_credentials(folder: str | None) -> Layer:
    """Read systemd's credentials, files named ``mqtt__password``; other names are left alone."""
    layer = Layer("credential", spell=lambda key: key.replace(".", "__"))
    if folder:
        for file in _credential_files(FilePath(folder), layer):
            _read_credential(file, layer)
    return layer


def _credential_files(folder: FilePath, layer: Layer) -> Iterator[FilePath]:
    try:
        yield from sorted(file for file in folder.iterdir() if "__" in file.name)
    except OSError as problem:
        layer.mistakes.append(Mistake("", f"the credentials cannot be read: {problem.strerror}", str(folder)))


def _read_credential(file: FilePath, layer: Layer) -> None:
    source = f"credential {file.name}"
    try:
        raw = file.read_bytes()
        if len(raw) > _CREDENTIAL_LIMIT:
            layer.mistakes.append(Mistake("", "is larger than 64 KiB", source))
            return
        text = raw.decode().rstrip("\r\n")
    except OSError as problem:
        layer.mistakes.append(Mistake("", f"cannot be read: {problem.strerror}", source))
    except UnicodeDecodeError:
        layer.mistakes.append(Mistake("", "is not UTF-8 text", source))
    else:
        layer.put(tuple(file.name.lower().split("__")), text, Place(source))


def from_overrides(overrides: Mapping[str, object]) -> Layer:
    """Take settings from the command line: dotted keys to values or their text."""
    layer = Layer("command line")
    for key, value in overrides.items():
        layer.put(tuple(key.split(".")), value, Place(layer.source))
    return layer


def dotted(path: Path) -> str:
    """A key as people write it: ``market.timeframes[1]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def as_list(text: str) -> object:
    """Text given for a list: JSON where it looks like it, else parts between commas."""
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return [part.strip() for part in text.split(",") if part.strip()]
