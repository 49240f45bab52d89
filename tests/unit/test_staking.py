"""How much is staked, what is refused, and what may become of a bank: the numbers are right, not only plausible."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from qfluxd.evidence import break_even
from qfluxd.model import Refusal
from qfluxd.trading.staking import (
    AntiMartingale,
    Fixed,
    Kelly,
    Martingale,
    Percent,
    Result,
    StakeState,
    Staking,
    parse_staking,
)
from qfluxd.trading.staking.ladders import trades_until_run
from qfluxd.trading.staking.policy import Policy

BANK = Decimal(100)
KNOWN = StakeState(Decimal(1000), 92, 0.7)
LETTERS: dict[str, Result] = {"w": "won", "l": "lost", "t": "tie"}


def policy(name: str, **options: Any) -> Staking:
    """A policy as its table says it."""
    return parse_staking({"policy": name, **options})


def staked(name: str, state: StakeState = KNOWN, **options: Any) -> str:
    """The amount as text, or the code of the refusal."""
    answer = policy(name, **options).stake(state)
    return answer.code if isinstance(answer, Refusal) else str(answer)


def after(results: str) -> StakeState:
    """All known, after these results: w, l and t, oldest first."""
    return StakeState(Decimal(1000), 92, 0.7, tuple(LETTERS[each] for each in results))


# ------------------------------------------------------------------------------------------------------ amounts


def test_fixed_is_the_same_whatever_happened() -> None:
    """It needs to know nothing."""
    assert staked("fixed", StakeState(None, None, 0.0), amount=1.5) == "1.50"
    assert staked("fixed", after("lll"), amount=1.5) == "1.50"
    assert policy("fixed", amount=1).needs == frozenset()


def test_percent_goes_by_the_balance_between_its_limits() -> None:
    """Rounded down; a limit is staked where the share is beyond it."""
    assert staked("percent", StakeState(Decimal("99.99"), None, 0.0), percent=1) == "0.99"
    assert staked("percent", percent=2, max=5) == "5.00"
    assert staked("percent", StakeState(Decimal(20), None, 0.0), percent=2, min=1) == "1.00"
    assert policy("percent", percent=1).needs == {"balance"}


def test_kelly_stakes_what_grows_fastest() -> None:
    """At 60 % and a payout of 92 %: (0.6 * 1.92 - 1) / 0.92 = 16.52 % of the balance, and a fraction of it."""
    whole: dict[str, Any] = {"edge": 0.6, "shrink": 0, "max_percent": 100}
    assert staked("kelly", fraction=1, **whole) == "165.21"
    assert staked("kelly", **whole) == "41.30"
    assert staked("kelly", edge=0.6, shrink=0) == "41.30"
    assert staked("kelly", edge=0.6, shrink=0, max_percent=2) == "20.00"
    assert policy("kelly", edge=0.6, shrink=0).needs == {"balance", "payout"}


def test_kelly_shrinks_an_edge_that_is_not_well_known() -> None:
    """The stake is multiplied by (p - p0)² / ((p - p0)² + p (1 - p) / n), or the edge moved by hand."""
    margin = (0.6 - 1 / 1.92) ** 2
    kept = margin / (margin + 0.6 * 0.4 / 200)
    assert staked("kelly", edge=0.6, trades=200, fraction=1, max_percent=100) == f"{165.217391 * kept - 0.005:.2f}"
    moved = 1 / 1.92 + (0.6 - 1 / 1.92) / 2
    assert staked("kelly", edge=0.6, shrink=0.5, fraction=1, max_percent=100) == staked(
        "kelly", edge=str(moved), shrink=0, fraction=1, max_percent=100
    )


def test_kelly_may_go_by_what_the_strategy_states() -> None:
    """Its probability of a win, never its confidence."""
    options: dict[str, Any] = {"edge": "signal", "shrink": 0}
    assert policy("kelly", **options).needs == {"balance", "payout", "probability"}
    assert staked("kelly", **options) == "probability_unknown"
    assert staked("kelly", StakeState(Decimal(1000), 92, 0.9, (), 0.6), **options) == "41.30"
    assert staked("kelly", StakeState(Decimal(1000), 92, 0.9, (), 0.5), **options) == "no_edge"
    assert staked("kelly", StakeState(Decimal(1000), 92, 0.9, (), 1.0), **options) == "50.00"


def test_kelly_refuses_without_an_edge() -> None:
    """At break-even or under it, and where the payout fell under what the edge needs; says what it would take."""
    assert staked("kelly", edge=0.52, shrink=0) == "no_edge"
    assert staked("kelly", StakeState(Decimal(1000), 60, 0.0), edge=0.6, shrink=0) == "no_edge"
    assert staked("kelly", StakeState(Decimal(1000), 0, 0.0), edge=0.6, shrink=0) == "no_edge"
    answer = policy("kelly", edge=0.52, shrink=0).stake(KNOWN)
    assert isinstance(answer, Refusal)
    assert answer.detail == "winning 52.0 % of trades is no edge at a payout of 92 %; it takes more than 52.1 %"


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        *(("", "1"), ("l", "2"), ("ll", "4"), ("lll", "8"), ("llll", "1"), ("lllll", "2"), ("llw", "1"), ("lwll", "4")),
        *(("lt", "2"), ("ltl", "4"), ("tt", "1"), ("wt", "1"), ("lltttt", "4")),
    ],
)
def test_martingale_climbs_after_losses_and_gives_up_at_its_last_step(results: str, expected: str) -> None:
    """A win starts it over, a tie does neither, and after the last step it starts over too."""
    assert staked("martingale", after(results), base=1, factor=2, max_steps=4) == f"{expected}.00"


@pytest.mark.parametrize(
    ("results", "expected"),
    [("", "1"), ("w", "2"), ("ww", "4"), ("www", "1"), ("wl", "1"), ("lw", "2"), ("wt", "2"), ("twtwt", "4")],
)
def test_anti_martingale_climbs_after_wins(results: str, expected: str) -> None:
    """A loss starts it over; after a whole series the winnings are kept."""
    assert staked("anti_martingale", after(results), base=1, factor=2, max_steps=3) == f"{expected}.00"


def test_ladders_are_capped_and_rounded_down() -> None:
    """No step is above `max`, and cents are never rounded up."""
    climbing = policy("martingale", base="1.55", factor="2.3", max_steps=5, max=20)
    assert isinstance(climbing, Martingale)
    assert [str(each) for each in climbing.stakes] == ["1.55", "3.56", "8.19", "18.85", "20.00"]
    for losses, stake in enumerate(climbing.stakes):
        assert climbing.stake(after("l" * losses)) == stake


def test_amounts_are_rounded_down_to_the_decimals_of_the_account() -> None:
    """Two, or as many as are asked for."""
    percent = policy("percent", percent=1)
    state = StakeState(Decimal("123.4567"), None, 0.0)
    assert [str(percent.stake(state, decimals)) for decimals in (0, 2, 4)] == ["1", "1.23", "1.2345"]


# ----------------------------------------------------------------------------------------------------- refusals


def test_what_is_not_known_is_refused() -> None:
    """By a code of its own, only where the policy needs it."""
    assert staked("percent", StakeState(None, 92, 0.0), percent=1) == "balance_unknown"
    assert staked("kelly", StakeState(None, 92, 0.0), edge=0.6, shrink=0) == "balance_unknown"
    assert staked("kelly", StakeState(BANK, None, 0.0), edge=0.6, shrink=0) == "payout_unknown"
    assert staked("martingale", StakeState(None, None, 0.0), base=1, max_steps=3) == "1.00"
    assert policy("martingale", base=1, max_steps=3).needs == {"results"}


def test_nothing_and_more_than_there_is_are_refused() -> None:
    """A stake that rounds to nothing, and one above a balance that is known."""
    assert staked("percent", StakeState(Decimal("0.50"), None, 0.0), percent=1) == "stake_too_small"
    assert staked("fixed", StakeState(Decimal(5), None, 0.0), amount=6) == "balance_too_small"
    assert staked("percent", StakeState(Decimal("0.50"), None, 0.0), percent=1, min=1) == "balance_too_small"
    assert staked("fixed", StakeState(Decimal(6), None, 0.0), amount=6) == "6.00"


# ----------------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"policy": "fixd"}, "unknown policy 'fixd'; did you mean 'fixed'?"),
        ({}, "policy is missing; there are fixed, percent, kelly, martingale, anti_martingale"),
        ({"policy": 3}, "unknown policy 3; there are fixed"),
        ({"policy": "fixed"}, "amount is missing: the stake, such as 1"),
        ({"policy": "fixed", "ammt": 1, "amount": 1}, "unknown key 'ammt'; did you mean 'amount'?"),
        ({"policy": "fixed", "amount": 0}, "amount must be greater than or equal to 0.01"),
        ({"policy": "fixed", "amount": True}, "amount must be a number, not true or false"),
        ({"policy": "fixed", "amount": "much"}, "amount must be a valid decimal"),
        ({"policy": "percent", "percent": 101}, "percent must be less than or equal to 100"),
        ({"policy": "percent", "percent": 2, "min": 5, "max": 1}, "min 5 is above max 1"),
        ({"policy": "kelly", "edge": 0.6}, "say either trades, .* or shrink"),
        ({"policy": "kelly", "edge": 0.6, "trades": 9, "shrink": 0}, "say either trades"),
        ({"policy": "kelly", "edge": 1.2, "trades": 9}, "edge must be less than 1 or edge must be 'signal'"),
        ({"policy": "martingale", "base": 1, "max_steps": 21}, "max_steps must be less than or equal to 20"),
        ({"policy": "martingale", "base": 1, "factor": 10, "max_steps": 20}, "the last of 20 steps would stake"),
        (3, "write a table such as"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_in_words(table: Any, why: str) -> None:
    """Which key, what it must be, and the nearest right name."""
    with pytest.raises(ValueError, match=why.replace("?", r"\?")):
        parse_staking(table)


def test_every_mistake_is_said_at_once() -> None:
    """Not one after the other."""
    with pytest.raises(ValueError, match=r"factor must .* than 1; max_steps is missing: .*; unknown key 'step'"):
        parse_staking({"policy": "martingale", "base": 1, "factor": 1, "step": 3})


def test_a_policy_stays_one_and_is_equal_to_its_like() -> None:
    """Its own dump is read as the same policy; amounts are exactly those of the file."""
    for table in (
        {"policy": "fixed", "amount": 0.1},
        {"policy": "kelly", "edge": "signal", "trades": 100},
        {"policy": "martingale", "base": 1, "max_steps": 3, "max": 2},
    ):
        staking = parse_staking(table)
        assert parse_staking(staking) is staking
        assert parse_staking(staking.model_dump(mode="json")) == staking
    assert policy("fixed", amount=0.1).model_dump()["amount"] == Decimal("0.1")


# --------------------------------------------------------------------------------------------------------- ruin


def simulated(
    staking: Policy, rate: float, payout: int, trades: int, paths: int, bank: Decimal = BANK
) -> tuple[float, float]:
    """The shares of banks that were ruined, and that lost half or were ruined, by the policy's own amounts."""
    wins = np.random.default_rng(7).random((paths, trades)) < rate
    ruined = halved = 0
    for path in wins:
        left, results, was_halved, was_ruined = bank, list[Result](), False, False
        for won in [*path, None]:
            stake = staking.stake(StakeState(left, payout, 1.0, tuple(results[-20:]), 1.0))
            was_halved = was_halved or left <= bank / 2
            if isinstance(stake, Refusal):
                was_ruined = True
                break
            left += stake * payout / 100 if won else -stake
            results.append("won" if won else "lost")
        ruined += was_ruined
        halved += was_halved or was_ruined
    return ruined / paths, halved / paths


