"""Data sets in an object store: fetched day by day through polars, and laid out here as everywhere."""

import getpass
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Final

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.market.layout import Kind, Shelf, day_file, day_named, day_of, folder_name
from qfluxd.market.parquet import SCHEMAS, UNREADABLE, encode, write_whole
from qfluxd.model import Millis, parse_timeframe
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.research.sweep.settings import Source

_KINDS: Final[tuple[Kind, ...]] = ("ticks", "candles", "payouts", "sentiment")


def is_remote(place: str) -> bool:
    """Whether a place is an address such as ``s3://bucket/data``, and no folder."""
    return "://" in place


@contextmanager
def data_at(place: str, assets: Sequence[str], start: Millis, end: Millis) -> Iterator[Dataset]:
    """The data set at a place, for as long as the block lasts.

    Raises:
        DataError: there is none, it cannot be read, or it lies in an object store and no asset is named.
    """
    if not is_remote(place):
        yield open_dataset(Path(place), assets, start, end)
        return
    if not assets:
        raise DataError(f"{place}: name the assets, since nobody can list what an object store holds (--asset)")
    with tempfile.TemporaryDirectory(prefix="qfluxd-data-") as folder:
        for asset in assets:
            fetch(place, asset, start, end, Path(folder))
        yield _opened(place, Path(folder), assets, start, end)


def nearby(source: Source) -> Source:
    """The same data as workers on this machine read them: of a single file the folder that it was imported into.

    Raises:
        DataError: the file cannot be read.
    """
    file = Path(source.place)
    if is_remote(source.place) or not file.is_file():
        return source
    dataset = open_dataset(file, tuple(source.assets), source.start, source.end)
    return msgspec.structs.replace(source, place=str(dataset.root))


def kept_data(place: str, asset: str, start: Millis, end: Millis, known: str) -> Dataset:
    """The data set of one asset at a place; from an object store it is fetched once per machine, and kept by its hash.

    Raises:
        DataError: it cannot be read, or has other rows than those with this hash.
    """
    if not is_remote(place):
        return open_dataset(Path(place), (asset,), start, end)
    root = Path(tempfile.gettempdir()) / f"qfluxd-data-{getpass.getuser()}"
    root.mkdir(mode=0o700, exist_ok=True)
    kept = root / known
    if not kept.is_dir():
        with tempfile.TemporaryDirectory(dir=root) as folder:
            fetched = Path(folder) / "data"
            fetched.mkdir()
            fetch(place, asset, start, end, fetched)
            _move(fetched, kept)
    return _opened(place, kept, (asset,), start, end)


def fetch(place: str, asset: str, start: Millis, end: Millis, into: Path) -> None:
    """Copy what an object store holds of an asset in these days into a folder of the store's layout.

    Only whole files of a day are taken, not the parts of one that is still being written. Raises `DataError` where
    something cannot be read.
    """
    first, last = day_of(start), day_of(end - 1)
    for kind in _KINDS:
        folder = f"{place.rstrip('/')}/{kind}/{folder_name(asset)}" + ("/*" if kind == "candles" else "")
        for file in _files(f"{folder}/*.parquet", kind):
            path = PurePosixPath(file)
            day = day_named(path.stem)
            if day is None or not first <= day <= last:
                continue
            shelf = Shelf(kind, asset, parse_timeframe(path.parent.name) if kind == "candles" else 0)
            target = day_file(into, shelf, day)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, encode(shelf, _read(file)))


def _files(pattern: str, kind: Kind) -> list[str]:
    rows = pl.scan_parquet(pattern, schema=dict(SCHEMAS[kind]), include_file_paths="file", hive_partitioning=False)
    try:
        return sorted(rows.select(pl.col("file").unique()).collect().to_series())
    except (*UNREADABLE, OSError) as problem:
        raise _unreadable(pattern, problem) from None


def _read(file: str) -> pl.DataFrame:
    try:
        return pl.read_parquet(file, glob=False, hive_partitioning=False)
    except (*UNREADABLE, OSError) as problem:
        raise _unreadable(file, problem) from None


def _opened(place: str, folder: Path, assets: Sequence[str], start: Millis, end: Millis) -> Dataset:
    try:
        return open_dataset(folder, assets, start, end)
    except DataError:
        raise DataError(f"{place}: holds no ticks or candles of {' or '.join(assets)} in that time") from None


def _move(fetched: Path, kept: Path) -> None:
    """Put it in its place in one step; another worker may have been first, with the same."""
    try:
        fetched.rename(kept)
    except OSError:
        if not kept.is_dir():
            raise


def _unreadable(what: str, problem: BaseException) -> DataError:
    why = str(problem).partition("\n")[0]
    return DataError(f"{what}: cannot be read: {why}; look at the address, and at the credentials in the environment")
