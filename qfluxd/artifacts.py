"""The pictures and reports that are kept as evidence, and which of them go when they are old or too many."""

import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from qfluxd.errors import Unavailable
from qfluxd.model import DAY, Millis

SCREENSHOTS, TRADES, TROUBLE = "screenshots", "trades", "trouble"
"""The folders below the state folder in which they lie."""

MEGABYTE: Final = 1_000_000
_STAMP: Final = re.compile(r"\d{8}T\d{9}Z")
# A picture that was being written when its writer was killed has more around its name.
_PICTURE: Final = re.compile(rf"\.?screenshot_({_STAMP.pattern})_[a-z]+\.png.*")
_REPORT: Final = re.compile(rf"({_STAMP.pattern})_.*")
_TRADING_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def stamp(at: Millis) -> str:
    """A moment as it stands in names: ``20261122T113429123Z``."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y%m%dT%H%M%S}{at % 1000:03}Z"


def read_stamp(text: str) -> Millis | None:
    """The moment that `stamp` has written so, None where the text is none."""
    if not _STAMP.fullmatch(text):
        return None
    try:
        whole = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(whole.timestamp()) * 1000 + int(text[15:18])


@dataclass(frozen=True, slots=True)
class Artifact:
    """One piece of evidence: a picture, or the folder of a trade or of a trouble. `size` is in bytes."""

    kind: str
    path: Path
    at: Millis
    size: int


def condemned(found: Sequence[Artifact], now: Millis, keep_days: int, keep_bytes: int) -> list[Artifact]:
    """Those that have to go, oldest first: older than `keep_days`, or past what there is room for.

    The newest of each kind stays while it is of today. Where all are older than now, days count from the newest: a
    clock that is set wrong for an hour must not take everything.
    """
    ordered = sorted(found, key=lambda artifact: (artifact.at, artifact.path))
    newest = {artifact.kind: artifact for artifact in ordered}
    kept = {artifact.path for artifact in newest.values() if artifact.at // DAY >= now // DAY}
    oldest = min(now, max((artifact.at for artifact in ordered), default=now)) - keep_days * DAY
    left = sum(artifact.size for artifact in ordered)
    going: list[Artifact] = []
    for artifact in ordered:
        if artifact.path not in kept and (artifact.at < oldest or left > keep_bytes):
            going.append(artifact)
            left -= artifact.size
    return going


def all_artifacts(state_dir: Path) -> list[Artifact]:
    """All evidence below the state folder; what has another name is none of ours."""
    return [*_pictures(state_dir / SCREENSHOTS), *_trades(state_dir / TRADES), *_troubles(state_dir / TROUBLE)]


def tidy(state_dir: Path, now: Millis, keep_days: int, keep_mb: int) -> int:
    """Delete what has to go; returns how many pieces went.

    Raises:
        Unavailable: something cannot be read or deleted; all else has been.
    """
    with reaching(state_dir):
        going = condemned(all_artifacts(state_dir), now, keep_days, keep_mb * MEGABYTE)
    problems: list[OSError] = []
    for artifact in going:
        try:
            _delete(artifact)
        except OSError as problem:
            problems.append(problem)
    with reaching(state_dir):
        if problems:
            raise problems[0]
    return len(going)


@contextmanager
def reaching(folder: Path) -> Iterator[None]:
    """Says what to do where a file below that folder cannot be read, written or deleted."""
    try:
        yield
    except OSError as error:
        place = error.filename or folder
        raise Unavailable(
            f"{place} cannot be read or written ({(error.strerror or type(error).__name__).lower()}); make room in "
            f"{folder} and make it ours to write"
        ) from None


def _pictures(folder: Path) -> Iterator[Artifact]:
    for path in _in(folder):
        match = _PICTURE.fullmatch(path.name)
        if match and (at := read_stamp(match[1])) is not None and _is_own_file(path):
            yield Artifact(SCREENSHOTS, path, at, _size(path))


def _troubles(folder: Path) -> Iterator[Artifact]:
    for path in _in(folder):
        match = _REPORT.fullmatch(path.name)
        if match and (at := read_stamp(match[1])) is not None and _is_own_folder(path):
            yield Artifact(TROUBLE, path, at, _size(path))


def _trades(folder: Path) -> Iterator[Artifact]:
    for day in _in(folder):
        if (
            not _TRADING_DAY.fullmatch(day.name)
            or (start := read_stamp(f"{day.name.replace('-', '')}T000000000Z")) is None
        ):
            continue
        for path in _in(day):
            if _is_own_folder(path):
                # The folder's name says the day, which no copying changes; the rest orders trades within it.
                within = max(0, min(int(path.stat().st_mtime * 1000) - start, DAY - 1))
                yield Artifact(TRADES, path, start + within, _size(path))


def _in(folder: Path) -> list[Path]:
    if folder.is_symlink():
        return []
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _size(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if not file.is_dir())


def _delete(artifact: Artifact) -> None:
    if artifact.path.is_dir():
        shutil.rmtree(artifact.path)
    else:
        artifact.path.unlink(missing_ok=True)
    folder = artifact.path.parent
    if artifact.kind == TRADES and not any(folder.iterdir()):
        folder.rmdir()
