"""Writes to the journal, and keeps what a full disk did not take until it does."""

from collections import deque
from collections.abc import Callable

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import SECOND, Alert, Millis, Refusal
from qfluxd.trading.journal import Contradiction, Journal
from qfluxd.trading.records import Record

_RETRY_EVERY: Millis = SECOND


class Pen:
    """The one way to the journal.

    The promise: what has happened is written in the order it happened, late rather than never while the program
    lives; what would only be about to happen is written at once or not at all. What goes against what is written
    already would never be taken: a person is told, and it is left out.
    """

    def __init__(self, journal: Journal, say: Callable[[Alert], None]) -> None:
        self._journal = journal
        self._say = say
        self._waiting: deque[tuple[Record, ...]] = deque()
        self._trouble: str | None = None
        self._tried: Millis = 0

    @property
    def trouble(self) -> str | None:
        """Why something waits to be written, None where nothing does."""
        return self._trouble if self._waiting else None

    @property
    def waiting(self) -> int:
        """How many writes wait."""
        return len(self._waiting)

    @property
    def unwritten(self) -> tuple[Record, ...]:
        """What waits, oldest first."""
        return tuple(record for records in self._waiting for record in records)

    def must(self, at: Millis, *records: Record) -> Refusal | None:
        """Write before something is done; where that fails it must not be done."""
        if self._waiting:
            return Refusal("journal_failed", f"{self._trouble}; {len(self._waiting)} entries wait to be written")
        try:
            self._journal.add(*records)
        except (Unavailable, DataError, Contradiction) as problem:
            self._say(Alert("journal_failed", str(problem), at))
            return Refusal("journal_failed", str(problem))
        return None

    def write(self, at: Millis, *records: Record) -> None:
        """Write what has happened; where that fails it waits, and nothing later overtakes it."""
        if self._waiting:
            self._waiting.append(records)
            return
        self._trouble = self._try(at, records)
        if self._trouble is not None:
            self._waiting.append(records)
            self._tried = at
            self._say(Alert("journal_failed", f"{self._trouble}; no orders until it is written", at))

    def retry(self, at: Millis) -> None:
        """Time has passed: try again what waits, at most once a second."""
        if not self._waiting or 0 <= at - self._tried < _RETRY_EVERY:
            return
        self._tried = at
        while self._waiting:
            if (trouble := self._try(at, self._waiting[0])) is not None:
                self._trouble = trouble
                return
            self._waiting.popleft()
        self._say(Alert("journal_recovered", "everything that waited has been written to the journal", at))

    def _try(self, at: Millis, records: tuple[Record, ...]) -> str | None:
        try:
            self._journal.add(*records)
        except Contradiction as problem:
            self._say(Alert("journal_contradiction", f"{problem}; it was left out", at))
        except (Unavailable, DataError) as problem:
            return str(problem)
        return None
