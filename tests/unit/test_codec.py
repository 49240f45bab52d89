"""What the broker and the page say, as values: recorded payloads, and the forms no recording has."""

import json
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.wire.values import (
    ChartClosed,
    ChartSettings,
    Heard,
    HistoryAsked,
    Indicator,
    Indicators,
    PendingOrder,
    PendingOrderCancelSent,
    PendingOrderPlaced,
    PendingOrderRefused,
    PendingOrders,
    PendingOrderSent,
    PlatformSignal,
    PlatformSignals,
    PriceAlert,
    PriceAlerts,
    SentimentAsked,
    ServerTime,
    SignalCount,
    SignalCounts,
    TicksAsked,
    is_event,
)
from qfluxd.model import (
    Asset,
    Assets,
    Balance,
    Bar,
    ChartShown,
    ClosedDeals,
    Deal,
    DealOpened,
    DealsSettled,
    Favorites,
    Frame,
    History,
    LoggedIn,
    LoggedOut,
    OpenDeals,
    OrderRefused,
    OrderSent,
    Sentiment,
    Series,
    Tick,
)
from tests.support.captures import CAPTURES, read_frames, read_lines
from tests.support.fixtures import fixture
from tests.support.wire import in_one_step, in_two_steps

MINUTE = 60_000
AT = 1_756_862_400_000
SERVER = AT // 1000 + 7200
EURUSD = Series("EURUSD_otc", MINUTE)


def feed(codec: Codec, frames: Iterable[Frame]) -> list[Heard]:
    return [value for frame in frames for value in codec.feed(frame)]


def heard(event: str, data: Any) -> list[Heard]:
    """What a broker's event says; the same in one step and in two, and without any error."""
    one, two = Codec(), Codec()
    values = feed(one, in_one_step("a", event, data))
    assert feed(two, in_two_steps("a", event, data)) == values
    assert one.errors == two.errors == {}
    return values


def sent(event: str, *arguments: Any, at: int = 0) -> list[Heard]:
    """What an event of the page says."""
    codec = Codec()
    values = feed(codec, in_one_step("a", event, *arguments, at=at, sent=True))
    assert codec.errors == {}
    return values


def wrong(event: str, data: Any, *, from_page: bool = False) -> tuple[list[Heard], dict[str, int]]:
    """What is still heard of an event that makes no sense, and the errors by reason."""
    codec = Codec()
    values = feed(codec, in_one_step("a", event, data, sent=from_page))
    return values, dict(codec.errors)


# ------------------------------------------------------------------------------------ recorded page loads


@pytest.fixture(scope="module", params=CAPTURES)
def recorded(request: pytest.FixtureRequest) -> tuple[list[tuple[str | None, Any]], list[Heard], Codec]:
    """A page load: its events as recorded (name, payload), its values, and the codec that made them."""
    truth = read_lines(fixture(f"frames/{request.param}.events.jsonl"))
    codec = Codec()
    values = feed(codec, read_frames(fixture(f"frames/{request.param}.frames.jsonl")))
    return [(event["event"], event["payload"]) for event in truth], values, codec


type Recorded = tuple[list[tuple[str | None, Any]], list[Heard], Codec]


def payloads(recorded: Recorded, *names: str) -> list[Any]:
    return [payload for name, payload in recorded[0] if name in names]


def of[T](recorded: Recorded, kind: type[T]) -> list[T]:
    return [value for value in recorded[1] if isinstance(value, kind)]


def utc(stamp: float) -> int:
    return round(stamp * 1000) - 7_200_000


def test_a_recorded_page_load_has_no_errors(recorded: Recorded) -> None:
    """Every recorded frame fits the grammar, and every event is counted under its name."""
    events, _, codec = recorded
    assert codec.errors == {}
    assert codec.kept == ()
    assert codec.superseded == 0
    named = Counter(name for name, _ in events if name is not None)
    assert {name: codec.counts[name] for name in named} == named
    packets = {name: count for name, count in codec.counts.items() if name not in named}
    assert sum(packets.values()) == sum(name is None for name, _ in events)
    assert set(packets) == {"packet:open", "packet:connect", "packet:ping"}


def test_recorded_ticks(recorded: Recorded) -> None:
    """Every row of every stream frame, in order, in UTC to the millisecond; old and new socket alike."""
    rows = [row for payload in payloads(recorded, "updateStream") for row in payload]
    assert of(recorded, Tick) == [Tick(asset, utc(stamp), price) for asset, stamp, price in rows]


def test_recorded_history(recorded: Recorded) -> None:
    """Array rows are open, close, high, low, newest first; older candles are named; both come out ascending."""
    (recent,) = payloads(recorded, "updateHistoryNewFast")
    (older,) = payloads(recorded, "loadHistoryPeriodFast")
    series = Series(recent["asset"], recent["period"] * 1000)
    assert of(recorded, History) == [
        History(
            series,
            tuple(Bar(utc(t), o, h, low, c) for t, o, c, h, low in reversed(recent["candles"])),
            tuple(Tick(recent["asset"], utc(stamp), price) for stamp, price in recent["history"]),
        ),
        History(
            series,
            tuple(Bar(utc(row["time"]), row["open"], row["high"], row["low"], row["close"]) for row in older["data"]),
            (),
        ),
    ]
    recent_bars, older_bars = (history.bars for history in of(recorded, History))
    assert recent_bars[0] == older_bars[-1]


