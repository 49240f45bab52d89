"""The journal of trades: what was decided is on disk before it is done, and stays there."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

import msgspec

from qfluxd.errors import DataError, QfluxdError, Unavailable
from qfluxd.model import DAY, Deal, Millis, Trade, TradingSwitch
from qfluxd.trading import rows
from qfluxd.trading.lock import lock_file
from qfluxd.trading.records import Past, Record, Step, Told
from qfluxd.trading.schema import APPLICATION_ID, SCHEMA, VERSION

FILE = "journal.sqlite"
_BUSY = 2.0
"""Seconds: readers never block a writer here, so only a foreign writer could, and not for long."""
_REMEDY = "move it and its -wal and -shm files away to begin a new one, after looking at the broker's open deals"

# Only names of columns are put into these; what comes from outside is always bound.
_STEPS = f"SELECT {rows.STEP} FROM transitions t WHERE t.trade = ? ORDER BY t.seq"  # noqa: S608 - as said
_TOLD = f"SELECT {rows.TOLD} FROM answers WHERE request = ? ORDER BY seq DESC LIMIT 1"  # noqa: S608 - as said
_SWITCH = f"SELECT {rows.SWITCH} FROM switch ORDER BY seq DESC LIMIT 1"  # noqa: S608 - as said
_NEWEST = f"""
SELECT {rows.ORDER}, {rows.STEP} FROM orders o
JOIN transitions t ON t.seq = (SELECT max(seq) FROM transitions WHERE trade = o.id)
"""  # noqa: S608 - as said
_UNFINISHED = f"""
SELECT {rows.ORDER} FROM orders o WHERE NOT EXISTS
(SELECT 1 FROM transitions t WHERE t.trade = o.id AND t.stage IN ('refused', 'settled')
 AND (t.stage = 'settled' OR t.at < ?)
 AND NOT EXISTS (SELECT 1 FROM transitions WHERE trade = o.id AND seq > t.seq AND stage <> t.stage))
ORDER BY o.seq
"""  # noqa: S608 - as said
_SETTLED = """
WITH settled AS (SELECT deal, json_extract(deal, '$.closes') AS closes FROM transitions WHERE stage = 'settled')
SELECT deal FROM settled WHERE closes >= min(?, (SELECT max(closes) FROM settled)) - ?
"""
_LET_THROUGH = """
SELECT min(at), trade FROM transitions WHERE at >= ? AND stage = 'intended' AND attempt = 0 GROUP BY trade ORDER BY 1
"""


class Contradiction(QfluxdError):
    """A record goes against what the journal holds: it is never taken, however often it is tried."""


class Reader:
    """Looks into a journal, also while a daemon writes it.

    Every method raises `DataError` where the file is damaged, `Unavailable` where it cannot be read now.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self.file = file
        self._connection = connection

    def trades(self, count: int) -> list[Trade]:
        """The newest trades, newest first, at most `count`."""
        return self._read(rows.trade, f"{_NEWEST} ORDER BY o.seq DESC LIMIT ?", count)

    def trade(self, ident: str) -> Trade | None:
        """The trade with this id."""
        return self._one("o.id = ?", ident)

    def asked(self, request: str) -> Trade | None:
        """The trade that this request, by its id in canonical JSON, asked for."""
        return self._one("o.request = ?", request)

    def of_deal(self, deal: str) -> Trade | None:
        """The trade that the broker knows by this deal's id."""
        return self._one("o.id = (SELECT trade FROM transitions WHERE deal_id = ? LIMIT 1)", deal)

    def steps(self, trade: str) -> tuple[Step, ...]:
        """Everything that happened to a trade, oldest first."""
        return tuple(self._read(rows.step, _STEPS, trade))

    def told(self, request: str) -> Told | None:
        """The newest final answer to a request."""
        return next(iter(self._read(rows.told, _TOLD, request)), None)

    def switch(self) -> TradingSwitch:
        """Whether orders are let through, since when and why."""
        return self._read(lambda row: TradingSwitch(*row), _SWITCH)[0]

    def _one(self, where: str, value: str) -> Trade | None:
        return next(iter(self._read(rows.trade, f"{_NEWEST} WHERE {where}", value)), None)

    def _read[T](self, make: Callable[[Sequence[Any]], T], sql: str, *bound: object) -> list[T]:
        with _translated(self.file, "read"):
            return [make(row) for row in self._connection.execute(sql, bound)]


