"""A plan: a strategy on some assets, at certain moments, with a stake and limits of its own."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from qfluxd.model import Millis, Mode
from qfluxd.settings import Limits
from qfluxd.strategy import Strategy
from qfluxd.trading.schedule import Schedule
from qfluxd.trading.staking import Staking

CURRENT: Final = "-current"
CANDIDATE: Final = "-candidate"
"""Put behind a plan's name: the plans in which its model and the one that may follow it run on paper side by side."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One ``[[strategy]]`` of the configuration, ready to run.

    `assets` are patterns of symbols, `timeframe` is a length in milliseconds. Two plans are equal where their `spec`
    is: all that the owner wrote, and the contents of the files that it names.
    """

    name: str
    spec: str
    use: str = field(compare=False)
    strategy: Strategy = field(compare=False)
    assets: tuple[str, ...] = field(compare=False)
    timeframe: Millis = field(compare=False)
    schedule: Schedule = field(compare=False)
    staking: Staking = field(compare=False)
    mode: Mode = field(compare=False)
    enabled: bool = field(compare=False)
    limits: Limits = field(compare=False)

    def trades(self, symbol: str) -> bool:
        """Whether this plan is about an asset."""
        return any(fnmatchcase(symbol, pattern) for pattern in self.assets)
