"""For all counts and all sequences: intervals hold the rate, wealth is a fair bet, order does not matter."""

import itertools
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.evidence import (
    Bet,
    Bets,
    Outcome,
    Record,
    Wealth,
    break_even,
    clopper_pearson,
    summarised,
    summary,
    trades_needed,
    wilson,
)

COUNTS = st.integers(0, 3_000).flatmap(lambda decisive: st.tuples(st.integers(0, decisive), st.just(decisive)))
PAYOUTS = st.integers(1, 300)


@st.composite
def outcomes(draw: st.DrawFn) -> Outcome:
    """A trade that may overlap others."""
    payout, at = draw(PAYOUTS), draw(st.integers(0, 2_000))
    profit = draw(st.sampled_from([Decimal(payout) / 100, Decimal(-1), Decimal(0), None]))
    return Outcome(Decimal(1), payout, profit, at, draw(st.one_of(st.none(), st.integers(at, at + 200))))


@given(COUNTS, st.floats(0.5, 0.999))
@settings(max_examples=150, deadline=None)
def test_intervals_hold_the_rate_and_the_exact_one_is_the_wider_in_sum(
    counts: tuple[int, int], confidence: float
) -> None:
    """Both lie in 0 to 1, mirror each other when wins and losses are exchanged, and shrink with confidence."""
    won, decisive = counts
    for interval in (wilson, clopper_pearson):
        low, high = interval(won, decisive, confidence)
        assert 0 <= low <= high <= 1
        assert decisive == 0 or low - 1e-12 <= won / decisive <= high + 1e-12
        mirrored = interval(decisive - won, decisive, confidence)
        assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-9)
        wider = interval(won, decisive, (1 + confidence) / 2)
        assert wider.low <= low + 1e-12
        assert wider.high >= high - 1e-12


@given(st.floats(0.4, 0.95), PAYOUTS)
def test_trades_needed_are_enough_and_one_fewer_is_not(rate: float, payout: int) -> None:
    """By the score test that Wilson's interval inverts."""
    level = break_even(payout)
    needed = trades_needed(rate, level)
    if needed is None:
        assert rate <= level
        return
    limit = 1.959963984540054**2 * level * (1 - level)
    assert needed * (rate - level) ** 2 > limit * (1 - 1e-9)
    assert (needed - 1) * (rate - level) ** 2 <= limit * (1 + 1e-9)


@given(st.lists(PAYOUTS, min_size=1, max_size=8), st.booleans())
@settings(max_examples=100, deadline=None)
def test_without_an_edge_the_mean_of_the_wealth_stays_one(payouts: list[int], against: bool) -> None:
    """Over every way in which trades at break-even can end, weighted by its chance: a fair bet, at any payouts."""
    mean = 0.0
    for ending in itertools.product((True, False), repeat=len(payouts)):
        likely, wealth = 1.0, Wealth(against)
        for won, payout in zip(ending, payouts, strict=True):
            likely *= break_even(payout) if won else 1 - break_even(payout)
            wealth = wealth.after(payout / 100 if won else -1.0, payout / 100)
        mean += likely * wealth.value
    assert mean == pytest.approx(1, abs=1e-9)


@given(st.lists(outcomes(), max_size=40), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_record_does_not_depend_on_the_order_of_its_coming(trades: list[Outcome], chance: object) -> None:
    """One by one in any order it says what all of them sorted say, and every figure is one."""
    mixed = list(trades)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # a random.Random
    record = Record()
    for trade in mixed:
        record.add(trade)
    one, all_at_once = summarised(record), summary(trades)
    assert (one.won, one.lost, one.tie, one.unknown) == (
        all_at_once.won,
        all_at_once.lost,
        all_at_once.tie,
        all_at_once.unknown,
    )
    assert (one.edge, one.loss, one.p_value) == pytest.approx(
        (all_at_once.edge, all_at_once.loss, all_at_once.p_value), rel=1e-9
    )
    assert one.profit == sum((trade.profit for trade in trades if trade.profit is not None), Decimal(0))
    assert 0 <= one.p_value <= 1
    assert one.verdict


LENGTHS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 90)), max_size=30)
"""When each trade was opened, and how long it lasted."""


@given(LENGTHS, st.integers(0, 2**16))
@settings(max_examples=150, deadline=None)
def test_no_end_takes_back_what_was_told(lengths: list[tuple[int, int]], seed: int) -> None:
    """Told of each trade as it begins and ends, at every look: what it says is what the whole says of that moment."""
    made = [trade(at, at + length, seed >> (place % 16) & 1) for place, (at, length) in enumerate(lengths)]
    record, going, known, best = Record(), dict[int, int](), 0, (0.0, 0.0)
    for now, begins, place in moments(lengths):
        if begins:
            going[place] = now
            record.begin(str(place), now)
        else:
            known = now
            del going[place]
            record.add(made[place])
            record.drop(str(place))
        told, upto = record.evidence, min([known, *going.values()])
        whole = Bets(bet(each) for each in made if each.at < upto).as_of(upto)
        assert [wealth.logs for wealth in told] == [pytest.approx(wealth.logs, abs=1e-9) for wealth in whole]
        assert all(wealth.peak >= before for wealth, before in zip(told, best, strict=True))
        best = (told[0].peak, told[1].peak)
    assert summarised(record).p_value == pytest.approx(summary(made).p_value, rel=1e-9)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 12)), min_size=1, max_size=8), st.floats(1.01, 1.3))
@settings(max_examples=60, deadline=None)
def test_who_stops_when_it_looks_good_has_gained_nothing(lengths: list[tuple[int, int]], enough: float) -> None:
    """Over every way in which trades at break-even may end, weighted by its chance, the evidence at the first good look
    is 1 on average: so it reaches 20 at most once in 20 times, however trades of different lengths overlap.
    """
    assert stopped(lengths, enough, is_told=True) <= 1 + 1e-9


def test_who_does_not_know_what_is_open_gains() -> None:
    """The same looks, where those that are still open are as if they had never been: a claim that their ends undo."""
    lengths = [(0, 20), (1, 20), (2, 20), *((at, 1) for at in range(3, 8))]
    assert stopped(lengths, 1.2, is_told=False) > 1.05
    assert stopped(lengths, 1.2, is_told=True) <= 1 + 1e-9


def stopped(lengths: list[tuple[int, int]], enough: float, *, is_told: bool) -> float:
    """The mean of the evidence where somebody looks whenever a trade has ended, and stops once it is `enough`."""
    mean = 0.0
    for ending in itertools.product((True, False), repeat=len(lengths)):
        record = Record()
        for now, begins, place in moments(lengths):
            if begins and is_told:
                record.begin(str(place), now)
            elif not begins:
                at, length = lengths[place]
                record.add(trade(at, at + length, ending[place]))
                record.drop(str(place))
                if record.evidence[0].value >= enough:
                    break
        mean += math.prod(0.5 for _ in ending) * record.evidence[0].value
    return mean


def moments(lengths: list[tuple[int, int]]) -> list[tuple[int, bool, int]]:
    """All beginnings and ends in the order of time; where one ends as another begins, the end is known first."""
    begins = [(at, True, place) for place, (at, _) in enumerate(lengths)]
    ends = [(at + length, False, place) for place, (at, length) in enumerate(lengths)]
    return sorted(begins + ends)


def trade(at: int, until: int, won: object) -> Outcome:
    """One that pays as much as it costs."""
    return Outcome(Decimal(1), 100, Decimal(1 if won else -1), at, until)


def bet(outcome: Outcome) -> Bet:
    return Bet(outcome.at, outcome.until, outcome.unit, outcome.payout / 100)
