"""Which of several strategies is better: claims that hold however often one looks, and say no more than is known."""

import itertools
import math
from random import Random

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.evidence import FRACTIONS, Bet, Bets, Outcome, Record
from qfluxd.model import DAY, MINUTE
from qfluxd.research.compare import Comparison, Report, Rule, report
from tests.support.duel import ASSET, BEGIN, coins, duel, setting, told, trade

ROUNDS = 3_000
CHANCES = 800
PAYOUTS = np.array([0.80, 0.85, 0.90, 0.92])


def ended(comparison: Comparison) -> Report:
    """What it comes to once everything is over."""
    comparison.finish()
    return report(comparison)


# ----------------------------------------------------------------------------------------------- how often it is wrong


def wealth(gains: np.ndarray) -> np.ndarray:
    """The evidence after each chance, for every row of differences: the bets of `qfluxd.evidence`, in one go."""
    paths = [np.exp(np.cumsum(np.log1p(fraction * gains), axis=1)) for fraction in FRACTIONS]
    return np.asarray(np.mean(paths, axis=0))


def units(random: np.random.Generator, rate: float, payouts: np.ndarray, trades: float = 1.0) -> np.ndarray:
    """What a unit of stake came to: one in ten is a tie, and an arm trades at this share of the chances."""
    drawn = random.random(payouts.shape)
    result = np.where(drawn < 0.9 * rate, payouts, np.where(drawn < 0.9, -1.0, 0.0))
    return np.where(random.random(payouts.shape) < trades, result, 0.0)


def claims(gains: np.ndarray, level: float, fewest: int = 50) -> float:
    """The share of comparisons in which either claim is ever made, with a look after every chance."""
    found = [np.maximum.accumulate(wealth(sign * gains), axis=1)[:, fewest - 1 :] >= level for sign in (1, -1)]
    return float(np.mean(found[0].any(axis=1) | found[1].any(axis=1)))


@pytest.mark.parametrize("trades", [1.0, 0.4])
def test_equal_arms_are_told_apart_at_most_as_often_as_the_doubt_allows(trades: float) -> None:
    """Of 3,000 comparisons of an arm with its like, looked at after each of 800 chances, fewer than one in twenty."""
    random = np.random.default_rng(1)
    payouts = PAYOUTS[random.integers(0, 4, (ROUNDS, CHANCES))]
    one, other = (units(random, 0.5, payouts, trades) for _ in range(2))
    wrong = claims((other - one) / 2, Rule().level(2))
    assert 0 < wrong <= 0.05


def test_by_turns_a_market_that_changes_fools_nobody() -> None:
    """Both arms always win in one half of the time and always lose in the other: which of them had which is chance."""
    random = np.random.default_rng(2)
    swap = random.random((ROUNDS, CHANCES)) < 0.5
    gains = np.where(swap, 1.0, -1.0)
    assert claims(gains, Rule().level(2)) <= 0.05


def test_a_difference_of_what_is_worth_something_is_rarely_called_none() -> None:
    """An arm that is better by just `worth` at each chance: both bets that it is no more win at most one time in 40."""
    random, rule = np.random.default_rng(3), Rule(worth=0.2)
    payouts = np.full((1_000, 2_000), 0.85)
    one = units(random, 0.5, payouts)
    other = units(random, 0.5 + rule.worth / (0.9 * 1.85), payouts)
    shift = rule.worth / 2
    below = wealth(-((other - one) / 2 - shift) / (1 + shift))
    assert float(np.mean(below.max(axis=1) >= rule.level(2))) <= 1 / rule.level(2)


@pytest.mark.parametrize(("rate", "least"), [(0.55, 0.15), (0.6, 0.8), (0.65, 0.97)])
def test_a_planted_difference_is_found(rate: float, least: float) -> None:
    """Against a coin, within 800 chances; docs/compare.md has how many find it by when."""
    random = np.random.default_rng(4)
    payouts = np.full((1_000, CHANCES), 0.92)
    gains = (units(random, rate, payouts) - units(random, 0.5, payouts)) / 2
    found = np.maximum.accumulate(wealth(gains), axis=1)[:, -1] >= Rule().level(2)
    assert float(np.mean(found)) >= least


