"""What a call would have come to after each candle, by the rules that a real deal is settled by."""

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.model import Millis, timeframe_name
from qfluxd.research.prices import Prices, Ticks, Times
from qfluxd.strategy import Floats, Mask
from qfluxd.trading.settlement import closing

type Sides = NDArray[np.int8]

UNKNOWN: Final = 0
FROM_TICKS: Final = 1
FROM_CANDLES: Final = 2
"""What an outcome was read from."""

_RELIABLE: Final = ("whole", "backfilled")
"""Candles whose prices rest on all that was quoted in their time."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """A row per candle: a trade that is signalled when the candle has closed, at `signalled`.

    It would open at `opened` and end at `closes` (ms UTC). `move` is 1 where the price then is higher, so that a call
    wins, -1 where it is lower, 0 for a tie. `read_from` says what that rests on; where it is `UNKNOWN` the other
    three mean nothing.
    """

    signalled: Times
    opened: Times
    closes: Times
    move: Sides
    read_from: Sides


def outcomes(prices: Prices, timeframe: Millis, expiry: Millis, latency: Millis, quiet_after: Millis) -> Outcomes:
    """Settle a trade after each candle: by ticks where there are ticks of its time, else by candles.

    By ticks it is settled exactly as the shadow book does (`qfluxd.trading.settlement.Course`): it enters at the first
    tick from `latency` after the close, ends with the last tick up to its end, and is unknown where the asset was
    silent for longer than `quiet_after` around either.

    By candles it enters at the open of the next candle and ends at the close of the one that ends with it. Both must
    be whole, and the expiry a multiple of the timeframe.

    Raises:
        DataError: the expiry is no such multiple, and there are no ticks.
    """
    signalled = prices.candles["at"].to_physical().to_numpy() + timeframe
    whole_candles = expiry % timeframe == 0
    if not whole_candles and not prices.ticks.at.size:
        raise DataError(
            f"{prices.asset}: trades of {timeframe_name(expiry)} cannot be settled by {timeframe_name(timeframe)} "
            "candles alone; take a multiple of the timeframe, or store ticks ([market] stream)"
        )
    found = _by_candles(prices, signalled, timeframe, expiry) if whole_candles else _nothing(signalled)
    if not prices.ticks.at.size:
        return found
    ticks = prices.ticks
    covered = (signalled >= ticks.at[0]) & (signalled + latency + quiet_after + expiry <= ticks.at[-1])
    return _either(covered, _by_ticks(ticks, signalled, expiry, latency, quiet_after), found)


def _by_ticks(ticks: Ticks, signalled: Times, expiry: Millis, latency: Millis, quiet_after: Millis) -> Outcomes:
    due = signalled + latency
    entry, is_entered = _at(np.searchsorted(ticks.at, due), ticks)
    opened = ticks.at[entry]
    closes: Times = cast(Any, closing)(opened, expiry)  # which is arithmetic, and so takes all of them at once
    after, is_over = _at(np.searchsorted(ticks.at, closes, side="right"), ticks)
    last = np.maximum(after - 1, 0)
    is_entered &= opened - due <= quiet_after
    is_over &= ticks.at[after] - ticks.at[last] <= quiet_after
    # Of equal stamps the later heard counts at the end, the first at the entry.
    move = np.sign(ticks.price[last] - ticks.price[entry]).astype(np.int8)
    known = is_entered & is_over & (last >= entry)
    return Outcomes(signalled, opened, closes, move, np.where(known, FROM_TICKS, UNKNOWN).astype(np.int8))


def _at(places: NDArray[np.intp], ticks: Ticks) -> tuple[NDArray[np.intp], Mask]:
    """Places that can be looked up, and whether there was a tick."""
    return np.minimum(places, ticks.at.size - 1), places < ticks.at.size


def _by_candles(prices: Prices, signalled: Times, timeframe: Millis, expiry: Millis) -> Outcomes:
    opens = signalled - timeframe
    open_price, entered = _price(prices, opens, signalled, "open")
    close_price, ended = _price(prices, opens, signalled + expiry - timeframe, "close")
    move = np.sign(np.nan_to_num(close_price - open_price)).astype(np.int8)
    known = np.where(entered & ended, FROM_CANDLES, UNKNOWN).astype(np.int8)
    return Outcomes(signalled, signalled, signalled + expiry, move, known)


def _price(prices: Prices, opens: Times, wanted: Times, column: str) -> tuple[Floats, Mask]:
    """A price of the candle that opens at each wanted time, and whether there is a reliable one."""
    place = np.minimum(np.searchsorted(opens, wanted), max(opens.size - 1, 0))
    reliable = prices.candles["quality"].is_in(_RELIABLE).to_numpy()
    return prices.candles[column].to_numpy()[place], (opens[place] == wanted) & reliable[place]


def _nothing(signalled: Times) -> Outcomes:
    none = np.zeros(signalled.shape, np.int8)
    return Outcomes(signalled, signalled, signalled, none, none)


def _either(first: Mask, one: Outcomes, other: Outcomes) -> Outcomes:
    return Outcomes(
        one.signalled,
        np.where(first, one.opened, other.opened),
        np.where(first, one.closes, other.closes),
        np.where(first, one.move, other.move),
        np.where(first, one.read_from, other.read_from),
    )
