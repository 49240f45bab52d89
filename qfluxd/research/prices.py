"""Where training finds its prices: in the store of the project, or in a file of candles or ticks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from qfluxd.errors import DataError
from qfluxd.market.layout import Shelf
from qfluxd.market.parquet import MOMENT, UNREADABLE
from qfluxd.market.reading import collect
from qfluxd.model import HOUR, Millis, timeframe_name
from qfluxd.research.backtest import Backtest, planned, views
from qfluxd.research.backtest.settings import USUAL
from qfluxd.research.dataset import Dataset, open_dataset
from qfluxd.settings import MarketSettings
from qfluxd.strategy import Floats

type Times = NDArray[np.int64]

_PRICES: Final = ("open", "high", "low", "close")
_COLUMNS: Final = ("at", *_PRICES, "ticks", "quality", "payout")


@dataclass(frozen=True, slots=True)
class Ticks:
    """The ticks of one asset: stamps in ms UTC, ascending, and prices."""

    at: Times
    price: Floats


@dataclass(frozen=True, slots=True)
class Prices:
    """What is known of one asset.

    `candles` has at (Datetime ms UTC), open, high, low, close, ticks, quality (text) and payout (percent, null where
    nobody wrote it down), each candle once and in order. `ticks` may be empty.
    """

    asset: str
    candles: pl.DataFrame
    ticks: Ticks


NO_TICKS: Final = Ticks(np.empty(0, np.int64), np.empty(0))


def from_store(
    root: Path,
    asset: str,
    timeframe: Millis,
    start: Millis,
    end: Millis,
    *,
    market: MarketSettings = USUAL,
    origin: Millis = 2 * HOUR,
) -> Prices:
    """The candles of [start, end), with the payout in force when each closed, and the ticks.

    Where no candles of this length are stored of that time, they are those that a backtest looks at. These are folded
    from ticks, or from shorter candles, by the rules of `market`, for a server that is `origin` ahead of UTC.

    Raises:
        DataError: nothing is stored of which there could be such candles, or a file is damaged.
    """
    dataset = open_dataset(root, (asset,), start, end)
    if timeframe in dataset.timeframes(asset):
        candles = collect(dataset.candles(asset, timeframe), Shelf("candles", asset, timeframe))
    else:
        candles = _folded(dataset, asset, timeframe, market, origin)
    ticks = collect(dataset.ticks(asset), Shelf("ticks", asset))
    return Prices(asset, _whole(_paid(candles, timeframe, dataset.payouts(asset))), _ticks(ticks))


def _folded(dataset: Dataset, asset: str, timeframe: Millis, market: MarketSettings, origin: Millis) -> pl.DataFrame:
    """The candles that a backtest would show to a strategy; what that would say of them is not asked."""
    looker = planned("sma_cross", assets=(asset,), timeframe=timeframe_name(timeframe))
    rules = MarketSettings(grace=market.grace, quiet_after=market.quiet_after)
    ((_, view),) = views(Backtest((looker,), market=rules, origin=origin), dataset)
    return view.candles


def from_file(candles: Path, ticks: Path | None, asset: str, start: Millis, end: Millis) -> Prices:
    """The candles of a Parquet or CSV file in [start, end), as `qfluxd data export` writes them, and ticks likewise.

    The time is in a column ``at`` or ``timestamp``. ``ticks``, ``quality`` and ``payout`` (percent) may be missing;
    of a file with a column ``asset`` only the rows of `asset` are taken.

    Raises:
        DataError: a file cannot be read, or a column is missing.
    """
    found = _within(_read(candles, asset, _PRICES), start, end)
    if ticks is None:
        return Prices(asset, _whole(found), NO_TICKS)
    return Prices(asset, _whole(found), _ticks(_within(_read(ticks, asset, ("price",)), start, end)))


def digest_parts(prices: Prices) -> Iterator[bytes]:
    """All that is known of an asset, as bytes whose hash names the data."""
    yield prices.asset.encode()
    candles = prices.candles
    yield candles["at"].to_physical().to_numpy().tobytes()
    yield candles.select(_PRICES).to_numpy().tobytes()
    yield candles.select(pl.col("ticks", "payout").cast(pl.Int64).fill_null(-1)).to_numpy().tobytes()
    yield ",".join(candles["quality"]).encode()
    yield prices.ticks.at.tobytes()
    yield prices.ticks.price.tobytes()


def _paid(candles: pl.DataFrame, timeframe: Millis, payouts: pl.DataFrame) -> pl.DataFrame:
    """The candles with what a win added when they closed; null where nobody had told that on that day."""
    closes = (pl.col("at").cast(pl.Int64) + timeframe).cast(MOMENT).alias("closes")
    told = payouts.select("payout", told=pl.col("at"))
    joined = candles.with_columns(closes).join_asof(told, left_on="closes", right_on="told")
    same_day = pl.col("told").dt.date() == pl.col("closes").dt.date()
    return joined.with_columns(pl.when(same_day).then("payout").alias("payout")).drop("told", "closes")


def _whole(found: pl.DataFrame) -> pl.DataFrame:
    missing: Mapping[str, pl.Expr] = {
        "ticks": pl.lit(1, pl.UInt32),
        "quality": pl.lit("whole"),
        "payout": pl.lit(None, pl.Int64),
    }
    filled = found.with_columns(value.alias(name) for name, value in missing.items() if name not in found.columns)
    typed = filled.select(_COLUMNS).with_columns(
        pl.col(_PRICES).cast(pl.Float64),
        pl.col("ticks").cast(pl.UInt32),
        pl.col("quality").cast(pl.String),
        pl.col("payout").cast(pl.Int64),
    )
    return typed.sort("at", maintain_order=True).unique("at", keep="last", maintain_order=True)


def _ticks(found: pl.DataFrame) -> Ticks:
    rows = found.sort("at", maintain_order=True)
    return Ticks(rows["at"].to_physical().to_numpy(), rows["price"].cast(pl.Float64).to_numpy())


def _read(file: Path, asset: str, columns: tuple[str, ...]) -> pl.DataFrame:
    try:
        frame = pl.read_csv(file, try_parse_dates=True) if file.suffix == ".csv" else pl.read_parquet(file)
        frame = _timed(frame)
    except FileNotFoundError:
        raise DataError(f"{file}: there is no such file") from None
    except (*UNREADABLE, OSError) as problem:
        raise DataError(f"{file}: cannot be read: {str(problem).partition(chr(10))[0]}") from None
    for column in ("at", *columns):
        if column not in frame.columns:
            raise DataError(f"{file}: has no column {column!r}; it has {', '.join(frame.columns)}")
    return frame.filter(pl.col("asset") == asset) if "asset" in frame.columns else frame


def _timed(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with its time in the column ``at``, in ms UTC."""
    if "at" not in frame.columns and "timestamp" in frame.columns:
        frame = frame.rename({"timestamp": "at"})
    kind = frame.schema.get("at")
    if kind is None:
        return frame
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        return frame.with_columns(pl.col("at").dt.replace_time_zone("UTC").cast(MOMENT))
    return frame.with_columns(pl.col("at").cast(MOMENT))


def _within(frame: pl.DataFrame, start: Millis, end: Millis) -> pl.DataFrame:
    return frame.filter(pl.col("at") >= pl.lit(start).cast(MOMENT), pl.col("at") < pl.lit(end).cast(MOMENT))
