"""How a history and the live ticks become one series."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import pytest

from qfluxd.market.candles import Book
from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Bar, Candle, Gap, History, Millis, Series, Tick
from tests.support.market import only_candles, polars_candles, walk

MIDNIGHT = 20_000 * DAY - 2 * HOUR
A = "EURUSD_otc"
S5, M1, M5 = Series(A, 5 * SECOND), Series(A, MINUTE), Series(A, 5 * MINUTE)
LADDER = [5 * SECOND, MINUTE, 5 * MINUTE]


def server_rows(ticks: Sequence[Tick], timeframe: Millis) -> tuple[Bar, ...]:
    """The broker's candles of all that ever ticked."""
    return tuple(Bar(int(at), o, h, low, c) for at, o, h, low, c, _ in polars_candles(ticks, timeframe))


def between(ticks: Iterable[Tick], start: Millis, end: Millis) -> tuple[Tick, ...]:
    """Those in [start, end), both as distances from midnight."""
    return tuple(tick for tick in ticks if start <= tick.at - MIDNIGHT < end)


def feed(book: Book, ticks: Iterable[Tick]) -> list[Candle | Gap]:
    """Everything that the ticks brought."""
    return [fact for each in ticks for fact in book.tick(each)]


def assert_no_hole(candles: Sequence[Candle]) -> None:
    """Each opens where the one before it ended."""
    steps = {after.at - before.at for before, after in pairwise(candles)}
    assert steps <= {candles[0].series.timeframe}


def assert_like_the_ticks(book: Book, ticks: Sequence[Tick], series: Series) -> None:
    """Every closed candle of the series has the prices that all ticks give."""
    truth = {row[0]: row[1:5] for row in polars_candles(ticks, series.timeframe)}
    candles = book.candles(series, 1_000)
    assert candles
    assert_no_hole(candles)
    for candle in candles:
        assert (candle.open, candle.high, candle.low, candle.close) == truth[candle.at]


HOURS = list(walk(A, MIDNIGHT, 2 * 60 * 60 * 2))
"""Two hours of everything that ticked."""


def history(start: Millis, end: Millis, timeframe: Millis = MINUTE, rows_until: Millis | None = None) -> History:
    """What the broker tells at `end`: ticks from `start` on, and all finished rows (up to `rows_until`)."""
    rows_until = end if rows_until is None else rows_until
    rows = server_rows(between(HOURS, 0, rows_until), timeframe)
    whole = tuple(bar for bar in rows if bar.at - MIDNIGHT + timeframe <= rows_until)
    return History(Series(A, timeframe), whole, between(HOURS, start, end))


NOW = MIDNIGHT + 2 * HOUR
START, END = 100 * MINUTE + 20_300, 110 * MINUTE + 33_000


def test_history_rebuilds_what_its_ticks_cover() -> None:
    """Every bar inside the ticks is made from them, in all timeframes, and is called backfilled."""
    book = Book(LADDER)
    added = book.seed(history(START, END), NOW)
    assert {c.quality for c in added} == {"backfilled"}
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)
    assert book.candles(S5, 1)[0].at == MIDNIGHT + 110 * MINUTE + 25_000


def test_what_is_seeded_comes_shortest_first_and_oldest_first() -> None:
    """The answer is ordered by timeframe, then time, and is what the book then holds."""
    book = Book(LADDER)
    added = book.seed(history(START, END), NOW)
    assert added == [c for series in (S5, M1, M5) for c in book.candles(series, 1_000)]


def test_the_bar_that_ticks_cover_from_its_middle_is_joined_with_the_row() -> None:
    """Open from the broker's row, high and low from both, close and the known ticks from the ticks."""
    book = Book([MINUTE])
    ticks = tuple(Tick(A, MIDNIGHT + 60_000 + at, price) for at, price in ((30_000, 5.0), (40_000, 9.0), (70_000, 6.0)))
    book.seed(History(M1, (Bar(MIDNIGHT + 60_000, 1.0, 8.0, 0.5, 7.0),), ticks), NOW)
    assert book.candles(M1, 9) == [Candle(M1, MIDNIGHT + 60_000, 1.0, 9.0, 0.5, 9.0, 2, "backfilled")]


