"""A desk with plans and nothing else: ticks and beats go in, what is said comes out, orders are taken or refused."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field, PrivateAttr

from qfluxd.desk import Desk
from qfluxd.model import (
    SECOND,
    Alert,
    Asset,
    Assets,
    Balance,
    Bar,
    Fact,
    History,
    Millis,
    Order,
    PlanState,
    PlanSwitched,
    Refusal,
    Series,
    Signal,
    Situation,
    Tick,
    Verdict,
)
from qfluxd.plans.plan import Plan
from qfluxd.plans.playbook import Rules
from qfluxd.settings import Limits, MarketSettings
from qfluxd.strategies.rule import Rule
from qfluxd.strategy import Extra, View
from qfluxd.trading.risk import Intent
from qfluxd.trading.schedule import parse_schedule
from qfluxd.trading.shadow import ShadowDeal
from qfluxd.trading.staking import parse_staking

BEGIN: Millis = 1_763_769_600_000
"""2025-11-22 00:00 UTC."""
ASSET = "EURUSD_otc"
OTHER = "GBPUSD_otc"
DELAY: Millis = 40
"""From a tick's stamp to this machine's clock when it is read."""
EASY = Rules(budget_us=None)

type Said = Callable[[View], pl.DataFrame]


class Tell(Rule):
    """Says what it is made to say on every candle, and remembers each view that it was shown."""

    side: int = 1
    needs: int = 1
    longer: tuple[Millis, ...] = ()
    extras: tuple[Extra, ...] = ()
    probability: float | None = None
    label: str = Field(default="", description="tells two of them apart")

    _views: list[View] = PrivateAttr(default_factory=list)
    _does: Said | None = PrivateAttr(default=None)

    @property
    def warmup(self) -> int:
        """As told."""
        return self.needs

    @property
    def timeframes(self) -> tuple[Millis, ...]:
        """As told."""
        return self.longer

    @property
    def wants(self) -> tuple[Extra, ...]:
        """As told."""
        return self.extras

    def signals(self, view: View) -> pl.DataFrame:
        """The same side on every candle, or whatever it does instead."""
        self._views.append(view)
        if self._does is not None:
            return self._does(view)
        on = np.ones(view.height, dtype=np.bool_)
        more = {} if self.probability is None else {"probability": np.full(view.height, self.probability)}
        return self.say(view, call=on & (self.side > 0), put=on & (self.side < 0), confidence=0.5, **more)

    @property
    def views(self) -> list[View]:
        """What it was shown, oldest first."""
        return self._views

    def does(self, act: Said) -> "Tell":
        """Have it do something else from now on."""
        self._does = act
        return self


def plan(
    name: str = "a",
    strategy: Any = None,
    *,
    timeframe: Millis = 5 * SECOND,
    assets: tuple[str, ...] = ("*",),
    schedule: Any = "candle",
    stake: dict[str, Any] | None = None,
    mode: Any = "signal",
    enabled: bool = True,
    limits: Limits | None = None,
    spec: str = "",
) -> Plan:
    """A plan, as a configuration would make it; two of them are equal where their `spec` is."""
    return Plan(
        name=name,
        spec=f"{name} {spec}",
        use="tell",
        strategy=strategy or Tell(),
        assets=assets,
        timeframe=timeframe,
        schedule=parse_schedule(schedule),
        staking=parse_staking(stake or {"policy": "fixed", "amount": 1}),
        mode=mode,
        enabled=enabled,
        limits=limits or Limits(),
    )


class Stand:
    """A desk that has heard that it is connected. Times are milliseconds after `BEGIN` by the broker's clock."""

    def __init__(
        self,
        *plans: Plan,
        timeframes: Sequence[str] = ("5s", "15s"),
        rules: Rules = EASY,
        switches: Sequence[PlanSwitched] = (),
    ) -> None:
        self.said: list[Fact] = []
        self.orders: list[tuple[str, Order, Intent]] = []
        """What was let through as a trade, with its kind."""
        self.refusal: Refusal | None = None
        """Why orders are turned down."""
        self.deals: list[ShadowDeal] = []
        self.at: Millis = 0
        market = MarketSettings.model_validate({"timeframes": list(timeframes)})
        self.desk = Desk(market, self.said.append, rules=rules, keep_shadow=self.deals.append)
        self.desk.plans.live = self._act("live")
        self.desk.plans.shadow = self._act("shadow")
        self.desk.plans.replace(plans, switches)
        self.desk.hear(BEGIN, Situation("connected", "market data"))

    def _act(self, kind: str) -> Callable[[Order, Intent, Signal, Millis], Refusal | None]:
        def act(order: Order, intent: Intent, _signal: Signal, _at: Millis) -> Refusal | None:
            if self.refusal is None:
                self.orders.append((kind, order, intent))
            return self.refusal

        return act

    # ------------------------------------------------------------------------------------------------ the market

    def run(
        self,
        until: Millis,
        *assets: str,
        step: Millis = 500,
        price: Callable[[Millis], float] = lambda at: 1.1 + at / 1e9,
        beats: bool = False,
    ) -> "Stand":
        """Ticks of these assets (of `ASSET` where none is named) up to a moment, each `DELAY` after its stamp."""
        for at in range(self.at, until, step):
            for asset in assets or (ASSET,):
                self.tick(at, asset, price(at))
            if beats:
                self.beat(at + DELAY + 1)
        self.at = until
        return self

    def tick(self, at: Millis, asset: str = ASSET, price: float = 1.1, late: Millis = 0) -> None:
        """One tick, so much later than usual."""
        self.desk.hear(BEGIN + at + DELAY + late, Tick(asset, BEGIN + at, price))

    def beat(self, at: Millis) -> None:
        """Time passes by this machine's clock."""
        self.desk.beat(BEGIN + at)

    def history(self, asset: str, count: int, timeframe: Millis, end: Millis = 0) -> None:
        """The broker tells so many candles that end at a moment."""
        starts = [end - (count - number) * timeframe for number in range(count)]
        bars = tuple(Bar(BEGIN + start, 1.0, 1.2, 0.9, 1.1) for start in starts)
        ticks = (Tick(asset, BEGIN + end, 1.1),)
        self.desk.hear(BEGIN + end + DELAY, History(Series(asset, timeframe), bars, ticks))

    def assets(self, at: Millis, payout: int = 92, *symbols: str) -> None:
        """The broker tells its list."""
        rows = [
            Asset(name, name, "currency", 5, payout, True, True, (5_000, 60_000), 5_000)
            for name in symbols or (ASSET, OTHER)
        ]
        self.desk.hear(BEGIN + at + DELAY, Assets(tuple(rows)))

    def balance(self, amount: int) -> None:
        """The broker tells what the demo account holds."""
        self.desk.hear(BEGIN + self.at + DELAY, Balance(Decimal(amount), "demo"))

    def switch(self, name: str, *, enabled: bool = True, mode: Any = "signal", by: str = "command") -> None:
        """A person turns a plan."""
        self.desk.plans.switch(PlanSwitched(name, enabled, mode, by, "", BEGIN + self.at))

    # ------------------------------------------------------------------------------------------------ what was said

    def facts[F: Fact](self, kind: type[F]) -> list[F]:
        """All of a kind."""
        return [fact for fact in self.said if isinstance(fact, kind)]

    @property
    def verdicts(self) -> list[Verdict]:
        """What became of signals, each time it was told."""
        return self.facts(Verdict)

    @property
    def signals(self) -> list[tuple[str, str, Millis]]:
        """Plan, asset and opening time of the candle of each signal as it was said first."""
        firsts = {verdict.signal.id: verdict.signal for verdict in reversed(self.verdicts)}
        said = [firsts[key] for key in dict.fromkeys(verdict.signal.id for verdict in self.verdicts)]
        return [(signal.plan, signal.series.asset, signal.candle - BEGIN) for signal in said]

    @property
    def benched(self) -> list[str]:
        """What was told of plans that failed."""
        return [alert.detail for alert in self.facts(Alert) if alert.code == "strategy_benched"]

    def state(self, name: str = "a") -> PlanState:
        """How a plan is doing."""
        return next(state for state in self.desk.plans.states if state.name == name)

    @property
    def fingerprint(self) -> tuple[int, str]:
        """Of all that was decided."""
        found = self.desk.plans.fingerprint
        return found.decisions, str(found)


def raising(problem: BaseException) -> Said:
    """Something that a strategy does: it raises."""

    def act(_view: View) -> pl.DataFrame:
        raise problem

    return act


def answering(**columns: Iterable[Any] | Any) -> Said:
    """Something that a strategy does: it answers these columns, a single value on every row; None leaves one out."""

    def act(view: View) -> pl.DataFrame:
        usual: dict[str, Any] = {"side": 1, "confidence": 0.5, "expiry": 5_000}
        wanted = {name: value for name, value in (usual | columns).items() if value is not ...}
        return pl.DataFrame({name: [value] * view.height for name, value in wanted.items()})

    return act
