"""A desk with plans as a daemon has it, and a market of fifty assets that moves it; for the bench of the desk."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Final

from qfluxd.config import Loaded, latency_of, load, rules_of
from qfluxd.desk import Desk
from qfluxd.deskside import Deskside
from qfluxd.model import (
    DAY,
    MINUTE,
    SECOND,
    Asset,
    Assets,
    Balance,
    Bar,
    Fact,
    History,
    LoggedIn,
    Millis,
    OrderGivenUp,
    Series,
    Situation,
    Tick,
    Verdict,
)
from qfluxd.trading.journal import Journal

ASSETS: Final = [f"PAIR{number:02}_otc" for number in range(50)]
BEGIN: Final[Millis] = 1_761_386_400_000
STEP: Final[Millis] = SECOND // 2
"""Between two ticks of an asset."""
LAG: Final[Millis] = 20
"""From the broker's stamp to this machine's clock."""
PAST: Final = 2_500
"""Minutes of history, enough for 15m averages to be warm."""
USUAL: Final = ("5s", "15s", "30s", "1m", "5m", "15m", "30m")
MODES: Final = {
    **dict.fromkeys(("sma_cross", "ema_cross", "macd"), "live"),
    **dict.fromkeys(("rsi_reversal", "bollinger_reversal", "stochastic", "donchian_breakout"), "shadow"),
    **dict.fromkeys(("candle_patterns", "topdown", "confluence"), "signal"),
}
"""Ten of the strategies that come with qfluxd, each at its default options."""


def loaded(folder: Path, modes: Mapping[str, str] | None = None, timeframes: Sequence[str] = USUAL) -> Loaded:
    """Strategies in these modes (`MODES` where None), each on one minute of every asset, and wide limits."""
    plans = "".join(
        f'[[strategy]]\nname = "{name}"\nuse = "{name}"\nassets = ["*_otc"]\ntimeframe = "1m"\nmode = "{mode}"\n'
        for name, mode in (MODES if modes is None else modes).items()
    )
    file = folder / "config.toml"
    file.write_text(f"""
[daemon]
state_dir = "{folder}"
[market]
timeframes = {json.dumps(timeframes)}
[store]
parquet = false
[risk]
max_open = 100
max_daily_loss = 1_000_000
orders_per_minute = 600
{plans}""")
    return load(file)


class Room:
    """The desk of a daemon with a journal on disk, but no page: its orders are given up by `clear`."""

    def __init__(self, settings: Loaded, folder: Path) -> None:
        self.said: list[Fact] = []
        self.journal = Journal(folder, BEGIN)
        market, risk = settings.settings.market, settings.settings.risk
        rules, latency = rules_of(settings.settings), latency_of(settings.settings)
        side = Deskside(
            market, risk, rules, self.journal, self.said.append, server_offset=7200, latency=latency, account=None
        )
        self.desk, self._acts = side.desk, side.acts
        side.orders.begin(BEGIN)
        side.desk.plans.replace(settings.plans)

    def clear(self) -> list[Verdict]:
        """What was decided since the last time; orders are given up, as nobody works a page."""
        verdicts = [fact for fact in self.said if isinstance(fact, Verdict)]
        self.said.clear()
        for verdict in verdicts:
            if verdict.outcome == "ordered" and verdict.trade is not None:
                self._acts.repeat(OrderGivenUp(verdict.trade, self.desk.at, "control_stuck", "there is no page"))
        return verdicts


class Market:
    """Prices that walk. The promise: chance comes from `seed` alone."""

    def __init__(self, seed: int = 1) -> None:
        self._dice = random.Random(seed)
        self._prices = dict.fromkeys(ASSETS, 1.0)

    def greet(self, desk: Desk) -> None:
        """What a broker tells at a login: assets, account, and the past."""
        desk.hear(BEGIN - DAY, Situation("connected", "market data is coming in"))
        for told in (Assets(tuple(self.listed())), LoggedIn("market"), Balance(Decimal(1_000_000), "demo")):
            desk.hear(BEGIN - 1, told)
        for asset in ASSETS:
            desk.hear(BEGIN - 1, self.past(asset, PAST))

    def listed(self) -> list[Asset]:
        """The broker's list."""
        return [Asset(name, name, "currency", 5, 92, True, True, (5_000, MINUTE), 5_000) for name in ASSETS]

    def past(self, asset: str, minutes: int) -> History:
        """Bars of a minute up to the beginning."""
        bars = []
        for number in range(minutes):
            before, after = self._prices[asset], self._step(asset)
            high, low = max(before, after) + self._wick(), min(before, after) - self._wick()
            bars.append(Bar(BEGIN - (minutes - number) * MINUTE, before, round(high, 5), round(low, 5), after))
        return History(Series(asset, MINUTE), tuple(bars), (Tick(asset, BEGIN - 1, self._prices[asset]),))

    def ticks(self, at: Millis, within: Millis = STEP) -> Iterator[Tick]:
        """One of each asset, one after the other, in the first four fifths of a stretch of time."""
        for number, asset in enumerate(ASSETS):
            yield Tick(asset, at + within * 4 // 5 * number // len(ASSETS), self._step(asset))

    def _step(self, asset: str) -> float:
        """Three in ten ticks repeat the price before, as on the platform."""
        if self._dice.random() > 0.28:
            self._prices[asset] = round(self._prices[asset] + self._dice.gauss(0, 1e-4), 5)
        return self._prices[asset]

    def _wick(self) -> float:
        return abs(self._dice.gauss(0, 5e-5))
