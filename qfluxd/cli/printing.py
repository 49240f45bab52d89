"""How commands print: results to standard output, trouble to standard error, tables that line up."""

import json
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, redirect_stdout
from datetime import UTC, datetime
from decimal import Decimal
from shutil import get_terminal_size
from typing import Any, Final

from qfluxd.cli.table_printing import laid_out, wrapped
from qfluxd.errors import QfluxdError

_HARMLESS: Final = {at: f"\\x{at:02x}" for at in (*range(0x20), *range(0x7F, 0xA0)) if chr(at) not in "\n\t"}
"""What would command the terminal is shown instead: names of files and assets are others' making."""

_WIDEST: Final = 119
_LEAST: Final = 40
"""Columns for a sentence: lines that are longer are hard to read, and shorter ones are none."""


def theirs_aside() -> AbstractContextManager[object]:
    """What strategies print within goes to standard error: standard output is for results."""
    return redirect_stdout(sys.stderr)


def put(text: str) -> None:
    """One line or more of result, at once: it may be read by a pipe."""
    _write(text.translate(_HARMLESS))


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def put_wrapped(text: str, begin: str = "", indent: int | None = None) -> None:
    """A sentence behind `begin`, in lines that fit the terminal, the others with an `indent`; elsewhere one line."""
    if (room := _room()) is None:
        put(f"{begin}{text}")
        return
    for line in wrapped(text, min(room, _WIDEST), begin, indent):
        put(line)


def _room() -> int | None:
    """Columns of the terminal that is printed to; None where it is none, and lines are as long as they are."""
    return max(get_terminal_size().columns, _LEAST) if sys.stdout.isatty() else None


def put_json(value: Any, *, indent: int | None = 2) -> None:
    """A result for programs."""
    _write(json.dumps(value, indent=indent, ensure_ascii=False, default=str))


def put_table(rows: Iterable[Iterable[object]], head: Sequence[str] = (), under: Sequence[Sequence[str]] = ()) -> None:
    """Rows of cells in columns that line up, without frames; under their rows what a terminal has no room for.

    `under` are groups of headings, those that can be missed first; without it the last columns go first.
    """
    cells = [[str(cell).translate(_HARMLESS) for cell in row] for row in rows]
    for line in laid_out(cells, head, _room(), under):
        put(line)


def when(at: int, *, milliseconds: bool = False) -> str:
    """A time in ms UTC, such as ``2026-11-22T11:34:29Z``."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if milliseconds else "seconds").replace("+00:00", "Z")


def amount(value: float, sign: str = "") -> str:
    """Money with at least two decimals, and with all that it has; `sign` is ``+`` where a gain is to have one."""
    exact = Decimal(str(value))
    return f"{exact:{sign}.2f}" if exact == round(exact, 2) else f"{exact:{sign}f}"


def put_data(data: Any) -> None:
    """An answer's data for people: rows as a table, fields a line each."""
    if isinstance(data, list) and data and all(isinstance(row, dict) for row in data):
        columns = list(dict.fromkeys(key for row in data for key in row))
        put_table(([_cell(row.get(column, "")) for column in columns] for row in data), columns)
    elif isinstance(data, dict):
        _put_fields(data)
    else:
        put(_cell(data))


def _put_fields(fields: dict[str, Any]) -> None:
    plain = [(key, _cell(value)) for key, value in fields.items() if not _is_rows(value)]
    if plain:
        put_table(plain)
    for key, value in fields.items():
        if _is_rows(value):
            put(f"{key}:")
            put_data(value)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _cell(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def complain(text: str) -> None:
    """What went wrong, with what to do."""
    sys.stderr.write(f"{text.translate(_HARMLESS)}\n")
    sys.stderr.flush()


class Failed(QfluxdError):
    """A command has done its work and the answer is no: exit 1, and all that is to be said has been said."""


class Misused(QfluxdError):
    """What was typed makes no sense, and nothing was done: exit 2."""
