"""What a backtest came to, with all that it takes to run it again."""

from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import polars as pl

from qfluxd.errors import DataError
from qfluxd.evidence import Summary
from qfluxd.market.parquet import UNREADABLE
from qfluxd.research.backtest import figures
from qfluxd.research.backtest.table import REFUSALS, TRADES, fingerprint
from qfluxd.research.statistics import summary_of

type Engine = Literal["vector", "event"]
"""The two ways in which trades are found."""

_FORM: Final = 1
_TABLE: Final = "trades.parquet"
_REST: Final = "result.json"
_MADE_WITH: Final = ("qfluxd", "polars", "numpy", "ta-lib")


class DataUsed(msgspec.Struct, frozen=True):
    """Which data a result rests on; `prices` says whether trades were settled by ticks or by candles.

    [`start`, `end`) is the time that was asked for; of the prices in it one was the `first` and one the `last`, None in
    results that do not tell. All are ms UTC.
    """

    hash: str
    place: str
    assets: tuple[str, ...]
    start: int
    end: int
    prices: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True)
class Result:
    """The trades of a backtest, and whatever can be told of them.

    The promise: `fingerprint` depends on the trades alone, and `settings` and `versions` with the data of that hash
    bring the same trades again. `trades` has the columns of `qfluxd.research.backtest.table.TRADES`, `refusals` plan,
    code and count. `signals` counts what each plan said, refused or not. `files` are the hashes of the files that a
    plan was made from beside its settings, such as a strategy of the owner's own, by the plan's name; `folder` is where
    such strategies lie, None where nobody named one.
    """

    trades: pl.DataFrame
    refusals: pl.DataFrame
    signals: dict[str, int]
    dataset: DataUsed
    engine: Engine
    settings: dict[str, Any]
    versions: dict[str, str]
    files: dict[str, list[str]] = field(default_factory=dict)
    folder: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """The SHA-256 of what was traded and what came of it."""
        return fingerprint(self.trades)

    def of(self, plan: str | None) -> pl.DataFrame:
        """The trades of one plan, of all of them where None."""
        return self.trades if plan is None else self.trades.filter(pl.col("plan") == plan)

    def summary(self, plan: str | None = None) -> Summary:
        """What the trades tell, of one plan or of all together; those that were never entered are none."""
        if plan not in self._summaries:
            self._summaries[plan] = summary_of(self.of(plan))
        return self._summaries[plan]

    @cached_property
    def _summaries(self) -> dict[str | None, Summary]:
        """Those that were asked for: each takes a look at every trade."""
        return {}

    def equity(self, plan: str | None = None) -> pl.DataFrame:
        """at, equity, drawdown (`figures.equity`)."""
        return figures.equity(self.of(plan))

    def by(self, key: figures.Key, plan: str | None = None) -> pl.DataFrame:
        """Counts and profit by hour, weekday, asset, payout, side or plan (`figures.by`)."""
        return figures.by(self.of(plan), key)

    @property
    def streaks(self) -> figures.Streaks:
        """The longest runs of wins and losses."""
        return figures.streaks(self.trades)

    def plain(self) -> dict[str, Any]:
        """Everything but the trades, as JSON."""
        return {
            "form": _FORM,
            "fingerprint": self.fingerprint,
            "signals": self.signals,
            "refusals": self.refusals.to_dicts(),
            "dataset": msgspec.to_builtins(self.dataset),
            "engine": self.engine,
            "settings": self.settings,
            "versions": self.versions,
            "files": self.files,
            "folder": self.folder,
        }

    def write(self, folder: Path) -> None:
        """Put `trades.parquet` and `result.json` into a folder. Raises `DataError` where that cannot be."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.trades.write_parquet(folder / _TABLE, compression="zstd")
            (folder / _REST).write_bytes(msgspec.json.format(msgspec.json.encode(self.plain()), indent=2) + b"\n")
        except OSError as problem:
            raise DataError(f"{folder}: cannot be written ({problem.strerror or problem})") from problem


def read(folder: Path) -> Result:
    """What `Result.write` wrote. Raises `DataError` where it is not there, or was changed."""
    try:
        trades = pl.read_parquet(folder / _TABLE)
        rest = msgspec.json.decode((folder / _REST).read_bytes(), type=dict[str, Any])
        result = _again(trades, rest)
    except FileNotFoundError:
        raise DataError(f"{folder}: holds no result; `qfluxd backtest … --out {folder}` writes one") from None
    except (*UNREADABLE, OSError, KeyError, TypeError) as problem:
        raise DataError(f"{folder}: cannot be read ({str(problem).partition(chr(10))[0]}); run it again") from None
    if trades.schema != TRADES or rest["fingerprint"] != result.fingerprint:
        raise DataError(f"{folder}: {_TABLE} is not the one that {_REST} tells of; run it again")
    return result


def _again(trades: pl.DataFrame, rest: dict[str, Any]) -> Result:
    return Result(
        trades,
        pl.DataFrame(rest["refusals"], schema=REFUSALS),
        rest["signals"],
        msgspec.convert(rest["dataset"], DataUsed),
        rest["engine"],
        rest["settings"],
        rest["versions"],
        rest.get("files", {}),
        rest.get("folder"),
    )


def versions() -> dict[str, str]:
    """Of what computes here."""
    return {name: _version(name) for name in _MADE_WITH}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
