"""Old days are deleted, and nothing else is."""

from collections.abc import Iterator
from pathlib import Path

from qfluxd.market.capture import capture_day
from qfluxd.market.layout import (
    Day,
    Refused,
    Shelf,
    csv_days,
    csv_file,
    day_file,
    days,
    give_up,
    part_file,
    part_numbers,
    parts_folder,
    shelf_folder,
    shelves,
)


def old_days(root: Path, today: Day, keep_days: int, refused: Refused = give_up) -> Iterator[tuple[Shelf, Day]]:
    """The stored days that lie more than `keep_days` before today.

    Where the newest stored day is older than `today`, the count starts there: a clock that is set wrong for
    an hour must not empty the store.
    """
    stored = [(shelf, _stored_days(root, shelf, refused)) for shelf in shelves(root, refused)]
    newest = max((max(found) for _, found in stored if found), default=today)
    oldest = min(today, newest) - keep_days
    for shelf, found in stored:
        yield from ((shelf, day) for day in sorted(found) if day < oldest)


def delete_day(root: Path, shelf: Shelf, day: Day) -> None:
    """Delete one day of a shelf: parts first, so that a kill in between leaves none without its file."""
    for number in part_numbers(root, shelf, day):
        part_file(root, shelf, day, number).unlink(missing_ok=True)
    _remove_if_empty(parts_folder(root, shelf, day))
    day_file(root, shelf, day).unlink(missing_ok=True)
    csv_file(root, shelf, day).unlink(missing_ok=True)
    folder = shelf_folder(root, shelf)
    _remove_if_empty(folder)
    if shelf.kind == "candles":
        _remove_if_empty(folder.parent)


def delete_captures(folder: Path, today: Day, keep_days: int) -> None:
    """Delete the captures that `capture_name` has named and that are too old, counted as for `old_days`."""
    begun = {path: day for path in folder.glob("capture-*") if (day := capture_day(path.name)) is not None}
    oldest = min(today, max(begun.values(), default=today)) - keep_days
    for path, day in begun.items():
        if day < oldest and path.is_file():
            path.unlink(missing_ok=True)


def _stored_days(root: Path, shelf: Shelf, refused: Refused) -> set[Day]:
    return csv_days(root, shelf, refused).union(days(root, shelf, refused))


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