@pytest.mark.parametrize(
    ("table", "bank", "rate", "payout", "trades"),
    [
        ({"policy": "fixed", "amount": 5}, 50, 0.52, 92, 150),
        ({"policy": "fixed", "amount": "7.77"}, 50, 0.5, 83, 100),
        ({"policy": "martingale", "base": 1, "max_steps": 4}, 30, 1 / 1.92, 92, 150),
        ({"policy": "martingale", "base": "1.37", "factor": "2.2", "max_steps": 6, "max": 25}, 60, 0.53, 87, 150),
        ({"policy": "anti_martingale", "base": 2, "max_steps": 3}, 30, 0.5, 92, 150),
        ({"policy": "percent", "percent": 10, "min": 3, "max": 8}, 40, 0.5, 85, 120),
        ({"policy": "percent", "percent": 5}, 100, 0.5, 92, 150),
        ({"policy": "kelly", "edge": 0.6, "trades": 400, "fraction": 1, "max_percent": 50}, 100, 0.55, 92, 100),
    ],
)
def test_the_risk_of_ruin_is_that_of_a_simulation(
    table: dict[str, Any], bank: int, rate: float, payout: int, trades: int
) -> None:
    """Within four standard errors of 500 banks that are staked by the policy's own amounts."""
    staking, paths = parse_staking(table), 500
    told = staking.risk_of_ruin(Decimal(bank), rate, payout, trades)
    ruined, halved = simulated(staking, rate, payout, trades, paths, Decimal(bank))
    for expected, seen in ((told.probability, ruined), (told.halved, halved)):
        spread = math.sqrt(max(expected * (1 - expected), 1 / paths) / paths)
        assert abs(expected - seen) < 4 * spread + (0 if told.exact else 0.005)
    assert told.halved >= told.probability


