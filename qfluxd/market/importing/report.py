"""What an import came to, as counts that a person can check against the file."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec
import polars as pl

from qfluxd.market.findings import Finding
from qfluxd.market.importing.rows import REASONS
from qfluxd.market.importing.stamps import BY_EPOCH
from qfluxd.market.layout import Kind, Shelf
from qfluxd.model import Millis

_BROKERS: Final = "if they are the broker's own: `qfluxd data import --server-offset 7200`"


class Imported(msgspec.Struct, frozen=True):
    """One file. `read` rows are `kept` or `dropped`, by reason; `added` of those kept were not in the folder before.

    `columns` are those that were used, by what they were used for; `zone` says how times were read. `first` and `last`
    are times of the rows that were kept. `backward` rows are earlier than the one before them, `same_stamp` have its
    time. `flat` are stretches in which the price did not move. `notes` are sentences.
    """

    file: str
    form: str
    kind: Kind
    assets: tuple[str, ...]
    timeframes: tuple[str, ...]
    zone: str
    columns: dict[str, str]
    read: int
    kept: int
    dropped: dict[str, int]
    added: int
    backward: int
    same_stamp: int
    first: Millis
    last: Millis
    flat: tuple[Finding, ...]
    notes: tuple[str, ...]


def in_a_line(file: Imported) -> str:
    """What was assumed of a file that nobody stated anything of, and what of it was left out."""
    zone = f"times are read as {file.zone}{f' ({_BROKERS})' if BY_EPOCH in file.zone else ''}"
    parts = [f"{count:,} {REASONS[reason]}" for reason, count in file.dropped.items()]
    left = f"{sum(file.dropped.values()):,} of {file.read:,} rows left out{f' ({"; ".join(parts)})' if parts else ''}"
    return f"{file.file}: {'; '.join((zone, left, *file.notes))}"


class Walk:
    """Follows rows in the order of a file, and counts how time goes in it, for each asset by itself."""

    def __init__(self) -> None:
        self.backward = 0
        self.same_stamp = 0
        self._before: dict[object, Millis] = {}

    def groups(self, rows: pl.DataFrame, keys: list[str]) -> Iterator[tuple[tuple[object, ...], pl.DataFrame]]:
        """Rows by asset, and of candles by timeframe, each in the order of the file."""
        for key, part in rows.partition_by(keys, as_dict=True, maintain_order=True).items():
            at = part["at"]
            steps = at - at.shift(fill_value=self._before.get(key))
            self.backward += int((steps < 0).sum())
            self.same_stamp += int((steps == 0).sum())
            self._before[key] = at[-1]
            yield key, part


class Tally:
    """Adds up what became of the rows that were laid out, a day at a time."""

    def __init__(self, dropped: Counter[str]) -> None:
        self.dropped = dropped
        self.kept = self.added = self.differ = self.unordered = 0
        self.assets: dict[str, None] = {}
        self.timeframes: dict[Millis, None] = {}
        self.first: Millis | None = None
        self.last: Millis = 0
        self.flat: list[Finding] = []

    def see(self, shelf: Shelf, rows: pl.DataFrame) -> None:
        """Rows that are kept, ascending."""
        self.assets[shelf.asset] = None
        if shelf.timeframe:
            self.timeframes[shelf.timeframe] = None
        at = rows["at"].cast(pl.Int64)
        self.kept += rows.height
        self.first = at[0] if self.first is None else min(self.first, at[0])
        self.last = max(self.last, at[-1])

    def see_flat(self, found: Finding, longest: Millis) -> None:
        """A stretch that stood still; it goes on where the one before it on its shelf ended less than `longest` ago."""
        before = self.flat[-1] if self.flat else None
        if before is not None and before.place == found.place and found.at - before.until <= longest:
            count = before.count + found.count
            self.flat[-1] = msgspec.structs.replace(before, until=found.until, count=count)
        else:
            self.flat.append(found)
