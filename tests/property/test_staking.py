"""For every policy and every state: an amount that can be paid, or a refusal, and the same one each time."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.model import Refusal
from qfluxd.trading.staking import Result, StakeState, Staking, parse_staking

MONEY = st.decimals(Decimal("0.01"), Decimal(10_000), places=2)
ENDINGS: tuple[Result, ...] = ("won", "lost", "tie")
RESULTS = st.lists(st.sampled_from(ENDINGS), max_size=30)
CODES = {
    "balance_unknown",
    "payout_unknown",
    "probability_unknown",
    "no_edge",
    "stake_too_small",
    "balance_too_small",
}


@st.composite
def policies(draw: st.DrawFn) -> Staking:
    """Any policy with any sound options."""
    name = draw(st.sampled_from(("fixed", "percent", "kelly", "martingale", "anti_martingale")))
    share = st.decimals(Decimal("0.1"), Decimal(100), places=1)
    table: dict[str, Any] = {"policy": name}
    if name == "fixed":
        table["amount"] = draw(MONEY)
    elif name == "percent":
        table["percent"] = draw(share)
        low, high = sorted((draw(MONEY), draw(MONEY)))
        table |= {"min": low} if draw(st.booleans()) else {}
        table |= {"max": high} if draw(st.booleans()) else {}
    elif name == "kelly":
        table["edge"] = draw(st.one_of(st.just("signal"), st.decimals(Decimal("0.01"), Decimal("0.99"), places=3)))
        table["trades"] = draw(st.integers(1, 10_000))
        table["max_percent"] = draw(share)
    else:
        table |= {
            "base": draw(st.decimals(Decimal("0.01"), Decimal(100), places=2)),
            "max_steps": draw(st.integers(1, 8)),
        }
        table["factor"] = draw(st.decimals(Decimal("1.1"), Decimal(5), places=1))
    return parse_staking(table)


@st.composite
def states(draw: st.DrawFn) -> StakeState:
    """Anything that may be known of the account and the past."""
    return StakeState(
        draw(st.one_of(st.none(), st.decimals(0, Decimal(100_000), places=2))),
        draw(st.one_of(st.none(), st.integers(0, 300))),
        draw(st.floats(0, 1)),
        tuple(draw(RESULTS)),
        draw(st.one_of(st.none(), st.floats(0, 1))),
    )


@given(policies(), states())
@settings(deadline=None)
def test_an_amount_can_be_paid_or_is_refused_by_a_known_code(staking: Staking, state: StakeState) -> None:
    """In whole cents, above nothing, never above a balance that is known; asked again it is the same."""
    answer = staking.stake(state)
    assert staking.stake(state) == answer
    if isinstance(answer, Refusal):
        assert answer.code in CODES
        assert answer.detail
        return
    assert answer > 0
    assert answer == answer.quantize(Decimal("0.01"))
    assert state.balance is None or answer <= state.balance


@given(policies(), states(), st.data())
@settings(deadline=None)
def test_ties_change_nothing(staking: Staking, state: StakeState, data: st.DataObject) -> None:
    """Wherever they stand among the results."""
    without = tuple(result for result in state.results if result != "tie")
    place = data.draw(st.integers(0, len(without)))
    more: tuple[Result, ...] = (*without[:place], "tie", *without[place:])
    assert staking.stake(replace(state, results=without)) == staking.stake(replace(state, results=more))
    assert staking.stake(replace(state, results=without)) == staking.stake(state)


@given(policies(), st.integers(1, 200), st.integers(0, 25), st.floats(0.3, 0.7))
@settings(max_examples=40, deadline=None)
def test_ruin_is_a_probability_that_grows_with_trades_and_falls_with_the_bank(
    staking: Staking, bank: int, trades: int, rate: float
) -> None:
    """And losing half is at least as likely as losing all."""
    near, far = (staking.risk_of_ruin(Decimal(bank), rate, 90, trades + more) for more in (0, 10))
    assert 0 <= near.probability <= far.probability + 1e-9 <= 1 + 1e-9
    assert near.probability <= near.halved + 0.01


@given(policies(), st.integers(1, 1000), st.integers(0, 12))
@settings(max_examples=60, deadline=None)
def test_no_run_of_losses_costs_more_than_there_is(staking: Staking, bank: int, losses: int) -> None:
    """And each further loss costs more, or nothing where it cannot be paid."""
    costs = [staking.worst_case(Decimal(bank), 90, count) for count in range(losses + 1)]
    assert costs == sorted(costs)
    assert costs[0] == 0
    assert costs[-1] <= bank