def test_recorded_history_agrees_with_itself(recorded: Recorded) -> None:
    """Ticks folded by the minute equal the broker's own candles: the columns are read in the right order."""
    history = of(recorded, History)[0]
    bars = {bar.at: bar for bar in history.bars}
    folded: dict[int, list[float]] = {}
    for tick in history.ticks:
        folded.setdefault(tick.at // MINUTE * MINUTE, []).append(tick.price)
    whole = [at for at in folded if at in bars and at != min(folded)]
    assert len(whole) >= 4
    for at in whole:
        prices = folded[at]
        assert bars[at] == Bar(at, prices[0], max(prices), min(prices), prices[-1])


def test_recorded_assets(recorded: Recorded) -> None:
    """All 183 rows, with label, kind, digits, payout, state and expiries."""
    lists = payloads(recorded, "updateAssets")
    expected = [
        Assets(
            tuple(
                Asset(
                    symbol=row[1],
                    label=row[2],
                    kind=row[3],
                    digits=row[4],
                    payout=row[5],
                    open=row[14],
                    otc=row[9] == 1,
                    expiries=tuple(entry["time"] * 1000 for entry in row[15]),
                    min_expiry=row[17] * 1000,
                )
                for row in rows
            )
        )
        for rows in lists
    ]
    assert of(recorded, Assets) == expected
    assert {len(told.assets) for told in expected} == {183}


def test_recorded_deals(recorded: Recorded) -> None:
    """Side, stake, profit, payout and times to the millisecond; money has the digits of the JSON."""
    (rows,) = payloads(recorded, "updateClosedDeals")
    (closed,) = of(recorded, ClosedDeals)
    assert closed.deals == tuple(
        Deal(
            id=row["id"],
            asset=row["asset"],
            side=("call", "put")[row["command"]],
            stake=Decimal(str(row["amount"])),
            payout=row["percentProfit"],
            opened=(row["openTimestamp"] - 7200) * 1000 + row["openMs"],
            closes=(row["closeTimestamp"] - 7200) * 1000 + row["closeMs"],
            open_price=row["openPrice"],
            account="demo",
            currency="USD",
            close_price=row["closePrice"],
            profit=Decimal(str(row["profit"])),
        )
        for row in rows
    )
    assert of(recorded, OpenDeals) == [OpenDeals(())]
    assert of(recorded, PendingOrders) == [PendingOrders(())]
    (balance,) = payloads(recorded, "successupdateBalance")
    assert of(recorded, Balance) == [Balance(Decimal(str(balance["balance"])), "demo")]


def test_recorded_chart(recorded: Recorded) -> None:
    """Period 4 is one minute; stakes, expiry and closing time stand in the settings; history implies the chart."""
    (((chart,),)) = payloads(recorded, "updateCharts")
    settings = json.loads(chart["settings"])
    assert settings["chartPeriod"] == 4
    assert of(recorded, ChartShown) == [
        ChartShown(settings["symbol"], MINUTE, "chart-1"),
        ChartShown(settings["symbol"], MINUTE),
    ]
    assert of(recorded, ChartSettings) == [
        ChartSettings(
            asset=settings["symbol"],
            timeframe=MINUTE,
            chart="chart-1",
            kind=2,
            demo_stake=Decimal(settings["demoDealAmount"]),
            real_stake=Decimal(20),
            expiry=MINUTE,
            closes=utc(settings["fastCloseAt"]),
            visible=True,
        )
    ]


def test_recorded_page_state(recorded: Recorded) -> None:
    """Favourites in the page's order, indicators with their settings, no price alerts."""
    assert of(recorded, Favorites) == [Favorites(tuple(payloads(recorded, "successfavorite/change")[0]))]
    (rows,) = payloads(recorded, "successindicator/load")
    (told,) = of(recorded, Indicators)
    assert [(one.id, one.kind, one.chart, one.visible, json.loads(one.options)) for one in told.indicators] == [
        (row["id"], row["type"], row["chart_id"], row["visible"] == 1, row["settings"]) for row in rows["list"]
    ]
    assert of(recorded, PriceAlerts) == [PriceAlerts(())]


def test_recorded_platform_signals(recorded: Recorded) -> None:
    """Strengths by timeframe, the price beside them, and the followers' counts."""
    expected = [
        PlatformSignals(
            tuple(
                PlatformSignal(asset, price, tuple((minutes * MINUTE, strength) for minutes, strength in strengths))
                for asset, strengths, price in payload["signals"]
            ),
            complete=name == "signals/load",
            times=tuple(sorted((int(m) * MINUTE, utc(stamp)) for m, stamp in payload.get("times", {}).items())),
        )
        for name, payload in recorded[0]
        if name in {"signals/load", "signals/update"}
    ]
    assert of(recorded, PlatformSignals) == expected
    (groups,) = payloads(recorded, "successsignals/stats")
    assert of(recorded, SignalCounts) == [
        SignalCounts(tuple(SignalCount(utc(t), a, m * MINUTE, n) for t, rows in groups for a, m, n in rows))
    ]


def test_recorded_login(recorded: Recorded) -> None:
    """The broker accepts the session once, on the market socket."""
    assert len(of(recorded, LoggedIn)) == 1
    assert of(recorded, LoggedOut) == []


# ------------------------------------------------------------------------------------------ market events


def test_ticks_of_many_rows() -> None:
    """A stream frame may carry several assets; each row is a tick."""
    rows = [["EURUSD_otc", SERVER + 0.25, 1.1], ["#AAPL_otc", SERVER, 180]]
    assert heard("updateStream", rows) == [Tick("EURUSD_otc", AT + 250, 1.1), Tick("#AAPL_otc", AT, 180.0)]
    assert heard("updateStream", []) == []


def test_sentiment_is_no_tick() -> None:
    """`chafor` has a tick's shape less the price; the event's name decides, and a stray row is an error."""
    assert heard("chafor", [["GBPUSD_otc", 10]]) == [Sentiment("GBPUSD_otc", 10)]
    assert wrong("updateStream", [["GBPUSD_otc", 10]]) == ([], {"shape:updateStream": 1})
    assert wrong("chafor", [["GBPUSD_otc", SERVER, 1.3]]) == ([], {"shape:chafor": 1})
    assert wrong("chafor", [["GBPUSD_otc", 101]]) == ([], {"shape:chafor": 1})


@pytest.mark.parametrize(
    "row",
    [
        ["A"],
        ["A", SERVER, 1.1, 2],
        ["A", "1756869696", 1.1],
        ["A", SERVER, None],
        ["A", SERVER, 0],
        ["A", SERVER, -1.1],
        ["A", SERVER * 1000, 1.1],
        ["A", 0, 1.1],
        ["", SERVER, 1.1],
        {"asset": "A", "time": SERVER, "price": 1.1},
    ],
)
def test_a_bad_tick_leaves_the_others(row: Any) -> None:
    """It is counted; the good rows of the same frame are heard."""
    told, errors = wrong("updateStream", [row, ["B", SERVER, 2.5]])
    assert told == [Tick("B", AT, 2.5)]
    assert errors == {"shape:updateStream": 1}


@pytest.mark.parametrize(
    ("stamp", "at"),
    [(1756869696.775, 1756862496775), (1756869696.0005, 1756862496000), (1756869696, 1756862496000)],
)
def test_stamps_are_rounded_to_the_millisecond(stamp: float, at: int) -> None:
    """Server seconds with a fraction become whole milliseconds UTC."""
    assert heard("updateStream", [["A", stamp, 1.5]]) == [Tick("A", at, 1.5)]


def test_the_servers_offset_is_a_setting() -> None:
    """A server that keeps UTC is read with an offset of nothing."""
    codec = Codec(server_offset=0)
    assert feed(codec, in_one_step("a", "updateStream", [["A", SERVER, 1.5]])) == [Tick("A", SERVER * 1000, 1.5)]


def test_server_time() -> None:
    """A bare number is the server's clock."""
    assert heard("updateTime", SERVER + 0.5) == [ServerTime(AT + 500)]


def row(symbol: str = "EURUSD_otc", **columns: Any) -> list[Any]:
    """A row of the asset list, some of its columns (``c5=…``) replaced."""
    base: list[Any] = [66, symbol, "EUR/USD OTC", "currency", 5, 92, 60, 30, 3, 1, 0, 1, []]
    base += [1756944000, True, [{"time": 300}, {"time": 60}], 0, 5, -1]
    for name, value in columns.items():
        base[int(name[1:])] = value
    return base


def test_assets_tolerate_what_they_do_not_know() -> None:
    """Columns beyond the nineteenth are left alone; expiries come out ascending."""
    expected = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (60_000, 300_000), 5_000)
    assert heard("updateAssets", [[*row(), {"new": 1}, 7]]) == [Assets((expected,))]


