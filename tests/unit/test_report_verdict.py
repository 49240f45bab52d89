"""The answer in a sentence."""

from dataclasses import replace
from decimal import Decimal

import pytest

from qfluxd.research.audits.finding import Finding
from qfluxd.research.report.material import Arm
from qfluxd.research.report.verdict import of_arm, overall, tries
from tests.support.reports import material_of
from tests.support.trades import made_trades

GOOD = Arm("good", "backtest", made_trades(1500, rate=0.68, days=40))
LOSER = Arm("loser", "backtest", made_trades(1500, rate=0.40, days=40, seed=2))
UNCLEAR = Arm("unclear", "backtest", made_trades(300, rate=0.54, days=40, seed=3))
BARELY = Arm("barely", "backtest", made_trades(1500, rate=0.58, days=60, seed=8))


def test_one_strategy() -> None:
    """Each finding of the evidence has its sentence, with the figures that it rests on behind it."""
    told = {arm.name: overall(material_of(arm)) for arm in (GOOD, LOSER, UNCLEAR)}
    assert [each.tone for each in told.values()] == ["good", "bad", "open"]
    assert told["good"].says == "good beats break-even here."
    assert told["loser"].says == "loser loses."
    assert told["unclear"].says == "Nobody can tell yet whether unclear beats break-even."
    for arm in (GOOD, LOSER, UNCLEAR):
        assert told[arm.name].because[0].lower().rstrip(".") == arm.summary.verdict.lower()


def test_a_bad_audit_comes_first() -> None:
    """However good the figures are, where an audit is bad they are not to be believed, and that audit is named."""
    bad = (Finding("look_ahead", "bad", "it sees ahead", {}), Finding("look_ahead", "bad", "there too", {}))
    verdict = overall(material_of(replace(GOOD, findings=bad)))
    assert verdict.tone == "void"
    assert verdict.says == "The figures of good are not to be believed: 1 audit found something bad (look_ahead)."


def test_notes_of_audits_change_no_verdict() -> None:
    """An audit that only notes something leaves the verdict as it is."""
    noted = replace(GOOD, findings=(Finding("warmup", "note", "starts late", {}),))
    assert overall(material_of(noted)).tone == "good"


def test_what_was_tried_counts() -> None:
    """A claim that stands alone falls where it is the luckiest of many, and the sentence says what it would take."""
    assert overall(material_of(BARELY)).tone == "good"
    among = overall(material_of(BARELY, tried=1_000_000))
    assert among.tone == "open"
    assert "may be luck among all that was tried" in among.says
    assert "One of 1,000,000 variants tried" in among.because[1]
    assert overall(material_of(GOOD, tried=1000)).tone == "good"


def test_at_least_what_is_shown_was_tried() -> None:
    """Strategies side by side count as tried, even where nobody has counted."""
    assert tries(material_of(GOOD)) == 1
    assert tries(material_of(GOOD, LOSER, tried=1)) == 2
    assert tries(material_of(GOOD, tried=40)) == 40


def test_several_strategies() -> None:
    """Together they are counted by what can be said of each, the best news giving the tone."""
    verdict = overall(material_of(GOOD, LOSER, UNCLEAR, replace(UNCLEAR, name="other")))
    assert verdict.says == "Of 4 strategies, 1 beats break-even, 2 cannot be told yet and 1 loses."
    assert verdict.tone == "good"
    assert "needs evidence of 80, where one alone needs 20. 1 of those here has it." in verdict.because[0]
    assert overall(material_of(LOSER, replace(LOSER, name="b"))).says == "All 2 strategies lose."


@pytest.mark.parametrize(
    ("arm", "why"),
    [
        (Arm("a", "backtest", made_trades(0)), "there is no trade"),
        (Arm("a", "backtest", made_trades(9, ties=1, unknown=0)), "no trade was won or lost"),
        (Arm("a", "backtest", made_trades(9, unknown=1)), "no trade was won or lost"),
        (Arm("a", "backtest", made_trades(9, payouts=(None,), unknown=0)), "nobody knows what they would have paid"),
    ],
)
def test_nothing_to_judge(arm: Arm, why: str) -> None:
    """Without a decisive trade of known payout nobody can tell anything, and the sentence says why."""
    verdict = of_arm(arm, material_of(arm))
    assert verdict.tone == "open"
    assert why in verdict.says


def test_unknown_payouts_still_say_what_they_would_have_to_be() -> None:
    """A rate whose payouts nobody knows is told with its interval and the payout at which it earns nothing."""
    arm = Arm("a", "backtest", made_trades(400, payouts=(None,), ties=0, unknown=0, rate=0.5))
    won = arm.trades.filter(arm.trades["outcome"] == "won").height
    (said,) = of_arm(arm, material_of(arm)).because
    assert f"{won} of 400 decisive ones were won" in said
    assert f"at a payout of {100 * (400 / won - 1):.0f} % that earns nothing" in said


def test_no_strategy_at_all() -> None:
    """Nothing is an answer too."""
    assert overall(material_of()).says == "There are no trades to report on."


def test_a_balance_of_nothing() -> None:
    """A balance of nothing is no balance to measure by, and no error."""
    from qfluxd.research.report.figures import figures

    assert "below the highest it ever was" in figures(replace(GOOD, balance=Decimal(0))).text
