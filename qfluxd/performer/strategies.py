"""Does what is asked about strategies: tells of them, switches them, and has one look at an asset."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qfluxd.api import commands as ask
from qfluxd.api.shapes import length_name, strategy_payload
from qfluxd.desk import Desk
from qfluxd.errors import PluginError
from qfluxd.evidence import break_even
from qfluxd.model import MINUTE, Millis, PlanState, PlanSwitched, Refusal, Series
from qfluxd.plans.looking import Look, worded
from qfluxd.plugins import load_strategy
from qfluxd.scores import Scores
from qfluxd.strategy import CALL, PUT, Strategy, live_refusal

_SIDES = {CALL: "call", PUT: "put"}


class StrategyAnswers:
    """What the plans on the desk are asked for. The promise: a look trades nothing and is no signal."""

    def __init__(
        self,
        desk: Desk,
        scores: Scores,
        switch: Callable[[PlanSwitched], PlanState | Refusal],
        folder: Callable[[], Path],
        unknown_asset: Callable[[str], str | None],
        now: Callable[[], Millis],
    ) -> None:
        """`switch` turns a plan and notes it; `folder` holds strategies of the owner's own."""
        self._desk = desk
        self._scores = scores
        self._switch = switch
        self._folder = folder
        self._unknown_asset = unknown_asset
        self._now = now

    def perform(self, command: ask.StrategyWork) -> Any | Refusal:
        """The data of the answer, or why there is none."""
        match command:
            case ask.StrategyList():
                return {"strategies": [strategy_payload(state) for state in self._desk.plans.states]}
            case ask.StrategyEnable():
                return self._turn(command.strategy, command.reason, enabled=True)
            case ask.StrategyDisable():
                return self._turn(command.strategy, command.reason, enabled=False)
            case ask.StrategySet():
                return self._turn(command.strategy, command.reason, enabled=command.enabled, mode=command.mode)
            case ask.SignalNow():
                return self._look(command)
            case ask.Stats():
                return self._scores.payloads(self._desk.now(self._now()))
            case _:
                raise AssertionError(f"{command.name} has no one to do it")

    def _turn(
        self, name: str, reason: str, *, enabled: bool | None = None, mode: Any = None
    ) -> dict[str, Any] | Refusal:
        state = next((state for state in self._desk.plans.states if state.name == name), None)
        if state is None:
            return Refusal("strategy_unknown", f"no strategy is called {name}; strategy/list names all")
        plan = self._desk.plans.plan(name)
        if mode == "live" and plan is not None and (untried := live_refusal(plan.strategy)) is not None:
            return untried
        switch = PlanSwitched(
            name,
            state.enabled if enabled is None else enabled,
            mode or state.mode,
            "command",
            reason.strip(),
            self._now(),
        )
        turned = self._switch(switch)
        return turned if isinstance(turned, Refusal) else {"strategy": strategy_payload(turned)}

    def _look(self, command: ask.SignalNow) -> dict[str, Any] | Refusal:
        found = self._found(command.strategy)
        if isinstance(found, Refusal):
            return found
        strategy, timeframe = found
        if said := self._unknown_asset(command.asset):
            return Refusal("asset_unknown", said)
        series = command.series(timeframe)
        try:
            return self._said(command.strategy, strategy, series)
        except BaseException as problem:  # a strategy may do anything; asking about it must harm nobody
            if isinstance(problem, KeyboardInterrupt):
                raise
            return Refusal("strategy_failed", f"{command.strategy} failed: {worded(problem)}")

    def _said(self, name: str, strategy: Strategy, series: Series) -> dict[str, Any] | Refusal:
        """What a strategy says of a series. Raises whatever it does."""
        lengths = (series.timeframe, *strategy.timeframes)
        if missing := [length for length in lengths if length not in self._desk.timeframes]:
            return Refusal(
                "timeframe_unknown", f"no {length_name(missing[0])} candles are folded; see [market] timeframes"
            )
        look = self._desk.plans.look(strategy, series)
        if look is None or not look.warm:
            rows = 0 if look is None else look.rows
            return Refusal("warming", f"{name} needs {strategy.warmup} closed candles, and there are {rows}")
        return self._described(name, series, look)

    def _found(self, name: str) -> tuple[Strategy, Millis] | Refusal:
        """The strategy of a plan, or one at its defaults, and the timeframe it usually looks at."""
        if (plan := self._desk.plans.plan(name)) is not None:
            return plan.strategy, plan.timeframe
        try:
            return load_strategy(name, self._folder()).model_validate({}, context={"folder": self._folder()}), MINUTE
        except (PluginError, ValidationError) as problem:
            return Refusal("strategy_unknown", f"no [[strategy]] is called {name}, and {problem}")
        except Exception as problem:  # noqa: BLE001 - reading its options is a strategy's own code too
            return Refusal("strategy_failed", f"{name} failed: {worded(problem)}")

    def _described(self, name: str, series: Series, look: Look) -> dict[str, Any]:
        asset = self._desk.asset(series.asset)
        payout = None if asset is None else asset.payout
        return {
            "strategy": name,
            "asset": series.asset,
            "timeframe": length_name(series.timeframe),
            "candle": look.candle,
            "side": _SIDES.get(look.side),
            "confidence": look.confidence,
            "probability": look.probability,
            "expiry": length_name(look.expiry) if look.side in _SIDES else None,
            "payout": payout,
            "break_even": None if not payout else break_even(payout),
            "reasons": look.reasons,
            "took_us": look.took_us,
        }
