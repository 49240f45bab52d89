"""What holds for candles of any ticks, any timeframes and any history."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from qfluxd.market.candles import Book
from qfluxd.model import DAY, HOUR, SECOND, Bar, Candle, Gap, History, Millis, Series, Tick
from tests.support.market import only_candles, polars_candles

A = "A"
START = 20_000 * DAY - 2 * HOUR + 13_000
SECONDS = (1, 2, 3, 5, 7, 10, 15, 30, 60, 90, 120, 180, 300, 3600, 86_400)
LONG_QUIET = 600 * SECOND

prices = st.integers(1, 9).map(float)
ladders = st.lists(st.sampled_from(SECONDS), min_size=1, max_size=5, unique=True).map(
    lambda found: [seconds * SECOND for seconds in found]
)
row_timeframes = st.sampled_from([seconds * SECOND for seconds in SECONDS if 5 <= seconds <= 300])
"""Those of the broker's rows; never so short that a bar is empty, as no one has seen what its row says then."""


@st.composite
def ordered_ticks(draw: st.DrawFn, longest: Millis = 20_000, shortest: Millis = 0) -> list[Tick]:
    """Ticks in order, `shortest` to `longest` apart."""
    steps = draw(st.lists(st.tuples(st.integers(shortest, longest), prices), min_size=1, max_size=60))
    at, ticks = START + draw(st.integers(0, 9_999)), []
    for step, price in steps:
        at += step
        ticks.append(Tick(A, at, price))
    return ticks


def run(book: Book, ticks: Sequence[Tick]) -> list[Candle | Gap]:
    """Everything that the ticks brought."""
    return [fact for tick in ticks for fact in book.tick(tick)]


def without_repeats(ticks: Sequence[Tick]) -> list[Tick]:
    """Each tick that is not the one before it again."""
    return [tick for before, tick in zip([None, *ticks], ticks, strict=False) if tick != before]


@given(ordered_ticks(), ladders, st.sampled_from([0, HOUR, 2 * HOUR, -5 * HOUR, 1_800_000]))
def test_candles_equal_polars(ticks: list[Tick], timeframes: list[Millis], origin: Millis) -> None:
    """Any ordered ticks, any timeframes, any origin: prices and counts are those of `group_by_dynamic`."""
    book = Book(timeframes, origin=origin, quiet_after=LONG_QUIET)
    told = only_candles(run(book, ticks))
    for timeframe in timeframes:
        candles = [c for c in told if c.series.timeframe == timeframe]
        mine = [(c.at, c.open, c.high, c.low, c.close, c.ticks) for c in candles if c.ticks]
        forming = book.forming(Series(A, timeframe))
        assert forming is not None
        mine.append((forming.at, forming.open, forming.high, forming.low, forming.close, forming.ticks))
        assert mine == polars_candles(without_repeats(ticks), timeframe, origin)
        assert [c.at for c in candles] == list(range(candles[0].at, candles[-1].at + 1, timeframe) if candles else [])


@given(ordered_ticks(), ladders, st.integers(1, 20).map(lambda s: s * SECOND), st.data())
def test_every_timeframe_is_as_if_it_were_alone(
    ticks: list[Tick], timeframes: list[Millis], quiet_after: Millis, data: st.DataObject
) -> None:
    """Joining bars upwards gives each timeframe the very candles, with their quality, that it has by itself.

    That holds with silences and with a clock that runs between ticks.
    """
    books = [Book([timeframe], quiet_after=quiet_after) for timeframe in timeframes]
    together = Book(timeframes, quiet_after=quiet_after)
    told: list[Candle] = []
    alone: list[Candle] = []
    previous = ticks[0].at
    for tick in ticks:
        now = data.draw(st.integers(previous, tick.at))
        told += only_candles([*together.advance(now), *together.tick(tick)])
        for book in books:
            alone += only_candles([*book.advance(now), *book.tick(tick)])
        previous = tick.at
    for timeframe, book in zip(timeframes, books, strict=True):
        series = Series(A, timeframe)
        assert [c for c in told if c.series == series] == [c for c in alone if c.series == series]
        assert together.forming(series) == book.forming(series)


@given(st.lists(st.integers(0, 9_999), min_size=2, max_size=12, unique=True), st.data())
def test_order_within_the_open_bar_does_not_matter(offsets: list[Millis], data: st.DataObject) -> None:
    """Ticks of one open bar that arrive in any order make the candle that they make in order.

    Only the newest decides the close; here it comes last or is followed by older ones.
    """
    bar = START // 10_000 * 10_000
    ticks = [Tick(A, bar + offset, data.draw(prices)) for offset in sorted(offsets)]
    first, end = Tick(A, bar - 1, 5.0), Tick(A, bar + 10_000, 5.0)
    straight, shuffled = (Book([10 * SECOND, 60 * SECOND], quiet_after=LONG_QUIET) for _ in range(2))
    mixed = data.draw(st.permutations(ticks))
    assert run(straight, [first, *ticks, end]) == run(shuffled, [first, *mixed, end])
    assert straight.forming(Series(A, 60 * SECOND)) == shuffled.forming(Series(A, 60 * SECOND))


