"""The desk: the same events at the same times say the same facts."""

from decimal import Decimal

from qfluxd.desk import Desk, asset_filter
from qfluxd.model import (
    Account,
    AccountState,
    Alert,
    Asset,
    Assets,
    Balance,
    Bar,
    Candle,
    ChartShown,
    Deal,
    Event,
    Fact,
    Gap,
    History,
    LoggedIn,
    Millis,
    OpenDeals,
    Quote,
    Sentiment,
    Series,
    Session,
    Situation,
    Streaming,
    Tick,
)
from qfluxd.settings import MarketSettings

MINUTE: Millis = 60_000
START: Millis = 1_756_859_520_000
CONNECTED = Situation("connected", "market data is coming in")
SERIES = Series("EURUSD_otc", 5_000)


class Room:
    """A desk and all it said."""

    def __init__(self, **settings: object) -> None:
        self.said: list[Fact] = []
        market = MarketSettings.model_validate({"timeframes": ["5s", "15s"], **settings})
        self.desk = Desk(market, self.said.append, server_offset=7200)

    def hear(self, *events: tuple[Millis, Event]) -> None:
        for at, event in events:
            self.desk.hear(START + at, event)

    def tick(self, at: Millis, price: float, asset: str = "EURUSD_otc", late: Millis = 0) -> None:
        self.desk.hear(START + at + late, Tick(asset, START + at, price))

    def facts[F: Fact](self, kind: type[F]) -> list[F]:
        return [fact for fact in self.said if isinstance(fact, kind)]

    @property
    def states(self) -> list[str]:
        return [session.state for session in self.facts(Session)]


def test_a_tick_is_said_with_what_its_time_closed_before_it() -> None:
    """The bar that a tick's time ends is told before the tick itself."""
    room = Room()
    room.hear((0, CONNECTED))
    for at in (0, 1_000, 4_900, 5_000):
        room.tick(at, 1.0 + at / 1e6)
    order = [fact for fact in room.said if isinstance(fact, Tick | Candle)]
    assert [type(fact) for fact in order] == [Tick, Tick, Tick, Candle, Tick]
    candle = order[3]
    assert isinstance(candle, Candle)
    assert (candle.at, candle.close, candle.ticks) == (START, 1.0049, 3)


def test_the_clock_closes_the_bar_of_a_quiet_asset() -> None:
    """Without another tick the beat closes the bar, a grace after its end."""
    room = Room(grace=0.5)
    room.hear((0, CONNECTED))
    room.tick(4_000, 1.0)
    room.desk.beat(START + 5_400)
    assert not room.facts(Candle)
    room.desk.beat(START + 5_500)
    assert [candle.at for candle in room.facts(Candle)] == [START]


def test_ready_is_said_at_the_first_tick_and_stale_when_ticks_end() -> None:
    """The session follows the data."""
    room = Room(stale_after=10)
    room.hear((0, Situation("waiting_chrome", "nothing answers")), (10, CONNECTED))
    room.desk.beat(START + 100)
    room.tick(1_000, 1.0)
    room.desk.beat(START + 11_001)
    assert room.states == ["waiting_chrome", "stale", "ready", "stale"]


def test_stopping_is_the_last_word() -> None:
    """After the goodbye the session is not judged again."""
    room = Room()
    room.hear((0, CONNECTED))
    room.desk.stop(START + 5)
    room.hear((10, Situation("waiting_page", "closed")))
    assert room.states[-1] == "stopped"


def test_account_and_chart_are_part_of_the_session() -> None:
    """What the sockets say of account, asset and timeframe is shown with the state."""
    room = Room()
    room.hear(
        (0, CONNECTED), (1, Balance(Decimal("48335.49"), "demo")), (2, ChartShown("EURUSD_otc", MINUTE, "chart-1"))
    )
    session = room.desk.session
    assert (session.account, session.asset, session.timeframe) == ("demo", "EURUSD_otc", MINUTE)
    assert room.facts(AccountState) == [AccountState(Decimal("48335.49"), None, "demo", START + 1)]


def test_a_balance_that_has_not_changed_is_said_once() -> None:
    """The account is told on change."""
    room = Room()
    room.hear(*[(at, Balance(Decimal(5), "demo")) for at in range(3)])
    assert len(room.facts(AccountState)) == 1


def test_history_seeds_the_book_and_its_candles_are_facts() -> None:
    """What the page was told about the past is said as backfilled candles."""
    room = Room(timeframes=["1m"])
    bars = tuple(Bar(START + minute * MINUTE, 1.0, 1.2, 0.9, 1.1) for minute in range(3))
    room.hear((4 * MINUTE, History(Series("EURUSD_otc", MINUTE), bars, ())))
    assert [(candle.at, candle.quality) for candle in room.facts(Candle)] == [(bar.at, "backfilled") for bar in bars]
    frame = room.desk.frame(Series("EURUSD_otc", MINUTE), 2)
    assert frame["close"].to_list() == [1.1, 1.1]


