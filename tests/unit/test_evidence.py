"""What few trades tell: intervals against known values, false alarms and power against simulation, and honest words."""

import itertools
import math
from collections.abc import Iterable
from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from qfluxd.evidence import (
    FRACTIONS,
    Count,
    Figures,
    Outcome,
    Record,
    Wealth,
    break_even,
    clopper_pearson,
    expected_value,
    figures,
    mean_break_even,
    pooled_break_even,
    summarised,
    summary,
    trades_needed,
    wilson,
)
from qfluxd.evidence.beta import beta_cdf, beta_quantile

MINUTE = 60_000
PAYOUTS = (80, 85, 90, 92)

type Floats = NDArray[np.float64]


def outcome(letter: str, minute: int, payout: int = 92, closes: int | None = None) -> Outcome:
    """A trade of 10 that was opened in a minute: w won, l lost, t tie, u unknown."""
    profit = {"w": Decimal(payout) / 10, "l": Decimal(-10), "t": Decimal(0), "u": None}[letter]
    return Outcome(Decimal(10), payout, profit, minute * MINUTE, None if closes is None else closes * MINUTE)


def outcomes(letters: Iterable[str], payout: int = 92) -> list[Outcome]:
    """Trades one after the other."""
    return [outcome(letter, minute, payout) for minute, letter in enumerate(letters)]


# ---------------------------------------------------------------------------------------------------- intervals


def test_wilson_s_interval_has_the_known_values() -> None:
    """43 of 70 is 49.7 to 72.0 %; nothing known is 0 to 1; all and none reach the ends."""
    low, high = wilson(43, 70)
    assert (round(100 * low, 1), round(100 * high, 1)) == (49.7, 72.0)
    assert wilson(0, 0) == (0, 1)
    assert wilson(0, 10).low == 0
    assert wilson(10, 10).high == 1
    assert wilson(10, 10).low == pytest.approx(10 / (10 + 1.959964**2), abs=1e-6)


CASES = [(0, 5), (1, 5), (5, 5), (41, 70), (3, 1000), (5_200, 10_000), (1, 1), (60_000, 100_000)]


def test_both_intervals_agree_with_scipy() -> None:
    """To 1e-9, at several confidences."""
    stats = pytest.importorskip("scipy.stats")
    for (won, decisive), confidence in itertools.product(CASES, (0.8, 0.95, 0.999)):
        result = stats.binomtest(won, decisive)
        for ours, method in ((wilson, "wilson"), (clopper_pearson, "exact")):
            expected = result.proportion_ci(confidence, method=method)
            assert ours(won, decisive, confidence) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_the_exact_interval_is_where_the_binomial_tails_are() -> None:
    """At its ends so few or so many wins come with 2.5 % each, summed term by term."""
    low, high = clopper_pearson(41, 70)
    at_least = math.fsum(math.comb(70, won) * low**won * (1 - low) ** (70 - won) for won in range(41, 71))
    at_most = math.fsum(math.comb(70, won) * high**won * (1 - high) ** (70 - won) for won in range(42))
    assert at_least == pytest.approx(0.025, abs=1e-10)
    assert at_most == pytest.approx(0.025, abs=1e-10)
    assert clopper_pearson(0, 0) == (0, 1)


def test_the_beta_function_agrees_with_scipy() -> None:
    """Over shapes from 0.5 to 100,000, also far out in the tails."""
    stats = pytest.importorskip("scipy.stats")
    shapes = (0.5, 1, 2.5, 30, 4_000, 100_000)
    for a, b in itertools.product(shapes, repeat=2):
        for x in (0.0, 1e-4, 0.1, 0.3, 0.5, 0.7, 0.999, 1.0):
            assert beta_cdf(a, b, x) == pytest.approx(stats.beta.cdf(x, a, b), abs=1e-9)
        for probability in (0.001, 0.025, 0.5, 0.975):
            assert beta_quantile(a, b, probability) == pytest.approx(stats.beta.ppf(probability, a, b), abs=1e-9)


