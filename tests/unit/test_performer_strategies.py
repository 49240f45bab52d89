"""What is asked about strategies: how they are doing, to turn them, what one says now, what trades came to."""

from pathlib import Path
from typing import Any

import pytest

from qfluxd.api import commands as ask
from qfluxd.api.payloads import StatsPayload, StrategyPayload
from qfluxd.hours import Calendar
from qfluxd.model import PlanState, PlanSwitched, Refusal, Sentiment
from qfluxd.performer.strategies import StrategyAnswers
from qfluxd.plans.plan import Plan
from qfluxd.scores import Scores
from tests.support.stand import ASSET, BEGIN, DELAY, Stand, Tell, plan, raising
from tests.unit.test_config_plans import OWN
from tests.unit.test_plans import Untried


class Desk:
    """A stand, and somebody who answers for it."""

    def __init__(self, folder: Path, *plans: Plan, timeframes: tuple[str, ...] = ("5s", "15s")) -> None:
        self.stand = Stand(*plans, timeframes=timeframes)
        self.switches: list[PlanSwitched] = []
        self.scores = Scores(Calendar(), lambda _which, _payload: None)
        self.answers = StrategyAnswers(
            self.stand.desk,
            self.scores,
            self._switch,
            lambda: folder,
            lambda symbol: None if symbol == ASSET else f"no {symbol}",
            lambda: BEGIN + self.stand.at + DELAY,
        )

    def _switch(self, switch: PlanSwitched) -> PlanState | Refusal:
        self.switches.append(switch)
        return self.stand.desk.plans.switch(switch)

    def ask(self, command: Any) -> Any:
        """The data of the answer, or the refusal."""
        return self.answers.perform(command)

    def refused(self, command: Any) -> str:
        """The code of a refusal."""
        answer = self.ask(command)
        assert isinstance(answer, Refusal), answer
        assert answer.detail
        return answer.code


def test_every_strategy_is_listed(tmp_path: Path) -> None:
    """In the order of the configuration, as its topic tells it."""
    desk = Desk(tmp_path, plan("b", Tell(needs=9)), plan("a", mode="live", enabled=False))
    desk.stand.run(5_500)
    listed = desk.ask(ask.StrategyList())["strategies"]
    assert all(isinstance(payload, StrategyPayload) for payload in listed)
    assert [(it.strategy, it.state, it.mode, it.enabled) for it in listed] == [
        ("b", "warming", "signal", True),
        ("a", "off", "live", False),
    ]
    assert listed[0].options["needs"] == 9
    assert listed[0].timeframe == "5s"


@pytest.mark.parametrize(
    ("command", "enabled", "mode"),
    [
        (ask.StrategyDisable("a", " losing "), False, "signal"),
        (ask.StrategyEnable("a"), True, "signal"),
        (ask.StrategySet("a", mode="live"), True, "live"),
        (ask.StrategySet("a", enabled=False, mode="shadow"), False, "shadow"),
    ],
)
def test_a_strategy_is_turned(tmp_path: Path, command: Any, enabled: bool, mode: str) -> None:
    """What is not named stays as it is; the answer is the strategy as it is now."""
    desk = Desk(tmp_path, plan())
    told = desk.ask(command)["strategy"]
    assert (told.enabled, told.mode) == (enabled, mode)
    [switch] = desk.switches
    assert (switch.name, switch.enabled, switch.mode, switch.by) == ("a", enabled, mode, "command")
    assert (switch.reason, switch.at) == (command.reason.strip(), BEGIN + DELAY)


def test_one_that_was_benched_is_tried_again(tmp_path: Path) -> None:
    """`strategy/enable` wakes it."""
    desk = Desk(tmp_path, plan(strategy=Tell().does(raising(ValueError("no")))))
    desk.stand.run(5_500)
    assert desk.stand.state().phase == "benched"
    assert desk.ask(ask.StrategyEnable("a"))["strategy"].state == "warming"


def test_who_is_not_there_cannot_be_turned(tmp_path: Path) -> None:
    """And no switch is made of it."""
    desk = Desk(tmp_path, plan())
    assert desk.refused(ask.StrategyEnable("ghost")) == "strategy_unknown"
    assert desk.switches == []


def test_what_is_not_proven_is_not_turned_live(tmp_path: Path) -> None:
    """Unless its owner says so; every other mode is free."""
    desk = Desk(tmp_path, plan(strategy=Untried()), plan("b", Untried(allow_unproven=True)))
    assert desk.refused(ask.StrategySet("a", mode="live")) == "model_unproven"
    assert desk.ask(ask.StrategySet("a", mode="shadow"))["strategy"].mode == "shadow"
    assert desk.ask(ask.StrategySet("b", mode="live"))["strategy"].mode == "live"


