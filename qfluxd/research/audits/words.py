"""How audits word moments and shares."""

from datetime import UTC, datetime

from qfluxd.model import Millis


def moment(at: Millis) -> str:
    """A time in ms UTC, such as ``2026-01-05 10:35:00``."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def share(part: int, whole: int) -> str:
    """A part of a whole in percent, such as ``12.5 %``."""
    return f"{100 * part / whole:.1f} %" if whole else "none"


def earned(unit_profit: float | None) -> str:
    """What a unit of stake came to on average, such as ``-4.2 %``."""
    return "nothing that is known" if unit_profit is None else f"{100 * unit_profit:+.2f} %"
