"""The book's rules, one by one."""

from collections.abc import Iterable

import polars as pl
import pytest

from qfluxd.market.candles import Book
from qfluxd.model import DAY, HOUR, MINUTE, SECOND, Candle, Gap, History, Series, Tick
from tests.support.market import only_candles, walk

MIDNIGHT = 20_000 * DAY - 2 * HOUR
"""A midnight on the server, two hours before the one in UTC."""
A = "EURUSD_otc"
S5, M1, M5 = Series(A, 5 * SECOND), Series(A, MINUTE), Series(A, 5 * MINUTE)


def tick(seconds: float, price: float, asset: str = A) -> Tick:
    """A tick so many seconds after midnight."""
    return Tick(asset, MIDNIGHT + round(seconds * SECOND), price)


def feed(book: Book, ticks: Iterable[Tick]) -> list[Candle | Gap]:
    """Everything that the ticks brought."""
    return [fact for each in ticks for fact in book.tick(each)]


def test_a_bar_is_what_was_quoted_in_its_time() -> None:
    """Open, high, low, close and the number of ticks are those in [at, at + timeframe)."""
    book = Book([5 * SECOND])
    feed(book, [tick(0, 9), tick(5, 2), tick(6, 4), tick(7, 1), tick(9.999, 3)])
    assert book.tick(tick(10, 7)) == [Candle(S5, MIDNIGHT + 5_000, 2, 4, 1, 3, 4, "whole")]


def test_a_tick_on_the_boundary_belongs_to_the_new_bar() -> None:
    """The tick that closes a bar is not in it; it opens the next."""
    book = Book([5 * SECOND])
    feed(book, [tick(1, 1.0)])
    (closed,) = only_candles(book.tick(tick(5, 2.0)))
    assert (closed.close, closed.high) == (1.0, 1.0)
    assert book.forming(S5) == Candle(S5, MIDNIGHT + 5_000, 2, 2, 2, 2, 1, "whole")


@pytest.mark.parametrize(("timeframe", "hour"), [(4 * HOUR, 22), (DAY, 22), (HOUR, 23)])
def test_buckets_are_the_servers(timeframe: int, hour: int) -> None:
    """Four-hour and day bars open at the server's midnight, which is 22:00 UTC; hours do not notice."""
    book = Book([timeframe])
    book.tick(tick(3601, 1))
    forming = book.forming(Series(A, timeframe))
    assert forming is not None
    assert forming.at % DAY // HOUR == hour


def test_the_first_bars_are_partial() -> None:
    """What came before the first tick is not known, not even where it falls on the boundary."""
    book = Book([5 * SECOND, MINUTE])
    news = feed(book, [tick(0, 1), tick(3, 2), tick(6, 3), *(tick(s, 3) for s in range(10, 121, 5))])
    quality = {(c.series.timeframe, c.at - MIDNIGHT): c.quality for c in only_candles(news)}
    assert quality[5_000, 0] == quality[60_000, 0] == "partial"
    assert set(quality.values()) == {"partial", "whole"}
    assert quality[60_000, 60_000] == "whole"


def test_only_time_closes_bars() -> None:
    """A quiet bar is closed by the clock once its end and the grace have passed, not before."""
    book = Book([5 * SECOND], grace=500)
    book.tick(tick(4, 1))
    assert not book.advance(MIDNIGHT + 5_499)
    assert [c.at for c in only_candles(book.advance(MIDNIGHT + 5_500))] == [MIDNIGHT]
    assert not book.advance(MIDNIGHT + 5_600)


def test_time_passed_without_a_tick_makes_an_empty_bar() -> None:
    """While an asset is heard, a bar without ticks repeats the last close and says so."""
    book = Book([SECOND], grace=0)
    book.tick(tick(0.5, 3))
    book.tick(tick(0.6, 2))
    assert list(book.advance(MIDNIGHT + 2_000)) == [
        Candle(Series(A, SECOND), MIDNIGHT, 3, 3, 2, 2, 2, "partial"),
        Candle(Series(A, SECOND), MIDNIGHT + 1_000, 2, 2, 2, 2, 0, "empty"),
    ]


