"""The log's story of a session: what was switched, by whom and why, each once."""

from structlog.testing import capture_logs

from qfluxd.model import Mode, PlanPhase, PlanState, TradingSwitch
from qfluxd.observability.telling import Telling


def plan(phase: PlanPhase, mode: Mode = "shadow", detail: str = "", signals: int = 0) -> PlanState:
    """A state of one strategy."""
    return PlanState("x", "random", phase != "off", mode, phase, detail, ("*",), 60_000, {}, signals=signals)


def test_what_a_strategy_may_do_is_told_when_it_changes() -> None:
    """Not with each of its signals, nor when it becomes warm."""
    telling = Telling()
    states = (plan("warming"), plan("running"), plan("running", signals=1), plan("running", "live"))
    with capture_logs() as lines:
        for state in (*states, plan("off", "live", "news at noon"), plan("running", "live"), plan("gone", "live")):
            telling.on_fact(state)
    assert [(line["event"], line["state"], line["mode"], line["detail"]) for line in lines] == [
        ("strategy", "on", "shadow", ""),
        ("strategy", "on", "live", ""),
        ("strategy", "off", "live", "news at noon"),
        ("strategy", "on", "live", ""),
        ("strategy", "gone", "live", ""),
    ]


def test_the_trading_switch_is_told_with_its_reason() -> None:
    """Each time that it is turned."""
    telling = Telling()
    with capture_logs() as lines:
        telling.on_fact(TradingSwitch("killed", "enough for today", 0))
        telling.on_fact(TradingSwitch("active", "looked at it", 1))
    assert [(line["event"], line["state"], line["reason"]) for line in lines] == [
        ("trading", "killed", "enough for today"),
        ("trading", "active", "looked at it"),
    ]
