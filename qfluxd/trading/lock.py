"""One daemon for one journal."""

import fcntl
import os
from io import FileIO
from pathlib import Path

from qfluxd.errors import Unavailable


def lock_file(path: Path, file: Path) -> FileIO:
    """Take the lock at `path` that guards `file`; it holds until the file given is closed or this process is gone.

    It is a file of its own, since closing a descriptor of SQLite's file would end SQLite's own locks on it. Raises
    `Unavailable` where another process has it, or it cannot be made.
    """
    try:
        lock = FileIO(path, "a", opener=_private)
    except OSError as error:
        raise Unavailable(f"{path} cannot be used ({error.strerror}); set [daemon] state_dir to another") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        cure = "stop it, or give this one another [daemon] state_dir"
        raise Unavailable(f"another qfluxd uses {file}; {cure}") from error
    return lock


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
