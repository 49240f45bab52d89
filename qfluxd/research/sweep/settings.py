"""How a sweep is made: what can be written down, kept beside the results, and done again."""

from pathlib import Path
from typing import Final

import msgspec

from qfluxd import __version__
from qfluxd.model import HOUR, Millis, parse_timeframe
from qfluxd.research.sweep.search import How
from qfluxd.research.sweep.space import Axis, Space, make_space

CANDLES_APART: Final = 10
"""The embargo where none is given, in candles of the longest timeframe."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What is tried, and how it is judged.

    `axes` begin with the timeframe. `variants` is how many random and optuna try. Of each fold's training, what had not
    ended `embargo` ms before the test is left out; a variant with fewer than `least` decisive trades there is not
    chosen. `span` cuts the time into tasks of at most so many ms, None: into none. Trades enter `latency` ms after
    their signal; `payout` is the percentage assumed where the data tell none, None: such trades are unknown. Prices are
    compared with `digits` decimals, None: with all; `origin` is the server's lead over UTC, by which candles are cut.
    The promise: two sweeps with equal settings and equal data give equal tables.
    """

    strategy: str
    axes: tuple[Axis, ...]
    folder: str | None = None
    search: How = "grid"
    variants: int = 100
    seed: int = 1
    folds: int = 5
    embargo: Millis = 0
    least: int = 30
    span: Millis | None = None
    latency: Millis = 400
    payout: int | None = None
    digits: int | None = None
    origin: Millis = 2 * HOUR

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The candles that are looked at, shortest first."""
        return tuple(map(parse_timeframe, self.axes[0].values))

    @property
    def strategies(self) -> Path | None:
        """The folder with strategies of the owner's own."""
        return None if self.folder is None else Path(self.folder)

    def space(self) -> Space:
        """What is looked through. Raises `PluginError` or `ConfigError` as `make_space`."""
        return make_space(self.strategy, self.axes, self.strategies)


class Source(msgspec.Struct, frozen=True):
    """The data of a sweep: where they are, what they are about, and the hash of each asset's rows."""

    place: str
    start: Millis
    end: Millis
    hash: str
    assets: dict[str, str]


class Manifest(msgspec.Struct, frozen=True):
    """What stands at the top of a sweep's folder: all that its results follow from.

    `tests` are the beginnings of the tests, and the end of the last; `spans` is the time that tasks are about; `spec`
    holds the strategy's own file by its hash.
    """

    settings: Settings
    source: Source
    tests: tuple[Millis, ...]
    spans: tuple[tuple[Millis, Millis], ...]
    spec: str
    version: str = __version__
