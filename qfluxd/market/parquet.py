"""Rows as Parquet files that are there whole or not at all."""

import io
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.layout import Kind, Shelf
from qfluxd.market.past import FRAME_SCHEMA
from qfluxd.model import Quality, timeframe_name

MOMENT: Final = pl.Datetime("ms", "UTC")
SCHEMAS: Final[Mapping[Kind, pl.Schema]] = {
    "ticks": pl.Schema({"at": MOMENT, "price": pl.Float64()}),
    "candles": FRAME_SCHEMA,
    "gaps": pl.Schema({"start": MOMENT, "end": MOMENT}),
    "payouts": pl.Schema({"at": MOMENT, "payout": pl.Int16(), "open": pl.Boolean()}),
    "sentiment": pl.Schema({"at": MOMENT, "sentiment": pl.Int16()}),
}
"""The columns of each kind of file."""

TIME_COLUMN: Final[Mapping[Kind, str]] = {kind: next(iter(schema)) for kind, schema in SCHEMAS.items()}

# A damaged page can make polars panic; what it then raises is a BaseException, so no wider class would catch it.
UNREADABLE: Final = (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError)
"""What polars raises where a file's bytes make no sense."""

_WORTH: Final[Mapping[Quality, int]] = {"empty": 0, "partial": 1, "backfilled": 2, "whole": 2}
_HOLDS = "qfluxd.holds"
_TEMPORARY = ".tmp"


def settle(kind: Kind, frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """The rows of frames given in the order in which they were heard, sorted by time.

    Ticks all stay, those of one stamp in the order heard. Of candles that open at the same time the best
    stays (whole or backfilled before partial before empty), of equals the one heard last. A gap said twice
    stays once, and of payouts or sentiment of one stamp the one heard last.
    """
    if not frames:
        return pl.DataFrame(schema=SCHEMAS[kind])
    rows = pl.concat(frames, rechunk=True)
    if kind == "ticks":
        return rows.sort("at", maintain_order=True)
    if kind == "gaps":
        return rows.unique(maintain_order=True).sort("start", maintain_order=True)
    if kind != "candles":
        return rows.sort("at", maintain_order=True).unique("at", keep="last", maintain_order=True)
    worth = pl.col("quality").replace_strict(_WORTH, return_dtype=pl.UInt8)
    return rows.sort("at", worth, maintain_order=True).unique("at", keep="last", maintain_order=True)


def encode(shelf: Shelf, frame: pl.DataFrame, holds: int = 0) -> bytes:
    """The frame as a Parquet file. `holds` is the highest part whose rows are in it."""
    about = {"qfluxd.kind": shelf.kind, "qfluxd.asset": shelf.asset, _HOLDS: str(holds)}
    if shelf.timeframe:
        about["qfluxd.timeframe"] = timeframe_name(shelf.timeframe)
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", metadata=about)
    return buffer.getvalue()


def decode(kind: Kind, data: bytes, path: Path) -> tuple[pl.DataFrame, int]:
    """The frame in a file's bytes and the highest part it holds. Raises `DataError` naming `path`."""
    try:
        frame = pl.read_parquet(io.BytesIO(data))
        holds = int(pl.read_parquet_metadata(io.BytesIO(data)).get(_HOLDS, "0"))
    except UNREADABLE as error:
        raise _damaged(path) from error
    _check_columns(kind, frame.schema, path)
    return frame, holds


def read_holds(path: Path) -> int:
    """The highest part that a day's file holds. Raises `DataError` where the file is damaged."""
    try:
        return int(pl.read_parquet_metadata(path).get(_HOLDS, "0"))
    except UNREADABLE as error:
        raise _damaged(path) from error


def check_file(kind: Kind, path: Path) -> None:
    """Look at a file's footer, once as long as the file is as it was.

    Raises `DataError` where it is no readable Parquet file of this kind, `FileNotFoundError` where there is none.
    """
    found = path.stat()
    _check_footer(kind, path, (found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=16_384)
def _check_footer(kind: Kind, path: Path, _state: tuple[int, int, int]) -> None:
    try:
        schema = pl.Schema(pl.read_parquet_schema(path))
    except UNREADABLE as error:
        raise _damaged(path) from error
    except PermissionError as error:
        raise DataError(f"{path}: cannot be read by this user") from error
    _check_columns(kind, schema, path)


def write_whole(path: Path, data: bytes) -> None:
    """Replace the file by `data` in one step: a reader, or a crash, sees the old one or the new one."""
    temporary = path.with_name(f".{path.name}{_TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def is_leftover(name: str) -> bool:
    """Whether a file was being written when its writer was killed."""
    return name.startswith(".") and name.endswith(_TEMPORARY)


def _check_columns(kind: Kind, schema: pl.Schema, path: Path) -> None:
    if schema != SCHEMAS[kind]:
        raise DataError(f"{path}: not a file of {kind} (columns {', '.join(schema)}); move it out of the store")


def _damaged(path: Path) -> DataError:
    return DataError(f"{path}: not a readable Parquet file; move it out of the store, or restore it from a backup")