def test_the_gambler_s_ruin_is_met() -> None:
    """At even money and in the long run a bank of a stakes is ruined with a probability of (q / p)^a (Feller 1968)."""
    told = policy("fixed", amount=1).risk_of_ruin(Decimal(5), 0.55, 100, 5_000)
    assert told.exact
    assert told.probability == pytest.approx((0.45 / 0.55) ** 5, abs=1e-9)


def test_the_first_losses_are_counted_exactly() -> None:
    """A bank of three stakes is gone in three trades only if all three are lost."""
    told = policy("fixed", amount=1).risk_of_ruin(Decimal(3), 0.4, 92, 3)
    assert told.probability == pytest.approx(0.6**3)
    assert policy("fixed", amount=1).risk_of_ruin(Decimal(3), 0.4, 92, 2).probability == 0
    ladder = policy("martingale", base=1, factor=2, max_steps=4)
    assert ladder.risk_of_ruin(Decimal(10), 0.4, 92, 3).probability == pytest.approx(0.6**3)
    assert ladder.risk_of_ruin(Decimal(15), 0.4, 92, 3).probability == 0


def test_a_share_of_the_bank_is_met_by_counting_paths() -> None:
    """Losing half at 10 % a trade: every order of wins and losses in a table of its own."""
    staking, trades, rate = policy("percent", percent=10), 60, 0.5
    alive = np.array([1.0])
    lost = 0.0
    for trade in range(1, trades + 1):
        following = np.zeros(trade + 1)
        following[1:] += rate * alive
        following[:-1] += (1 - rate) * alive
        wins = np.arange(trade + 1)
        gone = 1.092**wins * 0.9 ** (trade - wins) <= 0.5
        lost += float(following[gone].sum())
        alive = np.where(gone, 0.0, following)
    told = staking.risk_of_ruin(Decimal(100_000), rate, 92, trades)
    assert told.halved == pytest.approx(lost, abs=0.005)