@pytest.mark.parametrize(("won", "decisive", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (1, 5, 1.0), (1, 5, 0.0)])
def test_what_is_impossible_is_refused(won: int, decisive: int, confidence: float) -> None:
    """More wins than trades, or a confidence that is none."""
    for interval in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="impossible"):
            interval(won, decisive, confidence)


# --------------------------------------------------------------------------------------------------- break-even


def test_break_even_is_what_a_payout_asks_for() -> None:
    """One in one plus the payout."""
    told = {payout: round(100 * break_even(payout), 2) for payout in (70, 80, 85, 90, 92, 95)}
    assert told == {70: 58.82, 80: 55.56, 85: 54.05, 90: 52.63, 92: 52.08, 95: 51.28}


def test_pooled_break_even_earns_nothing() -> None:
    """At that one rate the trades come to 0, with their stakes; the mean of the break-evens is a little higher."""
    payouts, stakes = [60, 92, 80], [Decimal(1), Decimal(5), Decimal(2)]
    rate = pooled_break_even(payouts, stakes)
    earned = sum(float(stake) * expected_value(rate, payout) for stake, payout in zip(stakes, payouts, strict=True))
    assert earned == pytest.approx(0, abs=1e-12)
    assert pooled_break_even(payouts) == pytest.approx(3 / (1.6 + 1.92 + 1.8))
    assert mean_break_even(payouts) > pooled_break_even(payouts)
    assert mean_break_even([92, 92]) == pytest.approx(pooled_break_even([92, 92])) == pytest.approx(break_even(92))


def test_a_break_even_of_nothing_is_refused() -> None:
    """No trade, or no stake."""
    with pytest.raises(ValueError, match="at least one trade"):
        mean_break_even([])
    with pytest.raises(ValueError, match="at least one trade"):
        pooled_break_even([])
    with pytest.raises(ValueError, match="at least one trade"):
        pooled_break_even([92], [Decimal(0)])


def test_the_expected_value_counts_ties_as_nothing() -> None:
    """60 % at 92 % earns 15.2 % of the stake, and with a tenth of ties a tenth less."""
    assert expected_value(0.6, 92) == pytest.approx(0.152)
    assert expected_value(0.6, 92, ties=0.1) == pytest.approx(0.1368)
    assert expected_value(break_even(92), 92) == pytest.approx(0, abs=1e-12)


NEEDED = {
    80: [None, 48_019, 1_588, 481, 107],
    85: [10_663, 2_520, 613, 270, 80],
    92: [1_127, 625, 274, 153, 58],
}


def test_trades_needed_are_those_at_which_the_interval_clears_break_even() -> None:
    """A table of payouts and rates; and the first number at which Wilson's low end is above, looked up one by one."""
    rates = (0.55, 0.56, 0.58, 0.60, 0.65)
    assert {payout: [trades_needed(rate, break_even(payout)) for rate in rates] for payout in NEEDED} == NEEDED
    square, level = 1.959963984540054**2, break_even(92)
    lows = [
        (0.6 + square / (2 * n) - math.sqrt(square * (0.24 + square / (4 * n)) / n)) / (1 + square / n)
        for n in range(1, 400)
    ]
    assert next(n for n, low in enumerate(lows, start=1) if low > level) == 153
    assert trades_needed(level, level) is None


# ------------------------------------------------------------------------------------------------------ betting


def test_wealth_is_the_mean_of_bets_at_several_fractions() -> None:
    """Three trades by hand: a win at 92 %, a tie, a loss."""
    wealth = Wealth().after(0.92, 0.92).after(0.0, 0.92).after(-1.0, 0.92)
    by_hand = [(1 + fraction * 0.92) * (1 - fraction) for fraction in FRACTIONS]
    assert wealth.value == pytest.approx(sum(by_hand) / len(FRACTIONS))
    first = sum(1 + fraction * 0.92 for fraction in FRACTIONS) / len(FRACTIONS)
    assert wealth.best == pytest.approx(first)
    assert wealth.p_value == pytest.approx(1 / first)
    mirror = Wealth(against=True).after(0.92, 0.92)
    assert mirror.value == pytest.approx(sum(1 - fraction * 0.92 for fraction in FRACTIONS) / len(FRACTIONS))
    assert (mirror.best, mirror.p_value) == (1, 1)


