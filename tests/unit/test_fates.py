"""What becomes of signals after they were let through."""

from decimal import Decimal

from qfluxd.model import Series, Signal, Verdict
from qfluxd.plans.fates import Fates
from tests.support.stand import ASSET, BEGIN
from tests.unit.test_plans import shadowed, traded

SIGNAL = Signal("a/x/1", "a", "tell", Series(ASSET, 5_000), BEGIN, BEGIN + 5_000, "call", 0.5, 5_000, "live")
VERDICT = Verdict(SIGNAL, "ordered", "let_through", "", BEGIN + 5_000, Decimal(1), "o1")


def test_each_change_is_told_once_until_the_end() -> None:
    """With its code, its sentence, its time and its profit; what comes after the end is not told."""
    said: list[Verdict] = []
    fates = Fates(said.append)
    fates.add(VERDICT)
    for stage, code in (("received", ""), ("intended", ""), ("clicking", ""), ("unknown", "no_answer")):
        fates.on_trade(traded("o1", stage, code))  # type: ignore[arg-type]  # stages, as the list has them
    fates.on_trade(traded("o1", "accepted"))
    fates.on_trade(traded("o1", "settled", "lost", profit=Decimal(-1)))
    fates.on_trade(traded("o1", "settled", "lost", profit=Decimal(-1)))
    assert [(verdict.outcome, verdict.code, verdict.profit) for verdict in said] == [
        ("unknown", "no_answer", None),
        ("accepted", "accepted", None),
        ("lost", "lost", Decimal(-1)),
    ]
    assert all(verdict.signal == SIGNAL for verdict in said)
    assert said[-1].at > VERDICT.at
    assert said[-1].stake == Decimal(1)


def test_a_shadow_deal_that_nobody_could_enter_is_over() -> None:
    """It is told as unknown, with why."""
    said: list[Verdict] = []
    fates = Fates(said.append)
    fates.add(VERDICT)
    fates.on_shadow(shadowed("o1", "pending"))
    fates.on_shadow(shadowed("o1", "not_filled"))
    fates.on_shadow(shadowed("o1", "won"))
    assert [(verdict.outcome, verdict.code) for verdict in said] == [("unknown", "not_filled")]


def test_what_nobody_signalled_is_not_told() -> None:
    """An order by command has no verdict."""
    said: list[Verdict] = []
    Fates(said.append).on_trade(traded("o2", "accepted"))
    assert said == []
