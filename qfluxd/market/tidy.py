"""Keeping the stored files few: parts go into their day's file, old days go away."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from qfluxd.market.day import is_due, merge_parts, sweep
from qfluxd.market.layout import Day, Refused, Shelf, parts_folder, shelf_folder, shelves, unsettled_days
from qfluxd.market.retention import delete_captures, delete_day, old_days

type Chore = Callable[[], list[Path] | None]
"""A short piece of work. Gives the damaged files that it set aside, if any; `OSError` where the disk refuses."""

type FirstOpen = Callable[[Shelf, Day], float]
"""The lowest part of a day that may still grow; infinity where there is none."""


def sweep_leftovers(root: Path, refused: Refused) -> Iterator[Chore]:
    """Delete what a killed writer left half written, a folder at a time."""
    for shelf in shelves(root, refused):
        parts = [parts_folder(root, shelf, day) for day in unsettled_days(root, shelf, refused)]
        for folder in [shelf_folder(root, shelf), *parts]:
            yield partial(sweep, folder)


def merge_where_due(root: Path, today: Day, first_open: FirstOpen, refused: Refused) -> Iterator[Chore]:
    """Merge parts into their day's file: where there are many, and wherever a day is over."""
    for shelf in shelves(root, refused):
        for day in sorted(unsettled_days(root, shelf, refused)):
            yield partial(_merge_if_due, root, shelf, day, today, first_open)


def delete_old(root: Path, captures: Path | None, today: Day, keep_days: int, refused: Refused) -> Iterator[Chore]:
    """Delete the days, and the captures, that are older than `keep_days`."""
    for shelf, day in list(old_days(root, today, keep_days, refused)):
        yield partial(delete_day, root, shelf, day)
    if captures is not None:
        yield partial(delete_captures, captures, today, keep_days)


def _merge_if_due(root: Path, shelf: Shelf, day: Day, today: Day, first_open: FirstOpen) -> list[Path]:
    below = first_open(shelf, day)
    return merge_parts(root, shelf, day, below) if day < today or is_due(root, shelf, day, below) else []
