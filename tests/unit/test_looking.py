"""One look of a strategy: the frames that it is shown, what it wants beside prices, and how its answer is read."""

import polars as pl
import pytest

from qfluxd.model import Asset, Millis, Series
from qfluxd.plans.looking import BadAnswerError, Looking, rows_shown, worded
from tests.support.stand import ASSET, BEGIN, OTHER, Stand, Tell, answering, plan
from tests.support.strategy_views import candles

FIVE: Millis = 5_000
SERIES = Series(ASSET, FIVE)


class Market:
    """A market that shows what it is given, and counts how often it is asked."""

    timeframes = (FIVE, 15_000)

    def __init__(self, closes: int = 3) -> None:
        self.closes = closes
        self.payout: int | None = 92
        self.buyers: int | None = 61
        self.asked: list[tuple[Series, int]] = []

    def frame(self, series: Series, count: int) -> pl.DataFrame:
        """So many candles from `BEGIN` on."""
        self.asked.append((series, count))
        closes = [1.0 + number / 10 for number in range(self.closes)]
        return candles(closes, timeframe=series.timeframe, start=BEGIN) if closes else candles([1.0]).head(0)

    def asset(self, symbol: str) -> Asset | None:
        """With the payout."""
        if self.payout is None:
            return None
        return Asset(symbol, symbol, "currency", 5, self.payout, True, True, (FIVE,), FIVE)

    def sentiment(self, _symbol: str) -> int | None:
        """As set."""
        return self.buyers


def closed(looking: Looking, market: Market, count: int) -> None:
    """So many candles close, one after the other, with their marks."""
    for number in range(count):
        market.closes = number + 1
        looking.on_closed(SERIES, BEGIN + number * FIVE, marked=True)


def test_without_candles_there_is_no_look() -> None:
    """Nor is the strategy asked."""
    strategy = Tell()
    assert Looking(Market(0), 100).look(strategy, SERIES) is None
    assert not strategy.views


def test_a_strategy_that_is_not_warm_is_not_asked() -> None:
    """The look says how many candles there are."""
    strategy = Tell(needs=4)
    look = Looking(Market(3), 100).look(strategy, SERIES)
    assert look is not None
    assert (look.warm, look.rows, look.side, look.candle) == (False, 3, 0, BEGIN + 2 * FIVE)
    assert not strategy.views


def test_a_look_is_the_newest_row_of_an_answer() -> None:
    """With all that it says: side, confidence, expiry, probability, and the numbers behind it."""
    strategy = Tell(side=-1, probability=0.7, expiry="30s")
    look = Looking(Market(3), 100).look(strategy, SERIES)
    assert look is not None
    assert (look.candle, look.rows, look.warm, look.side) == (BEGIN + 2 * FIVE, 3, True, -1)
    assert (look.confidence, look.expiry, look.probability) == (0.5, 30_000, 0.7)
    assert look.reasons == {"probability": 0.7}
    assert look.took_us > 0


def test_an_answer_of_nothing_may_hold_anything() -> None:
    """Where it says nothing, confidence, expiry and probability are not looked at."""
    strategy = Tell().does(answering(side=0, confidence=7.0, expiry=None, probability=3.0))
    look = Looking(Market(), 100).look(strategy, SERIES)
    assert look is not None
    assert look.side == 0


@pytest.mark.parametrize("edge", [0.0, 1.0])
def test_the_ends_of_a_probability_are_ones(edge: float) -> None:
    """As are those of a confidence."""
    look = Looking(Market(), 100).look(Tell().does(answering(confidence=edge, probability=edge)), SERIES)
    assert look is not None
    assert (look.confidence, look.probability) == (edge, edge)


def test_a_frame_is_read_once_until_its_next_candle() -> None:
    """For whoever looks; a history makes all of them old."""
    market, one, two = Market(), Tell(label="1"), Tell(label="2", longer=(15_000,))
    looking = Looking(market, 100)
    for strategy in (one, two, one):
        looking.look(strategy, SERIES)
    assert market.asked == [(SERIES, 256), (Series(ASSET, 15_000), 256)]
    looking.on_closed(SERIES, BEGIN, marked=False)
    looking.look(two, SERIES)
    assert len(market.asked) == 3
    looking.forget()
    looking.look(two, SERIES)
    assert len(market.asked) == 5


