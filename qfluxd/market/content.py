"""A name for what is stored: the same rows have the same hash, however they lie in files."""

import hashlib
import sys
from collections.abc import Iterable
from typing import Final

import numpy as np
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.layout import Shelf
from qfluxd.market.parquet import SCHEMAS, UNREADABLE

_BATCH: Final = 1 << 18
"""Rows looked at at once: 12 MB of candles."""

_FORMS: Final = {"Datetime": "<i8", "Float64": "<f8", "UInt32": "<u4", "Int16": "<i2", "Boolean": "<u1", "Enum": "<u1"}
"""How the values of a column are written down for its hash."""


def content_hash(contents: Iterable[tuple[Shelf, pl.LazyFrame]]) -> str:
    """SHA-256, as hex, over rows that were scanned from shelves, each with the shelf that they are of, sorted by it.

    It depends on the rows and their order alone, on the assets, kinds and timeframes: not on days, parts, compression
    or what else lies in the folder; a shelf without rows counts for nothing. Takes the memory of a few hundred
    thousand rows. Raises `DataError` naming what cannot be read.
    """
    whole = hashlib.sha256()
    for shelf, rows in contents:
        count, digest = _digest(shelf, rows)
        if count:
            whole.update(f"{shelf.kind}\0{shelf.asset}\0{shelf.timeframe}\0{count}\0".encode() + digest)
    return whole.hexdigest()


def _digest(shelf: Shelf, rows: pl.LazyFrame) -> tuple[int, bytes]:
    """How many rows there are, and a digest of each column by itself, so that batches leave no trace."""
    columns = {name: hashlib.sha256() for name in SCHEMAS[shelf.kind]}
    count = 0
    try:
        for batch in rows.collect_batches(chunk_size=_BATCH, maintain_order=True):
            for name, found in columns.items():
                found.update(_bytes(batch[name], shelf))
            count += batch.height
    except (*UNREADABLE, OSError) as error:
        why = str(error).partition("\n")[0]
        raise DataError(f"{shelf}: cannot be read: {why}; let `qfluxd data verify` look") from error
    return count, b"".join(found.digest() for found in columns.values())


def _bytes(values: pl.Series, shelf: Shelf) -> bytes | memoryview:
    if values.null_count():
        raise DataError(f"{shelf}: a row has no {values.name}; move the file out of the store, and import it anew")
    physical = values.cast(pl.UInt8) if values.dtype == pl.Boolean else values.to_physical()
    form = _FORMS[type(values.dtype).__name__]
    found = physical.to_numpy().astype(form, copy=False)
    return memoryview(np.ascontiguousarray(found)).cast("B") if sys.byteorder == "little" else found.tobytes()
