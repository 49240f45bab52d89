"""Markets made of a real one: its candles in another order, in which nothing can be foreseen.

A bootstrap (`qfluxd.research.statistics.resampling.drawn`) whose blocks are candles: what prices do within one
stays, tick by tick, and what one says of the next is gone.
"""

from typing import Final

import numpy as np
import polars as pl

from qfluxd.model import Millis
from qfluxd.research.statistics.resampling import Places, drawn
from qfluxd.strategy import Floats

_MOST_DECIMALS: Final = 8
_LOOKED_AT: Final = 5_000


def decimals(prices: Floats) -> int:
    """With how many decimals prices are written, by the first few thousand of them; at most 8."""
    some = prices[:_LOOKED_AT]
    for count in range(_MOST_DECIMALS):
        if np.allclose(some, np.round(some, count), rtol=0.0, atol=10.0 ** -(_MOST_DECIMALS + 1)):
            return count
    return _MOST_DECIMALS


def resampled_ticks(ticks: pl.DataFrame, candle: Millis, origin: Millis, seed: int) -> pl.DataFrame:
    """Ticks (at, price) of which each candle holds the moves, and their times in it, of another one.

    A candle brings along how far its first tick was from the last one before it. Prices have as many decimals as they
    had, so that ties are about as common. Candles open at multiples of their length in the server's time, `origin`
    ahead of UTC.
    """
    prices, at = ticks["price"].to_numpy(), ticks["at"].to_physical().to_numpy()
    if prices.size < 2:
        return ticks
    since_open = (at + origin) % candle
    starts = np.flatnonzero(np.diff(at - since_open, prepend=-1))
    counts = np.diff(starts, append=prices.size)
    taken = _places(starts.size, seed)
    here = _spread(starts[taken], counts[taken])
    times = np.repeat((at - since_open)[starts], counts[taken])
    times += since_open[here]
    path = np.diff(np.log(prices), prepend=np.log(prices[0]))[here]
    np.cumsum(path, out=path)  # in place from here on: there are millions
    np.exp(path, out=path)
    path *= prices[0]
    np.round(path, decimals(prices), out=path)
    return pl.DataFrame({"at": pl.Series(times).cast(ticks.schema["at"]), "price": path})


def resampled_candles(candles: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Candles at the same times, each with the shape and the count of ticks of another one.

    A candle keeps where its high, low and close lie by its open, and how far that was from the close before.
    """
    if candles.height < 2:
        return candles
    opens, highs, lows, closes = (np.log(candles[name].to_numpy()) for name in ("open", "high", "low", "close"))
    places = _places(opens.size - 1, seed) + 1
    body = closes[places] - opens[places]
    ends = closes[0] + np.cumsum(opens[places] - closes[places - 1] + body)
    begins = ends - body
    made = {
        "open": np.concatenate((opens[:1], begins)),
        "high": np.concatenate((highs[:1], begins + highs[places] - opens[places])),
        "low": np.concatenate((lows[:1], begins + lows[places] - opens[places])),
        "close": np.concatenate((closes[:1], ends)),
    }
    digits = decimals(candles["close"].to_numpy())
    prices = (pl.Series(name, np.round(np.exp(each), digits)) for name, each in made.items())
    return candles.with_columns(*prices, candles["ticks"].gather(np.concatenate(([0], places))))


def _places(count: int, seed: int) -> Places:
    places: Places = next(drawn(count, 1.0, 1, seed))[0]
    return places


def _spread(starts: Places, counts: Places) -> Places:
    """The places of rows that lie together, so many from each start on."""
    before = np.cumsum(counts) - counts
    return np.repeat(starts - before, counts) + np.arange(int(counts.sum()))