@pytest.mark.parametrize(
    "bad",
    [
        row(c1=""),
        row(c2=None),
        row(c4=-1),
        row(c5="92"),
        row(c5=92.5),
        row(c9=2),
        row(c14="yes"),
        row(c15=[60]),
        row(c17=0),
        row()[:17],
        {"symbol": "EURUSD_otc"},
    ],
)
def test_a_bad_asset_leaves_the_others(bad: Any) -> None:
    """It is counted, and the list comes without it."""
    told, errors = wrong("updateAssets", [bad, row("AUDCAD_otc")])
    assert [asset.symbol for told in told if isinstance(told, Assets) for asset in told.assets] == ["AUDCAD_otc"]
    assert errors == {"shape:updateAssets": 1}


def test_favorites_have_two_names() -> None:
    """Loaded or changed, they are the same list."""
    for event in ("successfavorite/load", "successfavorite/change"):
        assert heard(event, ["B_otc", "A_otc"]) == [Favorites(("B_otc", "A_otc"))]


# ------------------------------------------------------------------------------------------------ history


def recent(**parts: Any) -> dict[str, Any]:
    return {"asset": "EURUSD_otc", "period": 60, **parts}


def test_history_with_volume_and_ascending() -> None:
    """Candle rows of 2026 carry a volume; their order does not matter; ticks beside them are optional."""
    candles = [[SERVER, 1.2, 1.3, 1.4, 1.1, 90], [SERVER + 60, 1.3, 1.2, 1.3, 1.2, 91]]
    bars = (Bar(AT, 1.2, 1.4, 1.1, 1.3), Bar(AT + MINUTE, 1.3, 1.3, 1.2, 1.2))
    told = [History(EURUSD, bars, ()), ChartShown("EURUSD_otc", MINUTE)]
    assert heard("updateHistoryNewFast", recent(candles=candles)) == told
    assert heard("updateHistoryNewFast", recent(candles=candles[::-1], history=None)) == told


@pytest.mark.parametrize("event", ["updateHistoryNewFast", "updateHistoryNew", "updateHistory"])
@pytest.mark.parametrize(
    "rows",
    [
        [[SERVER, 1.1], [SERVER + 0.5, 1.2]],
        [[SERVER * 1000, 1.1], [SERVER * 1000 + 500, 1.2]],
        [[SERVER, 1.1, 0], [SERVER + 0.5, 1.2, "x"]],
        [[SERVER + 0.5, 1.2], [SERVER, 1.1]],
    ],
)
def test_history_ticks_in_every_stated_form(event: str, rows: list[Any]) -> None:
    """Seconds or milliseconds, two elements or three, ascending or not, under old names and new."""
    ticks = (Tick("EURUSD_otc", AT, 1.1), Tick("EURUSD_otc", AT + 500, 1.2))
    assert heard(event, recent(history=rows)) == [History(EURUSD, (), ticks), ChartShown("EURUSD_otc", MINUTE)]