def test_the_program_bets_as_the_simulations_do() -> None:
    """The evidence of a whole comparison is that of the formula above."""
    first, other = coins(200, 0.5, 5), coins(200, 0.6, 6)
    found = ended(told(setting(), duel(first, other)))
    value = {"won": 0.85, "lost": -1.0}
    gains = np.array([[(value[b] - value[a]) / 2 for a, b in zip(first, other, strict=True)]])
    paths = wealth(gains), wealth(-gains)
    assert found.contests[0].better == pytest.approx(max(1.0, paths[0].max()))
    assert found.contests[0].worse == pytest.approx(max(1.0, paths[1].max()))


@pytest.mark.parametrize(("low", "high"), [(50, 92), (92, 50), (30, 100)])
def test_who_trades_only_after_the_other_has_won_is_no_better_by_that(low: int, high: int) -> None:
    """Over every way in which three chances may end, weighted by its chance, both bets stay what they were on average.

    Neither arm gains: a trades at one payout, and b at another one later in the same slot, only where a has won.
    """
    means = [0.0, 0.0]
    for ending in itertools.product(("lost", "won", "won twice"), repeat=3):
        likely, trades = 1.0, []
        for number, end in enumerate(ending):
            first, then = 100 / (100 + low), 100 / (100 + high)
            likely *= {"lost": 1 - first, "won": first * (1 - then), "won twice": first * then}[end]
            trades.append(("a", trade("a", number, "lost" if end == "lost" else "won", payout=low, lasts=5_000)))
            if end != "lost":
                second = trade("b", number, "won" if end == "won twice" else "lost", payout=high)
                trades.append(("b", msgspec.structs.replace(second, outcome=later(second.outcome))))
        comparison = told(setting(), trades)
        comparison.finish()
        found = comparison.contests[0].evidence
        means = [mean + likely * wealth.value for mean, wealth in zip(means, found[:2], strict=True)]
    assert means == pytest.approx([1, 1], abs=1e-12)


def later(outcome: Outcome) -> Outcome:
    """The same trade, opened 20 seconds later."""
    return msgspec.structs.replace(outcome, at=outcome.at + 20_000, closes=(outcome.closes or 0) + 20_000)


def test_a_payout_above_all_that_are_reckoned_with_ends_the_evidence() -> None:
    """Nothing is claimed any more, whatever comes; what was claimed before stays, and figures go on."""
    for number, claim, chances in ((49, None, 120), (50, "better", 50)):
        trades = list(duel(["lost"] * 120, ["won"] * 120))
        trades[2 * number] = ("a", trade("a", number, "lost", payout=101))
        contest = ended(told(setting(), trades)).contests[0]
        assert (contest.claim, contest.chances) == (claim, chances)
        assert contest.better > 1_000
        assert claim or contest.needed is None
        assert claim or contest.sentence.endswith("and it takes 40; no number of chances that go on so would tell")


def test_whole_comparisons_of_equal_arms_are_rarely_wrong() -> None:
    """The same with the program itself, on paper and by turns, with a look after every trade."""
    wrong = 0
    for seed in range(24):
        for kind in ("paired", "slots"):
            trades = duel(coins(150, 0.5, 2 * seed), coins(150, 0.5, 2 * seed + 1))
            wrong += ended(told(setting(kind=kind, seed=seed), trades, look=True)).word == "better"
    assert wrong <= 4


# ------------------------------------------------------------------------------------------------------ what it says


def test_a_better_arm_is_named_with_what_that_rests_on() -> None:
    """The sentence has the difference, the number of chances, the evidence and what is enough."""
    found = ended(told(setting(), duel(coins(900, 0.5, 1), coins(900, 0.62, 2))))
    assert (found.word, found.winner) == ("better", "b")
    contest = found.contests[0]
    assert contest.claim == "better"
    assert contest.better >= contest.level == 40 > contest.worse
    assert found.sentence == f"b is better: {contest.sentence}"
    assert (
        f"over {contest.chances:,} chances b is ahead of a by {contest.ahead:.3f} of a stake at each" in found.sentence
    )
    assert found.arms[1].summary.won > found.arms[1].summary.lost


