"""Two tables of trades held against each other as a comparison on paper would."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from qfluxd.model import MINUTE
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.compare import Rule, compare_results, report
from qfluxd.research.compare.taken import of_frame
from tests.support.duel import ASSET, BEGIN, LATENCY, coins, duel, setting, told

COLUMNS = ("id", "asset", "timeframe", "side", "stake", "candle", "signalled", "opened", "closes", "payout", "outcome")


def trades(results: list[str], side: str = "call", length: int = MINUTE) -> pl.DataFrame:
    """A backtest's trades, one after each candle; an empty word is a candle without one."""
    rows = [row(number, result, side, length) for number, result in enumerate(results) if result]
    schema = pl.Schema({name: TRADES[name] for name in (*COLUMNS, "profit")})
    return pl.DataFrame(rows, schema, orient="row")


def row(number: int, result: str, side: str, length: int) -> tuple[object, ...]:
    due = BEGIN + number * length
    at = [
        datetime.fromtimestamp(ms / 1000, UTC) for ms in (due - length, due + 40, due + LATENCY, due + LATENCY + 30_000)
    ]
    filled = result != "not_filled"
    profit = {"won": Decimal("0.85"), "lost": Decimal(-1), "tie": Decimal(0)}.get(result)
    times = (at[0], at[1], at[2] if filled else None, at[3] if filled else None)
    return (f"{side}{number}", ASSET, length, side, Decimal(1), *times, 85, result, profit)


def test_it_says_what_a_comparison_says() -> None:
    """Word for word and figure for figure, as if the daemon had heard these trades."""
    one, other = coins(800, 0.5, 1), coins(800, 0.6, 2)
    found = compare_results(trades(one), trades(other, "put"))
    live = told(setting(most=1_000_000, days=3_650), duel(one, other))
    live.finish()
    assert (found.word, found.winner) == ("better", "b")
    assert found.contests == report(live).contests
    assert found.arms[1].summary == report(live).arms[1].summary


def test_names_and_terms_are_the_callers() -> None:
    """They are in the sentence; a stricter doubt takes more evidence."""
    one, other = trades(coins(800, 0.5, 1)), trades(coins(800, 0.6, 2), "put")
    found = compare_results(one, other, names=("slow", "fast"), rule=Rule(doubt=1e-6, most=100_000))
    assert found.sentence.startswith("cannot tell yet: over ")
    assert "fast is ahead of slow" in found.sentence
    assert found.contests[0].level == pytest.approx(2e6)


def test_candles_of_two_lengths_are_compared_by_the_shorter() -> None:
    """The one that trades every five minutes has nothing in four of five slots."""
    found = compare_results(
        trades(["won"] * 60, length=5 * MINUTE), trades(["won"] * 300, "put"), rule=Rule(doubt=1e-99, most=9_999)
    )
    assert found.contests[0].chances == 300
    assert found.contests[0].first_earned == pytest.approx(0.85 / 5)
    assert found.beside == 0


def test_what_was_not_filled_or_is_not_known() -> None:
    """Not filled is no trade; unknown leaves the chance out."""
    found = compare_results(
        trades(["won", "not_filled", "unknown", "won"]), trades(["lost", "lost", "lost", ""], "put")
    )
    contest = found.contests[0]
    assert (contest.chances, contest.unknown) == (3, 1)
    assert [arm.summary.unknown for arm in found.arms] == [1, 0]
    assert contest.first_earned == pytest.approx(2 * 0.85 / 3)


def test_nothing_was_traded() -> None:
    """Nobody can tell, and nothing breaks."""
    empty = trades([])
    found = compare_results(empty, empty)
    assert (found.word, found.contests[0].chances) == ("undecided", 0)
    assert found.sentence == "cannot tell yet: b and a have not differed yet"


def test_a_column_that_is_not_there_is_named() -> None:
    """By polars' own error."""
    with pytest.raises(pl.exceptions.ColumnNotFoundError, match="payout"):
        list(of_frame(trades(["won"]).drop("payout")))
