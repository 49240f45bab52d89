"""How numbers and times are written in a report."""

from datetime import UTC, datetime

from qfluxd.evidence import DOUBT
from qfluxd.model import Millis
from qfluxd.research.statistics.variants import rounded

NONE = "–"
"""Stands where nobody knows."""


def percent(fraction: float | None, places: int = 1, *, sign: bool = False) -> str:
    """A fraction such as ``54.1 %``."""
    return NONE if fraction is None else f"{_signed(100 * fraction, places, sign=sign)}\N{NO-BREAK SPACE}%"


def between(low: float, high: float, *, sign: bool = False) -> str:
    """An interval of fractions such as ``52.0 … 56.1 %``."""
    return f"{_signed(100 * low, 1, sign=sign)} … {percent(high, sign=sign)}"


def money(amount: float, *, sign: bool = False) -> str:
    """An amount with two decimals, such as ``1,204.50`` or ``+3.00``."""
    return _signed(float(amount), 2, sign=sign)


def count(number: int | None) -> str:
    """A whole number, such as ``12,000``."""
    return NONE if number is None else f"{number:,}"


def evidence(value: float) -> str:
    """What a bettor made of 1, to two digits or whole; less than a claim does not look like one."""
    if value >= 1e6:
        return "1,000,000+"
    return rounded(value, 1 / DOUBT) if value >= 0.01 else "under 0.01"


def day(at: Millis) -> str:
    """A date in UTC, such as ``2026-11-22``."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d}"


def moment(at: Millis) -> str:
    """A time in UTC, such as ``2026-11-22 08:30``."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}"


def listed(words: tuple[str, ...]) -> str:
    """Words as a sentence has them: ``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def plural(number: int, one: str, many: str = "") -> str:
    """A number with its word, such as ``1 trade`` or ``2 trades``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _signed(value: float, places: int, *, sign: bool) -> str:
    rounded = round(value, places) + 0.0
    written = f"{abs(rounded):,.{places}f}"
    return f"−{written}" if rounded < 0 else f"+{written}" if sign and rounded > 0 else written
