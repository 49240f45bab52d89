"""Rows of a file as rows of the store, each that cannot be one left out for a reason that is counted."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import polars as pl

from qfluxd.market.findings import MOST_PAYOUT
from qfluxd.market.importing.naming import Roles
from qfluxd.market.importing.stamps import Stamps
from qfluxd.market.layout import Kind, folder_name
from qfluxd.market.quality import QUALITIES
from qfluxd.model import Millis, parse_timeframe

REASONS: Final[Mapping[str, str]] = {
    "header": "the header once more",
    "sentiment": "a figure of the crowd, taken for a tick",
    "no_time": "no time, or one that its zone skips or has twice",
    "no_price": "no price",
    "bad_price": "a price that is not more than 0, or no number",
    "no_payout": "no payout, or none from 0 to 1000 percent",
    "no_sentiment": "no figure from 0 to 100 percent",
    "no_asset": "no asset, or none that a folder can be named after",
    "other_asset": "another asset than the one asked for",
    "no_timeframe": "no timeframe, or none from 1s to 1d",
    "impossible": "a high below, or a low above, another price of the bar",
    "appended": "after the last bar on the grid: appended by a recorder",
    "off_grid": "no bar of this timeframe opens then",
    "repeated": "the row once more",
    "replaced": "a bar or a change of the same time, told anew further down",
}
"""Why rows are left out, in the order in which that is asked."""

type _Columns = dict[str, pl.Series | pl.Expr]

_QUALITY: Final = pl.Enum(QUALITIES)
_PRICES: Final[Mapping[Kind, tuple[str, ...]]] = {"ticks": ("price",), "candles": ("open", "high", "low", "close")}
_WORDS: Final = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


class Told(msgspec.Struct, frozen=True):
    """What is known of all rows of a file, from its name or from who imports it."""

    kind: Kind
    roles: Roles
    asset: str | None
    timeframe: Millis | None
    asked: str | None = None


class Cleaner:
    """Turns batches of a file, in its order, into rows of the store; counts what it leaves out.

    Rows have `asset`, of candles `timeframe` (null where nobody said it), and then the columns of the store; `ticks`
    and `quality` of candles are null where the file has none.
    """

    def __init__(self, told: Told, stamps: Stamps) -> None:
        self.told = told
        self._stamps = stamps
        self.read = 0
        self.dropped: Counter[str] = Counter()

    def clean(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The rows of one batch that can be stored. Raises `DataError` where times cannot be placed in UTC."""
        told = self.told
        raw = batch.select(pl.col(name).alias(role) for role, name in told.roles.items())
        is_header = _is_header(raw, told.roles)
        at = self._stamps.read(raw["at"].set(is_header, None))
        rows = raw.with_columns(at, **self._of_all(raw), **_values(raw, told))
        judged = rows.with_columns(reason=_reason(told, is_header, _is_sentiment(raw, told)))
        self.read += batch.height
        for reason, count in judged["reason"].drop_nulls().value_counts().iter_rows():
            self.dropped[reason] += count
        return judged.filter(pl.col("reason").is_null()).drop("reason")

    def _of_all(self, raw: pl.DataFrame) -> _Columns:
        """Asset and timeframe, from the rows where these have one."""
        told = self.told
        found: _Columns = {"asset": pl.lit(told.asset, pl.String)}
        if "asset" in raw.columns:
            found["asset"] = _each(raw["asset"].cast(pl.String).str.strip_chars(), _symbol, pl.String())
        if told.kind == "candles":
            found["timeframe"] = pl.lit(told.timeframe, pl.Int64)
            if "timeframe" in raw.columns:
                found["timeframe"] = _each(raw["timeframe"].cast(pl.String), _length, pl.Int64())
        return found


def _values(raw: pl.DataFrame, told: Told) -> _Columns:
    """The columns of the store beside the time, null where a value is none."""
    if told.kind in ("ticks", "candles"):
        found: _Columns = {name: _number(raw[name]) for name in _PRICES[told.kind]}
        if told.kind == "candles":
            found |= _beside_prices(raw)
        return found
    if told.kind == "payouts":
        return {"payout": _percent(raw["payout"], MOST_PAYOUT), "open": _truth(raw["open"])}
    return {"sentiment": _percent(raw["sentiment"], 100)}


