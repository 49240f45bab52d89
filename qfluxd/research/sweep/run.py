"""A sweep at work: tasks out, trades in, on disk at once."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import Final

import msgspec
import polars as pl

from qfluxd import __version__
from qfluxd.research.sweep.engine import End, Engine
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.forward import Forward
from qfluxd.research.sweep.rows import encode
from qfluxd.research.sweep.search import Search, make_search
from qfluxd.research.sweep.space import Variant
from qfluxd.research.sweep.stores import nearby
from qfluxd.research.sweep.suspects import Suspects
from qfluxd.research.sweep.tasks import Done, Job, Queue, Task

_LOOK: Final = 0.25
"""Seconds after which it looks whether it is to stop."""
_AHEAD: Final = 1
"""Tasks that wait beside a worker, so that none has to."""


class Progress(msgspec.Struct, frozen=True):
    """How far a sweep has come: variants on assets that are done, of all, and about how many seconds are left."""

    done: int
    total: int
    left: float


class Sweep:
    """One sweep, from where its folder says that it has come to.

    The promise: stopped and gone on with as often as may be, on any engine, it ends with the same trades.
    """

    def __init__(
        self,
        folder: Folder,
        engine: Engine,
        tell: Callable[[Progress], None] = lambda progress: None,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """`tell` hears of progress; once `is_stopping` says so, no task is given out any more.

        Raises:
            ConfigError: the space is empty or too large.
            DataError: the data are a single file that is gone.
            PluginError: the strategy is gone.
            Unavailable: optuna is asked for and not installed.
        """
        manifest = folder.manifest
        settings, source = manifest.settings, manifest.source
        self.search: Search = make_search(settings.search, settings.space(), settings.variants, settings.seed)
        self._folder = folder
        self._engine = engine
        self._tell = tell
        self._is_stopping = is_stopping
        self._forward = Forward(manifest.tests, settings.embargo)
        job = Job(settings, source if engine.is_remote else nearby(source), __version__, is_checked=engine.is_remote)
        self._queue = Queue(job, manifest.spans, folder.next_task)
        self._suspects = Suspects(self._queue.halves)
        self._is_alone = False
        self._done = 0
        self._fresh = 0
        self._begun = monotonic()

    def run(self) -> bool:
        """Try all that is to be tried; whether that is done, and not stopped before.

        Raises:
            DataError: data or programs differ between workers, or the folder cannot be written.
            Disconnected: the engine is gone.
        """
        while variants := self.search.ask():
            self._folder.note(variants)
            self._queue.add(variants, self._folder.done)
            self._done += len(variants) * self._queue.per_variant - len(self._queue)
            if not self._work():
                return False
            if self.search.learns:
                self.search.tell(self._scores(variants))
        return True

    def _work(self) -> bool:
        """Do all that waits; whether that is done."""
        while len(self._queue) or self._suspects.waiting or self._engine.in_flight:
            if not self._is_stopping():
                self._fill()
            elif not self._engine.in_flight:
                return False
            for task, end in self._engine.wait(_LOOK):
                self._take(task, end)
        return True

    def _fill(self) -> None:
        while (task := self._next()) is not None:
            self._engine.submit(task)

    def _next(self) -> Task | None:
        """What to give out now. Where nobody could tell who is to blame, a suspect runs alone."""
        out, waiting = self._engine.in_flight, self._suspects.waiting
        if not self._engine.can_blame and (waiting or self._is_alone):
            if out:
                return None
            self._is_alone = bool(waiting)
        if out >= self._engine.workers + _AHEAD:
            return None
        return waiting.popleft() if waiting else self._queue.take(self._engine.workers)

    def _scores(self, variants: Sequence[Variant]) -> list[float | None]:
        """What variants had come to before the first test: nothing that is tested on may lead the search."""
        numbers = [variant.number for variant in variants]
        failed = {failure.variant for failure in self._folder.failed}
        found = self._forward.first(self._folder.trades().filter(pl.col("variant").is_in(numbers)))
        least = self._folder.manifest.settings.least
        return [
            found[number].score
            if number in found and number not in failed and found[number].decisive >= least
            else None
            for number in numbers
        ]

    def _take(self, task: Task, end: End) -> None:
        if isinstance(end, Done):
            self._queue.learn(len(task.units), end.seconds)
            self._keep(task, end)
        elif failed := self._suspects.take(task, end):
            self._keep(task, Done(encode([]), failed, 0.0))

    def _keep(self, task: Task, done: Done) -> None:
        self._folder.keep(task, done)
        self._done += len(task.units)
        self._fresh += len(task.units)
        total = self.search.total * self._queue.per_variant
        each = (monotonic() - self._begun) / self._fresh
        self._tell(Progress(self._done, total, each * (total - self._done)))
