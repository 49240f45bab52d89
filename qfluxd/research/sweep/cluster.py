"""The home of Dask: workers on this machine or on many, through a scheduler."""

import logging
import os
from contextlib import suppress
from importlib.util import find_spec
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, Final

from qfluxd.errors import DataError, Disconnected, Unavailable
from qfluxd.research.sweep import alone
from qfluxd.research.sweep.engine import Broken, End, Lost
from qfluxd.research.sweep.tasks import Task
from qfluxd.research.sweep.work import work

_LEAVE: Final = 10
"""Seconds in which all of it should have ended."""
_LOOK: Final = 2.0
"""Seconds for which the number of workers is taken for what it was."""


class Cluster:
    """A Dask scheduler and its workers.

    The promise: a worker that is lost costs no task, the scheduler gives it to another; one that several workers were
    lost over comes back as lost.
    """

    can_blame = True

    def __init__(self, scheduler: str | None = None, workers: int | None = None, *, within: float = 10) -> None:
        """`scheduler` is an address such as ``tcp://10.0.0.1:8786``; without one a cluster is started here.

        It must answer `within` so many seconds.

        Raises:
            Unavailable: dask is not installed, nobody answers at that address, or it has no workers.
        """
        if find_spec("distributed") is None:
            raise Unavailable("--engine dask needs the extra sweep; install it: pip install 'qfluxd[sweep]'")
        self.is_remote = scheduler is not None
        self._where = scheduler or "this machine"
        with alone.deaf():
            self._local = _local(workers) if scheduler is None else None
            self._client = self._connected(self._local or scheduler, within)
        self._back: SimpleQueue[Any] = SimpleQueue()
        self._out: dict[str, tuple[Any, Task]] = {}
        self._counted = (0.0, 1)

    @property
    def workers(self) -> int:
        """How many threads all workers have together, which is how many tasks are worked on at a time."""
        counted, number = self._counted
        if monotonic() - counted > _LOOK:
            number = max(1, sum(self._client.nthreads().values()))
            self._counted = monotonic(), number
        return number

    @property
    def in_flight(self) -> int:
        """How many tasks have not come back."""
        return len(self._out)

    @property
    def pids(self) -> list[int]:
        """The processes of the workers, on their own machines."""
        found: dict[str, int] = self._client.run(_pid)
        return list(found.values())

    def submit(self, task: Task) -> None:
        """Give a task to the scheduler."""
        future = self._client.submit(work, task, pure=False)
        self._out[future.key] = future, task
        future.add_done_callback(self._back.put)

    def wait(self, seconds: float) -> list[tuple[Task, End]]:
        """What has come back; waits for the first of it, up to so long.

        Raises:
            DataError: a worker has another qfluxd or other data.
            Disconnected: the scheduler is gone.
        """
        ended = []
        try:
            future = self._back.get(timeout=seconds)
            while True:
                _, task = self._out.pop(future.key)
                ended.append((task, self._end(future)))
                future = self._back.get_nowait()
        except Empty:
            return ended

    def close(self, *, now: bool) -> None:
        """Leave the scheduler; the tasks that are out are taken back, and a cluster that was started here ends."""
        with suppress(TimeoutError):  # workers that do not end in time end with this process
            self._client.close(timeout=1 if now else _LEAVE)
        with suppress(TimeoutError):
            if self._local is not None:
                self._local.close(timeout=1 if now else _LEAVE)

    def _connected(self, to: Any, within: float) -> Any:
        from distributed import Client

        for name in ("distributed.client", "distributed.utils"):  # they would tell a lost scheduler as a traceback
            logging.getLogger(name).setLevel(logging.CRITICAL)
        make: Any = Client
        try:
            client = make(to, timeout=within, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as problem:
            raise Unavailable(
                f"no Dask scheduler answers at {to} ({problem}); start one with `dask scheduler`, and give its address"
            ) from None
        try:
            client.wait_for_workers(1, timeout=within)
        except TimeoutError:
            client.close()
            raise Unavailable(
                f"the Dask scheduler at {to} has no workers; start some with `dask worker {to}`"
            ) from None
        return client

    def _end(self, future: Any) -> End:
        from distributed import KilledWorker

        if future.status in ("cancelled", "lost"):
            raise Disconnected(f"the Dask scheduler ({self._where}) is gone; go on with --resume when it is back")
        try:
            return future.result()  # type: ignore[no-any-return]
        except KilledWorker:
            return Lost("several workers ended over it", is_blamed=True)
        except DataError:
            raise
        except Exception as problem:  # noqa: BLE001 - whatever a worker, or the way back from it, raised
            return Broken(f"{type(problem).__name__}: {problem}")


def _local(workers: int | None) -> Any:
    from distributed import LocalCluster

    cluster: Any = LocalCluster
    return cluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        dashboard_address=None,
        env={"POLARS_MAX_THREADS": "1"},
        preload=[alone.__name__],
    )


def _pid() -> int:
    return os.getpid()
