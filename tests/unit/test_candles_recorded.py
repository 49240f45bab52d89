"""Candles from what was recorded on the real platform, against what its server and others made of it."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import pytest

from qfluxd.market.candles import Book
from qfluxd.model import HOUR, MINUTE, SECOND, Bar, Gap, History, Millis, Series, Tick
from tests.support.fixtures import fixture
from tests.support.market import (
    CAPTURES,
    Capture,
    candle_at,
    captured_ticks,
    clean_ticks,
    dirty_ticks,
    only_candles,
    polars_candles,
    recorded_candles,
    server_candles,
)

ALL = [5 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR]
OCTOBER = datetime(2025, 10, 25)  # noqa: DTZ001 -- a calendar day; the clock times in the file are the server's
AUDCAD = "AUDCAD_otc_ticks_20251025_time-1516_compiled.csv"


def prices(bars: Sequence[Bar]) -> list[tuple[float, ...]]:
    """Rows of the server as tuples."""
    return [(bar.at, bar.open, bar.high, bar.low, bar.close) for bar in bars]


def seeded(capture: Capture) -> Book:
    """A book that heard all that the capture's page heard, in that order, and the page before the history's end."""
    book = Book(ALL)
    for tick in capture.live_before:
        book.tick(tick)
    book.seed(capture.history, capture.history.ticks[-1].at)
    return book


@pytest.mark.parametrize(("name", "minutes"), [(CAPTURES[0], 7), (CAPTURES[1], 9)])
def test_history_ticks_folded_are_the_servers_own_candles(name: str, minutes: int) -> None:
    """In every minute that the told ticks cover, folding them gives the server's row in all four prices."""
    capture = Capture(name)
    ticks, series = capture.history.ticks, capture.history.series
    covered = [bar for bar in capture.history.bars if ticks[0].at <= bar.at and bar.at + MINUTE <= ticks[-1].at]
    book = Book([MINUTE])
    book.seed(History(series, (), ticks), ticks[-1].at)
    mine = {row[0]: row for row in candle_at(series, book.candles(series, 1000))}
    assert [mine[bar.at] for bar in covered] == prices(covered)
    assert len(covered) == minutes


@pytest.mark.parametrize("name", CAPTURES)
@pytest.mark.parametrize("timeframe", ALL)
def test_a_capture_has_neither_hole_nor_double_bar(name: str, timeframe: Millis) -> None:
    """Rows, told ticks and live ticks of a page load make one series, equal to a fold of everything told."""
    capture = Capture(name)
    book, chart = seeded(capture), capture.history.series.asset
    live = [tick for tick in capture.live_after if tick.asset == chart]
    for tick in live:
        book.tick(tick)
    series = Series(chart, timeframe)
    candles = book.candles(series, 1000)
    steps = {after.at - before.at for before, after in pairwise(candles)}
    assert steps <= {timeframe}
    union = sorted({(tick.at, tick.price): tick for tick in [*capture.history.ticks, *live]}.values())
    truth = {row[0]: row for row in polars_candles(union, timeframe)}
    covered = [candle for candle in candles if candle.at >= union[0].at]
    assert [(c.at, c.open, c.high, c.low, c.close, c.ticks) for c in covered] == [truth[c.at] for c in covered]
    assert {c.quality for c in candles} <= {"whole", "backfilled"}
    if timeframe <= 5 * MINUTE:
        assert len(covered) == (union[-1].at + 2 * HOUR) // timeframe - -(-(union[0].at + 2 * HOUR) // timeframe)


@pytest.mark.parametrize("name", CAPTURES)
def test_a_page_of_older_rows_joins_the_candles(name: str) -> None:
    """The 150 older rows, the history's rows and its ticks are one series of minutes without a hole."""
    capture = Capture(name)
    book = seeded(capture)
    book.seed(capture.page, capture.history.ticks[-1].at)
    series = capture.history.series
    candles = book.candles(series, 1000)
    assert [candle.at for candle in candles] == list(range(capture.page.bars[0].at, candles[-1].at + 1, MINUTE))
    assert candles[-1].at + MINUTE <= capture.history.ticks[-1].at < candles[-1].at + 2 * MINUTE
    given = {bar.at: bar for bar in (*capture.page.bars, *capture.history.bars)}
    mine = {row[0]: row for row in candle_at(series, candles)}
    assert [mine[at] for at in sorted(given)] == prices([given[at] for at in sorted(given)])


@pytest.mark.parametrize(
    "stem",
    ["AUDCAD_otc", "EURUSD_otc", "GBPCAD", "LBPUSD_otc", "USDIDR_otc_otc"],
)
def test_longer_candles_of_the_server_are_its_shorter_ones(stem: str) -> None:
    """1m to 5m to 15m to 60m: what the book joins equals the server's own longer candles, wherever both reach."""
    found = {}
    for minutes in (1, 5, 15, 60):
        folder = fixture("candles/multi_tf")
        (path,) = folder.glob(f"{stem}_{minutes}m_*.csv")
        found[minutes] = server_candles(f"candles/multi_tf/{path.name}", minutes * MINUTE)
    compared = 0
    for lower, higher in ((1, 5), (5, 15), (15, 60), (1, 15), (1, 60), (5, 60)):
        series = Series(stem, higher * MINUTE)
        book = Book([lower * MINUTE, higher * MINUTE])
        book.seed(History(Series(stem, lower * MINUTE), tuple(found[lower]), ()), found[lower][-1].at + 8 * HOUR)
        truth = {bar.at: prices([bar])[0] for bar in found[higher]}
        both = [row for row in candle_at(series, book.candles(series, 1000)) if row[0] in truth]
        assert both == [truth[row[0]] for row in both]
        compared += len(both)
    assert compared > 60


