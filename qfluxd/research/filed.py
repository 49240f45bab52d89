"""A single file as a data set: imported once, into the user's cache, under a name that its content gives it."""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from qfluxd import __version__
from qfluxd.errors import DataError
from qfluxd.market.importing.files import Options, held, import_file
from qfluxd.market.importing.report import Imported, in_a_line

_OF_IMPORTS = ("--timezone", "--mend")
"""Remedies that an import takes, and no command that takes a file for a data set."""

_REPORT = "import.json"
"""What the report of the import is called; no shelf has such a name."""


def folder_of(file: Path, asset: str | None) -> Path:
    """The folder that a file was imported into, now or before; `asset` is its symbol where it does not say one.

    It holds the report of that import too: see `taken_in`.

    Raises:
        DataError: the file cannot be understood as it stands, or the cache cannot be written to.
    """
    folder = _cache() / _name(file, asset)
    if folder.is_dir():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".import-", dir=folder.parent) as unfinished:
            inner = Path(unfinished) / "data"
            with held(inner):
                _import(file, inner, asset)
            _put(inner, folder)
    except OSError as error:
        raise DataError(f"{folder}: cannot be written to: {error.strerror or error}") from error
    return folder


def taken_in(folder: Path) -> str:
    """How the file of such a folder was read, and what of it was left out, in one line. Raises `DataError`."""
    try:
        return in_a_line(msgspec.json.decode((folder / _REPORT).read_bytes(), type=Imported))
    except (OSError, msgspec.DecodeError) as error:
        raise DataError(f"{folder}: cannot be read: {error}; delete it, and the file is imported again") from error


def _import(file: Path, inner: Path, asset: str | None) -> None:
    try:
        report = import_file(file, inner, Options(asset))
        (inner / _REPORT).write_bytes(msgspec.json.encode(report))
    except DataError as error:
        if not any(option in str(error) for option in _OF_IMPORTS):
            raise
        raise DataError(f"{error} (with `qfluxd data import`, which makes a folder for --data of it)") from None


def _put(inner: Path, folder: Path) -> None:
    try:
        inner.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process was faster, with the same
            raise


def _name(file: Path, asset: str | None) -> str:
    """From all that an import depends on: the file's bytes, its place, whose name may say asset and day, and us."""
    try:
        with file.open("rb") as data:
            content = hashlib.file_digest(data, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
    about = "\0".join((content, str(file.absolute()), asset or "", __version__, _REPORT))
    return hashlib.sha256(about.encode()).hexdigest()[:32]


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "qfluxd" / "datasets"
