"""Rows of one day into the day that is stored: what is there already stays, what is new is added, once."""

from pathlib import Path

import msgspec
import polars as pl

from qfluxd.market.day import merge_parts, read_day
from qfluxd.market.layout import Day, Kind, Shelf, day_file
from qfluxd.market.parquet import encode, settle, write_whole


class Tidied(msgspec.Struct, frozen=True):
    """A file's rows of one day, ascending, and how many were left out: the same once more, or told anew later."""

    rows: pl.DataFrame
    repeated: int
    replaced: int


def tidy(kind: Kind, heard: pl.DataFrame) -> Tidied:
    """Rows in the order of a file as the store would keep them.

    A tick with the stamp and the price of the one before it, once sorted by stamp, is the same one. One that comes
    back to an earlier price within its stamp is not: of whole seconds, which price was last matters.
    """
    rows = heard.sort("at", maintain_order=True)
    again = pl.all_horizontal(pl.all().eq_missing(pl.all().shift()))
    once = rows.filter(~again.fill_null(value=False)) if rows.height > 1 else rows
    settled = once if kind == "ticks" else settle(kind, [once])
    return Tidied(settled, rows.height - once.height, once.height - settled.height)


def merge(root: Path, shelf: Shelf, day: Day, rows: pl.DataFrame) -> tuple[int, int]:
    """Add to a stored day what it does not have; gives how many rows that were, and how many there said otherwise.

    Of ticks, those stay of which there are more in `rows` than are stored. Of candles the better one stays; of equals,
    and of payouts or sentiment of one time, the one that was there. The folder must be held (`Writer.claim`). Raises
    `DataError` where the stored day is damaged, `OSError` where the disk refuses.
    """
    stored = settle(shelf.kind, read_day(root, shelf, day).frames())
    merged = _with_ticks(stored, rows) if shelf.kind == "ticks" else settle(shelf.kind, [rows, stored])
    if merged.equals(stored):
        return 0, _missing(rows, merged)
    _write(root, shelf, day, merged)
    added = merged.height - stored.height if shelf.kind == "ticks" else _missing(merged, stored)
    return added, _missing(rows, merged)


def _missing(rows: pl.DataFrame, others: pl.DataFrame) -> int:
    """How many rows are not among the others."""
    return rows.join(others, on=rows.columns, how="anti").height


def _with_ticks(stored: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    keys = ["at", "price", "nth"]
    nth = pl.int_range(pl.len()).over("at", "price").alias("nth")
    new = rows.with_columns(nth).join(stored.with_columns(nth), on=keys, how="anti", maintain_order="left")
    return settle("ticks", [stored, new.select(rows.columns)])


def _write(root: Path, shelf: Shelf, day: Day, rows: pl.DataFrame) -> None:
    """Replace what is stored of a day: its parts go into its file first, and the file then says that it holds them."""
    merge_parts(root, shelf, day)
    holds = read_day(root, shelf, day).holds
    path = day_file(root, shelf, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, encode(shelf, rows, holds))