def _beside_prices(raw: pl.DataFrame) -> _Columns:
    found: _Columns = {"ticks": pl.lit(None, pl.UInt32), "quality": pl.lit(None, _QUALITY)}
    if "ticks" in raw.columns:
        found["ticks"] = _number(raw["ticks"]).cast(pl.UInt32, strict=False)
    if "quality" in raw.columns:
        found["quality"] = raw["quality"].cast(pl.String).cast(_QUALITY, strict=False)
    return found


def _reason(told: Told, is_header: pl.Series, is_sentiment: pl.Series) -> pl.Expr:
    """The first reason to leave a row out, null where there is none."""
    checks: dict[str, pl.Expr | pl.Series] = {"header": is_header, "sentiment": is_sentiment}
    checks["no_time"] = pl.col("at").is_null()
    if told.kind in ("ticks", "candles"):
        prices = [pl.col(name) for name in _PRICES[told.kind]]
        checks["no_price"] = pl.any_horizontal([price.is_null() for price in prices])
        checks["bad_price"] = pl.any_horizontal([~price.is_finite() | (price <= 0) for price in prices])
    elif told.kind == "payouts":
        checks["no_payout"] = pl.any_horizontal(pl.col("payout", "open").is_null())
    else:
        checks["no_sentiment"] = pl.col("sentiment").is_null()
    checks["no_asset"] = pl.col("asset").is_null()
    checks["other_asset"] = (pl.col("asset") != told.asked) if told.asked else pl.lit(value=False)
    if told.kind == "candles" and "timeframe" in told.roles:
        checks["no_timeframe"] = pl.col("timeframe").is_null()
    return pl.coalesce(pl.when(check).then(pl.lit(reason)) for reason, check in checks.items())


def _is_header(raw: pl.DataFrame, roles: Roles) -> pl.Series:
    is_text = raw["at"].dtype == pl.String
    return (raw["at"] == roles["at"]).fill_null(value=False) if is_text else _never(raw)


def _is_sentiment(raw: pl.DataFrame, told: Told) -> pl.Series:
    """A share of the crowd where a time should be, and no price: what a recorder makes of another message."""
    if told.kind != "ticks" or raw["at"].dtype.is_temporal():
        return _never(raw)
    at = _number(raw["at"])
    share = at.is_between(0, 100) & (at == at.floor())
    return (share & _number(raw["price"]).is_null()).fill_null(value=False)


def _number(values: pl.Series) -> pl.Series:
    texts = values.str.strip_chars() if values.dtype == pl.String else values
    return texts.cast(pl.Float64, strict=False)


def _percent(values: pl.Series, most: int) -> pl.Series:
    numbers = _number(values)
    return numbers.set(~numbers.is_between(0, most) | (numbers != numbers.floor()), None).cast(pl.Int16)


def _truth(values: pl.Series) -> pl.Series:
    if values.dtype == pl.Boolean:
        return values
    words = values.cast(pl.Int64, strict=False) if values.dtype.is_numeric() else values
    return words.cast(pl.String).str.to_lowercase().replace_strict(_WORDS, default=None, return_dtype=pl.Boolean)


def _never(raw: pl.DataFrame) -> pl.Series:
    return pl.repeat(value=False, n=raw.height, eager=True)


def _each(texts: pl.Series, meaning: Callable[[str], object], kind: pl.DataType) -> pl.Series:
    """What each of a few different texts means, looked up once."""
    known = {text: meaning(text) for text in texts.unique().drop_nulls()}
    found = {text: value for text, value in known.items() if value is not None}
    return texts.replace_strict([*found], [*found.values()], default=None, return_dtype=kind)


def _symbol(text: str) -> str | None:
    try:
        folder_name(text)
    except ValueError:
        return None
    return text


def _length(text: str) -> Millis | None:
    try:
        return parse_timeframe(text)
    except ValueError:
        return None
