"""Orders and open deals on their way through the ticks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from qfluxd.model import Deal, Order
from qfluxd.trading.settlement import Course


@dataclass(slots=True, eq=False)
class Way:
    """An order that has not been answered (`order`), or the open deal that it has become (`deal`).

    `refused` is whether chance refuses it once it has come to the broker.
    """

    asset: str
    course: Course
    order: Order | None = None
    refused: bool = False
    deal: Deal | None = None


class Ways:
    """All of them, by asset. The promise: they come out oldest first within each asset."""

    def __init__(self) -> None:
        self._by_asset: dict[str, list[Way]] = {}

    def __iter__(self) -> Iterator[Way]:
        """All that there are; they may change meanwhile."""
        return iter([way for ways in self._by_asset.values() for way in ways])

    def of(self, asset: str) -> Iterable[Way]:
        """Those of one asset."""
        return self._by_asset.get(asset, ())

    def deals(self) -> list[Deal]:
        """The open deals."""
        return [way.deal for way in self if way.deal is not None]

    def add(self, way: Way) -> None:
        """One more."""
        self._by_asset.setdefault(way.asset, []).append(way)

    def remove(self, way: Way) -> None:
        """One less."""
        ways = self._by_asset[way.asset]
        ways.remove(way)
        if not ways:
            del self._by_asset[way.asset]