def test_without_a_row_the_first_partial_bucket_is_dropped() -> None:
    """A bar that was told from its middle only is no candle: its series begins with the next."""
    book = Book([5 * SECOND, MINUTE])
    only_ticks = History(M1, (), between(HOURS, START, END))
    book.seed(only_ticks, NOW)
    assert book.candles(M1, 1_000)[0].at == MIDNIGHT + 101 * MINUTE
    assert book.candles(S5, 1_000)[0].at == MIDNIGHT + 100 * MINUTE + 25_000


def test_rows_give_their_multiples_and_nothing_finer() -> None:
    """Older bars come from the broker's rows, in complete buckets of their timeframe's multiples."""
    book = Book(LADDER)
    rows = server_rows(HOURS, MINUTE)[2:20]
    added = book.seed(History(M1, rows, ()), NOW)
    assert [c.at - MIDNIGHT for c in added if c.series == M5] == [5 * MINUTE, 10 * MINUTE, 15 * MINUTE]
    assert len([c for c in added if c.series == M1]) == 18
    assert not [c for c in added if c.series == S5]
    assert_like_the_ticks(book, HOURS, M5)


def test_rows_of_a_timeframe_that_is_not_folded_serve_its_multiples() -> None:
    """Two-minute rows make the four-minute bars of a book that folds one and four minutes."""
    book = Book([MINUTE, 4 * MINUTE])
    added = book.seed(History(Series(A, 2 * MINUTE), server_rows(HOURS, 2 * MINUTE)[:30], ()), NOW)
    assert {c.series.timeframe for c in added} == {4 * MINUTE}
    assert_like_the_ticks(book, HOURS, Series(A, 4 * MINUTE))


def test_a_row_off_its_grid_is_not_believed() -> None:
    """A row that opens at no multiple of its timeframe is none of the broker's."""
    book = Book([MINUTE])
    assert book.seed(History(M1, (Bar(MIDNIGHT + 61_000, 1, 1, 1, 1),), ()), NOW) == []


def test_the_newest_row_may_be_half_done() -> None:
    """A row that ends beyond the last tick stays open; one without ticks counts only when it must be over."""
    half = History(Series(A, 5 * MINUTE), server_rows(HOURS, 5 * MINUTE)[:23], between(HOURS, START, END))
    book = Book([5 * MINUTE])
    assert [c.at for c in book.seed(half, NOW)][-1] == MIDNIGHT + 105 * MINUTE
    forming = book.forming(M5)
    assert forming is not None
    assert forming.at == MIDNIGHT + 110 * MINUTE
    rows = server_rows(HOURS, 5 * MINUTE)[:3]
    end = rows[-1].at + 5 * MINUTE
    for now, count in ((end - 1, 2), (end + 7 * MINUTE - 1, 2), (end + 7 * MINUTE, 3)):
        assert len(Book([5 * MINUTE]).seed(History(Series(A, 5 * MINUTE), rows, ()), now)) == count
    minutes = server_rows(HOURS, MINUTE)[:3]
    assert len(Book([MINUTE]).seed(History(M1, minutes, ()), minutes[-1].at + MINUTE)) == 3


def test_live_ticks_go_on_where_history_ends() -> None:
    """The forming bars are exact, the next ticks finish them, and there is neither gap nor hole nor double bar."""
    book = Book(LADDER)
    book.seed(history(START, END), NOW)
    news = feed(book, between(HOURS, END, 116 * MINUTE))
    assert not [fact for fact in news if isinstance(fact, Gap)]
    assert [c.quality for c in only_candles(news) if c.series == M5] == ["backfilled"]
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)
    assert book.candles(M1, 1)[0].ticks == 120


def test_ticks_that_overlap_the_history_do_not_count_twice() -> None:
    """Live ticks that history has told already are known: prices and counts stay those of the union."""
    book = Book(LADDER)
    book.seed(history(START, END), NOW)
    feed(book, between(HOURS, END - 7_000, 112 * MINUTE))
    assert_like_the_ticks(book, HOURS, S5)
    assert [c.ticks for c in book.candles(S5, 20)] == [10] * 20
    assert (book.stats.repeated, book.stats.backward) == (6, 0)


