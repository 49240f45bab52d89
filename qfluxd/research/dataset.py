"""A data set: what the store knows of some assets in some stretch of time, with a name that its content gives it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.content import content_hash
from qfluxd.market.layout import LAST_MILLIS, Kind, Shelf, day_of, days, shelves
from qfluxd.market.parquet import MOMENT
from qfluxd.market.reading import collect, scan
from qfluxd.model import DAY, Millis
from qfluxd.research.filed import folder_of, taken_in

LAST: Final[Millis] = LAST_MILLIS + 1
"""After all that can be stored."""

_OF_A_DATASET: Final[tuple[Kind, ...]] = ("ticks", "candles", "payouts", "sentiment")
"""What results may rest on. Gaps only explain why something is missing."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder in the layout of the store, as far as it is about these assets and the time [start, end).

    The promise: equal hashes mean equal rows in equal order, wherever the folders lie and however they are cut into
    files. Frames are read when they are asked for; nothing is kept. Asked for an asset that it is not of, it raises
    `DataError`, and so it does where a file is damaged.
    """

    root: Path
    assets: tuple[str, ...]
    start: Millis
    end: Millis
    file: Path | None = field(default=None, kw_only=True)
    """The single file that `root` was made of, where somebody named that."""

    @property
    def place(self) -> Path:
        """Where its owner says that it lies, and finds it again."""
        return self.file or self.root

    @property
    def taken_in(self) -> str | None:
        """How its single file was read, and what of it was left out, in one line; None where there is none.

        Raises:
            DataError: the folder that it was imported into is damaged.
        """
        return taken_in(self.root) if self.file is not None else None

    def ticks(self, asset: str, start: Millis | None = None, end: Millis | None = None) -> pl.LazyFrame:
        """at (Datetime ms UTC), price: ascending, those of one stamp in the order heard."""
        return self._scan(Shelf("ticks", asset), start, end)

    def candles(
        self, asset: str, timeframe: Millis, start: Millis | None = None, end: Millis | None = None
    ) -> pl.LazyFrame:
        """The candles that open in [start, end): at, open, high, low, close, ticks, quality; ascending, each once."""
        return self._scan(Shelf("candles", asset, timeframe), start, end)

    def payouts(self, asset: str) -> pl.DataFrame:
        """at (Datetime ms UTC), payout (percent, Int16), open (Boolean), ascending; empty where nobody wrote it down.

        A row holds until the next one, and no longer than its UTC day: each day that was heard begins with one. The
        row in force at `start` comes first, with its own time before it.
        """
        return self._in_force(Shelf("payouts", asset))

    def sentiment(self, asset: str) -> pl.DataFrame:
        """at (Datetime ms UTC), sentiment (percent that buys, Int16): as `payouts`."""
        return self._in_force(Shelf("sentiment", asset))

    def timeframes(self, asset: str) -> tuple[Millis, ...]:
        """The lengths of the candles that are stored, ascending."""
        return tuple(shelf.timeframe for shelf in self._shelves(asset) if shelf.kind == "candles")

    def has_ticks(self, asset: str) -> bool:
        """Whether any tick is stored."""
        return any(shelf.kind == "ticks" for shelf in self._shelves(asset))

    @property
    def hash(self) -> str:
        """SHA-256, as hex, over every row of the data set, read anew: see `qfluxd.market.content`.

        Raises:
            DataError: a file is damaged.
        """
        return content_hash((shelf, self._rows(shelf)) for shelf in self._shelves())

    def _rows(self, shelf: Shelf) -> pl.LazyFrame:
        changes = shelf.kind in ("payouts", "sentiment")
        return self._in_force(shelf).lazy() if changes else self._scan(shelf, None, None)

    def _scan(self, shelf: Shelf, start: Millis | None, end: Millis | None) -> pl.LazyFrame:
        first = self.start if start is None else max(start, self.start)
        last = self.end if end is None else min(end, self.end)
        return self._read(shelf, first, last)

    def _read(self, shelf: Shelf, start: Millis, end: Millis) -> pl.LazyFrame:
        """Rows that the hash is about; of another asset it would say nothing."""
        if shelf.asset not in self.assets:
            raise DataError(f"{self.root}: the data set is of {', '.join(self.assets)}, not of {shelf.asset}")
        return scan(self.root, shelf, start, end)

    def _in_force(self, shelf: Shelf) -> pl.DataFrame:
        midnight = max(self.start, 0) // DAY * DAY
        rows = collect(self._read(shelf, midnight, self.end), shelf)
        before = rows.filter(pl.col("at") <= pl.lit(self.start).cast(MOMENT)).height
        return rows.slice(max(before - 1, 0))

    def _shelves(self, only: str | None = None) -> Iterator[Shelf]:
        """Those that hold anything of the days of this time, of all assets or of one, sorted."""
        wanted = [asset for asset in self.assets if only in (None, asset)]
        first, last = day_of(self.start), day_of(self.end - 1)
        for shelf in shelves(self.root):
            if shelf.asset not in wanted or shelf.kind not in _OF_A_DATASET:
                continue
            if any(first <= day <= last for day in days(self.root, shelf)):
                yield shelf


def open_dataset(place: Path, assets: Sequence[str] = (), start: Millis = 0, end: Millis = LAST) -> Dataset:
    """The data set in a folder of the store's layout, of all assets that tick or have candles where none are named.

    A file in place of the folder is imported first, into the user's cache; it must say its zone itself.

    Raises:
        DataError: there is no such place, it holds nothing of that time, or one of the assets is not in it.
    """
    file = place if place.is_file() else None
    if file is not None:
        place = folder_of(place, assets[0] if len(assets) == 1 else None)
    if not place.is_dir():
        raise DataError(f"{place}: there is no such folder or file; `qfluxd data import` makes a folder of files")
    found = _priced(Dataset(place, tuple({shelf.asset for shelf in shelves(place)}), start, end))
    if not found:
        raise DataError(
            f"{place}: holds no ticks or candles of that time; "
            f"see what there is with `qfluxd data list --folder {place}`"
        )
    if missing := [asset for asset in assets if asset not in found]:
        raise DataError(f"{place}: holds no {missing[0]} of that time; it holds {', '.join(found)}")
    return Dataset(place, tuple(dict.fromkeys(assets)) or found, start, end, file=file)


def _priced(dataset: Dataset) -> tuple[str, ...]:
    kinds = ("ticks", "candles")
    return tuple(sorted({shelf.asset for shelf in dataset._shelves() if shelf.kind in kinds}))