def test_a_silence_is_a_gap_and_its_bars_are_not_whole() -> None:
    """Ten seconds unheard are told, and the bars they touch are partial or empty."""
    room = Room(quiet_after=5)
    room.hear((0, CONNECTED))
    for at in (0, 1_000, 11_000, 16_000):
        room.tick(at, 1.0)
    assert room.facts(Gap) == [Gap("EURUSD_otc", START + 1_000, START + 11_000)]
    fives = [candle.quality for candle in room.facts(Candle) if candle.series == SERIES]
    assert fives == ["partial", "empty", "partial"]


def test_a_new_market_socket_interrupts_what_the_old_one_told() -> None:
    """An asset that only the old socket streamed is not closed as if nothing had happened."""
    room = Room()
    room.hear((0, CONNECTED))
    room.tick(4_000, 1.0)
    room.hear((4_500, LoggedIn("b")))
    room.desk.beat(START + 6_000)
    assert not room.facts(Candle)


def test_only_wanted_assets_leave_the_desk() -> None:
    """The owner's patterns hold for ticks, candles, quotes and the list."""
    room = Room(assets=["EUR*"])
    room.hear((0, CONNECTED), (1, Assets((asset("EURUSD_otc"), asset("GBPUSD_otc")))))
    for at in (0, 5_000):
        room.tick(at, 1.0)
        room.tick(at, 1.0, "GBPUSD_otc")
    named = {fact.asset for fact in room.said if isinstance(fact, Tick | Quote | Gap)}
    named |= {candle.series.asset for candle in room.facts(Candle)}
    named |= {symbol for streaming in room.facts(Streaming) for symbol in streaming.payouts}
    assert named == {"EURUSD_otc"}


def test_the_patterns_can_change_while_running() -> None:
    """A reload widens what is said from then on."""
    room = Room(assets=["EUR*"])
    room.tick(0, 1.0, "GBPUSD_otc")
    room.desk.reconfigure(MarketSettings(assets=("*",)))
    room.tick(500, 1.0, "GBPUSD_otc")
    assert [tick.at for tick in room.facts(Tick)] == [START + 500]


def test_sentiment_and_payout_meet_in_the_quote() -> None:
    """The quote holds what different events told of one asset."""
    room = Room()
    room.hear((0, Assets((asset("EURUSD_otc"),))), (1, Sentiment("EURUSD_otc", 61)))
    room.tick(1_000, 1.5)
    assert room.facts(Quote) == [Quote("EURUSD_otc", 1.5, 92, True, 61, START + 1_000)]


def test_a_wrong_server_offset_is_reported_with_the_right_one() -> None:
    """An hour between the stamps and this machine is an alert that names the setting."""
    room = Room()
    room.hear((0, CONNECTED))
    for at in range(0, 20_000, 500):
        room.tick(at, 1.0, late=-3_600_000)
    room.desk.beat(START + 20_000 - 3_600_000)
    alerts = room.facts(Alert)
    assert [alert.code for alert in alerts] == ["server_offset"]
    assert "10800 s" in alerts[0].detail


def test_patterns_are_case_sensitive_globs() -> None:
    """Symbols differ by case; EURUSD is not eurusd."""
    wanted = asset_filter(["*_otc", "EURUSD"])
    assert [wanted(symbol) for symbol in ("AUDCAD_otc", "EURUSD", "eurusd", "GBPUSD")] == [True, True, False, False]


def asset(symbol: str) -> Asset:
    return Asset(symbol, symbol, "currency", 5, 92, True, True, (60_000,), 5_000)


def test_each_account_has_its_own_currency() -> None:
    """A deal of the real account does not name the currency of the demo account."""
    room = Room()
    room.hear(
        (0, Balance(Decimal(5), "real")),
        (1, OpenDeals((deal("real", "EUR"),))),
        (2, Balance(Decimal(50_000), "demo")),
        (3, Balance(Decimal(5), "real")),
    )
    assert [(state.account, state.currency) for state in room.facts(AccountState)] == [
        ("real", None),
        ("real", "EUR"),
        ("demo", None),
        ("real", "EUR"),
    ]


def test_connecting_with_data_is_not_called_stale_on_the_way() -> None:
    """The frame that proves the line is judged with what it brought."""
    room = Room()
    room.hear((0, CONNECTED))
    room.tick(0, 1.0)
    assert room.states == ["ready"]


def deal(account: Account, currency: str) -> Deal:
    return Deal("1", "EURUSD_otc", "call", Decimal(1), 92, START, START + MINUTE, 1.0, account, currency)


def test_before_the_first_tick_this_machines_clock_closes_nothing() -> None:
    """A machine that is a minute ahead of the broker seeds and folds the same candles as one that is right."""

    def candles(ahead: Millis) -> list[Candle]:
        room = Room()
        told = tuple(Tick("EURUSD_otc", START + at, 1.0 + at / 1e6) for at in range(0, 7_000, 500))
        room.hear((7_000 + ahead, CONNECTED), (7_000 + ahead, History(Series("EURUSD_otc", MINUTE), (), told)))
        for at in range(7_000 + ahead, 7_400 + ahead, 100):
            room.desk.beat(START + at)
        for at in range(7_000, 21_000, 500):
            room.tick(at, 1.0 + at / 1e6, late=ahead)
        return room.facts(Candle)

    right = candles(0)
    assert [candle.ticks for candle in right if candle.series == SERIES] == [10, 10, 10, 10]
    assert candles(60_000) == candles(2_000) == candles(-60_000) == right