def test_a_coarser_grid_changes_little() -> None:
    """A ladder that needs more cells than can be afforded comes to what one with even steps comes to."""
    exact = policy("martingale", base=1, factor=2, max_steps=3).risk_of_ruin(Decimal(100), 0.5, 100, 400)
    coarse = policy("martingale", base="1.01", factor=2, max_steps=3).risk_of_ruin(Decimal("100.9"), 0.5, 99, 400)
    assert (exact.exact, coarse.exact) == (True, False)
    assert coarse.probability == pytest.approx(exact.probability, abs=0.03)


def test_ruin_at_the_ends_of_what_is_possible() -> None:
    """Certain wins never ruin, certain losses always do, and a bank that cannot pay at all is ruined at once."""
    for table in ({"policy": "fixed", "amount": 5}, {"policy": "percent", "percent": 50, "min": 5}):
        staking = parse_staking(table)
        assert staking.risk_of_ruin(BANK, 1.0, 92, 500).probability == 0
        assert staking.risk_of_ruin(BANK, 0.0, 92, 500).probability == 1
        assert staking.risk_of_ruin(Decimal(4), 1.0, 92, 0).probability == 1
    assert policy("kelly", edge=0.4, trades=9).risk_of_ruin(BANK, 0.4, 92, 500).probability == 0
    assert policy("fixed", amount=1).risk_of_ruin(Decimal(10**6), 0.5, 92, 500).probability == 0
    with pytest.raises(ValueError, match="a bank and a payout above 0"):
        policy("fixed", amount=1).risk_of_ruin(Decimal(0), 0.5, 92, 500)


def test_a_stake_under_the_least_one_cannot_be_placed() -> None:
    """Two percent of less than 50 is under 1: with half the bank gone it is over."""
    told = policy("percent", percent=2).risk_of_ruin(BANK, 0.5, 92, 500, smallest=Decimal(1))
    assert told.probability == pytest.approx(told.halved, abs=0.01)
    assert told.probability > 0.1