@pytest.mark.parametrize(
    ("candle", "reason"),
    [
        ([SERVER + 60, 1.2, 1.4, 1.3, 1.1], "prices"),
        ([SERVER + 60, 1.2, 1.3, 1.4, 1.25], "prices"),
        ([SERVER + 61, 1.2, 1.3, 1.4, 1.1], "off_grid"),
        ([SERVER, 1.2, 1.3, 1.4, 1.1], "repeated"),
        ([SERVER + 60, 1.2, 1.3, 1.4], "shape"),
        ([SERVER + 60, 1.2, 1.3, 1.4, 1.1, 90, 5], "shape"),
        ([SERVER + 60, 1.2, 1.3, 1.4, 0], "shape"),
        ([SERVER + 60, 1.2, None, 1.4, 1.1], "shape"),
    ],
)
def test_a_candle_that_cannot_be_is_left_out(candle: list[Any], reason: str) -> None:
    """High below the close, low above the open, off the grid, told twice: counted, and a hole is left."""
    told, errors = wrong("updateHistoryNewFast", recent(candles=[candle, [SERVER, 1.2, 1.3, 1.4, 1.1]]))
    assert told[0] == History(EURUSD, (Bar(AT, 1.2, 1.4, 1.1, 1.3),), ())
    assert errors == {f"{reason}:updateHistoryNewFast": 1}


def test_bars_stand_on_the_servers_grid() -> None:
    """Four-hour bars begin at 22:00 UTC: time is cut by the server's clock before it is converted."""
    server = 1_756_857_600
    assert server % 14_400 == 0
    data = {"asset": "EURUSD_otc", "period": 14_400, "candles": [[server, 1.2, 1.3, 1.4, 1.1]]}
    history, _ = heard("updateHistoryNewFast", data)
    assert isinstance(history, History)
    assert history.bars[0].at % 14_400_000 == 7_200_000


@pytest.mark.parametrize(
    "data",
    [
        recent(),
        recent(history=None, candles=None),
        {"asset": "EURUSD_otc", "candles": []},
        {"asset": "EURUSD_otc", "period": "60", "candles": []},
        {"asset": "EURUSD_otc", "period": 0, "candles": []},
        {"period": 60, "candles": []},
        recent(candles={}),
        [],
    ],
)
def test_history_of_another_shape_is_refused_whole(data: Any) -> None:
    """Without asset, period, or anything to tell, nothing is guessed."""
    assert wrong("updateHistoryNewFast", data) == ([], {"shape:updateHistoryNewFast": 1})


def test_older_history_may_hold_ticks() -> None:
    """The answer to a short request has rows of asset, time, price."""
    rows = [{"asset": "EURUSD_otc", "time": SERVER + 0.25, "price": 1.2}]
    for event in ("loadHistoryPeriodFast", "loadHistoryPeriod"):
        assert heard(event, recent(data=rows)) == [History(EURUSD, (), (Tick("EURUSD_otc", AT + 250, 1.2),))]


def test_older_history_may_have_volume() -> None:
    """Named candles of 2026 carry a volume, which is left alone."""
    rows = [{"symbol_id": 1, "time": SERVER, "open": 1.2, "close": 1.3, "high": 1.4, "low": 1.1, "volume": 90}]
    assert heard("loadHistoryPeriodFast", recent(data=rows)) == [History(EURUSD, (Bar(AT, 1.2, 1.4, 1.1, 1.3),), ())]


@pytest.mark.parametrize(
    "bad",
    [
        {"time": SERVER, "open": 1.2, "close": 1.3, "high": 1.4},
        {"time": SERVER, "open": 1.2, "close": 1.3, "high": 1.4, "low": 1.1, "price": 1.2},
        {"time": SERVER, "price": 1.2},
        {"time": SERVER, "asset": "GBPUSD_otc", "price": 1.2},
        {"open": 1.2, "close": 1.3, "high": 1.4, "low": 1.1},
    ],
)
def test_a_named_row_is_a_candle_or_a_tick_of_the_asset(bad: dict[str, Any]) -> None:
    """Neither half of one, nor a bit of both, nor another asset's."""
    told, errors = wrong("loadHistoryPeriodFast", recent(data=[bad]))
    assert told == [History(EURUSD, (), ())]
    assert errors == {"shape:loadHistoryPeriodFast": 1}


# -------------------------------------------------------------------------------------- balance and deals


def test_balance_is_exact() -> None:
    """Money has the digits of the JSON, not those of a binary fraction; 0 is the real account."""
    body = b'42["successupdateBalance",{"isDemo":0,"balance":0.1000000000000000055}]'
    assert Codec().feed(Frame(0, "a", body)) == [Balance(Decimal("0.1000000000000000055"), "real")]
    assert heard("updateBalance", {"isDemo": True, "balance": Decimal("0.10")}) == [Balance(Decimal("0.10"), "demo")]