@pytest.mark.parametrize("lag", [0, 400, 3_000, 70_000])
def test_history_may_come_after_live_ticks(lag: Millis) -> None:
    """History that arrives `lag` behind ticks already heard gives the same candles as one that came first."""
    book = Book(LADDER)
    told = only_candles(feed(book, between(HOURS, END - 4_000, END + lag + 1)))
    added = book.seed(history(START, END), NOW)
    assert not [c for c in added if c.quality != "backfilled"]
    told += added + only_candles(feed(book, between(HOURS, END + lag + 1, 116 * MINUTE)))
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)
        assert {c.quality for c in book.candles(series, 1_000)} <= {"whole", "backfilled"}
    assert [c.ticks for c in book.candles(S5, 20)] == [10] * 20
    kept = {(c.series, c.at): c for c in told}
    assert [kept[S5, c.at] for c in book.candles(S5, 1_000)] == book.candles(S5, 1_000)


@pytest.mark.parametrize(("timeframes", "known_from"), [([HOUR], START), ([5 * SECOND, MINUTE, HOUR], 101 * MINUTE)])
def test_a_bar_whose_beginning_nobody_tells_holds_all_that_is_known(
    timeframes: list[Millis], known_from: Millis
) -> None:
    """An open hour that history covers from its middle stays partial, with the told ticks and the heard ones once.

    Where it is joined from minutes it holds those that are known: the first is told from its middle only.
    """
    book = Book(timeframes)
    feed(book, between(HOURS, END - 4_000, END + 1_000))
    book.seed(History(M1, (), between(HOURS, START, END)), NOW)
    _, o, h, low, c, count = polars_candles(between(HOURS, known_from, END + 1_000), HOUR)[0]
    hour = Series(A, HOUR)
    assert book.forming(hour) == Candle(hour, MIDNIGHT + HOUR, o, h, low, c, int(count), "partial")


def test_history_too_far_behind_improves_only_what_it_covers() -> None:
    """Where nobody remembers the ticks between, bars up to the history's end are exact and the rest stay."""
    book = Book(LADDER)
    feed(book, between(HOURS, 104 * MINUTE, 115 * MINUTE))
    assert book.candles(M5, 9)[0].quality == "partial"
    added = book.seed(history(START, 106 * MINUTE + 2_000), NOW)
    assert [(c.at - MIDNIGHT) // MINUTE for c in added if c.series == M5][-1] == 100
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)


def test_history_that_does_not_reach_what_is_heard_guesses_nothing() -> None:
    """A bar that history leaves in its middle, before anything was heard, stays partial as it was."""
    book = Book(LADDER)
    feed(book, between(HOURS, 106 * MINUTE + 30_000, 112 * MINUTE))
    before = book.candles(M1, 99)
    row = server_rows(HOURS, MINUTE)[106]
    half = History(M1, (*server_rows(HOURS, MINUTE)[:106], row), between(HOURS, START, 106 * MINUTE + 20_000))
    added = book.seed(half, NOW)
    assert {c.quality for c in added} == {"backfilled", "empty"}
    assert {c.series for c in added if c.quality == "empty"} == {S5}
    assert book.candles(M1, 99)[-len(before) :] == before
    assert before[0].quality == "partial"
    assert_no_hole(book.candles(S5, 999))


def test_history_of_a_past_with_a_silence_after_it_guesses_nothing() -> None:
    """Bars of a silence that lies behind the history's end keep what was told of them."""
    book = Book(LADDER)
    feed(book, [*between(HOURS, 104 * MINUTE, 107 * MINUTE + 2_000), *between(HOURS, 110 * MINUTE, 112 * MINUTE)])
    before = {(c.series, c.at): c for series in (S5, M1, M5) for c in book.candles(series, 999)}
    for candle in book.seed(history(START, 106 * MINUTE + 2_000), NOW):
        assert candle.at < MIDNIGHT + 105 * MINUTE
        assert candle.quality == "backfilled"
    after = {(c.series, c.at): c for series in (S5, M1, M5) for c in book.candles(series, 999)}
    late = [key for key in before if key[1] >= MIDNIGHT + 105 * MINUTE]
    assert [after[key] for key in late] == [before[key] for key in late]


