"""Limits that were made tighter by command: they hold across restarts, and never loosen what the file says."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from qfluxd.errors import DataError, Unavailable
from qfluxd.model import Refusal
from qfluxd.settings import RiskSettings

FILE: Final = "control.json"
WHOLE: Final = frozenset({"max_open", "orders_per_minute"})
CONTROLS: Final = ("max_stake", "max_open", "max_daily_loss", "orders_per_minute")
"""What a command may tighten."""


class Controls:
    """The tightened limits.

    The promise: what holds is never above the file's own limit, and is on the disk before it is answered.
    """

    def __init__(self, folder: Path) -> None:
        """Read what an earlier daemon kept.

        Raises:
            DataError: it makes no sense.
            Unavailable: it cannot be read.
        """
        self._file = folder / FILE
        self._set: dict[str, Decimal] = _read(self._file)

    def applied(self, risk: RiskSettings) -> RiskSettings:
        """The limits of the file with what was tightened."""
        tighter = {name: min(value, getattr(risk, name)) for name, value in self._set.items()}
        return risk.model_copy(update={name: int(value) if name in WHOLE else value for name, value in tighter.items()})

    def set(self, name: str, value: Decimal | None, risk: RiskSettings) -> Refusal | None:
        """Tighten a limit, or with None go back to the file's; None where that is done."""
        if name not in CONTROLS:
            return Refusal("control_unknown", f"there is no control {name}; there are trading, {', '.join(CONTROLS)}")
        if value is not None and (refusal := _refused(name, value, risk)) is not None:
            return refusal
        changed = {key: old for key, old in self._set.items() if key != name}
        if value is not None:
            changed[name] = value
        try:
            _write(self._file, changed)
        except OSError as error:
            return Refusal("unavailable", f"{self._file} cannot be written ({error.strerror}); nothing has changed")
        self._set = changed
        return None


def _refused(name: str, value: Decimal, risk: RiskSettings) -> Refusal | None:
    least = 1 if name in WHOLE else 0
    if not value.is_finite() or value < least or (name not in WHOLE and value == 0):
        return Refusal("bad_argument", f"{value} is no value for {name}; it must be a number above 0")
    if name in WHOLE and value != int(value):
        return Refusal("bad_argument", f"{name} must be a whole number")
    if value > getattr(risk, name):
        return Refusal("only_tighter", f"[risk] {name} is {getattr(risk, name)}; only the file can raise it")
    return None


def _read(file: Path) -> dict[str, Decimal]:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=dict[str, Decimal])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unavailable(f"{file} cannot be read ({error.strerror})") from error
    except msgspec.MsgspecError as error:
        raise DataError(f"{file} makes no sense ({error}); delete it, and the limits are those of the file") from error
    if any(not value.is_finite() or value <= 0 for value in kept.values()):
        raise DataError(f"{file} holds what is no limit; delete it, and the limits are those of the file")
    return {name: value for name, value in kept.items() if name in CONTROLS}


def _write(file: Path, values: dict[str, Decimal]) -> None:
    draft = file.with_suffix(".new")
    with draft.open("wb") as out:
        out.write(msgspec.json.encode(values))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(file)
