"""When a market trades: a week of minutes on the broker's clock."""

from functools import cache, lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from qfluxd.model import MINUTE, Millis

type Hours = Literal["always", "weekdays", "session", "never"]

_DAY = 24 * 60
_WEEK = 7 * _DAY
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; the week here starts on Monday
_SESSION = slice(16 * 60 + 30, 23 * 60)  # New York's day on the broker's clock


@cache
def week(hours: Hours) -> npt.NDArray[np.bool_]:
    """Open or not, for each minute of a week that starts on Monday."""
    days = np.zeros((7, _DAY), dtype=np.bool_)
    if hours == "always":
        days[:] = True
    elif hours == "weekdays":
        days[:5] = True
    elif hours == "session":
        days[:5, _SESSION] = True
    return days.reshape(_WEEK)


def minute_of_week(at: Millis) -> int:
    """Which minute of its week a moment lies in."""
    return int(at // MINUTE + _EPOCH_WEEKDAY * _DAY) % _WEEK


def is_open(hours: Hours, at: Millis) -> bool:
    """Whether the market trades at that moment."""
    return bool(week(hours)[minute_of_week(at)])


def open_minutes(hours: Hours, day: int) -> npt.NDArray[np.bool_]:
    """Open or not, for each minute of one day, counted from 1970-01-01."""
    first = minute_of_week(day * _DAY * MINUTE)
    return week(hours)[first : first + _DAY]


def next_change(hours: Hours, at: Millis) -> Millis | None:
    """When the market next opens or closes; None if it never does."""
    ahead = _minutes_to_change(hours, minute_of_week(at))
    return None if ahead is None else (at // MINUTE + ahead) * MINUTE


@lru_cache(maxsize=64)
def _minutes_to_change(hours: Hours, minute: int) -> int | None:
    ahead = np.roll(week(hours), -minute)
    changes = np.flatnonzero(ahead != ahead[0])
    return int(changes[0]) if changes.size else None
