"""What is stored, listed and taken out: how much there is of each asset, and files of it for other tools."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Literal

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.csvfile import csv_columns
from qfluxd.market.layout import (
    LAST_MILLIS,
    Kind,
    Shelf,
    csv_file,
    day_file,
    days,
    part_file,
    part_numbers,
    shelves,
)
from qfluxd.market.parquet import MOMENT, SCHEMAS, TIME_COLUMN
from qfluxd.market.reading import scan
from qfluxd.model import Millis, timeframe_name

type Form = Literal["csv", "parquet", "jsonl"]

_MILLIS = pl.Int64()


class Stored(msgspec.Struct, frozen=True):
    """How much is stored of one shelf. `first` and `last` are the times of its outermost rows; `bytes` on disk."""

    kind: Kind
    asset: str
    timeframe: str | None
    days: int
    rows: int
    first: Millis
    last: Millis
    bytes: int


def list_data(root: Path) -> Iterator[Stored]:
    """What the folder holds, a shelf at a time, sorted. Raises `DataError` naming a file that is damaged."""
    for shelf in shelves(root):
        stored = days(root, shelf)
        time = pl.col(TIME_COLUMN[shelf.kind]).cast(_MILLIS)
        about = scan(root, shelf, 0, LAST_MILLIS + 1).select(
            rows=pl.len(), first=time.min().fill_null(0), last=time.max().fill_null(0)
        )
        rows, first, last = about.collect(engine="streaming").row(0)
        if rows:
            name = timeframe_name(shelf.timeframe) if shelf.timeframe else None
            size = sum(_size(root, shelf, day) for day in stored)
            yield Stored(shelf.kind, shelf.asset, name, len(stored), rows, first, last, size)


def export(root: Path, shelf: Shelf, start: Millis, end: Millis, out: Path | IO[bytes], form: Form) -> int:
    """Write the rows of [start, end) to a file or an open stream, sorted and each once; gives how many.

    A file is replaced, and only once it is whole. CSV has timestamps in ISO 8601; JSON lines have the shape of
    what is published over MQTT, times in milliseconds. Raises `DataError` where a stored file is damaged, there
    is nothing of this shelf, or `out` cannot be written, and `BrokenPipeError` where the reader of a stream has gone.
    """
    if not days(root, shelf):
        raise DataError(f"{root}: holds no {shelf}; see what there is with `qfluxd data list --folder {root}`")
    rows = scan(root, shelf, start, end)
    try:
        if isinstance(out, Path):
            _write_file(rows, shelf, out, form)
        else:
            _write(rows, shelf, out, form)
    except OSError as error:
        if not isinstance(out, Path) and (isinstance(error, BrokenPipeError) or "Broken pipe" in str(error)):
            raise BrokenPipeError from None  # the reader has gone, as with `| head`; polars says it in words alone
        raise DataError(f"{out}: cannot be written ({error.strerror or error})") from error
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _write_file(rows: pl.LazyFrame, shelf: Shelf, out: Path, form: Form) -> None:
    unfinished = out.with_name(f".{out.name}.part")
    try:
        _write(rows, shelf, unfinished, form)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _write(rows: pl.LazyFrame, shelf: Shelf, out: Path | IO[bytes], form: Form) -> None:
    if form == "parquet":
        rows.sink_parquet(out, compression="zstd")
    elif form == "csv":
        rows.select(csv_columns(shelf)).sink_csv(out)
    else:
        rows.select(_published(shelf)).sink_ndjson(out)


def _published(shelf: Shelf) -> list[pl.Expr]:
    """The columns as the payloads of the MQTT topics name them."""
    asset = pl.lit(shelf.asset).alias("asset")
    timeframe = [pl.lit(timeframe_name(shelf.timeframe)).alias("timeframe")] if shelf.timeframe else []
    times = [name for name, kind in SCHEMAS[shelf.kind].items() if kind == MOMENT]
    return [asset, *timeframe, pl.col(times).cast(_MILLIS), pl.exclude(times)]


def _size(root: Path, shelf: Shelf, day: int) -> int:
    parts = [part_file(root, shelf, day, number) for number in part_numbers(root, shelf, day)]
    files = [day_file(root, shelf, day), csv_file(root, shelf, day), *parts]
    return sum(path.stat().st_size for path in files if path.exists())