def test_the_clock_stops_for_an_asset_that_fell_silent() -> None:
    """However late it is, the clock does not close bars beyond `quiet_after` past the newest tick."""
    book = Book([SECOND], grace=0, quiet_after=5_000)
    book.tick(tick(0.5, 1))
    assert [c.at - MIDNIGHT for c in only_candles(book.advance(MIDNIGHT + DAY))] == [0, 1_000, 2_000, 3_000, 4_000]
    assert not book.advance(MIDNIGHT + 2 * DAY)


def test_a_delayed_tick_lets_a_waiting_bar_close() -> None:
    """A bar that waits because its asset seemed silent closes by the clock once a tick shows it was not."""
    book = Book([MINUTE], grace=0, quiet_after=5_000)
    book.tick(tick(50, 1))
    assert not book.advance(MIDNIGHT + 61_000)
    assert not book.tick(tick(54.9, 2))
    assert not book.advance(MIDNIGHT + 61_000)
    book.tick(tick(55, 3))
    assert [c.close for c in only_candles(book.advance(MIDNIGHT + 61_000))] == [3]


def test_what_the_clock_closes_comes_in_one_order() -> None:
    """Bars closed together are told by end, then asset, then timeframe, whoever ticked first."""
    book = Book([SECOND, 2 * SECOND, 3 * SECOND], grace=0)
    for asset in ("B", "A"):
        book.tick(tick(0.5, 1, asset))
    news = only_candles(book.advance(MIDNIGHT + 3_000))
    told = [(c.at + c.series.timeframe, c.series.asset, c.series.timeframe) for c in news]
    assert told == sorted(told)
    assert len(told) == 2 * (3 + 1 + 1)


def test_what_the_clock_closes_at_once_is_sorted_by_asset() -> None:
    """Bars of one end come by asset, not in the order in which the assets were first heard."""
    book = Book([SECOND], grace=0)
    for asset in ("C", "A", "B"):
        book.tick(tick(0.5, 1, asset))
    assert [c.series.asset for c in only_candles(book.advance(MIDNIGHT + 1_000))] == ["A", "B", "C"]


def test_silence_is_told_as_a_gap() -> None:
    """A tick after more than `quiet_after` brings a gap from the last tick to it, before the bars."""
    book = Book([5 * SECOND], quiet_after=5_000)
    feed(book, [tick(1, 1), tick(6, 2)])
    news = book.tick(tick(22, 3))
    assert news[0] == Gap(A, MIDNIGHT + 6_000, MIDNIGHT + 22_000)
    assert [(c.at - MIDNIGHT, c.close, c.ticks, c.quality) for c in only_candles(news)] == [
        (5_000, 2, 1, "partial"),
        (10_000, 2, 0, "empty"),
        (15_000, 2, 0, "empty"),
    ]
    assert [c.quality for c in only_candles(feed(book, [tick(25, 4), tick(30, 4)]))] == ["partial", "whole"]
    assert book.stats.gaps == book.stats.assets[A].gaps == 1


def test_silence_inside_a_bar_is_a_gap_too() -> None:
    """A bar longer than `quiet_after` notices a silence within it: a gap, and the bar is partial."""
    book = Book([MINUTE], quiet_after=5_000)
    feed(book, [tick(s, 1) for s in range(55, 65)])
    assert book.tick(tick(70, 2)) == [Gap(A, MIDNIGHT + 64_000, MIDNIGHT + 70_000)]
    forming = book.forming(M1)
    assert forming is not None
    assert forming.quality == "partial"


def test_silence_as_long_as_allowed_is_no_gap() -> None:
    """Exactly `quiet_after` between two ticks is still the same stretch."""
    book = Book([5 * SECOND], quiet_after=5_000)
    assert [c.quality for c in only_candles(feed(book, [tick(0, 1), tick(5, 1), tick(10, 1)]))] == ["partial", "whole"]
    assert book.stats.gaps == 0


