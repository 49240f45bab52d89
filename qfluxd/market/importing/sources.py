"""A file as batches of rows, whatever form it has: CSV, Parquet, JSON lines, or one JSON document."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.importing.naming import date_and_time
from qfluxd.market.parquet import UNREADABLE

BATCH: Final = 1 << 17
"""Rows that are looked at together."""

_SEPARATORS: Final = (",", ";", "\t")
_LISTS: Final = ("ticks", "candles", "history", "data", "rows", "quotes")
"""Where a JSON document keeps its rows."""

_ROWS_OF: Final[Mapping[int, tuple[str, ...]]] = {2: ("at", "price"), 5: ("at", "open", "close", "high", "low")}
"""What a row without names is, by its length: as the broker's own answers have it."""


class Source(msgspec.Struct, frozen=True):
    """A file that was opened: its columns, its rows as often as they are wanted, and what it says of all of them."""

    path: Path
    form: str
    names: tuple[str, ...]
    batches: Callable[[], Iterator[pl.DataFrame]]
    asset: str | None = None


def open_source(path: Path) -> Source:
    """Look at a file's beginning. Raises `DataError` naming the file where it is in none of the forms."""
    forms = {".csv": _csv, ".tsv": _csv, ".txt": _csv, ".parquet": _parquet, ".json": _document}
    forms |= dict.fromkeys((".jsonl", ".ndjson"), _lines)
    if path.suffix.lower() not in forms:
        raise DataError(f"{path}: the name must end in {', '.join(forms)}")
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    with_time = _with_one_time(_readable(path, lambda: forms[path.suffix.lower()](path)))
    return msgspec.structs.replace(with_time, batches=lambda: _guarded(path, with_time.batches()))


def _csv(path: Path) -> Source:
    """Everything as text: what is a number is decided by what a column is for."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    separator = max(_SEPARATORS, key=first.count)
    rows = pl.scan_csv(path, separator=separator, infer_schema=False, truncate_ragged_lines=True, glob=False)
    return _scanned(path, "csv", rows)


def _parquet(path: Path) -> Source:
    return _scanned(path, "parquet", pl.scan_parquet(path, glob=False))


def _scanned(path: Path, form: str, rows: pl.LazyFrame) -> Source:
    names = tuple(rows.collect_schema().names())
    return Source(path, form, names, lambda: iter(rows.collect_batches(chunk_size=BATCH, maintain_order=True)))


def _lines(path: Path) -> Source:
    """An object on each line. A line that is none is a row of nothing, and is counted as such."""
    first = next(filter(None, _objects(path)), {})
    if {"conn", "opcode"} <= first.keys():
        raise DataError(f"{path}: a recording of frames; let `qfluxd replay {path.name} --store FOLDER` store it")
    names = tuple(first)

    def batches() -> Iterator[pl.DataFrame]:
        return (_frame([[row.get(name) for name in names] for row in rows], names) for rows in _cut(_objects(path)))

    return Source(path, "json lines", names, batches)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with path.open("rb") as file:
        for line in file:
            try:
                yield decode(line)
            except msgspec.DecodeError:
                yield {}


def _document(path: Path) -> Source:
    """One value: a list of rows, or an object that has it under a usual name."""
    try:
        found = msgspec.json.decode(path.read_bytes())
    except msgspec.DecodeError as error:
        raise DataError(f"{path}: no JSON ({error})") from error
    about = found if isinstance(found, dict) else {}
    rows = next((about[name] for name in _LISTS if isinstance(about.get(name), list)), found)
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{path}: holds no list of rows; it takes one, or an object with one as {', '.join(_LISTS)}")
    names, values = _named(path, rows)
    asset = next((about[name] for name in ("asset", "symbol") if isinstance(about.get(name), str)), None)
    return Source(path, "json", names, lambda: (_frame(part, names) for part in _cut(values)), asset)


def _named(path: Path, rows: list[Any]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """The columns of rows, and their values in that order. Raises `DataError` where rows have no known shape."""
    if isinstance(rows[0], dict):
        names = tuple(rows[0])
        return names, [[row.get(name) for name in names] if isinstance(row, dict) else [] for row in rows]
    length = len(rows[0]) if isinstance(rows[0], list) else 0
    if length not in _ROWS_OF:
        shapes = " or ".join(f"[{', '.join(names)}]" for names in _ROWS_OF.values())
        raise DataError(f"{path}: its rows are no objects; rows without names must be {shapes}")
    return _ROWS_OF[length], [row if isinstance(row, list) and len(row) == length else [] for row in rows]


def _frame(rows: Iterable[list[Any]], names: tuple[str, ...]) -> pl.DataFrame:
    """Rows as columns of numbers or text; a row that is none is one of nothing."""
    whole = [row or [None] * len(names) for row in rows]
    return pl.DataFrame([_column(name, values) for name, values in zip(names, zip(*whole, strict=True), strict=True)])


def _column(name: str, values: tuple[Any, ...]) -> pl.Series:
    if any(isinstance(value, str) for value in values):
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)
    numbers = [float(value) if isinstance(value, int | float) else None for value in values]
    return pl.Series(name, numbers, dtype=pl.Float64)


def _cut[T](rows: Iterable[T]) -> Iterator[list[T]]:
    part: list[T] = []
    for row in rows:
        part.append(row)
        if len(part) == BATCH:
            yield part
            part = []
    if part:
        yield part


def _with_one_time(source: Source) -> Source:
    """Where day and time of day stand apart: the same rows with both in one column."""
    if (pair := date_and_time(source.names)) is None:
        return source
    text = pl.concat_str([pl.col(name).cast(pl.String).str.strip_chars() for name in pair], separator=" ")
    names = ("at", *(name for name in source.names if name not in pair))

    def batches() -> Iterator[pl.DataFrame]:
        return (batch.with_columns(text.alias("at")).select(names) for batch in source.batches())

    return msgspec.structs.replace(source, names=names, batches=batches)


def _guarded(path: Path, batches: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    while (batch := _readable(path, lambda: next(batches, None))) is not None:
        yield batch


def _readable[T](path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except (*UNREADABLE, OSError) as error:
        why = str(error).partition("\n")[0]
        raise DataError(f"{path}: cannot be read: {why}") from error