@pytest.mark.parametrize(
    "data",
    [
        {"isDemo": 2, "balance": 1},
        {"balance": 1},
        {"isDemo": 1},
        {"isDemo": 1, "balance": None},
        {"isDemo": 1, "balance": "NaN"},
        {"isDemo": 1, "balance": "Infinity"},
        {"isDemo": 1, "balance": Decimal("1E+400")},
        {"isDemo": 1, "balance": Decimal("1E+9999999")},
        {"isDemo": 1, "balance": Decimal("1E-9999999")},
    ],
)
def test_a_balance_that_is_none_is_refused(data: Any) -> None:
    """Not-a-number, infinity and an account nobody knows are no balance."""
    assert wrong("successupdateBalance", data) == ([], {"shape:successupdateBalance": 1})


def deal(**fields: Any) -> dict[str, Any]:
    """A deal as the broker sends it."""
    return {
        "id": "6cd38354-0000",
        "openTime": "2025-09-03 01:20:00",
        "openTimestamp": SERVER,
        "closeTimestamp": SERVER + 120,
        "uid": 100000001,
        "amount": Decimal("10.50"),
        "profit": Decimal("9.66"),
        "percentProfit": 92,
        "openPrice": 0.87644,
        "closePrice": 0,
        "command": 1,
        "asset": "EURGBP_otc",
        "isDemo": 1,
        "openMs": 273,
        "optionType": 100,
        "currency": "USD",
        **fields,
    }


OPEN = Deal(
    id="6cd38354-0000",
    asset="EURGBP_otc",
    side="put",
    stake=Decimal("10.50"),
    payout=92,
    opened=AT + 273,
    closes=AT + 120_000,
    open_price=0.87644,
    account="demo",
    currency="USD",
)


def settled(profit: str, price: float) -> Deal:
    return Deal(
        id=OPEN.id,
        asset=OPEN.asset,
        side="put",
        stake=OPEN.stake,
        payout=92,
        opened=OPEN.opened,
        closes=AT + 120_093,
        open_price=OPEN.open_price,
        account="demo",
        currency="USD",
        close_price=price,
        profit=Decimal(profit),
    )


@pytest.mark.parametrize(("request_id", "expected"), [(None, None), (1756866842, "1756866842"), ("u-1", "u-1")])
def test_a_deal_that_opens(request_id: Any, expected: str | None) -> None:
    """What it would earn is no profit yet, and 0 is no closing price; the page's own id comes along."""
    fields = {} if request_id is None else {"requestId": request_id}
    assert heard("successopenOrder", deal(**fields)) == [DealOpened(OPEN, expected)]


def test_open_deals() -> None:
    """The list has the same deals."""
    assert heard("updateOpenedDeals", [deal()]) == [OpenDeals((OPEN,))]


@pytest.mark.parametrize(("profit", "price"), [("9.66", 0.87), ("-10.50", 0.88), ("0", 0.87644)])
def test_deals_that_settle(profit: str, price: float) -> None:
    """Won, lost or tied, each deal has its own profit; the batch's sum is nobody's."""
    row = deal(profit=Decimal(profit), closePrice=price, closeMs=93)
    assert heard("successcloseOrder", {"profit": 99, "deals": [row]}) == [DealsSettled((settled(profit, price),))]
    assert heard("updateClosedDeals", [row]) == [ClosedDeals((settled(profit, price),))]


@pytest.mark.parametrize(
    "fields",
    [
        {"command": 2},
        {"isDemo": None},
        {"amount": "NaN"},
        {"profit": None},
        {"profit": "Infinity"},
        {"percentProfit": 92.5},
        {"openPrice": 0},
        {"closeTimestamp": None},
        {"openMs": 1000},
        {"id": 5},
    ],
)
def test_a_bad_deal_leaves_the_others(fields: dict[str, Any]) -> None:
    """A deal of another kind, without a side, account, profit or time, is counted and left out."""
    good = deal(id="good", closePrice=0.87, closeMs=93)
    told, errors = wrong("updateClosedDeals", [deal(**fields), good])
    assert [deal.id for told in told if isinstance(told, ClosedDeals) for deal in told.deals] == ["good"]
    assert errors == {"shape:updateClosedDeals": 1}
    assert [told.whole for told in told if isinstance(told, ClosedDeals)] == [False]


def test_a_refused_order() -> None:
    """The broker's own words, with stake and asset where it names them."""
    told = [OrderRefused("Wrong amount", "EURUSD_otc", Decimal("1.5"))]
    assert heard("failopenOrder", {"error": "Wrong amount", "amount": 1.5, "asset": "EURUSD_otc"}) == told
    assert heard("failopenOrder", {"error": "Wrong amount"}) == [OrderRefused("Wrong amount")]
    assert wrong("failopenOrder", {"amount": 1}) == ([], {"shape:failopenOrder": 1})
    assert wrong("failopenOrder", {"error": "x", "amount": "NaN"}) == ([], {"shape:failopenOrder": 1})


def pending(**fields: Any) -> dict[str, Any]:
    return {
        "ticket": "8924b0f1",
        "openType": 0,
        "amount": 10,
        "symbol": "EURUSD_otc",
        "openTime": "2025-09-03 03:20:00",
        "openPrice": 0,
        "timeframe": 60,
        "minPayout": 60,
        "command": 0,
        "dateCreated": "2025-09-03 03:00:00",
        "id": 7,
        **fields,
    }


AT_A_TIME = PendingOrder("EURUSD_otc", "call", Decimal(10), MINUTE, 60, AT, None, "8924b0f1")
AT_A_PRICE = PendingOrder("EURUSD_otc", "put", Decimal(10), MINUTE, 60, None, 1.13183, "8924b0f1")


