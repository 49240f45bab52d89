"""A process that dies at a chosen file operation, without the trouble of a process.

Python announces each file operation to its audit hooks before it happens. From the chosen one on, every
operation that would change the folder raises `Died`: the disk stays as a kill at that moment leaves it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate"}


class Died(BaseException):
    """The process is no more."""


class _Watch:
    def __init__(self, folder: Path, after: int) -> None:
        self.folder = str(folder)
        self.after = after
        self.seen = 0

    def hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self._changes(event, arguments):
            return
        self.seen += 1
        if self.seen > self.after:
            raise Died

    def _changes(self, event: str, arguments: tuple[object, ...]) -> bool:
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
            return writes and str(path).startswith(self.folder)
        return event in _CHANGES and str(arguments[0]).startswith(self.folder)


_watch: _Watch | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if _watch is not None:
        _watch.hear(event, arguments)


sys.addaudithook(_hook)


@contextmanager
def dies_after(operations: int, folder: Path) -> Iterator[_Watch]:
    """Let `operations` changes to the folder pass, and none after them; `seen` counts them."""
    global _watch  # an audit hook cannot be removed, only told to look elsewhere
    _watch = watch = _Watch(folder, operations)
    try:
        yield watch
    except Died:
        pass
    finally:
        _watch = None
