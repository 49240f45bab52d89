"""What a backtest is told: which plans, on what terms, and what is assumed where data say nothing."""

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from qfluxd.config.plans import PlanSettings, plan_of, unusable
from qfluxd.errors import DataError
from qfluxd.model import HOUR, SECOND, Millis, timeframe_name
from qfluxd.plans.plan import Plan
from qfluxd.plans.playbook import Rules
from qfluxd.research.backtest.latency import NONE, Latency
from qfluxd.settings import MarketSettings, RiskSettings

FREE: Final = RiskSettings(
    max_stake=Decimal(10**12), max_open=100, max_daily_loss=Decimal(10**12), orders_per_minute=600
)
"""Limits that hardly ever bind: what a strategy says is looked at, and not what an account would have borne."""

_MOST_DIGITS: Final = 15

USUAL: Final = MarketSettings()
"""How the market is listened to where nothing else is said."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Everything that a result depends on beside the data.

    `plans` are followed on paper whatever their mode. `payout` (percent) is assumed where the data tell none; with None
    it stays unknown, and so does what such trades earned. `refuse` is the share of orders that the broker turns down,
    drawn by `seed`. Prices are compared with `digits` decimals, with all that they have where None; an asset's shortest
    trade is `min_expiry`. `origin` is the server's lead over UTC, by which candles are cut. `prices` says what trades
    are settled by: ticks where there are any, else candles, or one of the two.

    Raises:
        ValueError: a share, payout or balance that cannot be, no plan, or two of the same name.
    """

    plans: tuple[Plan, ...]
    latency: Latency = NONE
    payout: int | None = None
    balance: Decimal = Decimal(10_000)
    risk: RiskSettings = FREE
    market: MarketSettings = USUAL
    refuse: float = 0.0
    late_after: Millis = 2 * SECOND
    good_for: Millis = 5 * SECOND
    digits: int | None = None
    min_expiry: Millis = 5 * SECOND
    origin: Millis = 2 * HOUR
    prices: Literal["auto", "ticks", "candles"] = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        names = [plan.name for plan in self.plans]
        if not names or len(set(names)) < len(names):
            raise ValueError("a backtest needs at least one plan, and each by another name")
        if not 0 <= self.refuse <= 1:
            raise ValueError("refuse is a share from 0 to 1")
        if self.balance < 0:
            raise ValueError("the balance is not below 0")
        if self.payout is not None and not 0 <= self.payout <= 1000:
            raise ValueError("a payout is 0 to 1000 percent")
        if self.digits is not None and not 0 <= self.digits <= _MOST_DIGITS:
            raise ValueError(f"digits are 0 to {_MOST_DIGITS} decimals")

    @property
    def rules(self) -> Rules:
        """What holds for every plan on the desk."""
        return Rules(None, self.late_after, self.good_for, self.grace)

    @property
    def grace(self) -> Millis:
        """After its end the clock closes a candle."""
        return round(self.market.grace * SECOND)

    @property
    def quiet_after(self) -> Millis:
        """Silence of an asset in which no price is known."""
        return round(self.market.quiet_after * SECOND)

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """The lengths of candle that the plans look at, ascending; no others are folded."""
        return tuple(sorted({each for plan in self.plans for each in (plan.timeframe, *plan.strategy.timeframes)}))

    def check(self) -> None:
        """Raise `DataError` where a plan needs what there is not: candles that are not kept, a longer timeframe."""
        for plan in self.plans:
            for _, what in unusable(plan, self.timeframes, self.market.keep_candles):
                raise DataError(f"{plan.name}: {what}")

    def on_paper(self) -> tuple[Plan, ...]:
        """The plans as they are run here."""
        return tuple(replace(plan, mode="shadow", enabled=True) for plan in self.plans)

    def plain(self) -> dict[str, Any]:
        """All of it as JSON, from which `backtest_of` makes it again."""
        return {
            "plans": [_plain_plan(plan) for plan in self.plans],
            "latency": list(self.latency.lengths),
            "payout": self.payout,
            "balance": str(self.balance),
            "risk": self.risk.model_dump(mode="json"),
            "market": self.market.model_dump(mode="json"),
            "refuse": self.refuse,
            "late_after": self.late_after,
            "good_for": self.good_for,
            "digits": self.digits,
            "min_expiry": self.min_expiry,
            "origin": self.origin,
            "prices": self.prices,
            "seed": self.seed,
        }


def backtest_of(plain: dict[str, Any], folder: Path | None = None) -> Backtest:
    """The settings that `Backtest.plain` gave; `folder` holds strategies of the owner's own.

    Raises:
        PluginError: a strategy is not there any more.
        DataError: a plan was not made from a configuration, so that nobody knows how to make it again.
    """
    made = dict(plain)
    plans = tuple(_plan_again(each, folder) for each in made.pop("plans"))
    return Backtest(
        plans=plans,
        latency=Latency(tuple(made.pop("latency"))),
        balance=Decimal(made.pop("balance")),
        risk=RiskSettings.model_validate(made.pop("risk")),
        market=MarketSettings.model_validate(made.pop("market")),
        **made,
    )


def _plain_plan(plan: Plan) -> dict[str, Any]:
    """What the owner wrote where the plan was made from that, else what can be told of it."""
    written = _written(plan.spec)
    told = {"name": plan.name, "use": plan.use, "timeframe": timeframe_name(plan.timeframe)}
    options = plan.strategy.model_dump(mode="json")
    return written or {**told, "assets": list(plan.assets), "options": options}


def _written(spec: str) -> dict[str, Any] | None:
    """The table that a plan was made from (`qfluxd.config.plans`), None where it was made in another way."""
    try:
        (table, _) = msgspec.json.decode(spec)
    except (ValueError, TypeError):
        return None
    return dict(table) if isinstance(table, dict) else None


def files_in(spec: str) -> list[str]:
    """The hashes of the files that a plan was made from beside its settings: whoever edits one has another plan."""
    try:
        (_, files) = msgspec.json.decode(spec)
    except (ValueError, TypeError):
        return []
    return sorted(map(str, files.values())) if isinstance(files, dict) else []


def _plan_again(table: dict[str, Any], folder: Path | None) -> Plan:
    return plan_of(PlanSettings.model_validate(table), folder, None)