def test_orders_that_wait() -> None:
    """For the server's wall clock or for a price; listed, or placed one by one, bare or in `data`."""
    at_a_price = pending(openType=1, openPrice=1.13183, command=1)
    assert heard("successupdatePending", [pending(), at_a_price]) == [PendingOrders((AT_A_TIME, AT_A_PRICE))]
    assert heard("successopenPendingOrder", {"data": pending()}) == [PendingOrderPlaced(AT_A_TIME)]
    assert heard("successpending/created", at_a_price) == [PendingOrderPlaced(AT_A_PRICE)]
    assert heard("failopenPendingOrder", {"error": "Low payout"}) == [PendingOrderRefused("Low payout")]
    assert heard("failpending/created", {"error": "Low payout"}) == [PendingOrderRefused("Low payout")]


@pytest.mark.parametrize("fields", [{"openTime": "2025-13-03 03:20:00"}, {"openTime": None}, {"symbol": None}])
def test_a_waiting_order_without_time_or_asset_is_refused(fields: dict[str, Any]) -> None:
    """It is counted; nothing is put in its place."""
    assert wrong("successupdatePending", [pending(**fields)]) == (
        [PendingOrders(())],
        {"shape:successupdatePending": 1},
    )
    assert wrong("successpending/created", pending(**fields)) == ([], {"shape:successpending/created": 1})


# ----------------------------------------------------------------------------------------- what the page asks


def order(**fields: Any) -> dict[str, Any]:
    return {
        "asset": "EURUSD_otc",
        "amount": Decimal("1.10"),
        "action": "call",
        "isDemo": 1,
        "requestId": 1756866842,
        "optionType": 100,
        "time": 60,
        **fields,
    }


def test_the_pages_order() -> None:
    """Length in timer mode, what is left until the closing stamp in clock mode."""
    told = OrderSent("EURUSD_otc", "call", Decimal("1.10"), MINUTE, "demo", "1756866842")
    assert sent("openOrder", order()) == [told]
    assert sent("openOrder", order(time=SERVER + 90), at=AT + 30_000) == [told]
    assert sent("openOrder", order(action="put", isDemo=0, requestId="u-1")) == [
        OrderSent("EURUSD_otc", "put", Decimal("1.10"), MINUTE, "real", "u-1")
    ]


@pytest.mark.parametrize("fields", [{"action": "buy"}, {"time": 0}, {"amount": "NaN"}, {"asset": None}])
def test_an_order_nobody_understands_is_an_error(fields: dict[str, Any]) -> None:
    """A witness that is unsure says nothing."""
    assert wrong("openOrder", order(**fields), from_page=True) == ([], {"shape:openOrder": 1})


def test_a_closing_time_in_the_past_is_an_error() -> None:
    """An order cannot close before it was sent."""
    codec = Codec()
    assert feed(codec, in_one_step("a", "openOrder", order(time=SERVER), at=AT, sent=True)) == []
    assert codec.errors == {"shape:openOrder": 1}


def test_the_page_turns_its_chart() -> None:
    """To an asset and a timeframe; without a period only the asset is known."""
    assert sent("changeSymbol", {"asset": "EURUSD_otc", "period": 300}) == [ChartShown("EURUSD_otc", 300_000)]
    assert sent("changeSymbol", {"asset": "EURUSD_otc"}) == [ChartShown("EURUSD_otc", None)]


SETTINGS = {"symbol": "EURUSD_otc", "chartPeriod": 6, "chartId": "chart-2", "chartType": "2", "demoDealAmount": 1.5}


@pytest.mark.parametrize(
    "data",
    [
        SETTINGS,
        {"settings": [SETTINGS]},
        [SETTINGS],
        {"chart_id": "chart-2", "settings": json.dumps(SETTINGS)},
        [{"chart_id": "chart-2", "settings": SETTINGS}],
    ],
)
def test_the_page_saves_its_charts(data: Any) -> None:
    """In each of the forms that were seen: bare, listed, and as JSON in a string."""
    assert sent("saveCharts", data) == [
        ChartShown("EURUSD_otc", 300_000, "chart-2"),
        ChartSettings("EURUSD_otc", 300_000, "chart-2", kind="2", demo_stake=Decimal("1.5")),
    ]


@pytest.mark.parametrize(
    ("number", "seconds"),
    [
        (15, 1), (0, 5), (1, 10), (2, 15), (3, 30), (4, 60), (13, 120), (14, 180),
        (6, 300), (7, 600), (8, 900), (9, 1800), (10, 3600), (11, 14400), (12, 86400),
    ],
)  # fmt: skip
def test_chart_periods_are_numbers_not_minutes(number: int, seconds: int) -> None:
    """The page's own number of each timeframe."""
    shown, _ = sent("saveCharts", {"symbol": "A", "chartPeriod": number})
    assert shown == ChartShown("A", seconds * 1000)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"symbol": "A", "chartPeriod": 5}, "chart_period"),
        ({"symbol": "A", "chartPeriod": 99}, "chart_period"),
        ({"chartPeriod": 4}, "shape"),
        ({"symbol": "A", "chartPeriod": "4"}, "shape"),
        ({"symbol": "A", "demoDealAmount": "NaN"}, "stake"),
    ],
)
def test_a_chart_nobody_understands_leaves_the_others(settings: dict[str, Any], reason: str) -> None:
    """An unknown timeframe is an error, not a guess."""
    told, errors = wrong("updateCharts", [{"chart_id": "chart-1", "settings": json.dumps(settings)}, SETTINGS])
    assert told[0] == ChartShown("EURUSD_otc", 300_000, "chart-2")
    assert errors == {f"{reason}:updateCharts": 1}


