"""The journal of trades: what was decided is on disk before it is done, and stays there."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, Self

from qfluxd.errors import Unavailable
from qfluxd.model import Millis, PlanSwitched, Trade, TradingSwitch
from qfluxd.trading import journalfile, queries, rows
from qfluxd.trading.journalfile import Contradiction
from qfluxd.trading.lock import lock_file
from qfluxd.trading.pace import Passed
from qfluxd.trading.records import ComparisonStep, Opening, Past, Record, Step, Told
from qfluxd.trading.returns import Closing
from qfluxd.trading.shadow import ShadowDeal

__all__ = ["FILE", "Contradiction", "Journal", "Reader", "read_journal"]

FILE: Final = "journal.sqlite"


class Reader:
    """Looks into a journal, also while a daemon writes it.

    Every method raises `DataError` where the file is damaged, `Unavailable` where it cannot be read now.
    """

    def __init__(self, file: Path, connection: sqlite3.Connection) -> None:
        self.file = file
        self._connection = connection

    def trades(self, count: int) -> list[Trade]:
        """The newest trades, newest first, at most `count`."""
        return self._read(rows.trade, f"{queries.NEWEST} ORDER BY o.seq DESC LIMIT ?", count)

    def settled(self, count: int) -> list[Trade]:
        """The trades that were settled last, at most `count`, in the order in which they were."""
        return self._read(rows.trade, queries.SETTLED, count)[::-1]

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
        return tuple(self._read(rows.step, queries.STEPS, trade))

    def told(self, request: str) -> Told | None:
        """The newest final answer to a request."""
        return next(iter(self._read(rows.told, queries.TOLD, request)), None)

    def switch(self) -> TradingSwitch:
        """Whether orders are let through, since when and why."""
        return self._read(lambda row: TradingSwitch(*row), queries.SWITCH)[0]

    def plan_switches(self) -> dict[str, PlanSwitched]:
        """How each plan was switched last, by its name."""
        return {switch.name: switch for switch in self._read(rows.switched, queries.PLANS)}

    def filed_plans(self) -> dict[str, PlanSwitched]:
        """What the configuration file said of each plan when it was last read, by its name."""
        return {switch.name: switch for switch in self._read(rows.switched, queries.FILED)}

    def shadow_deals(self, since: Millis) -> list[ShadowDeal]:
        """Shadow deals as they stand: all that are not over, and those that came to something at `since` or later.

        `since` is the broker's clock; the one that came furthest of late comes last.
        """
        return self._read(rows.shadow, queries.SHADOW, since)

    def comparisons(self) -> list[ComparisonStep]:
        """How comparisons of plans began and ended, and what was promoted, oldest first."""
        return self._read(rows.comparison, queries.COMPARISONS)

    def seen(self, comparison: str) -> list[ComparisonStep]:
        """The slots in which one of the plans of a comparison said something, oldest first."""
        return self._read(rows.comparison, queries.SEEN, comparison)

    def trades_of(self, plan: str, since: Millis) -> list[Trade]:
        """The trades that a plan has wanted since then, oldest first, as they stand."""
        return self._read(rows.trade, queries.OF_PLAN, plan, since)

    def copy_into(self, other: sqlite3.Connection) -> None:
        """Copy everything into another database."""
        with journalfile.translated(self.file, "copied"):
            self._connection.backup(other)

    def _one(self, where: str, value: str) -> Trade | None:
        return next(iter(self._read(rows.trade, f"{queries.NEWEST} WHERE {where}", value)), None)

    def _read[T](self, make: Callable[[Sequence[Any]], T], sql: str, *bound: object) -> list[T]:
        with journalfile.translated(self.file, "read"):
            return [make(row) for row in self._connection.execute(sql, bound)]


class Journal(Reader):
    """The one writer of the journal; a file lock keeps every other one out.

    The promise: what `add` was given is on disk, whole, when it returns, and none of it is when it raises. Deals on
    paper, slots in which plans were seen, and orders before their click outlive the program as surely, but the disk is
    not waited for: they may be lost where the machine fails.
    """

    def __init__(self, folder: Path, at: Millis, *, durable: bool = True) -> None:
        """Open `journal.sqlite` in an existing folder, or begin it where there is none; `at` is now.

        One that is not `durable` is for a replay: nothing in it need outlive the machine, and no disk is waited for.

        Raises `Unavailable` where another daemon has it or the disk does not let it be used, `DataError` where the
        file is damaged, not a journal, or a newer qfluxd's. It is never begun anew over such a file.
        """
        file = folder / FILE
        self._lock = lock_file(folder / "journal.lock", file)
        try:
            if not journalfile.exists(file):
                journalfile.begin(file, at)
            connection = journalfile.brought_up_to_date(file, journalfile.opened(file, "rw"))
            self._durable = durable
            if not durable:
                connection.execute("PRAGMA synchronous = OFF")
            super().__init__(file, connection)
            self._inode = journalfile.inode(file)
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
        """Write records, all or none, to the disk itself; what is small to the system, which writes it soon.

        Raises `Unavailable` (a full disk, a file that was taken away), `DataError`, or `Contradiction`.
        """
        if journalfile.inode(self.file) != self._inode:  # SQLite would go on writing to what nobody reads any more
            raise Unavailable(f"{self.file} was taken away under a running daemon; bring it back and start again")
        connection = self._connection
        with journalfile.translated(self.file, "written"):
            if self._durable:
                small = all(_is_small(record) for record in records)
                connection.execute(f"PRAGMA synchronous = {'NORMAL' if small else 'FULL'}")
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
        openings = self._read(rows.opening, queries.UNFINISHED, refused_since)
        return [Past(opening, self.steps(opening.id)) for opening in openings]

    def closings(self, newest: int = queries.STREAK) -> list[tuple[Closing, bool]]:
        """What deals came to, in the order in which they were settled, and whether that was since trading was resumed.

        All since then, of the nine days before the newest by the broker's word on when each closed, and the `newest`
        whenever they were: this machine's clock may have been set to anything.
        """
        return self._read(
            lambda row: (rows.closed(row[:2]), bool(row[2])), queries.CLOSINGS, queries.REMEMBERED, newest
        )

    def let_through(self) -> list[tuple[Millis, Passed]]:
        """When which order was let through by this machine's clock, in the two days before the newest of them."""
        return self._read(rows.passed, queries.LET_THROUGH, queries.PACE)

    def resumed(self) -> Millis:
        """When trading was last resumed with a reason, or began."""
        return self._read(lambda row: int(row[0]), queries.RESUMED)[0]


