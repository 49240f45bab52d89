"""What a file's columns and its name say: which column is what, of which asset, timeframe and day."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from qfluxd.errors import DataError
from qfluxd.market.layout import KINDS, Kind, asset_of, day_named
from qfluxd.model import Millis, parse_timeframe

type Roles = Mapping[str, str]
"""What is looked for in a file, and the column that has it."""

_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "at": ("at", "timestamp", "datetime", "date_time", "time", "date", "ts", "stamp", "open_time", "t"),
    "asset": ("asset", "symbol", "instrument", "pair", "ticker"),
    "timeframe": ("timeframe", "tf", "interval"),
    "price": ("price", "value", "close", "bid", "last", "quote", "rate", "p"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "ticks": ("ticks", "tickvol", "tick_volume"),
    "quality": ("quality",),
    "payout": ("payout", "profit_percent"),
    "sentiment": ("sentiment", "buyers"),
}
_NEEDED: Final[Mapping[Kind, tuple[str, ...]]] = {
    "candles": ("at", "open", "high", "low", "close"),
    "payouts": ("at", "payout", "open"),
    "ticks": ("at", "price"),
    "sentiment": ("at", "sentiment"),
}
"""What each kind of file must have; a file is of the first kind of which it has all."""

_ALSO: Final[Mapping[Kind, tuple[str, ...]]] = {"candles": ("asset", "timeframe", "ticks", "quality")}
_SYMBOL: Final = re.compile(r"(?<![A-Za-z0-9])([A-Z]{6})(_otc)?(?![A-Za-z0-9])")
_LENGTH: Final = re.compile(r"(?<![A-Za-z0-9])(\d{1,5}[smhd])(?![A-Za-z0-9])")
_DAY: Final = re.compile(r"(?<!\d)(20\d{2})[-_.]?(\d{1,2})[-_.]?(\d{1,2})(?!\d)")


def kind_and_roles(names: Sequence[str], kind: Kind | None, place: str) -> tuple[Kind, Roles]:
    """What a file of these columns holds, and which column is what. Raises `DataError` where that cannot be told."""
    found = _found(names)
    for each, needed in _NEEDED.items():
        if kind in (None, each) and all(role in found for role in needed):
            wanted = (*needed, *_ALSO.get(each, ("asset",)))
            return each, {role: found[role] for role in wanted if role in found}
    asked = ", ".join(_NEEDED[kind]) if kind else "a time with a price, or with open, high, low and close"
    raise DataError(f"{place}: its columns are {', '.join(names) or 'none'}; it takes {asked}, by these names")


def date_and_time(names: Sequence[str]) -> tuple[str, str] | None:
    """The columns of a file that has the day and the time of day apart."""
    plain = {_plain(name): name for name in reversed(names)}
    return (plain["date"], plain["time"]) if {"date", "time"} <= plain.keys() else None


def asset_in_name(path: Path) -> str | None:
    """The symbol that a file's name holds in the broker's way of writing, or that of its folder in a store."""
    if (shelved := _on_a_shelf(path)) is not None:
        return shelved[0]
    found = _SYMBOL.search(_spaced(path.stem))
    return "".join(part for part in found.groups() if part) if found else None


def timeframe_in_name(path: Path) -> Millis | None:
    """The length of candles that a file's name holds, such as ``1m``."""
    shelved = _on_a_shelf(path)
    text = shelved[1] if shelved is not None and shelved[1] else path.stem
    found = _LENGTH.search(_spaced(text))
    try:
        return parse_timeframe(found[1]) if found else None
    except ValueError:
        return None


def day_in_name(path: Path) -> date | None:
    """The day that a file's name holds, such as ``20251025``."""
    found = _DAY.search(path.stem)
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _found(names: Sequence[str]) -> dict[str, str]:
    plain = {_plain(name): name for name in reversed(names)}
    first = {role: next((alias for alias in aliases if alias in plain), None) for role, aliases in _ALIASES.items()}
    return {role: plain[alias] for role, alias in first.items() if alias is not None}


def _plain(name: str) -> str:
    return name.strip("\ufeff <>\"'").lower().replace(" ", "_")


def _spaced(text: str) -> str:
    """Words apart, a symbol's own ending together with it."""
    return re.sub(r"_(?!otc(?![A-Za-z0-9]))", " ", text)


def _on_a_shelf(path: Path) -> tuple[str, str] | None:
    """Asset and, of candles, timeframe of a day's file in the folders of a store."""
    folders = ("", "", "", *path.absolute().parts[:-1])
    candles = folders[-3] == "candles"
    if day_named(path.stem) is None or not (candles or folders[-2] in KINDS):
        return None
    symbol = asset_of(folders[-2 if candles else -1])
    return None if symbol is None else (symbol, folders[-1] if candles else "")