def test_history_implies_the_chart_only_while_there_is_one() -> None:
    """With two charts their histories come in turn, and none says which chart is in front."""
    codec = Codec()
    charts = [{**SETTINGS, "chartId": name} for name in ("chart-1", "chart-2")]
    history = recent(candles=[])
    feed(codec, in_one_step("a", "updateCharts", charts))
    assert feed(codec, in_one_step("a", "updateHistoryNewFast", history)) == [History(EURUSD, (), ())]
    assert feed(codec, in_one_step("a", "deleteChart", {"chartId": "chart-2"}, sent=True)) == [ChartClosed("chart-2")]
    assert feed(codec, in_one_step("a", "updateHistoryNewFast", history))[1:] == [ChartShown("EURUSD_otc", MINUTE)]
    feed(codec, in_one_step("a", "saveCharts", {"settings": [{"symbol": "A", "chartPeriod": 4}]}, sent=True))
    assert feed(codec, in_one_step("a", "updateHistoryNewFast", history))[1:] == [ChartShown("EURUSD_otc", MINUTE)]
    feed(codec, in_one_step("a", "saveCharts", charts, sent=True))
    assert feed(codec, in_one_step("a", "updateHistoryNewFast", history))[1:] == []


def test_the_page_asks_for_the_past() -> None:
    """So many seconds before a point in time, for what its chart is on."""
    data = {"asset": "EURUSD_otc", "index": 175686678578, "time": SERVER, "offset": 9000, "period": 60}
    for event in ("loadHistoryPeriod", "loadHistoryPeriodFast"):
        asked = HistoryAsked("EURUSD_otc", MINUTE, AT, 9_000_000)
        assert sent(event, data) == [asked, ChartShown("EURUSD_otc", MINUTE)]


def test_the_pages_subscriptions() -> None:
    """Sentiment and ticks, wanted and no longer wanted."""
    assert sent("subfor", "A") == [SentimentAsked("A", on=True)]
    assert sent("unsubfor", "A") == [SentimentAsked("A", on=False)]
    assert sent("subscribeSymbol", "A") == [TicksAsked("A", on=True)]
    assert sent("unSubscribeSymbol", "A") == [TicksAsked("A", on=False)]


def test_the_pages_waiting_orders() -> None:
    """Asked for, without a ticket yet, and taken back."""
    data = {name: value for name, value in pending(asset="EURUSD_otc").items() if name not in {"ticket", "symbol"}}
    (told,) = sent("openPendingOrder", data)
    assert told == PendingOrderSent(PendingOrder("EURUSD_otc", "call", Decimal(10), MINUTE, 60, AT, None))
    assert sent("cancelPendingOrder", {"ticket": "8924b0f1"}) == [PendingOrderCancelSent("8924b0f1")]


def test_alerts_and_indicators() -> None:
    """Rows with their own numbers; a bad one is counted."""
    alert = {"id": 3, "assetId": 66, "price": 1.1}
    assert heard("successprice-alert/load", [alert]) == [PriceAlerts((PriceAlert(3, 66, 1.1),))]
    one = {"id": 1, "uid": 5, "type": "ma", "chart_id": "chart-1", "visible": 0, "settings": {"period": 2}}
    told = [Indicators((Indicator(1, "ma", "chart-1", visible=False, options='{"period":2}'),))]
    assert heard("successindicator/load", {"list": [one]}) == told
    assert wrong("successindicator/load", {"list": [{}, one]}) == (told, {"shape:successindicator/load": 1})


# -------------------------------------------------------------------------------------------- the session


def tick(conn: str) -> list[Frame]:
    return in_two_steps(conn, "updateStream", [["A", SERVER, 1.5]])


TICK = Tick("A", AT, 1.5)


def accept(codec: Codec, conn: str) -> None:
    assert feed(codec, in_two_steps(conn, "successauth", {"id": "x"})) == [LoggedIn(conn)]


def test_a_socket_that_was_open_before_us_is_heard() -> None:
    """Nobody saw the broker accept it; its ticks are as good."""
    assert feed(Codec(), tick("old")) == [TICK]


def test_an_old_market_socket_is_heard_until_a_newer_is_accepted() -> None:
    """After a reload both speak for a while; from the newer one's acceptance on, the older is ignored."""
    codec = Codec()
    assert feed(codec, tick("old")) == [TICK]
    assert len(feed(codec, in_two_steps("new", "updateAssets", [row()]))) == 1
    assert feed(codec, tick("old")) == [TICK]
    accept(codec, "new")
    assert feed(codec, tick("old")) == []
    assert feed(codec, tick("new")) == [TICK]
    assert (codec.superseded, codec.errors) == (1, {})
    assert codec.counts["updateStream"] == 4


def test_a_newer_socket_is_heard_before_it_is_accepted() -> None:
    """On the next reload the broker sends the new socket its assets first."""
    codec = Codec()
    accept(codec, "first")
    assert len(feed(codec, in_two_steps("second", "updateAssets", [row()]))) == 1
    assert feed(codec, tick("first")) == [TICK]
    accept(codec, "second")
    assert feed(codec, tick("first")) == []


def test_the_older_socket_speaks_again_when_the_newer_dies() -> None:
    """A second tab that is closed leaves the first one, and the first one's ticks."""
    codec = Codec()
    accept(codec, "first")
    accept(codec, "second")
    assert feed(codec, tick("first")) == []
    codec.forget("second")
    assert feed(codec, tick("first")) == [TICK]


def test_not_authorized_is_a_logout_told_once() -> None:
    """The broker says it and then disconnects; a person has to log in, which is one fact."""
    codec = Codec()
    assert feed(codec, in_one_step("a", "NotAuthorized")) == [LoggedOut("not authorized")]
    assert codec.feed(Frame(0, "a", b"41")) == []