def test_a_longer_bar_knows_that_part_of_it_was_silent() -> None:
    """A bar that is half in a silence is partial even where the shorter bars in it are whole or empty."""
    book = Book([5 * SECOND, MINUTE], quiet_after=5_000)
    news = feed(book, [tick(0, 1), tick(100, 2), *(tick(s, 3) for s in range(105, 186, 5))])
    assert [(c.at - MIDNIGHT, c.quality) for c in only_candles(news) if c.series == M1] == [
        (0, "partial"),
        (60_000, "partial"),
        (120_000, "whole"),
    ]


def test_a_very_long_silence_leaves_a_jump() -> None:
    """A thousand empty bars are told, of a silence with more of them in a series none; the gap tells of it."""
    book = Book([5 * SECOND, MINUTE], quiet_after=5_000)
    feed(book, [tick(0, 1)])
    news = feed(book, [tick(2 * 3600, 2)])
    assert isinstance(news[0], Gap)
    assert [c.at - MIDNIGHT for c in only_candles(news) if c.series == S5] == [0]
    assert len([c for c in only_candles(news) if c.series == M1]) == 120
    feed(book, [tick(2 * 3600 + 5_005, 2)])
    assert len(book.candles(S5, 10_000)) == 1000


def test_a_lost_feed_closes_nothing() -> None:
    """After `interrupt` the clock closes nothing; the next tick ends a gap, however short, and bars are partial."""
    book = Book([5 * SECOND], grace=0, quiet_after=5_000)
    feed(book, [tick(0, 1), tick(5, 1)])
    book.interrupt()
    assert not book.advance(MIDNIGHT + 11_000)
    news = book.tick(tick(8, 2))
    assert news == [Gap(A, MIDNIGHT + 5_000, MIDNIGHT + 8_000)]
    assert [c.quality for c in only_candles(book.advance(MIDNIGHT + 10_000))] == ["partial"]


def test_a_backward_tick_is_folded_while_its_bar_is_open() -> None:
    """A tick older than the newest moves high, low and count, the open if it is the oldest, never the close."""
    book = Book([5 * SECOND, MINUTE])
    feed(book, [tick(0, 5), tick(6, 5), tick(8, 5)])
    feed(book, [tick(7, 9), tick(5.5, 1)])
    (closed,) = only_candles(book.tick(tick(10, 5)))
    assert (closed.open, closed.high, closed.low, closed.close, closed.ticks) == (1, 9, 1, 5, 4)
    assert book.stats.backward == 2
    forming = book.forming(M1)
    assert forming is not None
    assert (forming.high, forming.low, forming.ticks) == (9, 1, 6)


def test_a_late_tick_changes_nothing() -> None:
    """A tick of a bar that has closed is counted and forgotten, in every timeframe."""
    book = Book([5 * SECOND, MINUTE])
    feed(book, [tick(0, 5), tick(6, 5)])
    before = book.forming(M1), book.candles(S5, 9)
    assert not book.tick(tick(4, 99))
    assert (book.forming(M1), book.candles(S5, 9)) == before
    assert (book.stats.late, book.stats.ticks) == (1, 3)


def test_a_tick_is_late_for_a_bar_that_the_clock_closed() -> None:
    """Once the clock has closed a bar its stragglers are late, and one repeated there is repeated."""
    book = Book([5 * SECOND], grace=0)
    book.tick(tick(4, 1))
    book.advance(MIDNIGHT + 5_000)
    feed(book, [tick(4, 1), tick(4.5, 9), tick(3, 1)])
    assert (book.stats.late, book.stats.repeated) == (2, 1)
    assert book.forming(S5) == Candle(S5, MIDNIGHT + 5_000, 1, 1, 1, 1, 0, "empty")


def test_a_late_tick_was_heard_all_the_same() -> None:
    """A tick that is too late for its bar still shows that its asset is not silent."""
    book = Book([SECOND], grace=0, quiet_after=5_000)
    book.tick(tick(4.5, 1))
    book.advance(MIDNIGHT + 7_000)
    assert list(book.tick(tick(4.9, 9))) == []
    assert book.stats.late == 1
    news = book.tick(tick(9.8, 1))
    assert not [fact for fact in news if isinstance(fact, Gap)]
    assert {c.high for c in only_candles(news)} == {1}
    assert book.candles(Series(A, SECOND), 9)[0] == Candle(
        Series(A, SECOND), MIDNIGHT + 4_000, 1, 1, 1, 1, 1, "partial"
    )


