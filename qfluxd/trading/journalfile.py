"""The journal's file: begun whole or not at all, brought up to date, and opened only where it is one."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from qfluxd.errors import DataError, QfluxdError, Unavailable
from qfluxd.model import Millis, TradingSwitch
from qfluxd.trading import rows
from qfluxd.trading.schema import APPLICATION_ID, AS_IF_NEW, MIGRATIONS, SCHEMA, VERSION

_BUSY: Final = 2.0
"""Seconds: readers never block a writer here, so only a foreign writer could, and not for long."""
_REMEDY: Final = "move it and its -wal and -shm files away to begin a new one, after looking at the broker's open deals"


class Contradiction(QfluxdError):
    """A record goes against what the journal holds: it is never taken, however often it is tried."""


def exists(file: Path) -> bool:
    """Whether there is a journal; a log without its file is the rest of one, and must not be mixed with another."""
    try:
        if file.exists():
            return True
        log = file.with_name(file.name + "-wal")
        if log.exists() and log.stat().st_size:
            raise DataError(f"{log} is the rest of a journal that is gone; bring {file.name} back, or move it away too")
    except OSError as error:
        raise Unavailable(f"{file} cannot be looked at ({error.strerror})") from error
    return False


def inode(file: Path) -> tuple[int, int] | None:
    """Which file lies under this name, None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def begin(file: Path, at: Millis) -> None:
    """An empty journal, made under another name: under its own there is never half of one."""
    draft = file.with_name(file.name + ".new")
    with translated(file, "begun"):
        for rest in (draft, *(draft.with_name(draft.name + end) for end in ("-wal", "-shm", "-journal"))):
            rest.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.executescript(f"PRAGMA synchronous = FULL; BEGIN; {SCHEMA} COMMIT;")
            connection.execute(rows.INSERTS[TradingSwitch], ("active", "trading begins", at))
            connection.execute("PRAGMA journal_mode = WAL")
        draft.replace(file)
        _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def brought_up_to_date(file: Path, connection: sqlite3.Connection) -> sqlite3.Connection:
    """The journal of an older qfluxd as one of this, all or nothing; what is in it stays as it is."""
    with translated(file, "brought up to date"):
        try:
            if (version := _pragma(connection, "user_version")) != VERSION:
                triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
                drops = "".join(f'DROP TRIGGER "{name}";' for (name,) in triggers)
                connection.executescript(f"BEGIN IMMEDIATE; {drops} {MIGRATIONS[version]} COMMIT;")
        except BaseException:
            connection.close()  # and with it goes what was begun
            raise
    return connection


def opened(file: Path, mode: str) -> sqlite3.Connection:
    address = f"{file.absolute().as_uri()}?mode={mode}"
    with translated(file, "opened"):
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY, isolation_level=None)
        try:
            _check(file, connection)
            connection.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
            if mode == "ro" and (version := _pragma(connection, "user_version")) < VERSION:
                connection.executescript(AS_IF_NEW[version])
        except BaseException:
            connection.close()
            raise
        return connection


def _check(file: Path, connection: sqlite3.Connection) -> None:
    """Raises `DataError` unless this is a whole journal of a kind that we know."""
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise DataError(f"{file} is not a journal of qfluxd, or was emptied; {_REMEDY}")
    if (version := _pragma(connection, "user_version")) > VERSION:
        raise DataError(f"{file} was written by a newer qfluxd (version {version}); run that one, or {_REMEDY}")
    if version < 1:
        raise DataError(f"{file} does not say of which version it is, so it is damaged; {_REMEDY}")
    if (found := _pragma(connection, "quick_check(1)")) != "ok":
        raise DataError(f"{file} is damaged ({found}); {_REMEDY}")


def _pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


@contextmanager
def translated(file: Path, what: str) -> Iterator[None]:
    """Foreign errors as ours, sorted by what helps; those that only a mistake in here can cause stay."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.IntegrityError as error:
        raise Contradiction(f"{file} holds something else ({error})") from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            raise DataError(f"{file} is damaged ({error}); {_REMEDY}") from error
        raise Unavailable(f"{file} cannot be {what} ({error}); see to the disk's space and rights") from error
    except OSError as error:
        raise Unavailable(f"{file} cannot be {what} ({error.strerror}); see to the disk's space and rights") from error
    except (msgspec.MsgspecError, ArithmeticError) as error:
        raise DataError(f"{file} holds a row that makes no sense ({error}); {_REMEDY}") from error
