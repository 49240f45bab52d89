"""Rows of one day into the day that is stored: what is there already stays, what is new is added, once."""

from datetime import datetime
from pathlib import Path

import msgspec
import polars as pl

from qfluxd.market.day import merge_parts, read_day
from qfluxd.market.importing.stamped import Cut, unite
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


class Merged(msgspec.Struct, frozen=True):
    """What came of a day: `added` rows were not there, and `differ` of those that were there said otherwise.

    `unordered` are the stamps whose ticks are told by both sides, in orders that contradict each other.
    """

    added: int
    differ: int
    unordered: int = 0


class Ends(msgspec.Struct, frozen=True):
    """Whether the first row of a day is the first of its file's shelf, and the last one the last."""

    first: bool
    last: bool


def merge(root: Path, shelf: Shelf, day: Day, rows: pl.DataFrame, ends: Ends) -> Merged:
    """Add to a stored day what it does not have.

    Of ticks, those stay of which there are more in `rows` than are stored, in an order that does not depend on which
    were there first: see `qfluxd.market.importing.stamped`. Of candles the better one stays; of equals, and of payouts
    or sentiment of one time, the one that was there. The folder must be held (`Writer.claim`). Raises `DataError` where
    the stored day is damaged, `OSError` where the disk refuses.
    """
    stored = settle(shelf.kind, read_day(root, shelf, day).frames())
    if shelf.kind == "ticks":
        merged, unordered = _with_ticks(stored, rows, ends)
        done = Merged(merged.height - stored.height, 0, unordered)
    else:
        merged = settle(shelf.kind, [rows, stored])
        done = Merged(_missing(merged, stored), _missing(rows, merged))
    if not merged.equals(stored):
        _write(root, shelf, day, merged)
    return done


def _missing(rows: pl.DataFrame, others: pl.DataFrame) -> int:
    """How many rows are not among the others."""
    return rows.join(others, on=rows.columns, how="anti").height


def _with_ticks(stored: pl.DataFrame, rows: pl.DataFrame, ends: Ends) -> tuple[pl.DataFrame, int]:
    """The ticks of both, and how many stamps have some whose order does not agree."""
    told, heard = (_by_stamp(one, other) for one, other in ((stored, rows), (rows, stored)))
    differing = told.join(heard, on="at", suffix="_new").filter(pl.col("price") != pl.col("price_new"))
    first, last = rows["at"][0], rows["at"][-1]
    cuts: dict[datetime, Cut] = {}
    if not (ends.first and ends.last and first == last):
        cuts |= ({last: "ends"} if ends.last else {}) | ({first: "begins"} if ends.first else {})
    united = [unite(had, has, cuts.get(at)) for at, had, has in differing.iter_rows()]
    prices = [list(each.prices) for each in united]
    settled = differing.select("at", price=pl.Series(prices, dtype=pl.List(pl.Float64))).explode("price")
    kept = stored.join(differing, on="at", how="anti", maintain_order="left")
    new = rows.join(stored, on="at", how="anti", maintain_order="left")
    unordered = sum(not each.agreed for each in united)
    return settle("ticks", [kept, new, settled]), unordered


def _by_stamp(ticks: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The prices of each stamp that the others have as well, as lists."""
    both = ticks.join(others, on="at", how="semi", maintain_order="left")
    return both.group_by("at", maintain_order=True).agg("price")


def _write(root: Path, shelf: Shelf, day: Day, rows: pl.DataFrame) -> None:
    """Replace what is stored of a day: its parts go into its file first, and the file then says that it holds them."""
    merge_parts(root, shelf, day)
    holds = read_day(root, shelf, day).holds
    path = day_file(root, shelf, day)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, encode(shelf, rows, holds))