def lead_astray(book: Book, ahead: float = DAY / SECOND) -> list[Candle | Gap]:
    """Ten seconds of ticks, and one stamped far ahead."""
    return feed(book, [*walk(A, MIDNIGHT, 20), tick(10 + ahead, 5)])


@pytest.mark.parametrize("ahead", [20, HOUR / SECOND, DAY / SECOND])
def test_a_wrong_stamp_is_found_out(ahead: float) -> None:
    """One tick stamped ahead costs four seconds: then the asset begins anew, and a gap tells of the break."""
    book = Book([5 * SECOND, MINUTE])
    lead_astray(book, ahead)
    forgotten = book.forming(S5)
    news = feed(book, walk(A, MIDNIGHT + 10_000, 221))
    assert news[0] == Gap(A, MIDNIGHT + 9_500, MIDNIGHT + 14_000)
    told = [(c.series, c.at - MIDNIGHT, c.quality) for c in only_candles(news)]
    assert [t[1:] for t in told if t[0] == S5][:3] == [(10_000, "partial"), (15_000, "whole"), (20_000, "whole")]
    assert [t[1:] for t in told if t[0] == M1] == [(0, "partial"), (60_000, "whole")]
    assert forgotten not in news
    assert (book.stats.restarts, book.stats.assets[A].restarts, book.stats.late, book.stats.gaps) == (1, 1, 8, 2)
    assert only_candles(news)[0].ticks == 2


def test_a_clock_that_stepped_back_is_followed() -> None:
    """Where all of an asset's past lies ahead, as of another server, its new past has nothing of it."""
    book = Book([5 * SECOND, MINUTE])
    feed(book, walk(A, MIDNIGHT + HOUR, 300))
    news = feed(book, walk(A, MIDNIGHT, 261))
    assert news[0] == Gap(A, MIDNIGHT, MIDNIGHT + 4_000)
    for series in (S5, M1):
        assert book.candles(series, 1_000) == [c for c in only_candles(news) if c.series == series]
        at = book.frame(series, 1_000)["at"]
        assert at.is_sorted()
        assert at.is_unique().all()


def test_a_bar_told_before_the_break_may_come_again() -> None:
    """The bar that holds the new beginning replaces the one of that time that the wrong stamp had closed."""
    book = Book([MINUTE])
    closed = only_candles(lead_astray(book))
    again = only_candles(feed(book, walk(A, MIDNIGHT + 10_000, 101)))
    assert (closed[0].at, closed[0].quality) == (again[0].at, again[0].quality) == (MIDNIGHT, "partial")
    assert book.candles(M1, 9) == again


def test_a_wrong_stamp_in_the_open_bar_is_found_out() -> None:
    """Where the finest bar is so long that it holds the wrong stamp too, its asset begins anew as well."""
    book = Book([HOUR])
    lead_astray(book, 60)
    news = feed(book, walk(A, MIDNIGHT + 10_000, 20))
    assert news == [Gap(A, MIDNIGHT + 9_500, MIDNIGHT + 14_000)]
    forming = book.forming(Series(A, HOUR))
    assert forming is not None
    assert (forming.quality, forming.ticks) == ("partial", 12)


