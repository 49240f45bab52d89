"""A frame of trades tells what the same trades tell one by one."""

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.evidence import Outcome, Summary, summary
from qfluxd.research.statistics import evidence, known_trades, summary_of, units
from tests.support.made_trades import MONDAY, by_chance, trades


def one_by_one(frame: pl.DataFrame) -> Summary:
    """What the records of the desk would make of it."""
    found = []
    for row in frame.iter_rows(named=True):
        if row["outcome"] == "not_filled":
            continue
        known = row["outcome"] != "unknown" and (row["payout"] is not None or row["outcome"] == "tie")
        opened, closes = (round(row[name].timestamp() * 1000) for name in ("opened", "closes"))
        profit = row["profit"] if known else None
        found.append(Outcome(row["stake"], row["payout"] or 0, profit, opened, closes))
    return summary(found)


def same(one: Summary, other: Summary) -> None:
    """All figures, and the sentence."""
    for name in Summary.__struct_fields__:
        left, right = getattr(one, name), getattr(other, name)
        is_float = isinstance(left, float)
        assert left == (pytest.approx(right, rel=1e-9) if is_float else right), name


def test_a_frame_is_summed_up_as_a_record_is() -> None:
    """Trades one after the other, overlapping ones, and several assets in the same second."""
    for every, length in ((60_000, 60_000), (60_000, 300_000), (250, 60_000)):
        frame = by_chance(700, 0.57, seed=1, every=every, length=length)
        same(summary_of(frame), one_by_one(frame))


ROWS = st.tuples(
    st.sampled_from(["won", "lost", "tie", "unknown", "not_filled"]),
    st.sampled_from([80, 85, 92, None]),
    st.integers(0, 400),
    st.integers(1, 90),
)


@given(st.lists(ROWS, min_size=1, max_size=50))
@settings(max_examples=100, deadline=None)
def test_any_frame_is_summed_up_as_a_record_is(rows: list[tuple[str, int | None, int, int]]) -> None:
    """Whatever is unknown, not filled, without a payout, or in disorder."""
    outcomes, payouts, opened, lengths = (list(column) for column in zip(*rows, strict=True))
    frame = trades(outcomes, payouts, MONDAY + np.array(opened) * 1000, np.array(lengths) * 1000)
    same(summary_of(frame), one_by_one(frame))


def test_what_nobody_knows_is_counted_and_left_out() -> None:
    """Without a payout a win is unknown; an order that was not filled is no trade at all."""
    frame = trades(
        ["won", "won", "lost", "tie", "unknown", "not_filled"],
        [85, None, 85, None, 85, 85],
        MONDAY + np.arange(6) * 60_000,
        np.full(6, 60_000),
    )
    told = summary_of(frame)
    assert (told.won, told.lost, told.tie, told.unknown) == (1, 1, 1, 2)
    assert told.profit == Decimal("-1.50")
    assert told.staked == 30
    assert units(known_trades(frame)).tolist() == [0.85, -1, 0]


def test_nothing_is_told_of_an_empty_frame() -> None:
    """No trade: no rate, no evidence, and a sentence that says so."""
    told = summary_of(by_chance(0, 0.5, seed=1))
    assert (told.rate, told.edge, told.p_value) == (None, 1, 1)
    assert told.verdict == "cannot tell yet: no trade has been won or lost"


def test_the_evidence_may_be_followed_through_time() -> None:
    """A look at the end of every trade: the last is the evidence now, the highest is what a claim rests on."""
    frame = by_chance(900, 0.6, seed=2)
    seen = evidence(known_trades(frame))
    told = summary_of(frame)
    assert seen.at.size == 900
    assert np.exp(seen.edge[-1]) == pytest.approx(told.edge)
    assert np.exp(-seen.edge.max()) == pytest.approx(told.p_value)
    assert seen.final[0].value == pytest.approx(told.edge)
    closes = known_trades(frame).get_column("closes").dt.epoch("ms").to_list()
    assert seen.at.tolist() == closes