class Journal(Reader):
    """The one writer of the journal; a file lock keeps every other one out.

    The promise: what `add` was given is on disk, whole, when it returns, and none of it is when it raises.
    """

    def __init__(self, folder: Path, at: Millis) -> None:
        """Open `journal.sqlite` in an existing folder, or begin it where there is none; `at` is now.

        Raises `Unavailable` where another daemon has it or the disk does not let it be used, `DataError` where the
        file is damaged, not a journal, or a newer qfluxd's. It is never begun anew over such a file.
        """
        file = folder / FILE
        self._lock = lock_file(folder / "journal.lock", file)
        try:
            if not _exists(file):
                _begin(file, at)
            super().__init__(file, _opened(file, "rw"))
            self._inode = _inode(file)
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Let go of the file; nothing waits to be written."""
        self._connection.close()
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def add(self, *records: Record) -> None:
        """Write records, all or none, to the disk itself.

        Raises `Unavailable` (a full disk, a file that was taken away), `DataError`, or `Contradiction`.
        """
        if _inode(self.file) != self._inode:  # SQLite would go on writing to what nobody will ever read again
            raise Unavailable(f"{self.file} was taken away under a running daemon; bring it back and start again")
        connection = self._connection
        with _translated(self.file, "written"):
            connection.execute("BEGIN IMMEDIATE")
            try:
                for record in records:
                    connection.execute(rows.INSERTS[type(record)], rows.values(record))
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:  # some errors have ended it already
                    connection.execute("ROLLBACK")
                raise

    def began(self) -> Millis:
        """When this journal was begun; deals from before are none of its business."""
        return self._read(lambda row: int(row[0]), "SELECT min(since) FROM switch")[0]

    def unfinished(self, refused_since: Millis) -> list[Past]:
        """Every trade that is neither settled nor was refused before this moment, oldest first."""
        openings = self._read(rows.opening, _UNFINISHED, refused_since)
        return [Past(opening, self.steps(opening.id)) for opening in openings]

    def settled_lately(self, at: Millis) -> list[Deal]:
        """The settled deals of the last two days, by the broker's word on when each closed, each once.

        The days end now or with the newest deal, whichever is earlier: this machine's clock may have been set.
        """
        deals = self._read(lambda row: rows.deal(row[0]), _SETTLED, at, 2 * DAY)
        return list({deal.id: deal for deal in deals}.values())

    def let_through_since(self, at: Millis) -> list[tuple[Millis, str]]:
        """When which order was let through (``intended`` for the first time), for those at `at` or later."""
        return self._read(lambda row: (int(row[0]), str(row[1])), _LET_THROUGH, at)


@contextmanager
def read_journal(folder: Path) -> Iterator[Reader]:
    """The journal in a state folder, to look into; no trade is changed and no daemon kept out.

    Raises `Unavailable` where there is none, `DataError` where it is damaged or not a journal.
    """
    file = folder / FILE
    if not _exists(file):
        raise Unavailable(f"there is no journal in {folder}; a daemon that may trade begins it")
    with closing(_opened(file, "ro")) as connection:
        yield Reader(file, connection)


def _exists(file: Path) -> bool:
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


def _inode(file: Path) -> tuple[int, int] | None:
    """Which file lies under this name, None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin(file: Path, at: Millis) -> None:
    """An empty journal, made under another name: under its own there is never half of one."""
    draft = file.with_name(file.name + ".new")
    with _translated(file, "begun"):
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


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    address = f"{file.absolute().as_uri()}?mode={mode}"
    with _translated(file, "opened"):
        connection = sqlite3.connect(address, uri=True, timeout=_BUSY, isolation_level=None)
        try:
            _check(file, connection)
            connection.executescript("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        except BaseException:
            connection.close()
            raise
        return connection


def _check(file: Path, connection: sqlite3.Connection) -> None:
    """Raises `DataError` unless this is a whole journal of a kind that we know."""

    def pragma(name: str) -> Any:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    if pragma("application_id") != APPLICATION_ID:
        raise DataError(f"{file} is not a journal of qfluxd, or was emptied; {_REMEDY}")
    if (version := pragma("user_version")) > VERSION:
        raise DataError(f"{file} was written by a newer qfluxd (version {version}); run that one, or {_REMEDY}")
    if (found := pragma("quick_check(1)")) != "ok":
        raise DataError(f"{file} is damaged ({found}); {_REMEDY}")


@contextmanager
def _translated(file: Path, what: str) -> Iterator[None]:
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
