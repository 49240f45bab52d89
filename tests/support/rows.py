"""Facts to store, and what a store gave back, in a form that compares."""

from pathlib import Path

import polars as pl

from qfluxd.market.day import merge_parts
from qfluxd.market.layout import LAST_MILLIS, Shelf, shelves, unsettled_days
from qfluxd.market.reading import scan
from qfluxd.model import Tick


def ticks_of(root: Path, asset: str) -> list[Tick]:
    """All stored ticks of an asset, as a reader of the files finds them."""
    rows = scan(root, Shelf("ticks", asset), 0, LAST_MILLIS).with_columns(pl.col("at").cast(pl.Int64)).collect()
    return [Tick(asset, at, price) for at, price in rows.iter_rows()]


def merge_all(root: Path) -> None:
    """Put every part into its day's file."""
    for shelf in list(shelves(root)):
        for day in sorted(unsettled_days(root, shelf)):
            merge_parts(root, shelf, day)
