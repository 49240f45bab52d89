"""A file into a folder of the store's layout, with a report of what was in it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Final

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.findings import Rules, flats
from qfluxd.market.importing.bars import Bars
from qfluxd.market.importing.merging import Ends, merge, tidy
from qfluxd.market.importing.naming import asset_in_name, day_in_name, kind_and_roles
from qfluxd.market.importing.order import PRICES
from qfluxd.market.importing.report import Imported, Tally, Walk
from qfluxd.market.importing.rows import REASONS, Cleaner, Told
from qfluxd.market.importing.sources import Source, open_source
from qfluxd.market.importing.staging import Staging
from qfluxd.market.importing.stamps import Stamps, Zone
from qfluxd.market.layout import Kind, Shelf, folder_name
from qfluxd.market.writer import Writer
from qfluxd.model import Millis, timeframe_name

type Tell = Callable[[int], None]
"""Hears how many rows of a file were read so far."""

_RULES: Final = Rules()
_ORDER: Final = "those of both are kept, in the order of the side that has all of them, or else by price"
_PREFIX: Final = ".import-"
"""What the folder of an import that goes on is called; one that was killed leaves it behind."""


class Options(msgspec.Struct, frozen=True):
    """What is known of files that they do not say themselves; `mend` gives mislabelled columns their right names."""

    asset: str | None = None
    zone: Zone = Zone()
    timeframe: Millis | None = None
    kind: Kind | None = None
    mend: bool = False


@contextmanager
def held(root: Path) -> Iterator[None]:
    """The folder, made where it is not there, and nobody else's while files go into it. Raises `DataError`."""
    writer = Writer(root, parquet=True, csv=False)
    try:
        writer.claim()
    except OSError as error:
        raise DataError(f"{root}: cannot be written to: {error.strerror or error}") from error
    try:
        for left in root.glob(f"{_PREFIX}*"):
            rmtree(left, ignore_errors=True)
        yield
    finally:
        writer.close()


def import_file(path: Path, root: Path, options: Options, tell: Tell = lambda rows: None) -> Imported:
    """Put what a file holds into a folder that is `held`: what is there stays, what is new is added.

    Raises `DataError` where the file cannot be understood; then nothing was added. An import that is killed while it
    adds can be repeated.
    """
    source = open_source(path)
    kind, roles = kind_and_roles(source.names, options.kind, str(path))
    if options.timeframe is not None and "timeframe" in roles:
        raise DataError(f"{path}: its rows say their timeframe themselves; leave --timeframe away")
    asset = None if "asset" in roles else _asset(source, options)
    stamps = Stamps(str(path), options.zone, day_in_name(path))
    cleaner = Cleaner(Told(kind, roles, asset, options.timeframe, options.asset), stamps)
    walk, notes = Walk(), list[str]()
    try:
        with TemporaryDirectory(prefix=_PREFIX, dir=root) as folder:
            staging = Staging(Path(folder) / "rows")
            if kind == "candles":
                notes = _lay_out_bars(source, cleaner, walk, staging, Path(folder) / "bars", options, tell)
            else:
                _lay_out(source, cleaner, walk, staging, kind, tell)
            tally = _add(root, staging, Tally(cleaner.dropped))
    except OSError as error:
        raise DataError(f"{root}: cannot be written to: {error.strerror or error}; import {path} again") from error
    if not tally.kept:
        raise DataError(f"{path}: none of its {cleaner.read} rows can be used ({_worded(cleaner)})")
    return _report(source, kind, dict(roles), stamps, cleaner, walk, tally, notes)


def _asset(source: Source, options: Options) -> str:
    """The symbol of all rows of a file. Raises `DataError` where nothing says it."""
    asset = options.asset or source.asset or asset_in_name(source.path)
    if asset is None:
        raise DataError(f"{source.path}: nothing says which asset it is of; give --asset, the broker's exact symbol")
    try:
        folder_name(asset)
    except ValueError as error:
        raise DataError(f"--asset: {error}") from error
    return asset


def _cleaned(source: Source, cleaner: Cleaner, tell: Tell) -> Iterator[pl.DataFrame]:
    for batch in source.batches():
        rows = cleaner.clean(batch)
        tell(cleaner.read)
        if rows.height:
            yield rows


def _lay_out(source: Source, cleaner: Cleaner, walk: Walk, staging: Staging, kind: Kind, tell: Tell) -> None:
    for rows in _cleaned(source, cleaner, tell):
        for (asset,), part in walk.groups(rows, ["asset"]):
            staging.put(Shelf(kind, str(asset)), part)


def _lay_out_bars(
    source: Source, cleaner: Cleaner, walk: Walk, staging: Staging, folder: Path, options: Options, tell: Tell
) -> list[str]:
    """Candles go by way of `Bars`; gives what is to be noted of them."""
    bars = Bars(source.path, folder, options.timeframe, mend=options.mend)
    for rows in _cleaned(source, cleaner, tell):
        bars.put(rows, walk.groups(rows, ["asset", "timeframe"]))
    columns = {name: role for role, name in cleaner.told.roles.items() if role in PRICES}
    bars.lay_out(tuple(columns[name] for name in source.names if name in columns), staging, cleaner.dropped)
    return bars.notes


def _add(root: Path, staging: Staging, tally: Tally) -> Tally:
    """All that was laid out into the folder, a day at a time."""
    days = list(staging.days())
    first, last = dict(reversed(days)), dict(days)
    for shelf, day in days:
        tidied = tidy(shelf.kind, staging.take(shelf, day))
        tally.dropped["repeated"] += tidied.repeated
        tally.dropped["replaced"] += tidied.replaced
        tally.see(shelf, tidied.rows)
        if shelf.kind in ("ticks", "candles"):
            for flat in flats(shelf, tidied.rows.with_columns(pl.col("at").cast(pl.Int64)), _RULES):
                tally.see_flat(flat, _RULES.silence)
        merged = merge(root, shelf, day, tidied.rows, Ends(first=day == first[shelf], last=day == last[shelf]))
        tally.added += merged.added
        tally.differ += merged.differ
        tally.unordered += merged.unordered
    return tally


def _worded(cleaner: Cleaner) -> str:
    counted = [f"{cleaner.dropped[reason]}: {why}" for reason, why in REASONS.items() if cleaner.dropped[reason]]
    return "; ".join(counted) or "it is empty"


def _report(
    source: Source,
    kind: Kind,
    roles: dict[str, str],
    stamps: Stamps,
    cleaner: Cleaner,
    walk: Walk,
    tally: Tally,
    notes: list[str],
) -> Imported:
    if tally.unordered:
        notes.append(f"stamps whose ticks contradict those that were there: {tally.unordered:,}; {_ORDER}")
    if tally.differ:
        notes.append(f"there already, and saying otherwise: {tally.differ}; what was there stays")
    return Imported(
        file=str(source.path),
        form=source.form,
        kind=kind,
        assets=tuple(tally.assets),
        timeframes=tuple(timeframe_name(length) for length in sorted(tally.timeframes)),
        zone="; ".join(stamps.told),
        columns=roles,
        read=cleaner.read,
        kept=tally.kept,
        dropped={reason: cleaner.dropped[reason] for reason in REASONS if cleaner.dropped[reason]},
        added=tally.added,
        backward=walk.backward,
        same_stamp=walk.same_stamp,
        first=tally.first or 0,
        last=tally.last,
        flat=tuple(tally.flat),
        notes=tuple(notes),
    )