def _is_small(record: Record) -> bool:
    """Whether the machine may fail before it is on the disk: what is on paper, and orders that nothing was clicked for.

    A program that is killed loses none of these, and the step before a click takes all before it to the disk.
    """
    match record:
        case ShadowDeal() | Opening() | ComparisonStep(what="seen"):
            return True
        case Step(stage=stage):
            return stage in ("received", "intended")
        case _:
            return False


@contextmanager
def read_journal(folder: Path) -> Iterator[Reader]:
    """The journal in a state folder, to look into; no trade is changed and no daemon kept out.

    Raises `Unavailable` where there is none, `DataError` where it is damaged or not a journal.
    """
    file = folder / FILE
    if not journalfile.exists(file):
        raise Unavailable(f"there is no journal in {folder}; a daemon that may trade begins it")
    with closing(journalfile.opened(file, "ro")) as connection:
        yield Reader(file, connection)


def copy_journal(folder: Path, to: Path) -> None:
    """Copy the journal in a state folder to a file, whole, also while a daemon writes it.

    Raises as `read_journal`, and `Unavailable` where the copy cannot be written.
    """
    draft = to.with_name(f".{to.name}.new")
    with read_journal(folder) as journal, journalfile.translated(to, "written"):
        draft.unlink(missing_ok=True)
        with closing(sqlite3.connect(draft)) as copy:
            journal.copy_into(copy)
        draft.chmod(0o600)
        draft.replace(to)
