"""Rows as CSV text, the same live and in an export, and files of it that only grow.

A live file is in the order in which things were heard. A candle that is improved later, from history, is
appended again: of two lines with one timestamp the last counts. An export is sorted and has each once.
"""

import os
from pathlib import Path

import polars as pl

from qfluxd.market.layout import Shelf

_TO_SECOND = "%Y-%m-%dT%H:%M:%SZ"
_TO_MILLISECOND = "%Y-%m-%dT%H:%M:%S%.3fZ"


def csv_columns(shelf: Shelf) -> list[pl.Expr]:
    """The columns of a shelf's CSV: timestamps in ISO 8601, UTC."""
    if shelf.kind == "candles":
        return [_text("at", _TO_SECOND).alias("timestamp"), *map(pl.col, ("open", "high", "low", "close"))]
    if shelf.kind == "gaps":
        return [_text("start", _TO_MILLISECOND), _text("end", _TO_MILLISECOND)]
    stamp, asset = _text("at", _TO_MILLISECOND).alias("timestamp"), pl.lit(shelf.asset).alias("asset")
    return [stamp, asset, pl.exclude("at")]


def append_rows(path: Path, shelf: Shelf, frame: pl.DataFrame) -> None:
    """Append the frame's rows, all or none; a new file begins with the header.

    A line that a killed writer left torn is cut off first. Raises `OSError` where the disk refuses.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        end = _end_of_lines(handle)
        os.ftruncate(handle, end)
        text = frame.select(csv_columns(shelf)).write_csv(include_header=end == 0).encode()
        _append(handle, end, text)
    finally:
        os.close(handle)


def _append(handle: int, end: int, text: bytes) -> None:
    try:
        written = 0
        while written < len(text):
            written += os.pwrite(handle, text[written:], end + written)
    except OSError:
        os.ftruncate(handle, end)
        raise


def _end_of_lines(handle: int, step: int = 4096) -> int:
    """Where the last whole line of the file ends."""
    end = os.fstat(handle).st_size
    while end > 0:
        start = max(0, end - step)
        at = os.pread(handle, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


def _text(column: str, form: str) -> pl.Expr:
    return pl.col(column).dt.to_string(form)
