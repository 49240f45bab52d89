"""How long orders really took: from signals to the broker's deals, as the journal has them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from qfluxd.errors import DataError
from qfluxd.model import Millis, Trade
from qfluxd.research.backtest.latency import Latency, measured
from qfluxd.trading.journal import read_journal

FEWEST: Final = 20
"""Orders; with fewer nobody knows how long they take."""
_NEWEST: Final = 5_000
_LONGEST: Final[Millis] = 60_000


def from_journal(folder: Path) -> Latency:
    """The times that the newest live orders of plans took, each as likely; both ends are by the broker's clock.

    Raises:
        Unavailable: there is no journal in the folder, or it cannot be read now.
        DataError: it is damaged, or tells of too few.
    """
    with read_journal(folder) as journal:
        taken = [took for trade in journal.trades(_NEWEST) if (took := _took(trade)) is not None]
    if len(taken) < FEWEST:
        raise DataError(
            f"{folder}: the journal tells of {len(taken)} orders of plans that the broker took, and it takes {FEWEST} "
            "to know how long they take; say a latency in seconds, such as 0.4"
        )
    return measured(taken)


def _took(trade: Trade) -> Millis | None:
    """From a signal, whose time is in the order's own id, to the opening of its deal."""
    if trade.plan is None or trade.deal is None:
        return None
    try:
        signalled = datetime.strptime(trade.id.partition("-")[0], "%Y%m%dT%H%M%S%fZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    took = trade.deal.opened - round(signalled.timestamp() * 1000)
    return took if 0 <= took <= _LONGEST else None