@pytest.mark.parametrize("timeframe", [SECOND, 5 * SECOND, 7 * SECOND, MINUTE, 5 * MINUTE, HOUR])
def test_three_hours_of_ticks_equal_polars(timeframe: Millis) -> None:
    """The AUDCAD file folded tick by tick equals polars' own grouping, in every bar and price."""
    ticks = clean_ticks(AUDCAD, OCTOBER)
    book = Book([timeframe], keep=20_000)
    told = [fact for tick in ticks for fact in book.tick(tick)]
    mine = [(c.at, c.open, c.high, c.low, c.close) for c in only_candles(told) if c.quality != "empty"]
    assert mine == [row[:5] for row in polars_candles(ticks, timeframe)[:-1]]
    assert not [fact for fact in told if isinstance(fact, Gap)]
    forming = book.forming(Series("AUDCAD_otc", timeframe))
    assert forming is not None
    assert sum(c.ticks for c in [*only_candles(told), forming]) + book.stats.repeated == len(ticks)


def test_the_naive_builder_differs_by_the_boundary_tick_and_nothing_else() -> None:
    """Each of its candles is ours with the next bar's first tick put in: three closes in five are wrong."""
    ticks = clean_ticks(AUDCAD, OCTOBER)
    first_of = {int(row[0]): row[1] for row in polars_candles(ticks, MINUTE)}
    mine = {row[0]: row for row in polars_candles(ticks, MINUTE)}
    naive = [
        row
        for part in (1, 2, 3)
        for row in recorded_candles(f"candles/naive_builder/AUDCAD_otc_1m_2025_10_25_10_06_10_part00{part}.csv")
        if row[0] > min(mine) and row[0] + MINUTE in first_of
    ]
    differing: Counter[str] = Counter()
    for at, o, high, low, close in naive:
        _, true_open, true_high, true_low, true_close, _ = mine[at]
        boundary = first_of[at + MINUTE]
        assert (o, high, low, close) == (true_open, max(true_high, boundary), min(true_low, boundary), boundary)
        differing.update(high=high != true_high, low=low != true_low, close=close != true_close)
    assert len(naive) == 186
    assert differing == {"high": 7, "low": 4, "close": 112}


def test_ticks_recorded_among_sentiment_fold_like_polars() -> None:
    """Of 1,938 rows 25 are no ticks; the rest are in order and fold to polars' minutes."""
    ticks, sentiment = captured_ticks()
    assert (len(ticks), sentiment) == (1_913, 25)
    book = Book([MINUTE])
    told = only_candles([fact for tick in ticks for fact in book.tick(tick)])
    assert candle_at(told[0].series, told) == [row[:5] for row in polars_candles(ticks, MINUTE)[:-1]]
    assert (book.stats.late, book.stats.backward) == (0, 0)


def test_the_dirty_file_never_breaks_order() -> None:
    """Thousands of repeats and hundreds of steps back: every series ascends, each bar is a bar, all is counted."""
    ticks = dirty_ticks()
    book = Book([SECOND, 5 * SECOND, MINUTE, 7 * MINUTE], keep=50_000)
    told = [fact for tick in ticks for fact in book.tick(tick)]
    for timeframe in book.timeframes:
        candles = [c for c in only_candles(told) if c.series.timeframe == timeframe]
        opened = [c.at for c in candles]
        assert opened == sorted(set(opened))
        assert candles == book.candles(Series("EURUSD_otc", timeframe), 50_000)
        assert all(0 < c.low <= min(c.open, c.close) <= max(c.open, c.close) <= c.high for c in candles)
    _assert_counted(book, ticks)


def _assert_counted(book: Book, ticks: Sequence[Tick]) -> None:
    """The book's counters, found in another way: from the newest stamp before each tick."""
    expected: Counter[str] = Counter(late=0, backward=0, repeated=0, gaps=0)
    newest = ticks[0]
    known: set[Tick] = {newest}
    for tick in ticks[1:]:
        opens = newest.at // SECOND * SECOND
        if tick.at > newest.at:
            expected["gaps"] += tick.at - newest.at > 5 * SECOND
        elif tick == newest:
            expected["repeated"] += 1
            continue
        elif tick.at < newest.at:
            kind = "late" if tick.at < opens else "repeated" if tick in known else "backward"
            expected[kind] += 1
            if kind != "late":
                known.add(tick)
            continue
        newest = tick
        known.add(tick)
    stats = book.stats
    found = {name: getattr(stats, name) for name in expected}
    assert found == expected
    assert stats.ticks == len(ticks)
    assert expected["repeated"] > 10_000
    assert expected["late"] > 100