def test_a_look_tells_what_a_strategy_says_now(tmp_path: Path) -> None:
    """With the numbers that it looked at and what a win must beat; nothing is decided by it."""
    desk = Desk(tmp_path, plan(strategy=Tell(side=-1, probability=0.6, expiry="30s"), enabled=False))
    desk.stand.assets(0, 92)
    desk.stand.run(10_500)
    told = desk.ask(ask.SignalNow(ASSET, "a"))
    assert told.pop("took_us") > 0
    assert told == {
        "strategy": "a",
        "asset": ASSET,
        "timeframe": "5s",
        "candle": BEGIN + 5_000,
        "side": "put",
        "confidence": 0.5,
        "probability": 0.6,
        "expiry": "30s",
        "payout": 92,
        "break_even": pytest.approx(100 / 192),
        "reasons": {"probability": 0.6},
    }
    assert desk.stand.verdicts == []
    assert desk.stand.fingerprint[0] == 0


def test_a_look_may_be_at_another_timeframe_and_may_say_nothing(tmp_path: Path) -> None:
    """Then there is no side and no expiry."""
    desk = Desk(tmp_path, plan(strategy=Tell(side=0)))
    desk.stand.run(30_500)
    told = desk.ask(ask.SignalNow(ASSET, "a", "15s"))
    assert (told["timeframe"], told["candle"], told["side"], told["expiry"], told["payout"]) == (
        "15s",
        BEGIN + 15_000,
        None,
        None,
        None,
    )


def test_a_strategy_that_no_table_names_is_asked_at_its_defaults(tmp_path: Path) -> None:
    """One that is installed, or a file of one's own; at candles of a minute where nothing else is said."""
    (tmp_path / "mine.py").write_text(OWN)
    desk = Desk(tmp_path, timeframes=("1m",))
    desk.stand.history(ASSET, 200, 60_000)
    desk.stand.run(60_500)
    assert desk.ask(ask.SignalNow(ASSET, "rsi_reversal"))["timeframe"] == "1m"
    assert desk.ask(ask.SignalNow(ASSET, "mine"))["side"] is None


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ask.SignalNow(ASSET, "ghost"), "strategy_unknown"),
        (ask.SignalNow("XAUUSD", "a"), "asset_unknown"),
        (ask.SignalNow(ASSET, "a", "1h"), "timeframe_unknown"),
        (ask.SignalNow(ASSET, "long"), "timeframe_unknown"),
        (ask.SignalNow(ASSET, "cold"), "warming"),
        (ask.SignalNow(ASSET, "a", "15s"), "warming"),
        (ask.SignalNow(ASSET, "raises"), "strategy_failed"),
        (ask.SignalNow(ASSET, "exits"), "strategy_failed"),
        (ask.SignalNow(ASSET, "broken"), "strategy_failed"),
        (ask.SignalNow(ASSET, "model"), "strategy_unknown"),
    ],
)
def test_a_look_that_cannot_be_had_is_refused(tmp_path: Path, command: Any, code: str) -> None:
    """With a sentence; whatever a strategy does when it is asked harms nobody."""
    broken = OWN.replace("        return 1\n", "        raise KeyError('warmup')\n")
    (tmp_path / "broken.py").write_text(broken)
    desk = Desk(
        tmp_path,
        plan(),
        plan("long", Tell(longer=(60_000,))),
        plan("cold", Tell(needs=50)),
        plan("raises", Tell(label="r").does(raising(ValueError("no")))),
        plan("exits", Tell(label="x").does(raising(SystemExit(1)))),
        timeframes=("5s", "15s", "1m") if command.strategy == "broken" else ("5s", "15s"),
    )
    desk.stand.run(5_500)
    assert desk.refused(command) == code


def test_a_look_sees_what_it_wants_beside_prices(tmp_path: Path) -> None:
    """As far as plans that want it have had it noted."""
    strategy = Tell(extras=("payout", "sentiment"))
    desk = Desk(tmp_path, plan(strategy=strategy))
    desk.stand.assets(0, 80)
    desk.stand.desk.hear(BEGIN + DELAY, Sentiment(ASSET, 61))
    desk.stand.run(5_500)
    desk.ask(ask.SignalNow(ASSET, "a"))
    assert strategy.views[-1].candles.select("payout", "sentiment").rows() == [(80, 61)]


def test_the_score_is_told(tmp_path: Path) -> None:
    """Today and in all."""
    desk = Desk(tmp_path)
    told = desk.ask(ask.Stats())
    assert set(told) == {"today", "total"}
    assert all(isinstance(payload, StatsPayload) for payload in told.values())