@given(ordered_ticks(shortest=1), ladders, st.data())
def test_repeats_change_no_candle(ticks: list[Tick], timeframes: list[Millis], data: st.DataObject) -> None:
    """Ticks said again, at once or later, leave every candle as it is."""
    again = list(ticks)
    for _ in range(data.draw(st.integers(1, 10))):
        place = data.draw(st.integers(0, len(again) - 1))
        again.insert(data.draw(st.integers(place + 1, len(again))), again[place])
    once, twice = (Book(timeframes, quiet_after=LONG_QUIET) for _ in range(2))
    assert run(once, ticks) == run(twice, again)
    assert twice.stats.repeated + twice.stats.late == len(again) - len(ticks)
    assert twice.stats.backward == 0


@given(
    ordered_ticks(longest=2_000),
    ladders,
    st.integers(5_001, 3 * DAY),
    st.integers(1, 60),
    st.lists(st.integers(1, 1_500), max_size=60),
)
def test_an_asset_finds_back_from_a_wrong_time(
    before: list[Tick], timeframes: list[Millis], ahead: Millis, wrong: int, steps: list[Millis]
) -> None:
    """However far ahead ticks were stamped, a run of right ones is followed, and every series ascends.

    From its first whole bar on it has the very candles of a book that heard the right ones alone.
    """
    book, alone = Book(timeframes), Book(timeframes)
    run(book, [*before, *(Tick(A, before[-1].at + ahead + 500 * n, 3.0) for n in range(wrong))])
    at = before[-1].at
    right = [Tick(A, at := at + step, 1.0 + n % 3) for n, step in enumerate([*steps, *[500] * 20])]
    begun = next((n for n, tick in enumerate(right) if run_tells_break(book, tick)), None)
    if begun is None:  # they caught up with the wrong stamp
        assert right[-1].at + 5_000 >= before[-1].at + ahead + 500 * (wrong - 1)
        return
    told = run(book, right[begun + 1 :])
    assert told == run(alone, right[begun:])
    for timeframe in timeframes:
        series = Series(A, timeframe)
        kept = [c.at for c in book.candles(series, 1_000)]
        forming = book.forming(series)
        assert forming is not None
        assert forming == alone.forming(series)
        assert [*kept, forming.at] == sorted({*kept, forming.at})


def run_tells_break(book: Book, tick: Tick) -> bool:
    """Whether the asset began anew with this tick."""
    before = book.stats.restarts
    book.tick(tick)
    return book.stats.restarts > before


type Call = Tick | Millis | tuple[History, Millis] | None
"""A call on a book: a tick, the clock, a history and when it came, a lost feed."""


@dataclass
class Story:
    """A page's life, as calls on a book: what it hears live, loses, and is told of the past."""

    timeframes: list[Millis]
    truth: list[Tick]
    calls: list[Call]


@st.composite
def stories(draw: st.DrawFn, *, unruly: bool = False) -> Story:
    """Live stretches, lost stretches, histories of any reach and delay, older pages, the clock.

    An unruly one also loses ticks without a word, mixes them up, repeats them, and its clock runs ahead.
    """
    timeframes = [
        s * SECOND for s in draw(st.lists(st.sampled_from(SECONDS[:13]), min_size=1, max_size=4, unique=True))
    ]
    truth, at = [], START
    for step, price in draw(st.lists(st.tuples(st.integers(1, 4_000), prices), min_size=20, max_size=200)):
        at += step
        truth.append(Tick(A, at, price))
    calls: list[Call] = []
    place = heard_from = 0
    while place < len(truth):
        count = draw(st.integers(1, 60))
        match draw(st.sampled_from(["live", "live", "lost", "history", "history", "page"])):
            case "live":
                heard = truth[place : place + count]
                if unruly:
                    heard = draw(st.permutations(heard[:5])) + heard[3:]
                for tick in heard:
                    if draw(st.booleans()):
                        calls.append(tick.at + (draw(st.integers(0, 9_000)) if unruly else 0))
                    calls.append(tick)
                place += count
            case "lost":
                if not unruly or draw(st.booleans()):
                    calls.append(None)
                place += count
                heard_from = min(place, len(truth))
            case "history" if place:
                calls.append(draw(histories(truth[:place], heard_from)))
            case "page" if place:
                calls.append(draw(pages(truth[:place])))
    return Story(timeframes, truth, calls)


