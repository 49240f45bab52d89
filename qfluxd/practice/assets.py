"""What the practice broker offers: its symbols, when they trade, and what they pay."""

import csv
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, cast

import msgspec

from qfluxd.model import DAY, Millis
from qfluxd.practice import chance, hours
from qfluxd.practice.hours import Hours

_EXPIRIES = (60, 120, 180, 300, 600, 900, 1800, 2700, 3600, 7200, 10800, 14400)
_CRYPTO_EXPIRIES = _EXPIRIES[:4]
_PAYOUT_KEPT: Millis = 600_000


class Listing(msgspec.Struct, frozen=True):
    """One symbol: how it is called, how many digits its price has, around which price it moves."""

    id: int
    symbol: str
    label: str
    kind: str
    digits: int
    price: float
    hours: Hours = "always"

    @property
    def otc(self) -> bool:
        """Whether the broker makes this market itself."""
        return self.symbol.endswith("_otc")


def known_listings() -> tuple[Listing, ...]:
    """Every symbol in the table that comes with the practice broker."""
    table = files("qfluxd.practice").joinpath("assets.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(table.splitlines())
    return tuple(
        Listing(
            id=number,
            symbol=row["symbol"],
            label=row["label"],
            kind=row["kind"],
            digits=int(row["digits"]),
            price=float(row["price"]),
            hours=cast(Hours, row["hours"]),
        )
        for number, row in enumerate(rows, start=1)
    )


class Catalogue:
    """The broker's list of assets; it answers the same for the same seed and moment."""

    def __init__(self, listings: Iterable[Listing], seed: int) -> None:
        self._by_symbol = {listing.symbol: listing for listing in listings}
        self._seed = seed

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._by_symbol

    def __getitem__(self, symbol: str) -> Listing:
        return self._by_symbol[symbol]

    @property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, in the order of the table."""
        return tuple(self._by_symbol)

    def is_open(self, symbol: str, at: Millis) -> bool:
        """Whether a symbol trades at a moment of the broker's clock."""
        return hours.is_open(self._by_symbol[symbol].hours, at)

    def payout(self, symbol: str, at: Millis) -> int:
        """Percent of the stake that a win adds; each symbol's moves about every ten minutes."""
        shift = chance.number(self._seed, "payout shift", symbol) % _PAYOUT_KEPT
        term = (at + shift) // _PAYOUT_KEPT
        if not self._by_symbol[symbol].otc:
            return chance.between(24, 80, self._seed, "payout", symbol, term)
        if chance.share(self._seed, "best payout", symbol, term) < 0.6:
            return 92
        return chance.between(41, 91, self._seed, "payout", symbol, term)

    def rows(self, at: Millis) -> list[list[Any]]:
        """The whole list as `updateAssets` carries it, sorted by symbol."""
        return [self._row(self._by_symbol[symbol], at) for symbol in sorted(self._by_symbol)]

    def _row(self, listing: Listing, at: Millis) -> list[Any]:
        trading = hours.is_open(listing.hours, at)
        change = hours.next_change(listing.hours, at)
        turn = 0 if change is None else change // 1000
        expiries = _CRYPTO_EXPIRIES if listing.kind == "cryptocurrency" else _EXPIRIES
        return [
            listing.id,
            listing.symbol,
            listing.label,
            listing.kind,
            listing.digits,
            self.payout(listing.symbol, at),
            60,
            30,
            3,
            int(listing.otc),
            0 if listing.otc else self._twin(listing.symbol + "_otc"),
            self._twin(listing.symbol.removesuffix("_otc")) if listing.otc else 0,
            [],
            turn or (at // DAY + 1) * DAY // 1000,
            trading,
            [{"time": seconds} for seconds in expiries],
            turn if trading else -1,
            5 if listing.otc else 60,
            -1 if trading or not turn else turn,
        ]

    def _twin(self, symbol: str) -> int:
        twin = self._by_symbol.get(symbol)
        return twin.id if twin else 0
