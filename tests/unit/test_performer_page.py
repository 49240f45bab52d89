"""What is asked of the page is done by the driver's hands, answered with what they read back, and put back."""

import asyncio
from collections.abc import Awaitable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.api import commands as ask
from qfluxd.api.commands import Later
from qfluxd.api.payloads import encode_json
from qfluxd.desk import Desk
from qfluxd.errors import PageError
from qfluxd.market.store import Store
from qfluxd.model import (
    Asset,
    Assets,
    Bar,
    Candle,
    ChartShown,
    Fact,
    History,
    Millis,
    Refusal,
    Series,
    Situation,
)
from qfluxd.performer import Arrivals, MarketAnswers, PageAnswers, Pictures
from qfluxd.ports import Hands
from qfluxd.settings import MarketSettings, RiskSettings, StoreSettings
from qfluxd.sights import Picture
from tests.support.handy import HandyHands, scan

NOW = 1_763_769_600_000
EUR = Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (5_000, 60_000), 5_000)
GBP = msgspec.structs.replace(EUR, symbol="GBPUSD_otc", label="GBP/USD OTC")


class Album:
    """Keeps pictures in memory."""

    def __init__(self) -> None:
        self.kept: list[Picture] = []

    async def save(self, picture: Picture, at: Millis) -> Path:
        """Keep it."""
        self.kept.append(picture)
        return Path("screenshots", f"{at}_{picture.what}.png")


