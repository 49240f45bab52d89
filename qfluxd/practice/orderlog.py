"""Every order that has reached the practice broker, on record before it is answered."""

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec

from qfluxd.errors import DataError
from qfluxd.model import Account, Millis, Side

ORDERS = "orders.jsonl"
"""The name of the record of orders, beside the file with the account."""


class OrderSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One `openOrder`: `at` in ms UTC on the market's clock, `request` the page's own id for it, `expiry` its length.

    `deal` is the deal it became; without one, `refused` says why: a sentence, or ``lost`` where the trap of that name
    swallowed it. What could not be read is None.
    """

    at: Millis
    request: int | str | None
    account: Account
    asset: str | None
    side: Side | None
    stake: Decimal | None
    expiry: Millis | None
    deal: str | None = None
    refused: str | None = None


class OrderLog:
    """The orders in the order in which they came; given a file, each is on the disk before `add` returns."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._seen: list[OrderSeen] = []
        if file is not None:
            self._seen += read_orders(file)
            _drop_torn_line(file)

    @property
    def seen(self) -> Sequence[OrderSeen]:
        """Every order so far, of earlier runs too where there is a file."""
        return tuple(self._seen)

    def add(self, order: OrderSeen) -> None:
        """Put one more on record."""
        self._seen.append(order)
        if self._file is not None:
            _append(self._file, msgspec.json.encode(order) + b"\n")


def read_orders(file: Path) -> tuple[OrderSeen, ...]:
    """The orders on record in a file, oldest first; none where there is no file. A torn last line is left out.

    Raises:
        DataError: a line is not an order.
    """
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return ()
    try:
        return tuple(msgspec.json.decode(line, type=OrderSeen) for line in lines if line)
    except msgspec.DecodeError as error:
        raise DataError(f"{file} is not a record of orders ({error}); move it away") from error


def _drop_torn_line(file: Path) -> None:
    """Take away what a crash has left half written, or the next line would hang on it."""
    if file.exists():
        text = file.read_bytes()
        os.truncate(file, text.rfind(b"\n") + 1)


def _append(file: Path, line: bytes) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line)
        os.fsync(handle)
    finally:
        os.close(handle)
