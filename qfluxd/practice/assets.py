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
_CLOCK_LEAST = 30
_PAYOUT_KEPT: Millis = 600_000
PAYOUTS_TOLD: Millis = 30_000
"""How often the list of assets is told; between two times no payout moves."""
_DROP = 17


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
        self._lowered: dict[str, tuple[int, Millis]] = {}

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
        lowered, until = self._lowered.get(symbol, (0, 0))
        return lowered if at < until else self._usual_payout(symbol, at)

    def lower(self, symbol: str, at: Millis) -> None:
        """Let a symbol pay a good deal less until all payouts are told again."""
        until = (at // PAYOUTS_TOLD + 1) * PAYOUTS_TOLD
        self._lowered[symbol] = (max(1, self._usual_payout(symbol, at) - _DROP), until)

    def _usual_payout(self, symbol: str, at: Millis) -> int:
        shift = chance.number(self._seed, "payout shift", symbol) % _PAYOUT_KEPT
        term = (at // PAYOUTS_TOLD * PAYOUTS_TOLD + shift) // _PAYOUT_KEPT
        if not self._by_symbol[symbol].otc:
            return chance.between(24, 80, self._seed, "payout", symbol, term)
        if chance.share(self._seed, "best payout", symbol, term) < 0.6:
            return 92
        return chance.between(41, 91, self._seed, "payout", symbol, term)

    def shortest(self, symbol: str) -> Millis:
        """The least length of a quick trade."""
        return 5_000 if self._by_symbol[symbol].otc else 60_000

    def clock_expiries(self, symbol: str) -> tuple[Millis, Millis]:
        """The least and the greatest length of a trade that names the moment it closes."""
        return _CLOCK_LEAST * 1000, _expiries(self._by_symbol[symbol])[-1] * 1000

    def rows(self, at: Millis) -> list[list[Any]]:
        """The whole list as `updateAssets` carries it, sorted by symbol."""
        return [self._row(self._by_symbol[symbol], at) for symbol in sorted(self._by_symbol)]

    def _row(self, listing: Listing, at: Millis) -> list[Any]:
        trading = hours.is_open(listing.hours, at)
        change = hours.next_change(listing.hours, at)
        turn = 0 if change is None else change // 1000
        return [
            listing.id,
            listing.symbol,
            listing.label,
            listing.kind,
            listing.digits,
            self.payout(listing.symbol, at),
            60,
            _CLOCK_LEAST,
            3,
            int(listing.otc),
            0 if listing.otc else self._twin(listing.symbol + "_otc"),
            self._twin(listing.symbol.removesuffix("_otc")) if listing.otc else 0,
            [],
            turn or (at // DAY + 1) * DAY // 1000,
            trading,
            [{"time": seconds} for seconds in _expiries(listing)],
            turn if trading else -1,
            self.shortest(listing.symbol) // 1000,
            -1 if trading or not turn else turn,
        ]

    def _twin(self, symbol: str) -> int:
        twin = self._by_symbol.get(symbol)
        return twin.id if twin else 0


def _expiries(listing: Listing) -> tuple[int, ...]:
    """The lengths on offer in clock mode, in seconds."""
    return _CRYPTO_EXPIRIES if listing.kind == "cryptocurrency" else _EXPIRIES
