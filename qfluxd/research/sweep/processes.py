"""Workers on this machine: processes with one thread each."""

import os
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import active_children, get_context

from qfluxd.errors import DataError
from qfluxd.research.sweep.alone import deaf, prepare
from qfluxd.research.sweep.engine import Broken, End, Lost
from qfluxd.research.sweep.tasks import Done, Task
from qfluxd.research.sweep.work import work


class Processes:
    """A pool of processes.

    The promise: a process that is killed costs no task. All that were out come back as lost, and the next ones go to a
    new pool.
    """

    is_remote = False
    can_blame = False

    def __init__(self, workers: int | None = None) -> None:
        """As many as there are processors for us where no number is given."""
        self.workers = workers or len(os.sched_getaffinity(0))
        self._others = {child.pid for child in active_children()}
        self._out: dict[Future[Done], Task] = {}
        self._pool = self._new_pool()

    @property
    def in_flight(self) -> int:
        """How many tasks have not come back."""
        return len(self._out)

    @property
    def pids(self) -> list[int]:
        """The processes that are at work."""
        return [child.pid for child in active_children() if child.pid is not None and child.pid not in self._others]

    def submit(self, task: Task) -> None:
        """Give a task to a process, now or when one is free."""
        with deaf():
            try:
                future = self._pool.submit(work, task)
            except BrokenProcessPool:  # it broke after the last wait; those that were out will come back as lost
                self._mend()
                future = self._pool.submit(work, task)
        self._out[future] = task

    def wait(self, seconds: float) -> list[tuple[Task, End]]:
        """What has come back; waits for the first of it, up to so long. Raises `DataError` as `work` does."""
        ready, _ = wait(self._out, seconds, FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in ready):
            ready, _ = wait(self._out)  # all of them break together
            self._mend()
        ended = [(self._out.pop(future), future) for future in ready]
        lost = sum(isinstance(future.exception(), BrokenProcessPool) for _, future in ended)
        return [(task, _end(future, lost == 1)) for task, future in ended]

    def close(self, *, now: bool) -> None:
        """Let the processes go; `now` kills them."""
        if now:
            for child in active_children():
                if child.pid not in self._others:
                    child.kill()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _mend(self) -> None:
        self._pool.shutdown(wait=True)
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        # Spawned, because a fork takes over whatever locks our threads hold at that moment.
        return ProcessPoolExecutor(self.workers, get_context("spawn"), prepare)


def _end(future: "Future[Done]", is_alone: bool) -> End:
    match future.exception():
        case None:
            return future.result()
        case BrokenProcessPool():
            return Lost("its process was ended from outside, or ran out of memory", is_alone)
        case DataError() as problem:
            raise problem
        case problem:
            return Broken(f"{type(problem).__name__}: {problem}")
