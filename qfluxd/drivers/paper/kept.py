"""The file in which a paper account outlives the daemon."""

import os
from decimal import Decimal
from pathlib import Path

import msgspec

from qfluxd.errors import DataError
from qfluxd.model import Deal

FILE = "paper.json"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A paper account at rest: its money, its deals, and how many orders it has had.

    `on` is the driver whose prices its open deals are about; closed deals are newest first.
    """

    on: str
    currency: str
    balance: Decimal
    orders: int = 0
    open: tuple[Deal, ...] = ()
    closed: tuple[Deal, ...] = ()


def recall(file: Path) -> Kept | None:
    """The account in this file, None where there is none.

    Raises:
        DataError: it cannot be read, or is none.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Kept)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError, ArithmeticError) as error:
        raise DataError(
            f"{file} cannot be used as a paper account ({error}); move it away to begin a new one"
        ) from error


def keep(file: Path, account: Kept) -> None:
    """Write it, whole or not at all. Raises `OSError` where the disk does not take it."""
    draft = file.with_name(f".{file.name}.new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as writing:
        writing.write(msgspec.json.encode(account))
        writing.flush()
        os.fsync(writing.fileno())
    draft.replace(file)