@st.composite
def histories(draw: st.DrawFn, past: list[Tick], heard_from: int) -> tuple[History, Millis]:
    """Ticks from some point to now, or to a little before among those heard; rows that end between the two."""
    timeframe = draw(row_timeframes)
    end = draw(st.integers(max(1, len(past) - 20, heard_from), len(past)))
    start = draw(st.integers(0, end - 1))
    known = draw(st.integers(start + 1, end))
    rows = rows_of(past[:known], timeframe)
    if timeframe <= 60 * SECOND:
        rows = rows[:-1]
    if not draw(st.booleans()):
        rows = ()
    return History(Series(A, timeframe), rows, tuple(past[start:end])), past[-1].at


@st.composite
def pages(draw: st.DrawFn, past: list[Tick]) -> tuple[History, Millis]:
    """Finished rows from any stretch of the past."""
    timeframe = draw(row_timeframes)
    rows = rows_of(past, timeframe)[:-1]
    start = draw(st.integers(0, len(rows)))
    return History(Series(A, timeframe), rows[start : draw(st.integers(start, len(rows)))], ()), past[-1].at


def rows_of(ticks: Sequence[Tick], timeframe: Millis) -> tuple[Bar, ...]:
    """The broker's rows."""
    return tuple(Bar(int(at), o, h, low, c) for at, o, h, low, c, _ in polars_candles(ticks, timeframe))


def tell(story: Story) -> tuple[Book, list[list[Candle | Gap]]]:
    """Run the story; what each call brought."""
    book = Book(story.timeframes, quiet_after=5 * SECOND, grace=0)
    told: list[list[Candle | Gap]] = []
    for call in story.calls:
        match call:
            case Tick():
                told.append(list(book.tick(call)))
            case int():
                told.append(list(book.advance(call)))
            case (history, now):
                told.append([*book.seed(history, now)])
            case None:
                book.interrupt()
    return book, told


@settings(max_examples=120, deadline=None)
@given(st.one_of(stories(), stories(unruly=True)))
def test_no_history_makes_a_hole_or_a_double_bar(story: Story) -> None:
    """Whatever is heard, lost and told in whatever order: every series ascends step by step."""
    book, _ = tell(story)
    for timeframe in story.timeframes:
        opened = [c.at for c in book.candles(Series(A, timeframe), 1_000)]
        forming = book.forming(Series(A, timeframe))
        opened += [forming.at] if forming is not None else []
        assert opened == list(range(opened[0], opened[-1] + 1, timeframe) if opened else [])


@settings(max_examples=120, deadline=None)
@given(stories())
def test_what_is_called_exact_is_exact(story: Story) -> None:
    """Every candle told as whole or backfilled, and every forming bar so called, has the true prices."""
    book, told = tell(story)
    truth = {
        (timeframe, row[0]): row[1:] for timeframe in story.timeframes for row in polars_candles(story.truth, timeframe)
    }
    for candle in only_candles([fact for each in told for fact in each]):
        if candle.quality in ("whole", "backfilled") and (true := truth.get((candle.series.timeframe, candle.at))):
            assert (candle.open, candle.high, candle.low, candle.close) == true[:4]
            assert candle.quality == "backfilled" or candle.ticks == true[4]
    newest = max((_newest(call) for call in story.calls), default=0)
    for timeframe in story.timeframes:
        forming = book.forming(Series(A, timeframe))
        if forming is not None and forming.quality in ("whole", "backfilled"):
            sofar = [tick for tick in story.truth if forming.at <= tick.at <= newest]
            assert (forming.open, forming.high, forming.low, forming.close) == polars_candles(sofar, timeframe)[0][1:5]


def _newest(call: Call) -> Millis:
    match call:
        case Tick():
            return call.at
        case (History(ticks=(*_, last)), _):
            return last.at
    return 0


@settings(max_examples=120, deadline=None)
@given(st.one_of(stories(), stories(unruly=True)))
def test_an_exact_candle_is_told_once(story: Story) -> None:
    """Nothing is told again after it was told as whole or backfilled, and the book keeps what it told last."""
    book, told = tell(story)
    last: dict[tuple[Series, Millis], Candle] = {}
    for candle in only_candles([fact for each in told for fact in each]):
        before = last.get((candle.series, candle.at))
        assert before is None or before.quality in ("partial", "empty")
        last[candle.series, candle.at] = candle
    for timeframe in story.timeframes:
        series = Series(A, timeframe)
        kept = book.candles(series, 1_000)
        assert kept == sorted((c for (of, _), c in last.items() if of == series), key=lambda c: c.at)


@settings(max_examples=50, deadline=None)
@given(stories(unruly=True))
def test_two_runs_tell_the_same(story: Story) -> None:
    """The same calls bring the same candles and gaps in the same order."""
    assert tell(story)[1] == tell(story)[1]
