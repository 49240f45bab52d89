"""How a worker process begins, before it loads anything that would make threads of its own."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import connection, parent_process, resource_tracker


@contextmanager
def deaf() -> Iterator[None]:
    """What is started within hears no Ctrl-C, from its very beginning; one that comes meanwhile is heard afterwards."""
    resource_tracker.ensure_running()  # or whoever starts it would let signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def prepare() -> None:
    """One thread per worker, and gone when its parent is; what strategies print is no result."""
    sys.stdout = sys.stderr
    os.environ["POLARS_MAX_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def dask_setup(worker: object) -> None:
    """What Dask calls in each worker of a cluster that is started here, also in those that take the place of others."""
    prepare()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