def test_wealth_neither_overflows_nor_vanishes() -> None:
    """Twenty thousand wins or losses in a row are only logarithms; the mirror survives a payout of 1,000 %."""
    rich = poor = Wealth()
    for _ in range(20_000):
        rich, poor = rich.after(0.92), poor.after(-1.0)
    assert rich.value > 1e300
    assert rich.p_value == 0
    assert 0 < poor.value < 1e-150
    assert poor.best == 1
    assert Wealth(against=True).after(10.0, 10.0).value > 0


def test_a_return_beyond_what_was_possible_is_refused() -> None:
    """A bet that was made on a wrong payout would not be evidence."""
    for result, most in ((0.93, 0.92), (-1.1, 0.92)):
        with pytest.raises(ValueError, match="cannot come to"):
            Wealth().after(result, most)


def wealth_over(returns: Floats, *, against: bool = False) -> Floats:
    """The wealth after every trade, for many rows of trades at once."""
    total = np.zeros_like(returns)
    for fraction in FRACTIONS:
        total += np.cumprod(1 - fraction * returns if against else 1 + fraction * returns, axis=1)
    return np.asarray(total / len(FRACTIONS))


def chance(paths: int, trades: int, edge: float, seed: int) -> Floats:
    """Rows of returns with 10 % ties and payouts that change; each trade is won at its break-even plus an edge."""
    source = np.random.default_rng(seed)
    payout = source.choice(np.array(PAYOUTS) / 100, (paths, trades))
    won = source.random((paths, trades)) < 1 / (1 + payout) + edge
    return np.asarray(np.where(source.random((paths, trades)) < 0.1, 0.0, np.where(won, payout, -1.0)))


def rated(paths: int, trades: int, rate: float, seed: int) -> Floats:
    """The same where every decisive trade is won at one rate, whatever it pays."""
    source = np.random.default_rng(seed)
    payout = source.choice(np.array(PAYOUTS) / 100, (paths, trades))
    won = source.random((paths, trades)) < rate
    return np.asarray(np.where(source.random((paths, trades)) < 0.1, 0.0, np.where(won, payout, -1.0)))


def test_many_rows_at_once_are_what_one_trade_at_a_time_is() -> None:
    """The simulations below go through the same wealth."""
    rows = rated(3, 300, 0.55, seed=5)
    for against in (False, True):
        together = wealth_over(rows, against=against)
        for row, expected in zip(rows, together, strict=True):
            wealth = Wealth(against)
            for result in row:
                wealth = wealth.after(float(result), 0.92)
            assert wealth.value == pytest.approx(expected[-1])
            assert wealth.best == pytest.approx(max(1, expected.max()))


def test_false_alarms_stay_under_five_percent_with_a_look_after_every_trade() -> None:
    """2,000 rows of 2,000 trades without any edge: an edge is claimed in at most 5 %, a loss too."""
    rows = chance(2_000, 2_000, 0.0, seed=1)
    for against in (False, True):
        alarms = float((wealth_over(rows, against=against).max(axis=1) >= 20).mean())
        assert 0.005 < alarms <= 0.05
    coin = rated(1_000, 2_000, 0.5, seed=2)
    assert float((wealth_over(coin).max(axis=1) >= 20).mean()) < 0.01


@pytest.mark.parametrize(
    ("rate", "shares"),
    [(0.56, (0.13, 0.23, 0.38)), (0.58, (0.33, 0.59, 0.89)), (0.60, (0.63, 0.91, 1.0)), (0.65, (0.99, 1.0, 1.0))],
)
def test_an_edge_is_found_as_often_as_is_told(rate: float, shares: tuple[float, ...]) -> None:
    """The share of 1,000 rows in which it was seen by 500, 1,000 and 2,000 trades."""
    reached = np.maximum.accumulate(wealth_over(rated(1_000, 2_000, rate, seed=3)), axis=1) >= 20
    for trades, share in zip((500, 1_000, 2_000), shares, strict=True):
        assert float(reached[:, trades - 1].mean()) == pytest.approx(share, abs=0.06)