class Room:
    """A desk, a page that does as it is told, and whoever answers for it."""

    def __init__(self, folder: Path, hands: HandyHands | None, *, allow_real: bool = False) -> None:
        self.facts: list[Fact] = []
        self.arrivals = Arrivals()
        self.desk = Desk(MarketSettings(timeframes=("1m", "5m", "1h")), self._say, server_offset=0)
        self.store = Store(folder, StoreSettings())
        self.album = Album()
        self.published: list[bytes] = []
        self.hands = hands
        pictures = Pictures(self.album, self.published.append, lambda: NOW)
        market = MarketAnswers(self.desk, self.store, lambda: NOW)
        limits = RiskSettings(allow_real=allow_real)
        self.page = PageAnswers(self._hands, self.desk, market, pictures, self.arrivals, lambda: limits)
        self.desk.hear(NOW, Situation("connected", "the page is there"))
        self.desk.hear(NOW, Assets((EUR, GBP)))
        self.desk.hear(NOW, ChartShown("EURUSD_otc", 60_000))
        if hands is not None:
            hands.on_chart = lambda asset, timeframe: self.desk.hear(NOW, ChartShown(asset, timeframe))

    def _hands(self) -> Hands | None:
        return self.hands

    def _say(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.arrivals.on_fact(fact)

    async def perform(self, command: ask.PageWork) -> Any:
        """The outcome, also of long work."""
        outcome = await self.page.perform(command)
        return await outcome.outcome if isinstance(outcome, Later) else outcome

    def tell_past(self, asset: str, timeframe: Millis) -> None:
        """The broker tells five bars of the past, as after a change of the chart."""
        bars = tuple(Bar(NOW - timeframe * back, 1.0, 2.0, 0.5, 1.5) for back in range(6, 1, -1))
        self.desk.hear(NOW, History(Series(asset, timeframe), bars, ()))


@pytest.fixture
def hands() -> HandyHands:
    return HandyHands()


@pytest.fixture
def room(tmp_path: Path, hands: HandyHands) -> Room:
    return Room(tmp_path, hands)


@pytest.mark.parametrize(
    ("command", "call", "answer"),
    [
        (ask.FavoritesSelect(pick="best", min_payout=90), "select_favorite best 90", {"asset": "EURUSD_otc"}),
        (ask.FavoritesSelect("EURUSD_otc"), "select_favorite EURUSD_otc 0", {"asset": "EURUSD_otc"}),
        (
            ask.FavoritesStar("GBPUSD_otc"),
            "star GBPUSD_otc True",
            {"asset": "GBPUSD_otc", "starred": True, "favorites": ("GBPUSD_otc",)},
        ),
        (ask.AssetSelect("GBPUSD_otc"), "select_asset GBPUSD_otc", {"asset": "GBPUSD_otc"}),
        (ask.TimeframeSelect("5m"), "select_timeframe 300000", {"timeframe": "5m"}),
        (ask.ExpirySelect(90), "set_expiry 90000", {"expiry": "90s"}),
        (ask.StakeSet(Decimal(2)), "set_stake 2", {"stake": Decimal("2.00")}),
        (ask.AccountSelect("demo"), "select_account demo", {"account": "demo"}),
        (ask.BalanceShow(shown=False), "show_balance False", {"shown": False}),
        (ask.SidebarShow(), "show_sidebar True", {"shown": True}),
        (ask.ModalsClose(), "close_modals", {"closed": ("promo",)}),
        (ask.PageReload(), "reload", {"account": "demo"}),
    ],
)
async def test_each_command_has_its_hand(room: Room, command: ask.PageWork, call: str, answer: dict[str, Any]) -> None:
    """A command becomes one call of the hands, and its answer is what they read back."""
    assert await room.perform(command) == answer
    assert room.hands is not None
    assert room.hands.calls == [call]


async def test_what_the_page_shows_is_told_with_names_and_exact_money(room: Room) -> None:
    """A scan tells lengths of time by name and money with its digits, each with where it was read."""
    told = msgspec.json.decode(encode_json(await room.perform(ask.SessionScan())))
    assert told["timeframe"] == {"value": "1m", "source": "socket", "page": None}
    assert told["expiry"] == {"value": "1m", "source": "page", "page": "1m"}
    assert told["payout"] == {"value": 92, "source": "socket", "page": 92}
    assert told.keys() == set(scan().__struct_fields__)
    assert b'"balance":{"value":50000.00,"source":"socket","page":49999.50}' in encode_json(
        await room.perform(ask.SessionScan())
    )


async def test_who_is_logged_in_is_told(room: Room) -> None:
    """A profile tells the account, its money and what is not shown as nothing."""
    told = msgspec.json.decode(encode_json(await room.perform(ask.ProfileScan())))
    assert (told["stake"]["value"], told["email"], told["experience"]) == (1.5, None, [1, 10])


async def test_favourites_are_told_with_those_that_pay(room: Room) -> None:
    """A scan of the favourites tells all of them and which pay enough."""
    told = msgspec.json.decode(encode_json(await room.perform(ask.FavoritesScan(80))))
    assert (told["eligible"], told["min_payout"], told["favorites"][0]["asset"]) == (["EURUSD_otc"], 80, "EURUSD_otc")


async def test_a_driver_without_a_page_works_none(tmp_path: Path) -> None:
    """A replay has no page: every command of the page is refused, and nothing breaks."""
    outcome = await Room(tmp_path, None).perform(ask.ModalsClose())
    assert isinstance(outcome, Refusal)
    assert outcome.code == "no_page"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ask.AssetSelect("EURUDS_otc"), "asset_unknown"),
        (ask.FavoritesStar("EURUDS_otc"), "asset_unknown"),
        (ask.FavoritesSelect("EURUDS_otc"), "asset_unknown"),
        (ask.Topdown("EURUDS_otc", ("1h",)), "asset_unknown"),
        (ask.Topdown("EURUSD_otc", ("1h", "15m")), "timeframe_unknown"),
    ],
)
async def test_what_the_broker_does_not_list_is_not_looked_for(room: Room, command: ask.PageWork, code: str) -> None:
    """A wrong symbol or timeframe is refused with the nearest right one before the page is touched."""
    outcome = await room.perform(command)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert "did you mean EURUSD_otc?" in outcome.detail or "timeframes has" in outcome.detail
    assert room.hands is not None
    assert room.hands.calls == []


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ask.StakeSet(Decimal(1_000_000)), "stake_too_high"),
        (ask.StakeSet(Decimal("1.005")), "bad_stake"),
        (ask.ExpirySelect("3s"), "expiry_not_offered"),
        (ask.ExpirySelect("1d"), "expiry_not_offered"),
    ],
)
async def test_what_could_not_be_traded_is_not_set(room: Room, command: ask.PageWork, code: str) -> None:
    """A stake or an expiry that every order would be refused for is refused before the page is touched."""
    outcome = await room.perform(command)
    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert room.hands is not None
    assert room.hands.calls == []


async def test_the_real_account_is_out_of_reach(tmp_path: Path, hands: HandyHands) -> None:
    """The real account comes to the front only where the configuration allows it."""
    outcome = await Room(tmp_path / "a", hands).perform(ask.AccountSelect("real"))
    assert isinstance(outcome, Refusal)
    assert (outcome.code, hands.calls) == ("real_not_allowed", [])
    allowed = Room(tmp_path / "b", hands, allow_real=True)
    assert await allowed.perform(ask.AccountSelect("real")) == {"account": "real"}


@pytest.mark.parametrize("publish", [True, False])
async def test_a_picture_is_kept_and_published(room: Room, publish: bool) -> None:
    """A screenshot is a PNG on disk and, where it is wanted, a JPEG on the topic."""
    answer = await room.perform(ask.Screenshot("chart", publish))
    assert (answer.file, answer.width, answer.published) == (f"screenshots/{NOW}_chart.png", 640, publish)
    assert [picture.what for picture in room.album.kept] == ["chart"]
    assert room.published == ([b"JPEG"] if publish else [])