@pytest.mark.parametrize(
    "before",
    [
        in_one_step("a", "auth", {"session": "x"}, sent=True),
        in_one_step("a", "auth", sent=True),
        in_two_steps("a", "updateAssets", []),
        in_two_steps("a", "successauth", {}),
    ],
)
def test_a_disconnect_of_the_market_is_a_logout(before: list[Frame]) -> None:
    """Where the socket had asked to be let in, or had spoken of the market."""
    codec = Codec()
    feed(codec, before)
    assert codec.feed(Frame(0, "a", b"41")) == [LoggedOut("disconnected by the broker")]


def test_other_disconnects_are_no_logout() -> None:
    """The chat's, the page's own, and that of a market socket that a newer one has replaced."""
    codec = Codec()
    feed(codec, in_one_step("chat", "user_ready", {}))
    assert codec.feed(Frame(0, "chat", b"41")) == []
    accept(codec, "old")
    assert codec.feed(Frame(0, "old", b"41", sent=True)) == []
    accept(codec, "new")
    assert codec.feed(Frame(0, "old", b"41")) == []
    assert feed(codec, tick("new")) == [TICK]


def test_a_new_login_follows_a_logout() -> None:
    """The next socket that is accepted is the market's."""
    codec = Codec()
    accept(codec, "a")
    assert codec.feed(Frame(0, "a", b"41")) == [LoggedOut("disconnected by the broker")]
    accept(codec, "b")
    assert feed(codec, tick("b")) == [TICK]


# --------------------------------------------------------------------------------------- counts and errors


def test_events_nobody_reads_are_counted_by_name() -> None:
    """The page's own apart; a name that is none, and names without end, are counted together."""
    codec = Codec()
    feed(codec, [*in_one_step("a", "counters/all/success", {}), *in_one_step("a", "ps", sent=True)])
    feed(codec, in_one_step("a", "x" * 49))
    assert codec.feed(Frame(0, "a", b"3", sent=True)) == []
    assert codec.counts == {"counters/all/success": 1, "sent:ps": 1, "other": 1, "sent:packet:pong": 1}
    for number in range(300):
        feed(codec, in_one_step("a", f"event{number}"))
    assert len(codec.counts) <= 257
    assert sum(codec.counts.values()) == 304


def test_other_namespaces_are_not_the_markets() -> None:
    """The platform speaks in the main one; an event elsewhere is counted, not believed."""
    codec = Codec()
    assert codec.feed(Frame(0, "a", b'42/chat,["updateStream",[["A",1756869600,1.5]]]')) == []
    assert (codec.counts, codec.errors) == ({"updateStream": 1}, {})


@pytest.mark.parametrize("arguments", [(), ([], {})])
def test_an_event_has_one_argument(arguments: tuple[Any, ...]) -> None:
    """None or two is another shape."""
    codec = Codec()
    assert feed(codec, in_one_step("a", "updateStream", *arguments)) == []
    assert codec.errors == {"arguments:updateStream": 1}


def test_data_that_is_no_json() -> None:
    """Counted, with the event's name and the size."""
    codec = Codec()
    header, _ = in_two_steps("a", "updateStream", [])
    for data in (b"\x04\x00\xff", b"[" * 100_000, b'[["\xff",1,1]]'):
        feed(codec, [header, Frame(0, "a", data, text=False)])
    assert codec.errors == {"bad_json": 3}
    assert codec.kept[0].excerpt == "updateStream: 3 bytes"


def test_kept_errors_tell_the_shape_and_no_value() -> None:
    """Keys that are words, types and lengths; a token used as a value or as a key does not survive."""
    codec = Codec()
    token = "6mvi5dc7v1bqkb0fmn4iqe1oae"
    feed(codec, in_one_step("a", "updateHistoryNewFast", {"asset": token, token: [1, 2.5, None, True, {"x": token}]}))
    (error,) = codec.kept
    assert str(error) == (
        "shape:updateHistoryNewFast: {asset: str[26], key[26]: [int, float, null, bool, {x: str[26]}]}"
    )


def test_long_shapes_are_cut() -> None:
    """A kept error is a few hundred characters, however large the frame was."""
    codec = Codec()
    feed(codec, in_one_step("a", "updateHistoryNewFast", {"x" * n: [[[[[1]]]]] * 9 for n in range(1, 24)}))
    assert len(codec.kept[0].excerpt) <= 301


def test_what_only_this_broker_says_is_marked() -> None:
    """The desk gets the words that every broker shares."""
    assert is_event(TICK)
    assert not is_event(ServerTime(AT))


def test_an_older_socket_speaks_again_when_the_newest_sleeps() -> None:
    """With two tabs open, ten seconds of silence of the newer one let the older one through; its return ends that."""
    codec = Codec()

    def heard(conn: str, at: int, text: str) -> list[str]:
        return [type(value).__name__ for value in codec.feed(Frame(at, conn, text.encode()))]

    accepted = '42["successauth",{"id":"x"}]'
    tick = '42["updateStream",[["EURUSD_otc",1756869696.775,1.1]]]'
    assert heard("old", 0, accepted) == heard("new", 1_000, accepted) == ["LoggedIn"]
    assert heard("old", 2_000, tick) == []
    assert heard("old", 11_001, tick) == ["Tick"]
    assert heard("old", 11_500, tick) == ["Tick"]
    assert heard("new", 12_000, tick) == ["Tick"]
    assert heard("old", 12_500, tick) == []
