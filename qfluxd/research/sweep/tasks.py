"""What workers are given to do, in pieces that are worth the way there."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from qfluxd.model import Millis
from qfluxd.research.sweep.settings import Settings, Source
from qfluxd.research.sweep.space import Variant

type Unit = tuple[int, str, Millis]
"""A variant's number, an asset, and where its span begins: what is computed and kept at once."""

_LEAST: Final = 1.0
_MOST: Final = 4.0
"""Seconds that a task should take: much beside what reading its data costs, and little to lose."""
_FIRST: Final = 4
"""Units in a task while nobody knows how long one takes."""


class Piece(msgspec.Struct, frozen=True):
    """Variants to be tried on one asset in [start, end); they share its ticks and candles."""

    asset: str
    start: Millis
    end: Millis
    variants: tuple[Variant, ...]

    @property
    def units(self) -> Iterator[Unit]:
        """What there is to do."""
        return ((variant.number, self.asset, self.start) for variant in self.variants)


class Job(msgspec.Struct, frozen=True):
    """What all tasks of a sweep have in common; `is_checked`: a worker makes sure that its data are the same."""

    settings: Settings
    source: Source
    version: str
    is_checked: bool = False


class Task(msgspec.Struct, frozen=True):
    """What one worker does at a time; it reads its data by itself."""

    number: int
    job: Job
    pieces: tuple[Piece, ...]

    @property
    def units(self) -> list[Unit]:
        """All that it does."""
        return [unit for piece in self.pieces for unit in piece.units]


class Failure(msgspec.Struct, frozen=True):
    """A unit that cannot be computed, and why."""

    variant: int
    asset: str
    start: Millis
    why: str


class Done(msgspec.Struct, frozen=True):
    """What came of a task: its trades as a Parquet file, what failed, and how long it took."""

    trades: bytes
    failed: tuple[Failure, ...]
    seconds: float


class Queue:
    """What is still to be done, handed out in tasks of a few seconds.

    The promise: every unit is handed out once, whatever the size of the tasks.
    """

    def __init__(self, job: Job, spans: Iterable[tuple[Millis, Millis]], number: int = 0) -> None:
        """`number` is that of the first task."""
        self._job = job
        self._number = number
        self._columns: dict[tuple[str, Millis, Millis], list[Variant]] = {
            (asset, start, end): [] for asset in job.source.assets for start, end in spans
        }
        self._seconds: float | None = None
        self.per_variant = len(self._columns)
        """Units that a variant is made of."""

    def add(self, variants: Iterable[Variant], done: set[Unit]) -> None:
        """More variants to try; what is done already is left out."""
        for variant in variants:
            for (asset, start, _), waiting in self._columns.items():
                if (variant.number, asset, start) not in done:
                    waiting.append(variant)

    def __len__(self) -> int:
        return sum(map(len, self._columns.values()))

    def learn(self, units: int, seconds: float) -> None:
        """So long it took to do so many."""
        each = seconds / max(units, 1)
        self._seconds = each if self._seconds is None else 0.7 * self._seconds + 0.3 * each

    def take(self, workers: int) -> Task | None:
        """The next task, None where nothing is left: a few seconds' work, about one towards the end."""
        left = len(self)
        if not left:
            return None
        share = -(-left // (2 * workers))
        if self._seconds is None:
            return self.task(self._pieces(min(_FIRST, share)))
        least, most = (max(1, int(seconds / max(self._seconds, 1e-6))) for seconds in (_LEAST, _MOST))
        return self.task(self._pieces(max(least, min(most, share))))

    def task(self, pieces: Iterable[Piece]) -> Task:
        """A task of these pieces, with a number of its own."""
        self._number += 1
        return Task(self._number, self._job, tuple(pieces))

    def halves(self, task: Task) -> list[Task]:
        """The same work in two tasks."""
        units = task.units
        first = set(units[: len(units) // 2])
        return [self.task(_only(task.pieces, half)) for half in (first, set(units) - first)]

    def _pieces(self, units: int) -> Iterator[Piece]:
        for (asset, start, end), waiting in self._columns.items():
            if units and waiting:
                taken, waiting[:] = waiting[:units], waiting[units:]
                units -= len(taken)
                yield Piece(asset, start, end, tuple(taken))


def _only(pieces: Iterable[Piece], units: set[Unit]) -> Iterator[Piece]:
    for piece in pieces:
        kept = tuple(each for each in piece.variants if (each.number, piece.asset, piece.start) in units)
        if kept:
            yield msgspec.structs.replace(piece, variants=kept)


def spans(start: Millis, end: Millis, length: Millis | None) -> list[tuple[Millis, Millis]]:
    """[start, end) cut into stretches of at most `length`, or left whole."""
    if length is None or end - start <= length:
        return [(start, end)]
    return [(begin, min(begin + length, end)) for begin in range(start, end, length)]
