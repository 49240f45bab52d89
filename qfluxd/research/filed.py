"""A single file as a data set: imported once, into the user's cache, under a name that its content gives it."""

import hashlib
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from qfluxd import __version__
from qfluxd.errors import DataError
from qfluxd.market.importing.files import Options, held, import_file

_OF_IMPORTS = ("--timezone", "--mend")
"""Remedies that an import takes, and no command that takes a file for a data set."""


def folder_of(file: Path, asset: str | None) -> Path:
    """The folder that a file was imported into, now or before; `asset` is its symbol where it does not say one.

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


def _import(file: Path, inner: Path, asset: str | None) -> None:
    try:
        import_file(file, inner, Options(asset))
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
    about = "\0".join((content, str(file.absolute()), asset or "", __version__))
    return hashlib.sha256(about.encode()).hexdigest()[:32]


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "qfluxd" / "datasets"