def test_the_first_arm_is_named_where_it_is_better() -> None:
    """The other direction."""
    found = ended(told(setting(), duel(coins(900, 0.62, 2), coins(900, 0.5, 1))))
    assert (found.word, found.winner, found.contests[0].claim) == ("better", "a", "worse")


def test_it_is_told_where_nobody_can_tell() -> None:
    """While it runs and when its time is over; with about how many chances would do, or that none would."""
    comparison = told(setting(), duel(coins(100, 0.5, 3), coins(100, 0.56, 4)))
    comparison.walk(BEGIN + 101 * MINUTE)
    running = report(comparison)
    assert (running.word, running.winner, running.at) == ("undecided", None, None)
    assert running.sentence.startswith("cannot tell yet: over 100 chances b is ")
    assert ended(told(setting(most=100), duel(coins(100, 0.5, 3), coins(100, 0.5, 3)))).word == "over"
    late = told(setting(days=1), ())
    assert late.walk(BEGIN + DAY - 1) is None
    ending = late.walk(BEGIN + DAY + MINUTE + 5_000)
    assert ending is not None
    assert (ending.word, ending.at) == ("over", BEGIN + DAY - 1)
    assert "have not differed yet" in report(late).sentence


def test_what_is_missing_is_estimated() -> None:
    """If what comes goes on as what came: ten times as many chances as before at most tell what twice as many would."""
    half = ended(told(setting(), duel(coins(150, 0.5, 1), coins(150, 0.6, 2)))).contests[0]
    assert half.claim is None
    assert half.needed is not None
    assert 0 < half.needed < 5_000
    assert ended(told(setting(), duel(["won"] * 60, ["won"] * 60))).contests[0].needed is None


def test_no_difference_worth_anything_is_a_claim_too() -> None:
    """Where two arms come out nearly alike for long, and only where `worth` is wide enough to show it."""
    trades = list(duel(coins(1_500, 0.5, 5), coins(1_500, 0.5, 6)))
    found = ended(told(setting(worth=0.3), trades))
    assert (found.word, found.winner) == ("same", None)
    assert found.sentence.startswith("no difference worth more than 0.3 of a stake for each chance: ")
    assert found.contests[0].same >= 40
    assert ended(told(setting(worth=0.01), trades)).word == "undecided"


def test_few_chances_claim_nothing() -> None:
    """However strong the evidence is."""
    found = ended(told(setting(fewest=80), duel(["lost"] * 70, ["won"] * 70)))
    assert (found.word, found.contests[0].chances) == ("undecided", 70)
    assert found.contests[0].better > 1_000
    assert found.contests[0].needed == 10


def test_more_arms_take_more_evidence() -> None:
    """Five per cent are shared out to each arm and direction; the best of those that are better is named."""
    assert [Rule().level(arms) for arms in (2, 3, 5)] == [40, 80, 160]
    with pytest.raises(ValueError, match="at least fewest"):
        Rule(fewest=100, most=99)
    trades = list(duel(coins(900, 0.5, 1), coins(900, 0.5, 3)))
    trades += [("c", trade("c", number, result, side="put")) for number, result in enumerate(coins(900, 0.65, 4))]
    found = ended(told(setting("a", "b", "c"), trades))
    assert (found.word, found.winner) == ("better", "c")
    assert [contest.level for contest in found.contests] == [80, 80]
    assert [contest.claim for contest in found.contests] == [None, "better"]


def test_live_arms_are_stopped_for_harm_long_before_anything_is_sure() -> None:
    """Where one is worse than the first, and where any loses against break-even; on paper that harms nobody."""
    for first, other, harmed in ((0.5, 0.2, "b"), (0.2, 0.5, "a")):
        trades = list(duel(coins(400, first, 1), coins(400, other, 2)))
        found = ended(told(setting(kind="slots", mode="live", fewest=300), trades))
        assert (found.word, found.harmed, found.winner) == ("harm", harmed, None)
        assert f"{harmed} does harm with money" in found.sentence
        assert found.contests[0].chances < 100
        assert ended(told(setting(kind="slots", fewest=300), trades)).word != "harm"


