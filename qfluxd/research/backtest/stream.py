"""All assets' ticks as one stream, in the order in which a daemon would have heard them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from qfluxd.model import DAY, Millis
from qfluxd.research.backtest.source import Source, Times, check_order
from qfluxd.strategy import Floats

type Tell = Callable[[int, int, str], None]
"""Hears how far a run has come: so many of so many, and of what."""

_AT_ONCE: Final = 100_000
"""Ticks that are held as Python numbers at a time."""


@dataclass(frozen=True, slots=True)
class Block:
    """Ticks in the order heard: stamps, places of their assets in `Source.assets`, and prices."""

    at: Times
    place: NDArray[np.int64]
    price: Floats


def blocks(source: Source, tell: Tell) -> Iterator[Block]:
    """The ticks of all assets by their stamps; of equal ones those of the asset that is named first."""
    spans = [source.span(asset) for asset in source.assets]
    days = range(min(first for first, _ in spans) // DAY, max(last for _, last in spans) // DAY + 1)
    newest: list[Millis] = [0] * len(spans)
    for number, day in enumerate(days, 1):
        yield from _cut(_merged(source, day * DAY, newest))
        tell(number, len(days), "days")


def _merged(source: Source, start: Millis, newest: list[Millis]) -> Block:
    parts = [source.ticks(asset, start, start + DAY) for asset in source.assets]
    for place, (at, _) in enumerate(parts):
        if at.size:
            check_order(at, newest[place], source.assets[place])
            newest[place] = int(at[-1])
    at = np.concatenate([at for at, _ in parts])
    places = np.repeat(np.arange(len(parts)), [at.size for at, _ in parts])
    order = np.argsort(at, kind="stable")
    return Block(at[order], places[order], np.concatenate([price for _, price in parts])[order])


def _cut(block: Block) -> Iterator[Block]:
    for start in range(0, block.at.size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        yield Block(block.at[part], block.place[part], block.price[part])
