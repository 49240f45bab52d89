"""The market that a practice broker was asked for: which assets, whose prices, and from when on."""

from pathlib import Path
from typing import NamedTuple

from qfluxd.errors import DataError
from qfluxd.model import Millis
from qfluxd.practice.assets import Catalogue, known_listings
from qfluxd.practice.bars import PriceSource
from qfluxd.practice.clock import AHEAD
from qfluxd.practice.options import PracticeOptions
from qfluxd.practice.synthetic import SyntheticPrices
from qfluxd.practice.tickfile import read_ticks


class Feed(NamedTuple):
    """Prices and the assets they are of. `name` is the same for the same prices; `start` None means now."""

    name: str
    prices: PriceSource
    catalogue: Catalogue
    start: Millis | None


def open_feed(options: PracticeOptions, file: Path | None) -> Feed:
    """The made-up market, or one out of a file of ticks.

    Raises:
        DataError: the file cannot be read, or holds no tick.
    """
    start = None if options.start is None else options.start + AHEAD
    if file is None:
        catalogue = Catalogue(known_listings(), options.seed)
        prices = SyntheticPrices(catalogue, options.seed, options.rate)
        return Feed(f"synthetic {options.seed} {options.rate}", prices, catalogue, start)
    ticks = read_ticks(file)
    start = ticks.first - 1 if start is None else start
    return Feed(f"ticks {file.name}", ticks, Catalogue(ticks.listings, options.seed), start)


def streamed(wanted: int | tuple[str, ...] | None, catalogue: Catalogue, now: Millis) -> tuple[str, ...] | None:
    """The symbols that a page hears besides its chart's; None for its favourites.

    Raises:
        DataError: one of them is not on the list.
    """
    if isinstance(wanted, int):
        return tuple(symbol for symbol in catalogue.symbols if catalogue.is_open(symbol, now))[:wanted]
    if wanted is not None and (unknown := [symbol for symbol in wanted if symbol not in catalogue]):
        raise DataError(f"there is no asset {unknown[0]} to stream")
    return wanted