def test_a_coin_is_found_to_lose() -> None:
    """The mirror stops most of those who trade at 50 % within 2,000 trades."""
    reached = wealth_over(rated(500, 2_000, 0.5, seed=4), against=True).max(axis=1) >= 20
    assert float(reached.mean()) > 0.6


def test_what_is_still_needed_is_what_it_takes_on_average() -> None:
    """At 60 % and 86.75 % payout: as many decisive trades as the wealth needs that grows at its mean pace."""
    fresh = Wealth()
    needed = fresh.needed(0.6, 0.8675)
    assert needed is not None
    steps = [0.6 * math.log1p(f * 0.8675) + 0.4 * math.log1p(-f) for f in FRACTIONS]
    reached = [sum(math.exp(n * step) for step in steps) / len(FRACTIONS) for n in (needed - 1, needed)]
    assert reached[0] < 20 <= reached[1]
    assert 350 < needed < 600
    assert fresh.needed(0.5, 0.92) is None
    assert fresh.needed(0.521, 0.92) is None
    assert Wealth(against=True).needed(0.45, 0.92) is not None


def test_what_was_shown_stays_shown() -> None:
    """The claim rests on the most that the wealth ever was; then no more trades are needed."""
    wealth = Wealth()
    for _ in range(40):
        wealth = wealth.after(0.92)
    for _ in range(200):
        wealth = wealth.after(-1.0)
    assert wealth.value < 1
    assert wealth.best > 20
    assert wealth.needed(0.3, 0.92) == 0


# ------------------------------------------------------------------------------------------------ overlapping


def test_a_trade_that_overlaps_is_bet_on_with_what_is_left() -> None:
    """The second is made beside the first, with what that has left; the third with all that has come back."""
    trades = [outcome("w", 0, closes=5), outcome("l", 3, closes=8), outcome("w", 8, closes=9)]
    expected = [math.log(((1 - f) ** 2 + 1.92 * f) * (1 + 0.92 * f)) for f in FRACTIONS]
    assert Record(trades).evidence[0].logs == pytest.approx(expected)


@pytest.mark.parametrize("count", range(1, 30))
def test_a_block_of_wins_is_the_best_that_can_be(count: int) -> None:
    """However many begin in one moment: they share a bet, and their mean is what each came to."""
    together = Record([outcome("w", 0, closes=60) for _ in range(count)])
    alone = Record([outcome("w", 0)])
    assert together.evidence[0].value == pytest.approx(alone.evidence[0].value)


def test_trades_of_the_same_moment_overlap() -> None:
    """Signals on several assets at the same candle, whose ends nobody noted; unequal payouts are bet on as they are."""
    trades = [outcome("w", 0, payout=80), outcome("w", 0, payout=92), outcome("t", 0), outcome("l", 1)]
    expected = Wealth().after((0.8 + 0.92 + 0) / 3, 0.92).after(-1.0, 0.92)
    assert Record(trades).evidence[0].logs == pytest.approx(expected.logs)


def test_one_that_comes_later_than_is_remembered_counts_all_the_same() -> None:
    """All is bet on again from the moment before it, or, where too many have followed, from the beginning."""
    trades = [outcome("w" if minute % 3 else "l", minute, closes=minute + 1) for minute in range(400)]
    for late in (0, 1, 200, 398):
        record = Record(trades[:late] + trades[late + 1 :])
        record.add(trades[late])
        assert record.evidence == Record(trades).evidence


def test_the_order_in_which_trades_come_in_does_not_matter() -> None:
    """A long trade that was opened first and is known last takes its share from all that began beside it."""
    trades = [
        outcome("w", 0, closes=30),
        outcome("l", 2, closes=3),
        outcome("w", 4, closes=5),
        outcome("w", 40, closes=41),
    ]
    record = Record()
    for trade in sorted(trades, key=lambda trade: trade.closes or 0):
        record.add(trade)
    assert record.evidence[0].logs == pytest.approx(Record(trades).evidence[0].logs)
    expected = [math.log(((1 - f) * (1 - f) * (1 + 0.92 * f) + 1.92 * f) * (1 + 0.92 * f)) for f in FRACTIONS]
    assert record.evidence[0].logs == pytest.approx(expected)