def test_rows_of_a_timeframe_between_make_an_open_bar_exact() -> None:
    """Two-minute rows complete an open four-minute bar; ticks that go into it later count once."""
    four = Series(A, 4 * MINUTE)
    book = Book([MINUTE, 4 * MINUTE])
    told = between(HOURS, 109 * MINUTE + 30_000, END)
    book.seed(History(Series(A, 2 * MINUTE), server_rows(HOURS, 2 * MINUTE)[:55], told), NOW)
    forming = book.forming(four)
    assert forming is not None
    assert forming.quality == "backfilled"
    news = only_candles(feed(book, between(HOURS, END, 113 * MINUTE)))
    (closed,) = [candle for candle in news if candle.series == four]
    assert (closed.quality, closed.ticks) == ("backfilled", 300)
    assert_like_the_ticks(book, HOURS, four)


def test_a_history_told_twice_counts_once() -> None:
    """The page may ask twice: neither bars nor counts change, not even of a bar that stays partial."""
    hour = Series(A, HOUR)
    for timeframes in ([HOUR], LADDER):
        book = Book(timeframes)
        feed(book, between(HOURS, END - 4_000, END + 1_000))
        told = History(M1, (), between(HOURS, START, END))
        book.seed(told, NOW)
        before = book.forming(Series(A, timeframes[-1]))
        assert book.seed(told, NOW) == []
        assert book.forming(Series(A, timeframes[-1])) == before
    assert hour.timeframe not in LADDER


def test_a_told_tick_heard_again_is_known() -> None:
    """A tick of the open bar that only history has told is repeated when it comes live, not out of its order."""
    book = Book([MINUTE])
    feed(book, between(HOURS, END - 4_000, END))
    book.seed(history(START, END), NOW)
    feed(book, between(HOURS, END - 20_000, END - 19_000))
    assert (book.stats.repeated, book.stats.backward) == (2, 0)


def test_the_newest_ticks_are_remembered_behind_a_long_history() -> None:
    """Hundreds of told ticks that went into an open hour do not push out the newest: heard again, they are known."""
    book = Book([HOUR])
    feed(book, between(HOURS, END - 4_000, END + 1_000))
    book.seed(history(START, END), NOW)
    feed(book, between(HOURS, END - 3_000, END))
    assert (book.stats.repeated, book.stats.backward) == (6, 0)


def test_a_long_bar_keeps_what_nobody_remembers_tick_by_tick() -> None:
    """History that ends minutes before the ticks still remembered adds to an open hour and takes nothing away."""
    book = Book([HOUR])
    feed(book, between(HOURS, HOUR + 30_000, HOUR + 10 * MINUTE))
    book.seed(history(HOUR - MINUTE, HOUR + 2 * MINUTE), NOW)
    forming = book.forming(Series(A, HOUR))
    assert forming is not None
    assert (forming.ticks, forming.quality) == (1_200, "partial")


def test_a_bar_that_a_row_opened_keeps_its_open() -> None:
    """A tick out of order, older than those told, does not open a bar that the broker's row opened."""
    book = Book([MINUTE])
    row = Bar(MIDNIGHT, 4.0, 4.0, 4.0, 4.0)
    book.seed(History(M1, (row,), (Tick(A, MIDNIGHT + 40_000, 5.0), Tick(A, MIDNIGHT + 41_000, 5.0))), NOW)
    book.tick(Tick(A, MIDNIGHT + 39_000, 3.0))
    assert book.forming(M1) == Candle(M1, MIDNIGHT, 4.0, 5.0, 3.0, 5.0, 3, "backfilled")


def test_what_was_whole_never_changes() -> None:
    """History that says otherwise cannot move a candle that was told as whole or backfilled."""
    book = Book([5 * SECOND])
    feed(book, between(HOURS, 100 * MINUTE, 101 * MINUTE))
    before = book.candles(S5, 99)
    lies = tuple(Tick(A, t.at, t.price * 2) for t in between(HOURS, 99 * MINUTE, 101 * MINUTE))
    added = book.seed(History(M1, (), lies), NOW)
    assert {c.at for c in added}.isdisjoint(c.at for c in before if c.quality == "whole")
    assert book.candles(S5, len(before) - 1) == before[1:]
    assert book.seed(History(M1, (), lies), NOW) == []