@pytest.mark.parametrize(
    "ticks",
    [
        pytest.param([tick(s, 1) for s in range(10, 17)], id="too few"),
        pytest.param([tick(10 + s / 10, 1) for s in range(39)], id="too short"),
        pytest.param([tick(60 - s, 1) for s in range(40)], id="descending"),
        pytest.param([t for s in range(40) for t in (tick(10 + s, 1), tick(110 + s, 1))], id="not in a row"),
        pytest.param([tick(s, 1) for s in range(99, 110)], id="hardly behind"),
        pytest.param([tick(s, p) for s in (10, 15) for p in range(40)], id="standing still"),
        pytest.param([*walk(A, MIDNIGHT, 20), *walk(A, MIDNIGHT, 20)], id="known already"),
    ],
)
def test_stragglers_do_not_move_time_back(ticks: list[Tick]) -> None:
    """Late ticks that may well be late are merely that."""
    book = Book([5 * SECOND])
    lead_astray(book, 100)
    news = feed(book, ticks)
    assert book.stats.restarts == 0
    assert not any(fact.end < MIDNIGHT + 110_000 for fact in news if isinstance(fact, Gap))
    forming = book.forming(S5)
    assert forming is not None
    assert forming.at >= MIDNIGHT + 110_000


def test_the_clock_closes_the_bars_of_the_new_time() -> None:
    """After an asset began anew the clock closes its bars as ever, also where the feed had been lost before."""
    book = Book([5 * SECOND], grace=0)
    lead_astray(book)
    book.interrupt()
    feed(book, walk(A, MIDNIGHT + 10_000, 9))
    assert [(c.at - MIDNIGHT, c.quality) for c in only_candles(book.advance(MIDNIGHT + 15_000))] == [
        (10_000, "partial")
    ]


def test_a_history_in_a_wrong_time_waits() -> None:
    """A history that ends where the doubtful ticks do tells nothing ahead of them; one after the break does."""
    book = Book([5 * SECOND])
    lead_astray(book, 600)
    past = tuple(walk(A, MIDNIGHT - 30_000, 200))
    heard = list(walk(A, MIDNIGHT + 70_000, 20))
    feed(book, heard[:3])
    before = book.candles(S5, 1_000)
    assert book.seed(History(S5, (), past), MIDNIGHT + 71_000) == []
    assert book.candles(S5, 1_000) == before
    feed(book, heard[3:])
    assert book.stats.restarts == 1
    told = book.seed(History(S5, (), (*past, *heard)), MIDNIGHT + 80_000)
    assert told
    assert max(c.at for c in book.candles(S5, 1_000)) == MIDNIGHT + 70_000
    assert {c.quality for c in book.candles(S5, 1_000) if c.at >= MIDNIGHT + 10_000} == {"backfilled"}


def test_a_repeated_tick_is_counted_once() -> None:
    """The same stamp and price again, newest or older in the open bar, does not count as another tick."""
    book = Book([5 * SECOND])
    feed(book, [tick(1, 1), tick(1, 1), tick(2, 2), tick(1, 1)])
    forming = book.forming(S5)
    assert forming is not None
    assert (forming.ticks, book.stats.repeated, book.stats.backward) == (2, 2, 0)


def test_another_price_at_the_same_stamp_is_another_tick() -> None:
    """Ticks of one stamp are folded in the order in which they arrive."""
    book = Book([5 * SECOND])
    feed(book, [tick(1, 1), tick(1, 3), tick(1, 2)])
    forming = book.forming(S5)
    assert forming is not None
    assert (forming.open, forming.high, forming.close, forming.ticks) == (1, 3, 2, 3)


def test_an_asset_has_its_own_time() -> None:
    """A tick of one asset closes nothing of another."""
    book = Book([5 * SECOND])
    book.tick(tick(0, 1, "A"))
    assert not book.tick(tick(60, 1, "B"))
    assert {c.series.asset for c in only_candles(book.tick(tick(5, 1, "A")))} == {"A"}


def test_longer_bars_come_after_shorter_ones_and_hold_them() -> None:
    """Bars of one end are told shortest first, and a minute is its twelve five-second bars."""
    book = Book([MINUTE, 5 * SECOND])
    news = only_candles(feed(book, walk(A, MIDNIGHT, 241)))
    assert [c.series for c in news[-2:]] == [S5, M1]
    minute, parts = news[-1], [c for c in news if c.series == S5][-12:]
    assert minute.open == parts[0].open
    assert minute.high == max(c.high for c in parts)
    assert minute.low == min(c.low for c in parts)
    assert (minute.close, minute.ticks) == (parts[-1].close, sum(c.ticks for c in parts))


