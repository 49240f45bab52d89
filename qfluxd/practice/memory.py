"""The file in which a practice account outlives the broker."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from qfluxd.errors import DataError
from qfluxd.model import Account, Millis
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.deals import PracticeDeal


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account: its money and deals, who it is, and what its page looks like."""

    uid: int
    balances: dict[Account, Decimal]
    favourites: list[str]
    chart: dict[str, Any]
    open_deals: list[PracticeDeal]
    closed_deals: list[PracticeDeal]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """An account at a moment of the market's clock; `market` names the prices that its deals are about."""

    at: Millis
    market: str
    account: Remembered


class Memory:
    """Writes an account down; without a file it does nothing. What was there before is there whole until then."""

    def __init__(self, file: Path | None, market: str, clock: MarketClock) -> None:
        self._file = file
        self._market = market
        self._clock = clock

    def keep(self, account: Remembered) -> None:
        """Put the account on the disk.

        Raises:
            DataError: it cannot be written.
        """
        if self._file is None:
            return
        snapshot = Snapshot(at=self._clock.now(), market=self._market, account=account)
        try:
            _replace(self._file, msgspec.json.encode(snapshot))
        except OSError as error:
            raise DataError(f"the practice account cannot be written to {self._file} ({error})") from error


def recall(file: Path | None) -> Snapshot | None:
    """What was written down; None where nothing was. Makes the folder that will be written to.

    Raises:
        DataError: the file or its folder cannot be used.
    """
    if file is None:
        return None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return msgspec.json.decode(file.read_bytes(), type=Snapshot)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be used as a practice account ({error}); move it away") from error


def _replace(file: Path, text: bytes) -> None:
    beside = file.with_name(f".{file.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as writing:
        writing.write(text)
        writing.flush()
        os.fsync(writing.fileno())
    beside.replace(file)