# -------------------------------------------------------------------------------------------------- what counts as what


def test_who_does_not_trade_has_nothing() -> None:
    """An arm that stays out of what loses is better than one that does not."""
    lost = [("a", trade("a", number, result)) for number, result in enumerate(coins(600, 0.35, 7))]
    stays_out = [("b", trade("b", number, side="put")) for number in range(0, 600, 50)]
    found = ended(told(setting(), [*lost, *stays_out]))
    assert (found.word, found.winner) == ("better", "b")


def test_the_very_same_trade_tells_nothing() -> None:
    """Same side, entry, end and payout: it could not have come out otherwise, and is counted apart."""
    trades = [(arm, trade(arm, number)) for number in range(100) for arm in "ab"]
    contest = ended(told(setting(), trades)).contests[0]
    assert (contest.chances, contest.agreed, contest.better) == (0, 100, 1)


def test_a_chance_of_unknown_end_is_left_out_and_told() -> None:
    """For both arms, whatever the other one came to."""
    trades = [("a", trade("a", 0, "unknown")), ("b", trade("b", 0, "won", side="put")), ("b", trade("b", 1, "tie"))]
    found = ended(told(setting(), trades))
    assert (found.contests[0].unknown, found.contests[0].chances) == (1, 1)
    assert found.arms[0].summary.unknown == 1


def test_the_first_trade_of_a_slot_counts() -> None:
    """More of them are scored, and told as beside the comparison: how many there are may depend on how they end."""
    second = msgspec.structs.replace(trade("b", 0, "lost", ident="again"), moment=BEGIN + 9_000)
    found = ended(told(setting(), [("b", second), ("b", trade("b", 0, "won"))]))
    assert (found.beside, found.contests[0].arm_earned) == (1, 0.85)
    assert found.arms[1].summary.lost == 1


def test_what_was_due_before_it_began_is_not_looked_at() -> None:
    """Nor what comes after its chance was judged."""
    comparison = told(setting(), [("a", trade("a", -1)), ("b", trade("b", 5))])
    comparison.walk(BEGIN + 6 * MINUTE + 5_000)
    comparison.take("a", trade("a", 5))
    assert ended(comparison).contests[0].chances == 1


def test_a_trade_that_is_open_holds_back_what_comes_after_it() -> None:
    """What ended sooner than an earlier trade is not counted before that one, so a look tells nothing too early."""
    comparison = Comparison(setting())
    comparison.begin("a", "a-slow", BEGIN)
    for number in range(1, 60):
        comparison.take("b", trade("b", number))
    comparison.walk(BEGIN + 3_600_000)
    assert report(comparison).contests[0].chances == 0
    comparison.drop("a-slow")
    comparison.walk(BEGIN + 3_600_000)
    assert report(comparison).contests[0].chances == 50


def test_what_an_arm_is_worth_does_not_rest_on_trades_that_an_open_one_may_undo() -> None:
    """While a long trade is open, when that is over, and in what is handed over to those who follow the winner."""
    comparison = Comparison(setting())
    comparison.begin("b", "b-long", BEGIN)
    for number in range(1, 60):
        comparison.take("b", trade("b", number))
    record, ids = comparison.handed_over("b")
    assert (record.evidence[0].value, record.counts["won"], len(ids)) == (1, 59, 59)
    long = trade("b", 0, "lost", lasts=3_600_000)
    record.add(long.outcome)
    assert record.drop("b-long")
    whole = Record([long.outcome, *(trade("b", number).outcome for number in range(1, 60))])
    assert record.evidence == whole.evidence


def test_what_was_due_later_waits_where_it_was_told_sooner() -> None:
    """An arm's trades are evidence in the order in which they were due, as its chances are."""
    comparison = told(setting(), [("b", trade("b", number, lasts=600_000)) for number in range(3)])
    comparison.walk(BEGIN + MINUTE + 5_000)
    edge, _ = comparison.records["b"].evidence
    assert edge.logs == pytest.approx([math.log(1 - fraction) for fraction in FRACTIONS])