async def test_trouble_with_the_page_goes_to_who_asked(room: Room) -> None:
    """What the hands cannot do is raised as they said it."""
    assert room.hands is not None
    room.hands.broken = "select_asset"
    with pytest.raises(PageError) as caught:
        await room.perform(ask.AssetSelect("EURUSD_otc"))
    assert (caught.value.tried, caught.value.artifact) == ((".a",), "trouble/x")


# ---------------------------------------------------------------------------------------------- topdown


def moves(room: Room) -> list[str]:
    """Where the chart was put."""
    assert room.hands is not None
    return [call for call in room.hands.calls if call.startswith("select")]


async def test_topdown_walks_down_and_puts_the_chart_back(room: Room) -> None:
    """Each timeframe is shown, its past waited for, its picture taken; at the end the chart is where it was."""
    assert room.hands is not None

    def shown(asset: str, timeframe: Millis) -> None:
        room.desk.hear(NOW, ChartShown(asset, timeframe))
        asyncio.get_running_loop().call_soon(room.tell_past, asset, timeframe)

    room.hands.on_chart = shown
    outcome = await room.page.perform(ask.Topdown("GBPUSD_otc", ("1h", "5m"), count=4))
    assert isinstance(outcome, Later)
    assert outcome.data == {"asset": "GBPUSD_otc", "timeframes": ("1h", "5m")}
    told = await outcome.outcome
    assert [floor.timeframe for floor in told["floors"]] == ["1h", "5m"]
    assert all([candle.at for candle in floor.candles] for floor in told["floors"])
    assert all(len(floor.candles) == 4 for floor in told["floors"])
    assert [floor.screenshot for floor in told["floors"]] == [f"screenshots/{NOW}_chart.png"] * 2
    assert told["restored"] is True
    assert moves(room)[-2:] == ["select_asset EURUSD_otc", "select_timeframe 60000"]
    assert room.published == []


async def test_topdown_takes_what_there_is_when_no_past_comes(room: Room) -> None:
    """A page that has asked for its past before is told it no more: what the desk knows is answered after a while."""
    told = await room.perform(ask.Topdown("EURUSD_otc", ("1m",), count=5, screenshots=False))
    [floor] = told["floors"]
    assert (floor.candles, floor.screenshot, told["restored"]) == ((), None, True)


async def test_topdown_puts_the_chart_back_after_trouble(room: Room) -> None:
    """What goes wrong on the way is told, and the chart is put back all the same."""
    assert room.hands is not None
    room.hands.broken = "picture"
    room.tell_past("GBPUSD_otc", 3_600_000)
    with pytest.raises(PageError, match="picture chart"):
        await room.perform(ask.Topdown("GBPUSD_otc", ("1h",), count=2))
    assert moves(room)[-2:] == ["select_asset EURUSD_otc", "select_timeframe 60000"]


async def test_topdown_begins_a_timeframe_anew_when_an_order_moves_the_chart(room: Room) -> None:
    """An order goes first and may put the chart elsewhere: that timeframe is shown again; a chart that never stays
    is an error."""
    assert room.hands is not None
    room.tell_past("GBPUSD_otc", 3_600_000)
    thefts = [2, 9]

    class Stolen(HandyHands):
        """Moves the chart away while pictures are taken."""

        async def picture(self, what: Any) -> Picture:
            if left:
                left.pop()
                room.desk.hear(NOW, ChartShown("EURUSD_otc", 60_000))
            return await super().picture(what)

    results: list[object] = []
    for count in thefts:
        left = [None] * count
        room.hands = Stolen()
        room.hands.on_chart = lambda asset, timeframe: room.desk.hear(NOW, ChartShown(asset, timeframe))
        results.append(await caught(room.perform(ask.Topdown("GBPUSD_otc", ("1h",), count=2))))
    good, bad = results
    assert isinstance(good, dict)
    assert len(good["floors"][0].candles) == 2
    assert isinstance(bad, PageError)
    assert bad.code == "control_stuck"


async def caught(outcome: Awaitable[Any]) -> object:
    """What it gave, or the page error that it raised."""
    try:
        return await outcome
    except PageError as problem:
        return problem


async def test_only_the_past_that_is_waited_for_wakes() -> None:
    """Candles of other series and live ones are let by."""
    arrivals = Arrivals()
    series = Series("EURUSD_otc", 60_000)
    came = arrivals.expect(series)
    live = Candle(series, NOW, 1.0, 1.0, 1.0, 1.0, 3, "whole")
    arrivals.on_fact(live)
    arrivals.on_fact(msgspec.structs.replace(live, series=Series("X", 60_000), quality="backfilled"))
    assert not came.is_set()
    past = msgspec.structs.replace(live, quality="backfilled")
    arrivals.on_fact(past)
    assert came.is_set()
    arrivals.forget(series)
    arrivals.on_fact(past)
    assert not arrivals.expect(series).is_set()