# ---------------------------------------------------------------------------------------------- not over yet


def test_an_open_trade_holds_back_what_was_opened_after_it() -> None:
    """Short trades that are won beside a long one claim nothing that its end would take back."""
    record = Record()
    record.begin("long", 0)
    for minute in range(1, 31):
        record.add(outcome("w", minute, closes=minute + 1))
    assert record.evidence[0].value == 1
    assert record.counts["won"] == 30
    record.add(outcome("l", 0, closes=60))
    assert record.drop("long")
    trades = [outcome("l", 0, closes=60), *(outcome("w", minute, closes=minute + 1) for minute in range(1, 31))]
    assert record.evidence == Record(trades).evidence
    assert Record(trades[1:]).evidence[0].best > record.evidence[0].best > 20


def test_what_was_opened_before_is_evidence_while_another_is_open() -> None:
    """And what was out at that moment counts as lost for so long."""
    record = Record([outcome("w", 0, closes=1), outcome("w", 2, closes=9)])
    record.begin("open", 5 * MINUTE)
    assert record.evidence[0].logs == pytest.approx([math.log((1 + 0.92 * f) * (1 - f)) for f in FRACTIONS])
    assert not record.drop("open")
    assert record.evidence == Record([outcome("w", 0, closes=1), outcome("w", 2, closes=9)]).evidence


def test_an_order_that_comes_to_nothing_frees_what_waited() -> None:
    """It was no trade; who asks is told whether that changes anything."""
    record = Record()
    record.begin("order", 0)
    assert not record.drop("order")
    record.begin("order", 0)
    record.add(outcome("w", 1, closes=2))
    assert record.evidence[0].value == 1
    assert record.drop("order")
    assert not record.drop("order")
    assert record.evidence == Record([outcome("w", 1, closes=2)]).evidence


def test_a_trade_of_which_nobody_hears_is_not_waited_for_for_ever() -> None:
    """Only until one is known that ended after it was due, be its own result known or not."""
    record = Record()
    record.begin("lost", 0, 5 * MINUTE)
    record.add(outcome("w", 1, closes=5))
    assert record.evidence[0].value == 1
    record.add(outcome("u", 2, closes=6))
    assert record.evidence == Record([outcome("w", 1, closes=5)]).evidence


def test_what_is_learnt_late_counts_and_is_no_evidence() -> None:
    """What was opened after it has been bet on: it would take that back."""
    record = Record([outcome("w", 1, closes=2)])
    before = record.evidence
    record.add(Outcome(Decimal(10), 92, Decimal(-10), 0, 60 * MINUTE, late=True))
    assert record.evidence == before
    assert (record.counts["lost"], record.profit) == (1, Decimal("-0.8"))


def test_what_is_begun_in_the_past_takes_nothing_back() -> None:
    """An order that was received by a clock that is behind: what is known already stays evidence."""
    record = Record([outcome("w", 10, closes=11)])
    known = record.evidence
    record.begin("order", 0)
    record.add(outcome("w", 12, closes=13))
    assert record.evidence == known
    record.drop("order")
    assert record.evidence[0].best > known[0].best


# ------------------------------------------------------------------------------------------------------ summary