def test_the_worst_case_is_that_many_losses_in_a_row() -> None:
    """A ladder starts over after its last step; a share shrinks with the bank; nothing is lost that is not there."""
    assert policy("fixed", amount=2).worst_case(BANK, 92, 10) == 20
    assert policy("martingale", base=1, factor=2, max_steps=4).worst_case(BANK, 92, 4) == 15
    assert policy("martingale", base=1, factor=2, max_steps=4).worst_case(BANK, 92, 6) == 18
    assert policy("martingale", base=1, factor=2, max_steps=9).worst_case(BANK, 92, 9) == 63
    assert policy("anti_martingale", base=1, max_steps=3).worst_case(BANK, 92, 5) == 5
    assert policy("percent", percent=10).worst_case(BANK, 92, 2) == 19
    assert policy("kelly", edge=0.4, trades=9).worst_case(BANK, 92, 5) == 0


def test_runs_come_as_often_as_is_told() -> None:
    """Four losses in a row at 50 %: every 30 trades on average, as in Feller; counted in a long run of chance."""
    assert trades_until_run(4, 0.5) == 30
    assert trades_until_run(3, 1.0) == 3
    assert trades_until_run(3, 0.0) == math.inf
    flips = np.random.default_rng(3).random(300_000) < 0.48
    runs = run = 0
    for flip in flips:
        run = run + 1 if flip else 0
        if run == 4:
            runs, run = runs + 1, 0
    assert len(flips) / runs == pytest.approx(trades_until_run(4, 0.48), rel=0.03)


def sentences(tables: Sequence[dict[str, Any]]) -> list[str]:
    """What a person is told of policies before they start."""
    return [parse_staking(table).describe(BANK, 92) for table in tables]


def test_a_person_is_told_the_risk_before_it_starts() -> None:
    """Of the bank, at break-even, within 1,000 trades."""
    ladder, fixed, anti = sentences(
        [
            {"policy": "martingale", "base": 1, "factor": 2, "max_steps": 4},
            {"policy": "fixed", "amount": 1},
            {"policy": "anti_martingale", "base": 1, "factor": 2, "max_steps": 3},
        ]
    )
    assert ladder == (
        "martingale 1, 2, 4, 8 (4 steps): loses 15 at once every 35 trades on average; with a bank of 100 at "
        "break-even (52.1 % of trades at a payout of 92 %) the chance to be ruined within 1,000 trades is 25.6 %, "
        "and to lose half of it 53.2 %; 10 losses in a row cost 33"
    )
    assert fixed.startswith("fixed 1; with a bank of 100 at break-even")
    assert "the chance to be ruined within 1,000 trades is 0.1 %" in fixed
    assert anti.startswith(
        "anti-martingale 1, 2, 4 (3 steps): a whole series wins 6.44 and comes every 13 trades on average;"
    )


def test_shares_and_edges_are_told_too() -> None:
    """With the limits and what the edge comes to; a stated chance of winning instead of break-even."""
    percent, kelly, signal, none = sentences(
        [
            {"policy": "percent", "percent": 2, "min": 1, "max": 5},
            {"policy": "kelly", "edge": 0.58, "trades": 200},
            {"policy": "kelly", "edge": "signal", "trades": 200},
            {"policy": "kelly", "edge": 0.5, "trades": 200},
        ]
    )
    assert percent.startswith("2 % of the balance, at least 1, at most 5; with")
    assert kelly.startswith("0.25 of Kelly's stake by a stated edge of 58.0 %, which is 2.29 % of the balance; with")
    assert signal.startswith("0.25 of Kelly's stake by the probability that the strategy states, at most 5.0 %")
    assert none.startswith("kelly stakes nothing at a payout of 92 %; with")
    told = policy("fixed", amount=1).describe(BANK, 92, win_probability=0.6, trades=100)
    assert "winning (60.0 % of trades at a payout of 92 %) the chance to be ruined within 100 trades" in told
    assert policy("martingale", base=1, max_steps=9).describe(BANK, 92).startswith("martingale 1, 2, 4, 8, 16, …, 256")


def test_policies_are_named_as_in_the_file() -> None:
    """Each class stands for one word."""
    kinds = {"fixed": Fixed, "percent": Percent, "kelly": Kelly}
    kinds |= {"martingale": Martingale, "anti_martingale": AntiMartingale}
    options: dict[str, dict[str, Any]] = {
        "fixed": {"amount": 1},
        "percent": {"percent": 1},
        "kelly": {"edge": 0.6, "trades": 10},
        "martingale": {"base": 1, "max_steps": 2},
        "anti_martingale": {"base": 1, "max_steps": 2},
    }
    assert {name: type(policy(name, **options[name])) for name in kinds} == kinds
    assert break_even(92) == pytest.approx(1 / 1.92)