# ------------------------------------------------------------------------------------------------ restarts and orders


some_bets = st.lists(
    st.builds(
        lambda at, lasts, result: Bet(at, at + lasts, result),
        st.integers(0, 50),
        st.integers(1, 30),
        st.sampled_from([-1.0, -0.4, 0.0, 0.6, 1.0]),
    ),
    max_size=25,
)


@given(some_bets, st.integers(0, 90))
def test_evidence_as_of_a_moment_knows_nothing_later(bets: list[Bet], now: int) -> None:
    """It rests on what had begun by then, holds what was still out for lost, and never claims less later on."""
    before = Bets(bet for bet in bets if bet.at < now)
    then, whole = before.as_of(now), Bets(bets)
    for known, later in zip(then, before.as_of(now + 10), strict=True):
        assert known.peak <= later.peak + 1e-12
    other = [msgspec.structs.replace(bet, result=-bet.result) if bet.until > now else bet for bet in bets]
    blind = Bets(bet for bet in other if bet.at < now).as_of(now)
    assert [wealth.peak for wealth in blind] == pytest.approx([wealth.peak for wealth in then])
    assert whole.as_of(float("inf")) == whole.evidence


results = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.integers(0, 40),
        st.sampled_from(["won", "lost", "tie", "unknown"]),
        st.sampled_from([ASSET, "GBPUSD_otc"]),
        st.sampled_from(["call", "put"]),
        st.integers(1, 200_000),
    ),
    max_size=40,
)


@given(results, st.randoms(use_true_random=False), st.sampled_from(["paired", "slots"]), st.integers(0, 40))
def test_the_order_of_telling_and_the_moments_of_looking_do_not_matter(
    given_results: list[tuple[str, int, str, str, str, int]], random: Random, kind: str, cut: int
) -> None:
    """Told in any order, looked at or not in the middle, told some of it twice: the same report."""
    terms = setting("a", "b", "c", kind=kind, fewest=1)
    made = {
        (arm, number, asset): (arm, trade(arm, number, result, asset=asset, side=side, lasts=lasts))
        for arm, number, result, asset, side, lasts in given_results
    }
    trades = list(made.values())
    straight = told(terms, trades)
    looked_at = Comparison(terms)
    early = [each for each in trades if each[1].moment < BEGIN + cut * MINUTE]
    random.shuffle(early)
    for part in (early, trades):
        for arm, taken in part:
            looked_at.see(taken.asset, taken.moment)
            if terms.turn(taken.asset, taken.moment) in (None, arm):
                looked_at.take(arm, taken)
        looked_at.walk(BEGIN + cut * MINUTE + 5_000)
    assert ended(looked_at) == ended(straight)


def test_a_claim_stands_once_it_was_made() -> None:
    """It is made at the first chance that allows it, whether anybody looked then or not; nothing later is counted."""
    trades = [*duel(coins(500, 0.4, 1), coins(500, 0.7, 2))]
    looked = told(setting(), trades, look=True)
    late = told(setting(), trades)
    assert ended(looked) == ended(late)
    assert ended(late).at is not None
    assert ended(late).contests[0].chances < 200


def test_a_report_can_be_written_and_read_again() -> None:
    """As the journal keeps it, to the last digit."""
    found = ended(told(setting(kind="slots"), duel(coins(300, 0.5, 1), coins(300, 0.6, 2))))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Report) == found
    assert math.isfinite(found.contests[0].better)


def test_the_slot_in_which_it_begins_is_not_counted() -> None:
    """Nor one that begins at the very same moment: somebody may have acted before turns were taken."""
    for since, first in ((BEGIN - 1, 0), (BEGIN, 1), (BEGIN + 1, 1), (BEGIN + MINUTE - 1, 1)):
        terms = msgspec.structs.replace(setting(), since=since)
        assert terms.first == BEGIN // MINUTE + first