def test_timeframes_without_a_common_feeder_are_folded_all_the_same() -> None:
    """Two and three seconds share nothing but the second, which is folded beneath and never told."""
    book = Book([3 * SECOND, 2 * SECOND])
    news = only_candles(feed(book, walk(A, MIDNIGHT, 25)))
    assert {c.series.timeframe for c in news} == {2_000, 3_000}
    assert [c.at + c.series.timeframe for c in news] == sorted(c.at + c.series.timeframe for c in news)
    with pytest.raises(KeyError):
        book.candles(Series(A, SECOND), 1)


def test_bars_passed_over_by_one_tick_come_in_order() -> None:
    """A tick that ends many bars of many timeframes at once brings them by end, then timeframe."""
    book = Book([SECOND, 2 * SECOND, 3 * SECOND, 4 * SECOND], quiet_after=60_000)
    book.tick(tick(0, 1))
    news = only_candles(book.tick(tick(12, 1)))
    told = [(c.at + c.series.timeframe, c.series.timeframe) for c in news]
    assert told == sorted(told)
    assert len(told) == 12 + 6 + 4 + 3


def test_forming_is_everything_since_the_bar_opened() -> None:
    """The forming bar of a long timeframe holds its closed parts and the open ones; nothing before a tick."""
    book = Book([5 * SECOND, MINUTE, 5 * MINUTE])
    assert book.forming(M5) is None
    ticks = list(walk(A, MIDNIGHT, 340))
    feed(book, ticks)
    prices = [tick.price for tick in ticks]
    assert book.forming(M5) == Candle(
        M5, MIDNIGHT, prices[0], max(prices), min(prices), prices[-1], len(prices), "partial"
    )


def test_the_newest_candles_are_kept() -> None:
    """Of a series the newest `keep` stay; a smaller count asks for the newest of these, oldest first."""
    book = Book([SECOND], keep=10)
    told = only_candles(feed(book, walk(A, MIDNIGHT, 60)))
    series = Series(A, SECOND)
    assert book.candles(series, 1000) == told[-10:]
    for count in range(11):
        assert book.candles(series, count) == told[len(told) - count :]
    assert book.candles(series, -1) == []


def test_the_frame_is_the_candles_in_columns() -> None:
    """A frame has the documented columns and types and holds what `candles` holds, also where the ring wraps."""
    book = Book([SECOND], keep=7, grace=0, quiet_after=3_000)
    feed(book, [*walk(A, MIDNIGHT, 21), tick(20, 1)])
    series = Series(A, SECOND)
    frame = book.frame(series, 5)
    assert frame.schema == {
        "at": pl.Datetime("ms", "UTC"),
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "ticks": pl.UInt32,
        "quality": pl.Enum(["whole", "partial", "empty", "backfilled"]),
    }
    rows = frame.with_columns(pl.col("at").cast(pl.Int64)).rows()
    assert rows == [(c.at, c.open, c.high, c.low, c.close, c.ticks, c.quality) for c in book.candles(series, 5)]
    assert book.frame(Series("nobody", SECOND), 5).schema == frame.schema


def test_a_book_needs_timeframes_it_can_fold() -> None:
    """No timeframe, none at all or one beyond a day, is refused; asking for another one is a `KeyError`."""
    for wrong in ([], [0], [DAY + 1]):
        with pytest.raises(ValueError, match="timeframes"):
            Book(wrong)
    with pytest.raises(KeyError):
        Book([MINUTE]).frame(S5, 1)
    assert Book([MINUTE, SECOND, MINUTE]).timeframes == (SECOND, MINUTE)


def test_closed_candles_are_small() -> None:
    """Fifty bytes a candle: fifty assets, nine timeframes, a thousand candles each stay under 25 MB."""
    book = Book([SECOND])
    feed(book, walk(A, MIDNIGHT, 2_100))
    past = book._lanes[A].base.past
    assert len(past) == 1_000
    assert past.nbytes / len(past) <= 50