def test_history_before_the_next_tick_leaves_no_gap() -> None:
    """A lost feed whose silence history covers is no gap; its bars are rebuilt."""
    book = Book(LADDER)
    feed(book, between(HOURS, 100 * MINUTE, 103 * MINUTE))
    book.interrupt()
    book.seed(history(START, END), NOW)
    news = feed(book, between(HOURS, END, 116 * MINUTE))
    assert not [fact for fact in news if isinstance(fact, Gap)]
    assert book.stats.gaps == 0
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)


@pytest.mark.parametrize(
    "teller", [lambda book: book.advance(0), lambda book: book.tick(between(HOURS, END, HOUR * 2)[0])]
)
def test_what_history_does_not_cover_is_told_as_a_gap(teller: Callable[[Book], Sequence[Candle | Gap]]) -> None:
    """Silence longer than the history: the gap reaches to its first tick, and its minutes come from rows."""
    book = Book(LADDER)
    feed(book, between(HOURS, 80 * MINUTE, 90 * MINUTE + 10_000))
    added = book.seed(history(START, END), NOW)
    gap = Gap(A, MIDNIGHT + 90 * MINUTE + 9_500, MIDNIGHT + START + 200)
    assert next(iter(teller(book))) == gap
    assert_like_the_ticks(book, HOURS, M1)
    assert_like_the_ticks(book, HOURS, M5)
    assert_no_hole(book.candles(S5, 1_000))
    assert {c.quality for c in added if c.series == S5} == {"partial", "empty", "backfilled"}
    assert not book.advance(0)


def test_history_after_the_next_tick_repairs_the_silence() -> None:
    """Bars told as partial and empty because of a silence are told again, backfilled."""
    book = Book(LADDER)
    feed(book, between(HOURS, 100 * MINUTE, 103 * MINUTE))
    news = feed(book, between(HOURS, 108 * MINUTE, END + 200))
    assert isinstance(news[0], Gap)
    added = book.seed(history(START, END), NOW)
    assert {(c.series, c.at) for c in only_candles(news) if c.quality in ("partial", "empty")} <= {
        (c.series, c.at) for c in added
    }
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)


def test_older_rows_extend_the_past_and_complete_what_is_open() -> None:
    """Pages of older rows join the candles without hole and make a long forming bar exact."""
    hour = Series(A, HOUR)
    book = Book([5 * SECOND, MINUTE, 5 * MINUTE, HOUR])
    book.seed(History(M1, server_rows(HOURS, MINUTE)[70:105], between(HOURS, START, END)), NOW)
    forming = book.forming(hour)
    assert forming is not None
    assert forming.quality == "partial"
    book.seed(History(M1, server_rows(HOURS, MINUTE)[:71], ()), NOW)
    assert_like_the_ticks(book, HOURS, M1)
    forming = book.forming(hour)
    assert forming is not None
    assert (forming.quality, forming.open) == ("backfilled", between(HOURS, HOUR, 2 * HOUR)[0].price)
    feed(book, between(HOURS, END, 2 * HOUR))
    book.tick(Tick(A, MIDNIGHT + 2 * HOUR, 1.0))
    assert_like_the_ticks(book, HOURS, hour)


def test_rows_that_do_not_meet_leave_no_hole() -> None:
    """Between rows that a page left out, empty bars stand until another one tells."""
    book = Book([MINUTE])
    rows = server_rows(HOURS, MINUTE)
    book.seed(History(M1, rows[40:50], ()), NOW)
    added = book.seed(History(M1, rows[10:20], ()), NOW)
    assert [c.quality for c in added] == ["backfilled"] * 10 + ["empty"] * 20
    assert_no_hole(book.candles(M1, 1_000))
    assert [c.quality for c in book.seed(History(M1, rows[15:45], ()), NOW)] == ["backfilled"] * 20
    assert_like_the_ticks(book, HOURS, M1)


def test_a_first_tick_behind_old_rows_ends_a_gap() -> None:
    """Where rows came without ticks, the time up to the first tick is a gap, filled with empty bars."""
    book = Book([MINUTE])
    book.seed(History(M1, server_rows(HOURS, MINUTE)[:10], ()), NOW)
    first = between(HOURS, 15 * MINUTE + 30_000, HOUR)[0]
    news = book.tick(first)
    assert news[0] == Gap(A, MIDNIGHT + 10 * MINUTE - 1, first.at)
    assert [c.quality for c in only_candles(news)] == ["empty"] * 5
    assert_no_hole(book.candles(M1, 1_000))