def mixed(won: int, lost: int) -> list[Outcome]:
    """So many of each, spread evenly."""
    every = won + lost
    return outcomes("w" if (place + 1) * won // every > place * won // every else "l" for place in range(every))


def test_a_summary_counts_everything_for_what_it_is() -> None:
    """Ties are no part of the rate, unknown ones of nothing but their number."""
    told = summary([*outcomes("wwltu"), outcome("w", 9, payout=80)])
    assert (told.won, told.lost, told.tie, told.unknown) == (3, 1, 1, 1)
    assert told.rate == 0.75
    assert told.interval == wilson(3, 4)
    assert told.mean_payout == pytest.approx((92 + 92 + 92 + 80) / 4)
    assert told.break_even == pytest.approx(1 / 1.89)
    assert told.staked == 50
    assert told.profit == Decimal("16.4")
    assert told.unit_profit == pytest.approx((0.92 + 0.92 - 1 + 0 + 0.8) / 5)
    assert told.edge > 1 > told.loss
    assert told.p_value == pytest.approx(1 / Record([*outcomes("wwltu"), outcome("w", 9, payout=80)]).evidence[0].best)
    assert told.verdict.endswith("; 1 of unknown result left out")


def test_figures_alone_claim_nothing() -> None:
    """The same counts, money and rate as in a summary, and no word on what they tell."""
    told, came_to = summary(mixed(600, 400)), figures(Count(mixed(600, 400)))
    assert all(getattr(told, name) == getattr(came_to, name) for name in Figures.__struct_fields__)
    assert came_to.sentence == "600 won of 1,000 decisive trades is 60.0 % (56.9 … 63.0 %), break-even is 52.1 %"
    assert came_to.sentence in told.verdict
    assert figures(Count(outcomes("uu"))).left_out == "; 2 of unknown result left out"


def test_nothing_can_be_told_of_nothing() -> None:
    """No trade, only ties, only unknown ones."""
    for letters in ("", "ttt", "uu"):
        told = summary(outcomes(letters))
        why = "nobody knows what a trade came to" if letters == "uu" else "no trade has been won or lost"
        assert told.verdict.startswith(f"cannot tell yet: {why}")
        assert (told.finding, told.rate, told.break_even, told.needed) == ("unclear", None, None, None)
        assert told.interval == (0, 1)
    assert summary([]).unit_profit is None
    assert summary(outcomes("t")).unit_profit == 0


def test_a_good_looking_rate_of_few_trades_cannot_tell() -> None:
    """41 of 70 is 58.6 %, and it takes some hundreds more to know."""
    told = summary(mixed(41, 29))
    assert told.verdict == (
        "cannot tell yet: 41 won of 70 decisive trades is 58.6 % (46.9 … 69.4 %), break-even is 52.1 %; "
        f"about {told.needed} more decisive trades at this rate would tell"
    )
    assert told.needed is not None
    assert 250 < told.needed < 500


def test_what_is_needed_comes_true() -> None:
    """At the same rate the verdict is given after about so many more trades, and not long before."""
    told = summary(mixed(60, 40))
    assert told.needed is not None
    whole = 100 + told.needed
    assert summary(mixed(round(0.6 * whole * 0.85), round(0.4 * whole * 0.85))).finding == "unclear"
    assert summary(mixed(round(0.6 * whole * 1.1), round(0.4 * whole * 1.1))).finding == "beats"


def test_a_rate_at_break_even_never_tells() -> None:
    """However long one waits."""
    told = summary(mixed(25, 23))
    assert (told.finding, told.needed) == ("unclear", None)
    assert told.verdict.endswith("no number of trades at this rate would tell")


def test_a_winner_and_a_loser_are_told() -> None:
    """With what chance alone would make of it."""
    winner, loser = summary(mixed(600, 400)), summary(mixed(450, 550))
    assert (winner.finding, winner.needed, loser.finding, loser.needed) == ("beats", 0, "loses", 0)
    assert winner.verdict.startswith(
        "beats break-even: 600 won of 1,000 decisive trades is 60.0 % (56.9 … 63.0 %), break-even is 52.1 %; "
        "without an edge this happens at most once in "
    )
    assert winner.verdict.endswith(f" {1 / winner.p_value:,.0f} times")
    assert loser.verdict.startswith("loses: 450 won of 1,000 decisive trades is 45.0 %")
    assert "if it broke even this would happen at most once in" in loser.verdict


def test_an_edge_that_went_away_is_not_claimed() -> None:
    """What once was strong evidence is told as past where the rate has fallen under break-even since, and mirrored."""
    faded = summary(outcomes("w" * 40 + "l" * 60))
    assert faded.finding == "changed"
    assert faded.verdict.startswith("has changed: 40 won of 100")
    assert summary(outcomes("l" * 40 + "w" * 80)).finding == "changed"


def test_a_record_is_summed_up_at_any_time() -> None:
    """One trade after the other it says what a summary of them all says."""
    record, trades = Record(), outcomes("wwlwtluwlw" * 5)
    for count, trade in enumerate(trades, start=1):
        record.add(trade)
        assert summarised(record) == summary(trades[:count])
