"""What was paid and what the crowd did, written down where it changed: rows to store, out of quotes."""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from qfluxd.market.layout import Kind
from qfluxd.model import DAY, Millis, Quote

type Row = tuple[Kind, Millis, tuple[int, ...]]
"""The shelf that a row belongs on, its time, and what follows the time in it."""

_MOST: Final = 2**15 - 1
"""The largest number that a column of percent holds."""


class Offers:
    """Remembers what each asset's quotes said of payout, open state and sentiment.

    The promise: a row for every change and for the first word of each UTC day, so that a day can be read without the
    one before it. An asset that the broker lists no more is closed.
    """

    def __init__(self) -> None:
        self._known: dict[str, Quote] = {}

    def on_quote(self, quote: Quote) -> Iterable[Row]:
        """The rows that a quote adds; nearly all add none, so that is asked first."""
        known = self._known.get(quote.asset)
        if (
            known is not None
            and known.payout == quote.payout
            and known.open == quote.open
            and known.sentiment == quote.sentiment
            and known.at // DAY == quote.at // DAY
        ):
            return ()
        if known is not None and quote.payout is None:
            is_open = None if known.payout is None else False
            quote = msgspec.structs.replace(quote, payout=known.payout, open=is_open)
        self._known[quote.asset] = quote
        return _rows(known or _NOTHING, quote)


_NOTHING: Final = Quote("", None, None, None, None, -DAY)


def _rows(known: Quote, now: Quote) -> Iterator[Row]:
    new_day = known.at // DAY != now.at // DAY
    changed = (now.payout, now.open) != (known.payout, known.open)
    if now.payout is not None and 0 <= now.payout <= _MOST and (new_day or changed):
        yield "payouts", now.at, (now.payout, bool(now.open))
    if now.sentiment is not None and (new_day or now.sentiment != known.sentiment):
        yield "sentiment", now.at, (now.sentiment,)
