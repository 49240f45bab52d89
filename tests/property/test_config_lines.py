"""For any TOML file, the line of every key is found."""

import tomllib
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qfluxd.config.lines import Path, locate

NAMES = st.text("abcdefgh_-0123456789", min_size=1, max_size=6)
TEXTS = st.text(st.sampled_from("ab #=[]{},.'\"\\\n\t€"), max_size=8)
BLANKS = st.sampled_from(["", "\n", "# a = 1\n", "  # [x] \"\"\" '''\n", "\n\n"])


@dataclass
class Document:
    """A TOML text that grows, and the line on which each key of it was written."""

    text: str = ""
    lines: dict[Path, int] = field(default_factory=dict)

    def add(self, text: str) -> None:
        self.text += text

    def note(self, path: Path) -> None:
        self.lines.setdefault(path, self.text.count("\n") + 1)


def quoted(draw: Any, name: str) -> str:
    """A key as it may be written."""
    return str(draw(st.sampled_from([name, f'"{name}"', f"'{name}'"])))


def basic(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def multi(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if escaped.endswith('"'):
        escaped = escaped[:-1] + '\\"'
    return f'"""{escaped}"""'


def literal(text: str) -> str:
    return "'''" + text.replace("'", "") + '"' + "'''"


def write_value(draw: Any, document: Document, path: Path, depth: int) -> None:
    kinds = ["plain", "text", "multi", "literal", "quotes"] + (["list", "inline"] if depth else [])
    match draw(st.sampled_from(kinds)):
        case "plain":
            document.add(draw(st.sampled_from(["1", "-1.5e3", "true", "1979-05-27 07:32:00", "0xdead_beef", "inf"])))
        case "text":
            document.add(basic(draw(TEXTS)))
        case "multi":
            document.add(multi(draw(TEXTS)))
        case "literal":
            document.add(literal(draw(TEXTS)))
        case "quotes":
            document.add(draw(st.sampled_from(['"""a"""""', '"""a""""', '""""""', "''''a'''''", "''", '""'])))
        case "list":
            write_list(draw, document, path, depth - 1)
        case "inline":
            write_inline(draw, document, path, depth - 1)


def write_list(draw: Any, document: Document, path: Path, depth: int) -> None:
    document.add("[")
    for index in range(draw(st.integers(0, 3))):
        document.add(draw(st.sampled_from(["", "\n  ", " # ] no end\n", "\n\n"])))
        document.note((*path, index))
        write_value(draw, document, (*path, index), depth)
        document.add(draw(st.sampled_from([",", " ,", "\n,"])))
    document.add(draw(st.sampled_from(["]", "\n]"])))


def write_inline(draw: Any, document: Document, path: Path, depth: int) -> None:
    document.add("{ ")
    for count, name in enumerate(draw(st.lists(NAMES, unique=True, max_size=3))):
        document.add(", " if count else "")
        document.note((*path, name))
        document.add(f"{quoted(draw, name)} = ")
        write_value(draw, document, (*path, name), depth)
    document.add(" }")


def write_pairs(draw: Any, document: Document, table: Path) -> None:
    for name in draw(st.lists(NAMES, unique=True, max_size=4)):
        document.add(draw(BLANKS))
        path = (*table, name)
        document.note(path)
        document.add(quoted(draw, name))
        if draw(st.booleans()):
            path = (*path, "dotted")
            document.note(path)
            document.add(draw(st.sampled_from([".dotted", ' . "dotted"'])))
        document.add(draw(st.sampled_from(["=", " = ", "\t="])))
        write_value(draw, document, path, 2)
        document.add(draw(st.sampled_from(["\n", "  # [note] = 1\n"])))


@st.composite
def documents(draw: Any) -> Document:
    document = Document()
    write_pairs(draw, document, ())
    for count, kind in enumerate(draw(st.lists(st.sampled_from(["table", "array"]), max_size=4))):
        document.add(draw(BLANKS))
        name = f"T{count}"
        if kind == "table":
            document.note((name,))
            document.note((name, "inner"))
            document.add(f"[{quoted(draw, name)}.inner]\n")
            write_pairs(draw, document, (name, "inner"))
            continue
        for index in range(draw(st.integers(1, 3))):
            document.note((name,))
            document.note((name, index))
            document.add(f"[[{name}]]\n")
            write_pairs(draw, document, (name, index))
            document.note((name, index, "SUB"))
            document.add(f"[{name}.SUB] # of the latest\n")
            write_pairs(draw, document, (name, index, "SUB"))
    return document


def paths(value: Any, path: Path = ()) -> set[Path]:
    """Every path in parsed TOML."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path} | {inner for key, part in items for inner in paths(part, (*path, key))}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_every_key_is_found_on_its_line(document: Document) -> None:
    """Each key, table and element is located exactly where it was written, and nothing else is."""
    parsed = tomllib.loads(document.text)
    found = locate(document.text)
    assert found == document.lines
    assert set(found) == paths(parsed) - {()}