def test_rows_may_come_before_the_history() -> None:
    """A page of rows, then the history that overlaps it, then live ticks: one series, each bar once."""
    book = Book(LADDER)
    told = book.seed(History(M1, server_rows(HOURS, MINUTE)[:105], ()), NOW)
    told += book.seed(history(START, END), NOW)
    told += only_candles(feed(book, between(HOURS, END, 116 * MINUTE)))
    assert len({(c.series, c.at) for c in told}) == len(told)
    assert {c.quality for c in told} == {"whole", "backfilled"}
    for series in (S5, M1, M5):
        assert_like_the_ticks(book, HOURS, series)


def test_an_open_bar_with_a_row_missing_stays_partial() -> None:
    """Rows and ticks that do not meet make no open bar exact, however old the rows go back."""
    series = Series(A, 30 * SECOND)
    book = Book([SECOND, 30 * SECOND])
    row = Bar(MIDNIGHT, 1.0, 1.0, 1.0, 1.0)
    ticks = (Tick(A, MIDNIGHT + 16_000, 2.0), Tick(A, MIDNIGHT + 17_000, 3.0))
    book.seed(History(Series(A, 15 * SECOND), (row,), ticks), NOW)
    forming = book.forming(series)
    assert forming is not None
    assert forming.quality == "partial"


def test_rows_alone_begin_a_long_bar() -> None:
    """A five-minute bar that rows began opens with them, though time that nobody heard makes it partial."""
    book = Book([MINUTE, 5 * MINUTE])
    rows = server_rows(HOURS, MINUTE)[5:7]
    book.seed(History(M1, rows, ()), NOW)
    feed(book, between(HOURS, 8 * MINUTE, 10 * MINUTE + 1))
    (closed,) = book.candles(M5, 9)
    assert (closed.open, closed.quality, closed.ticks) == (rows[0].open, "partial", 240)
    assert closed.low == min(*(row.low for row in rows), *(t.price for t in between(HOURS, 8 * MINUTE, 10 * MINUTE)))


def test_history_joins_the_empty_bars_that_the_clock_has_closed() -> None:
    """Ticks that were told after the clock had passed their bars make those bars exact, and time goes on."""
    second = Series(A, SECOND)
    book = Book([SECOND], grace=0)
    book.tick(Tick(A, MIDNIGHT + 10_200, 1.0))
    book.advance(MIDNIGHT + 15_000)
    told = tuple(Tick(A, MIDNIGHT + at, price) for at, price in ((10_200, 1.0), (10_900, 5.0), (12_100, 3.0)))
    added = book.seed(History(M1, (), told), MIDNIGHT + 15_000)
    assert [(c.at - MIDNIGHT, c.close, c.ticks) for c in added] == [
        (12_000, 3.0, 1),
        (13_000, 3.0, 0),
        (14_000, 3.0, 0),
    ]
    assert [c.close for c in only_candles(book.advance(MIDNIGHT + 17_000))] == [3.0, 3.0]
    assert_no_hole(book.candles(second, 99))


def test_a_full_memory_is_not_filled_with_older_bars() -> None:
    """A series that holds all it may keep takes nothing older in, so nothing is told twice."""
    book = Book([5 * SECOND], keep=10)
    feed(book, between(HOURS, 100 * MINUTE, 102 * MINUTE))
    assert book.seed(history(99 * MINUTE, 102 * MINUTE), NOW) == []
    assert len(book.candles(S5, 99)) == 10


def test_history_with_a_closed_market_in_it_does_not_tell_every_second() -> None:
    """Two days between two told ticks leave a jump in the short series, none in the long ones."""
    book = Book([5 * SECOND, HOUR])
    friday, monday = between(HOURS, 0, MINUTE), tuple(walk(A, MIDNIGHT + 2 * DAY, 100))
    book.seed(History(M1, (), (*friday, *monday)), NOW + 3 * DAY)
    assert len(book.candles(S5, 1_000)) == 12 + 9
    hours = book.candles(Series(A, HOUR), 1_000)
    assert_no_hole(hours)
    assert [c.quality for c in hours] == ["backfilled"] + ["empty"] * 47
