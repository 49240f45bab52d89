"""Candles of a file: which of their columns is which, on which grid they lie, and what was appended to them."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.importing.grid import Grid, find_grid, warn
from qfluxd.market.importing.naming import timeframe_in_name
from qfluxd.market.importing.order import PRICES, Order, find_order
from qfluxd.market.importing.staging import Staging
from qfluxd.market.layout import Shelf
from qfluxd.model import Millis

type _Key = tuple[str, Millis | None]

_KEYS: Final = ["asset", "timeframe"]


class Bars:
    """The candles of one file, put aside until all of them were seen: only then is it known what they are.

    Of each it takes memory for its time alone.
    """

    def __init__(self, place: Path, folder: Path, stated: Millis | None, *, mend: bool) -> None:
        self._place = place
        self._folder = folder
        self._stated = stated
        self._named = timeframe_in_name(place)
        self._mend = mend
        self._files: list[Path] = []
        self._times: dict[_Key, list[np.ndarray[tuple[int], np.dtype[np.int64]]]] = {}
        self._open = 0
        self.notes: list[str] = []
        folder.mkdir()

    def put(self, rows: pl.DataFrame, groups: Iterator[tuple[tuple[object, ...], pl.DataFrame]]) -> None:
        """Take the cleaned rows of a batch, and the same by asset and timeframe."""
        for key, part in groups:
            self._times.setdefault(key, []).append(part["at"].to_numpy())  # type: ignore[arg-type]
        self._files.append(self._folder / f"{len(self._files)}.parquet")
        rows.write_parquet(self._files[-1], compression="uncompressed")

    def lay_out(self, names: tuple[str, ...], staging: Staging, dropped: Counter[str]) -> None:
        """Judge the bars and put those that are some where they belong.

        `names` are the four price columns in the order of the file. Raises `DataError` where columns hold something
        else than they are called, and nobody asked for that to be mended.
        """
        if not self._files:
            return
        renamed = self._order(names).renamed
        grids = {key: self._grid(key, np.concatenate(times)) for key, times in self._times.items()}
        seen: Counter[_Key] = Counter()
        for file in self._files:
            for key, part in pl.read_parquet(file).rename(renamed).partition_by(_KEYS, as_dict=True).items():
                self._put(key, part, grids[key], seen, staging, dropped)
        if self._open:
            self.notes.append("nothing shows that the last bar was over: it is kept as partial")

    def _put(
        self, key: _Key, part: pl.DataFrame, grid: Grid, seen: Counter[_Key], staging: Staging, dropped: Counter[str]
    ) -> None:
        number = pl.int_range(seen[key], seen[key] + part.height, eager=True)
        seen[key] += part.height
        possible = (pl.col("high") == pl.max_horizontal(PRICES)) & (pl.col("low") == pl.min_horizontal(PRICES))
        judged = part.with_columns(
            reason=pl.when(number >= grid.ends)
            .then(pl.lit("appended"))
            .when(pl.col("at") % grid.timeframe != grid.phase)
            .then(pl.lit("off_grid"))
            .when(~possible)
            .then(pl.lit("impossible"))
        )
        for reason, count in judged["reason"].drop_nulls().value_counts().iter_rows():
            dropped[reason] += count
        known = pl.when(pl.col("at") == grid.last).then(pl.lit("partial")).otherwise(pl.lit("backfilled"))
        bars = judged.filter(pl.col("reason").is_null()).with_columns(
            pl.col("ticks").fill_null(0), pl.col("quality").fill_null(known.cast(part.schema["quality"]))
        )
        if bars.height:
            staging.put(Shelf("candles", key[0], grid.timeframe), bars)
        last = part.filter(pl.col("at") == grid.last, pl.col("quality").is_null())
        self._open += int(last.height > 0)

    def _grid(self, key: _Key, at: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Grid:
        named = self._named if key[1] is None else None
        grid = find_grid(at, key[1] or self._stated, named, str(self._place))
        if self._stated is None and (note := warn(grid, named)):
            self.notes.append(note)
        return grid

    def _order(self, names: tuple[str, ...]) -> Order:
        order = find_order(pl.scan_parquet(self._files))
        if order is None:
            raise DataError(f"{self._place}: no order of its columns {', '.join(names)} makes possible candles")
        told = f"the columns called {', '.join(names)} hold {', '.join(order.renamed[name] for name in names)}"
        if order.is_as_named:
            if names != PRICES:
                self.notes.append(f"the columns are {', '.join(names)}, in this order; the values agree with the names")
            return order
        counted = f"{order.explained} of {order.rows} bars that moved are possible so, as called {order.named}"
        if not self._mend:
            raise DataError(f"{self._place}: {told} ({counted}); name them right, or import with --mend")
        self.notes.append(f"mended: {told} ({counted})")
        return order
