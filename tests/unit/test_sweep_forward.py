"""Training never knows of the test, choices rest on training alone, and figures are those of the trades."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.errors import DataError
from qfluxd.market.parquet import MOMENT
from qfluxd.model import MINUTE
from qfluxd.research.sweep.choice import pooled, steps
from qfluxd.research.sweep.forward import Forward, Tally, cut, of_variants
from qfluxd.research.sweep.rows import SCHEMA
from qfluxd.research.sweep.space import Variant
from tests.support.echoes import ASSET, START, write_market

ENDINGS = ("won", "lost", "tie", "unknown", "not_filled")
FORWARD = Forward((100 * MINUTE, 200 * MINUTE, 300 * MINUTE), 10 * MINUTE)
VARIANTS = {number: Variant(number, (number,), MINUTE, {"place": number}) for number in range(5)}


def trades(rows: list[tuple[int, int, int, int | None, str]]) -> pl.DataFrame:
    """Trades from: variant, signal in minutes, length in minutes, payout, outcome."""
    columns = [
        (variant, ASSET, at * MINUTE, at * MINUTE + 400, (at + length) * MINUTE, payout, outcome)
        for variant, at, length, payout, outcome in rows
    ]
    return pl.DataFrame(columns, schema=dict.fromkeys(SCHEMA, None), orient="row").with_columns(
        pl.col("signalled", "opened", "until").cast(pl.Int64).cast(MOMENT),
        pl.col("variant").cast(pl.UInt32),
        pl.col("payout").cast(pl.Int16),
        pl.col("outcome").cast(SCHEMA["outcome"]),
        pl.col("asset").cast(pl.String),
    )


some_trades = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.integers(0, 320),
        st.integers(1, 90),
        st.integers(60, 95),
        st.sampled_from(ENDINGS),
    ),
    max_size=80,
)


@given(some_trades)
def test_no_trade_of_training_reaches_the_test(rows: list[tuple[int, int, int, int, str]]) -> None:
    """What counts as training had ended the embargo before the test began, and no trade is on both sides."""
    frame = trades([*rows])
    for fold in range(FORWARD.folds):
        train, test = frame.filter(FORWARD.train(fold)), frame.filter(FORWARD.test(fold))
        begins = FORWARD.tests[fold]
        assert (train["until"].to_physical() + FORWARD.embargo <= begins).all()
        assert (test["signalled"].to_physical() >= begins).all()
        assert (test["signalled"].to_physical() < FORWARD.tests[fold + 1]).all()


@given(some_trades)
def test_tallies_are_the_trades_counted(rows: list[tuple[int, int, int, int, str]]) -> None:
    """Counts, profit and break-even of a fold are those that counting one by one gives."""
    tallies = FORWARD.tallies(trades([*rows]).lazy())
    found = of_variants(tallies, 0, "test")
    for number in range(5):
        mine = [(payout, outcome) for variant, at, _, payout, outcome in rows if variant == number and 100 <= at < 200]
        tally = found.get(number, Tally())
        assert (tally.won, tally.lost, tally.tie) == tuple(
            sum(outcome == word for _, outcome in mine) for word in ("won", "lost", "tie")
        )
        gains = [payout if outcome == "won" else -100 for payout, outcome in mine if outcome in ("won", "lost")]
        assert tally.percent == sum(gains)
        if gains:
            payouts = [payout for payout, outcome in mine if outcome in ("won", "lost")]
            assert tally.break_even == pytest.approx(1 / (1 + np.mean(payouts) / 100))
            assert tally.score == pytest.approx(sum(gains) / np.sqrt(np.sum(np.square(gains))))
        else:
            assert tally.rate is None


@given(some_trades, some_trades)
def test_the_choice_rests_on_training_alone(
    before: list[tuple[int, int, int, int, str]], after: list[tuple[int, int, int, int, str]]
) -> None:
    """Whatever the tests and all that follows them bring, the same variant is chosen for the first of them."""
    early = [row for row in before if row[1] + row[2] <= 90]
    late = [(variant, at + 100, length, payout, outcome) for variant, at, length, payout, outcome in after]
    chosen = [
        steps(FORWARD.tallies(trades([*rows]).lazy()), FORWARD, VARIANTS, 1)[0].variant
        for rows in (early, early + late)
    ]
    assert chosen[0] == chosen[1]


def test_the_best_in_training_is_told_by_its_test() -> None:
    """Each fold names the variant that earned most before, and the pooled trades are its trades in that test alone."""
    good, bad = [(at, "won") for at in range(0, 80, 2)], [(at, "lost") for at in range(0, 80, 2)]
    rows = [(1, at, 1, 85, outcome) for at, outcome in good] + [(2, at, 1, 85, outcome) for at, outcome in bad]
    rows += [(1, at, 1, 85, "lost") for at in range(100, 200, 2)] + [(2, at, 1, 85, "won") for at in range(100, 200)]
    rows += [(each, at, 1, 85, "tie") for each in (1, 2) for at in range(200, 300, 2)]
    frame = trades([*rows])
    first, second = steps(FORWARD.tallies(frame.lazy()), FORWARD, VARIANTS, 30)
    assert first.variant is VARIANTS[1]
    assert (first.train.won, first.test.lost) == (40, 50)
    assert second.variant is VARIANTS[2]
    together = pooled(frame.lazy(), FORWARD, [first, second])
    assert together["variant"].to_list() == [1] * 50 + [2] * 50


def test_nothing_is_chosen_where_nothing_earned() -> None:
    """A fold in which every variant lost in training, or had too few trades, chooses none."""
    lost = trades([(1, at, 1, 85, "lost") for at in range(80)])
    few = trades([(1, at, 1, 85, "won") for at in range(29)])
    for frame in (lost, few):
        assert steps(FORWARD.tallies(frame.lazy()), FORWARD, VARIANTS, 30)[0].variant is None


def test_the_cuts_of_a_data_set(tmp_path: Path) -> None:
    """Each part has about as many candles, and the last ends with the last candle."""
    dataset = write_market(tmp_path, 600)
    forward, first = cut(dataset, MINUTE, 3, 5 * MINUTE)
    assert first == START
    assert forward.tests[-1] == START + 600 * MINUTE
    assert [round((at - START) / MINUTE) for at in forward.tests] == [151, 301, 451, 600]
    with pytest.raises(DataError, match="cannot be split into 1001 parts"):
        cut(dataset, MINUTE, 1000, 0)
