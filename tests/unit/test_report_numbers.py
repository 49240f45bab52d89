"""The numbers behind plots and maps."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

from qfluxd.evidence import pooled_break_even, wilson
from qfluxd.research.report.cells import Cell, by_day, by_hour, by_month, by_payout, by_word, total
from qfluxd.research.report.figures import span_of
from qfluxd.research.report.growth import growth, likely
from qfluxd.research.report.material import FEW, Arm, ended, first_and_last
from qfluxd.research.report.rolling import rolling
from qfluxd.research.report.words import between, evidence, listed, money, percent, plural
from tests.support.trades import START, made_trades

TRADES = made_trades(1500, days=50)


def test_growth_and_its_falls() -> None:
    """Profits add up in the order in which trades closed; a fall is told from the highest before it, 0 among them."""
    trades = made_trades(6, unknown=0).with_columns(
        pl.Series("profit", [Decimal(each) for each in ("-2", "1", "4", "-2", "-2", "3")], dtype=pl.Decimal(38, 2))
    )
    way = growth(ended(trades.sample(6, shuffle=True, seed=3)))
    assert way.total.tolist() == [0, -2, -1, 3, 1, -1, 2]
    assert way.drawdown.tolist() == [0, -2, -1, 0, -2, -4, -1]
    assert way.deepest == 4


def test_the_band_holds_what_was() -> None:
    """The band of resampled sums is there from `FEW` trades on, at times of trades, and has the result within it."""
    assert likely(ended(made_trades(FEW - 1, unknown=0))) is None
    band = likely(ended(TRADES))
    assert band is not None
    way = growth(ended(TRADES))
    assert (np.diff(band.at) > 0).all()
    assert band.at[-1] == way.at[-1]
    assert band.low[-1] < way.total[-1] < band.high[-1]


def test_rolling_rates_against_counting() -> None:
    """Each point is the rate, interval and pooled break-even of the decisive trades before it, counted one by one."""
    decisive = ended(TRADES)
    decisive = decisive.only(decisive.decisive)
    shown = rolling(ended(TRADES))
    assert shown is not None
    for point in (0, 7, shown.at.size - 1):
        last = int(np.searchsorted(decisive.closes, shown.at[point], side="right"))
        won = int(decisive.won[last - shown.window : last].sum())
        paid = decisive.payout[last - shown.window : last].astype(int)
        assert shown.rate[point] == won / shown.window
        assert (shown.low[point], shown.high[point]) == pytest.approx(wilson(won, shown.window))
        assert shown.break_even[point] == pytest.approx(pooled_break_even(paid))
    assert rolling(ended(made_trades(2 * FEW - 1, ties=0, unknown=0))) is None


def test_cells_against_counting() -> None:
    """A cell of the week counts its trades, and has their rate, break-even and profit."""
    known = TRADES.filter(pl.col("profit").is_not_null())
    (hour, weekday), cell = max(by_hour(TRADES).items(), key=lambda each: each[1].count)
    signalled = pl.col("signalled").dt
    mine = known.filter(signalled.hour() == hour, signalled.weekday() == weekday + 1)
    decisive = mine.filter(pl.col("outcome") != "tie")
    assert cell.count == mine.height
    assert cell.won == mine.filter(pl.col("outcome") == "won").height
    assert cell.break_even == pytest.approx(pooled_break_even(decisive["payout"].to_list()))
    assert cell.profit == float(mine["profit"].sum())


def test_every_way_to_part_holds_all_trades() -> None:
    """Days, months, hours, assets and sides each hold every trade of known result; payouts every decisive one."""
    known = TRADES.filter(pl.col("profit").is_not_null())
    parts: list[Mapping[Any, Cell]] = [
        by_day(TRADES),
        by_month(TRADES),
        by_hour(TRADES),
        by_word(TRADES, "asset"),
        by_word(TRADES, "side"),
    ]
    for cells in parts:
        assert total(cells.values()).count == known.height
    assert total(by_payout(TRADES).values()).count == known.filter(pl.col("outcome") != "tie").height
    assert min(by_day(TRADES)) == date(2026, 11, 2)
    assert min(by_month(TRADES)) == date(2026, 11, 1)


def test_many_payouts_are_put_together() -> None:
    """Few payouts have a cell each; of many, those of five points share one."""
    assert list(by_payout(TRADES)) == ["80 %", "85 %", "92 %"]
    many = by_payout(made_trades(900, payouts=range(60, 93)))
    assert list(many)[:2] == ["60 … 64 %", "65 … 69 %"]
    assert 60 <= next(iter(many.values())).payout <= 64


def test_few_trades_have_no_colour() -> None:
    """A cell of fewer than `FEW` decisive trades stands out never, whatever its rate."""
    cells = by_hour(made_trades(600, rate=1.0)).values()
    assert any(cell.rate == 1 and cell.few for cell in cells if cell.decisive)
    assert not any(cell.stands_out for cell in cells if cell.few)
    assert total(cells).stands_out


def test_counts_of_an_arm() -> None:
    """What was not entered is in no figure; what came out with a payout that nobody knows is told apart."""
    trades = pl.concat(
        [made_trades(40, payouts=(None,), unknown=0), made_trades(3).with_columns(outcome=pl.lit("not_filled"))]
    )
    arm = Arm("a", "backtest", trades)
    assert (arm.unpaid.height, arm.summary.unknown, arm.counts["not_filled"]) == (40, 40, 3)
    assert len(arm.ended) == 0
    assert arm.earned is None


def test_first_and_last() -> None:
    """From the first signal to the last closing of all arms; nothing without trades."""
    arms = (Arm("a", "backtest", TRADES), Arm("b", "backtest", made_trades(0)))
    first, last = first_and_last(arms) or (0, 0)
    assert START <= first < last
    assert first_and_last(arms[1:]) is None


def test_words() -> None:
    """Numbers are written so that they can be read: real minus signs, thousands, no unit without its number."""
    assert (percent(0.5412), percent(None), percent(-0.001, 0)) == ("54.1\u00a0%", "–", "0\u00a0%")
    assert between(-0.012, 0.05, sign=True) == "−1.2 … +5.0\u00a0%"
    assert (money(-1234.5), money(3, sign=True), money(0, sign=True)) == ("−1,234.50", "+3.00", "0.00")
    assert [evidence(value) for value in (0.001, 0.5, 20, 800, 1e9)] == ["under 0.01", "0.5", "20", "800", "1,000,000+"]
    assert [evidence(value) for value in (19.4, 19.99, 134.7)] == ["19", "19", "135"]  # 20 is a claim
    assert (listed(()), listed(("a",)), listed(("a", "b", "c"))) == ("", "a", "a, b and c")
    assert (plural(1, "trade"), plural(2000, "trade"), plural(2, "strategy", "strategies")) == (
        "1 trade",
        "2,000 trades",
        "2 strategies",
    )


def test_a_ruler_has_room_for_every_rate() -> None:
    """The wide interval of few trades is cut, but its rate stands where it belongs."""
    many, few = (Arm(name, "backtest", trades) for name, trades in (("a", TRADES), ("b", made_trades(12, rate=0.3))))
    low, high = span_of((many, few))
    assert few.summary.rate is not None
    assert few.summary.interval.low < low < few.summary.rate < many.summary.interval.low < high