def test_a_strategy_is_shown_some_of_its_warmups() -> None:
    """Four of them, and not fewer than 256 nor more than 1,000 candles; the look says how many there are."""
    market = Market(900)
    for needs, shown in ((1, 256), (100, 400), (400, 900)):
        strategy = Tell(needs=needs, longer=(15_000,))
        look = Looking(market, 1000).look(strategy, SERIES)
        assert look is not None
        assert look.rows == 900
        (view,) = strategy.views
        assert (view.height, view.higher[15_000].height) == (shown, shown)
        assert view.times[-1] == look.candle
    assert rows_shown(400) == 1000


def test_what_a_strategy_does_to_its_frame_is_its_own_business() -> None:
    """The next one is shown everything."""
    looking = Looking(Market(), 100)

    def spoil(view: object) -> pl.DataFrame:
        frame = strategy.views[-1].candles
        frame.drop_in_place("close")
        frame.insert_column(0, pl.Series("mine", [0] * frame.height))
        raise BadAnswerError(str(view)[:4])

    strategy = Tell().does(spoil)
    with pytest.raises(BadAnswerError):
        looking.look(strategy, SERIES)
    looking.look(other := Tell(), SERIES)
    assert other.views[0].candles.columns == ["at", "open", "high", "low", "close", "ticks", "quality"]


def test_payout_and_sentiment_are_those_of_each_candles_close() -> None:
    """Not those of now; null for a candle that closed before anybody wanted to know, or while nobody had told."""
    market, strategy = Market(), Tell(extras=("payout", "sentiment"))
    looking = Looking(market, 100)
    looking.on_closed(SERIES, BEGIN, marked=False)
    for number, (payout, buyers) in enumerate([(92, 61), (None, None), (80, 40)], start=1):
        market.payout, market.buyers = payout, buyers
        looking.on_closed(SERIES, BEGIN + number * FIVE, marked=True)
    market.payout, market.buyers, market.closes = 50, 50, 4
    looking.look(strategy, SERIES)
    frame = strategy.views[0].candles
    assert frame["payout"].to_list() == [None, 92, None, 80]
    assert frame["sentiment"].to_list() == [None, 61, None, 40]
    assert (frame["payout"].dtype, frame["sentiment"].dtype) == (pl.Int16(), pl.Int16())


def test_only_who_wants_marks_gets_them() -> None:
    """Two frames of the same series: with the marks and without."""
    market = Market()
    looking = Looking(market, 100)
    closed(looking, market, 2)
    looking.look(plain := Tell(), SERIES)
    looking.look(wanting := Tell(extras=("payout",)), SERIES)
    assert "payout" not in plain.views[0].candles.columns
    assert wanting.views[0].candles["payout"].to_list() == [92, 92]


def test_longer_candles_are_marked_too() -> None:
    """A strategy that wants the payout has it on each timeframe that it looks at."""
    strategy = Tell(extras=("payout",), longer=(15_000,))
    stand = Stand(plan(strategy=strategy))
    stand.assets(0, 85)
    stand.run(14_000)
    stand.assets(14_000, 77)
    stand.run(15_500)
    view = strategy.views[-1]
    assert view.candles["payout"].to_list() == [85, 85, 77]
    assert view.higher[15_000]["payout"].to_list() == [77]


def test_what_is_remembered_has_a_bound() -> None:
    """Marks of as many candles as are kept."""
    market, strategy = Market(), Tell(extras=("payout",))
    looking = Looking(market, 2)
    closed(looking, market, 4)
    looking.look(strategy, SERIES)
    assert strategy.views[0].candles["payout"].to_list() == [None, None, 92, 92]


def test_each_asset_has_marks_of_its_own() -> None:
    """What was told of one says nothing of another."""
    market, strategy = Market(), Tell(extras=("payout",))
    looking = Looking(market, 100)
    closed(looking, market, 3)
    looking.look(strategy, Series(OTHER, FIVE))
    assert strategy.views[0].candles["payout"].to_list() == [None] * 3


def test_a_failure_is_worded_on_one_short_line() -> None:
    """Its type first; a text of many lines becomes one, and a very long one is cut."""
    assert worded(ValueError("two\n  lines")) == "ValueError: two lines"
    assert len(worded(ValueError("x" * 10_000))) == 400
