"""The paper driver: what the desk hears of the market and of the account, and what the page is spared."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.config import load
from qfluxd.drivers.paper.driver import Config, Paper, connect
from qfluxd.drivers.paper.kept import FILE, Kept
from qfluxd.errors import ConfigError, PageError
from qfluxd.model import (
    Balance,
    ClosedDeals,
    DealOpened,
    DealsSettled,
    Event,
    LoggedIn,
    Millis,
    Note,
    OpenDeals,
    OrderClicked,
    OrderRefused,
    OrderSent,
    Placed,
    Refusal,
    Sighting,
    Situation,
    Switched,
    Tick,
)
from qfluxd.ports import DriverHealth, Ear, Hands, Surroundings
from qfluxd.settings import ChromeSettings
from tests.support.handy import HandyHands
from tests.support.paper import ASSETS, AT, account, order, tick

# ----------------------------------------------------------------------------------------------------- on the desk


class Desk:
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[object] = []
        self.on_event: Callable[[Event], None] = lambda event: None

    def hear(self, at: Millis, event: Event) -> None:
        self.told.append(event)
        self.on_event(event)

    def beat(self, at: Millis) -> None:
        self.told.append(at)

    def hear_note(self, at: Millis, note: Note) -> None:
        self.told.append(note)

    def on_feed_lost(self) -> None:
        self.told.append("feed lost")

    def on_order_unclear(self, at: Millis) -> None:
        self.told.append("order unclear")

    def alert(self, code: str, detail: str, at: Millis) -> None:
        self.told.append(code)

    def take(self) -> list[object]:
        """What was told since this was asked last."""
        told, self.told = self.told, []
        return told


class Market:
    """A driver that says what a test has it say, with a clock of its own."""

    server_offset = 7200
    account = "demo"

    def __init__(self, hands: Hands | None = None) -> None:
        self.hands = hands
        self.at = AT
        self.ear: Ear | None = None

    def health(self) -> DriverHealth:
        return DriverHealth(frames=7)

    def now(self) -> Millis:
        return self.at

    async def run(self, ear: Ear) -> None:
        self.ear = ear
        await asyncio.Event().wait()

    def say(self, *events: Event, after: Millis = 0) -> None:
        """These, so long after `AT`."""
        self.at = AT + after
        assert self.ear is not None
        for event in events:
            self.ear.hear(self.at, event)


class Asker:
    """A permit that says yes, or what it is to say."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal
        self.asked: list[object] = []

    def ask(self, sighting: Sighting, attempt: int) -> Refusal | None:
        self.asked.append((sighting, attempt))
        return self.refusal

    def still(self, sighting: Sighting) -> Refusal | None:
        raise AssertionError("nothing asks back on paper")

    def clicked(self, attempt: int, landed: bool | None) -> None:
        self.asked.append((attempt, landed))


CONNECTED = Situation("connected", "market data")
FOREIGN: list[Event] = [
    Balance(Decimal(7), "real", "EUR"),
    OpenDeals(()),
    ClosedDeals(()),
    DealsSettled(()),
    OrderRefused("no"),
    OrderSent("EURUSD_otc", "put", Decimal(1), 5_000, "real"),
]


async def trading(
    act: Callable[[Paper, Market, Desk], Any], hands: Hands | None = None, folder: Path | None = None, **options: Any
) -> None:
    """A paper driver that runs on a market, for as long as the test acts."""
    market, desk = Market(hands), Desk()
    driver = Paper(market, account(folder, **options))  # type: ignore[arg-type]  # a driver in all that is used
    running = asyncio.ensure_future(driver.run(desk))
    await asyncio.sleep(0)
    try:
        await act(driver, market, desk)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_market_passes_and_its_account_does_not() -> None:
    """The desk hears every event of the market as it is, and nothing of the other driver's money."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        market.say(CONNECTED, ASSETS)
        desk.take()
        market.say(*FOREIGN, tick(0), ASSETS, *FOREIGN)
        market.ear.on_order_unclear(AT)  # type: ignore[union-attr]
        market.ear.alert("other_account", "", AT)  # type: ignore[union-attr]
        assert desk.take() == [tick(0), ASSETS, "other_account"]
        assert (driver.server_offset, driver.account, driver.health().frames) == (7200, "demo", 7)

    await trading(act)


async def test_the_account_is_told_like_a_login() -> None:
    """When the market is first heard, and at each login of the other driver: open deals, balance, closed deals."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        lists = [OpenDeals(()), Balance(Decimal(10_000), "demo", "USD"), ClosedDeals(())]
        market.say(CONNECTED)
        assert desk.take() == [CONNECTED, LoggedIn("paper"), *lists]
        market.say(LoggedIn("7"))
        assert desk.take() == [LoggedIn("7"), *lists]
        assert await driver.hands.relist()
        assert desk.take() == [LoggedIn("7"), *lists]
        gone = Situation("waiting_page", "closed")
        market.say(gone)
        assert desk.take() == [gone]
        assert not await driver.hands.relist()
        market.say(CONNECTED, CONNECTED)
        assert desk.take() == [CONNECTED, LoggedIn("7"), *lists, CONNECTED]

    await trading(act)


async def test_an_order_goes_its_whole_way() -> None:
    """The permit sees the order on the demo account; it leaves as a frame would, and is answered after the tick."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        market.say(CONNECTED, ASSETS, tick(0))
        desk.take()
        permit = Asker()
        placed = await driver.hands.place(order(), permit)
        assert placed == Placed(1, True, None, None, {})
        seen = Sighting("EURUSD_otc", 5_000, Decimal(10), 92, "demo", "demo", True)
        assert permit.asked == [(seen, 1), (1, True)]
        [sent] = desk.take()
        assert isinstance(sent, OrderSent)
        market.say(tick(350), after=350)
        assert desk.take() == [tick(350)]
        market.say(tick(450), after=450)
        first, *rest = desk.take()
        assert first == tick(450)
        assert [type(word) for word in rest] == [DealOpened, Balance]

    await trading(act)


async def test_no_deal_opens_at_the_tick_that_brought_it_about() -> None:
    """An order that the desk places while it hears a tick, and that takes no time, is opened at the next one."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        def place(event: Event) -> None:
            desk.on_event = lambda event: None
            assert driver.hands.place_now(order(), Asker()).landed

        market.say(CONNECTED, ASSETS)
        desk.take()
        desk.on_event = place
        market.say(tick(0))
        assert [type(word) for word in desk.take()] == [Tick, OrderSent]
        market.say(tick(500), after=500)
        assert [type(word) for word in desk.take()] == [Tick, DealOpened, Balance]

    await trading(act, latency=0)


async def test_what_the_permit_refuses_is_not_sent() -> None:
    """Nothing is sent, and its word comes back."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        market.say(CONNECTED, ASSETS, tick(0))
        desk.take()
        refusal = Refusal("killed", "enough")
        assert await driver.hands.place(order(), Asker(refusal)) == Placed(0, False, refusal, None, {})
        assert desk.take() == []

    await trading(act)


async def test_nothing_is_placed_on_a_market_that_is_not_heard() -> None:
    """Before the first word, after the line has gone, and where the driver does not run."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        with pytest.raises(PageError, match="not heard"):
            await driver.hands.place(order(), Asker())
        market.say(CONNECTED, ASSETS, tick(0), Situation("waiting_chrome", "gone"))
        with pytest.raises(PageError, match="not heard"):
            await driver.hands.place(order(), Asker())

    await trading(act)
    idle = Paper(Market(), account())  # type: ignore[arg-type]  # as above
    with pytest.raises(PageError, match="not heard"):
        await idle.hands.place(order(), Asker())


async def test_a_line_that_breaks_refuses_what_is_on_its_way() -> None:
    """Before the desk hears that the line is gone, a new login came, or frames were missed: then it still counts."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        breaks: list[Callable[[], object]] = [
            lambda: market.say(LoggedIn("8")),
            lambda: market.ear.on_feed_lost(),  # type: ignore[union-attr]
            lambda: market.say(Situation("waiting_page", "closed")),
        ]
        for broken in breaks:
            market.say(CONNECTED, ASSETS, tick(0))
            await driver.hands.place(order(), Asker())
            desk.take()
            broken()
            assert isinstance(desk.take()[0], OrderRefused)

    await trading(act)


async def test_time_passes_for_the_desk_first() -> None:
    """A beat tells the desk, then the account; before the first tick the broker's time is not known."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        market.say(CONNECTED, ASSETS)
        desk.take()
        assert market.ear is not None
        market.ear.beat(AT)
        assert desk.take() == [AT]
        market.say(tick(0))
        await driver.hands.place(order(), Asker())
        desk.take()
        market.ear.beat(AT + 8_000)
        beat, refused = desk.take()
        assert beat == AT + 8_000
        assert isinstance(refused, OrderRefused)

    await trading(act)


async def test_an_advice_is_an_alert() -> None:
    """What nobody can know of a deal is told to a person."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        market.say(CONNECTED, ASSETS, tick(0))
        await driver.hands.place(order(), Asker())
        market.say(tick(500), after=500)
        assert market.ear is not None
        market.ear.on_feed_lost()
        desk.take()
        market.say(tick(6_000), after=6_000)
        assert desk.take() == [tick(6_000), Balance(Decimal(10_000), "demo", "USD"), "paper_unknown"]

    await trading(act)


async def test_recorded_orders_are_not_ours() -> None:
    """Notes about orders tell of the account that was recorded; all other notes pass."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        assert market.ear is not None
        switched = Switched("paused", "news", AT)
        market.ear.hear_note(AT, OrderClicked("o1", AT, 1, True))
        market.ear.hear_note(AT, switched)
        assert desk.take() == [switched]

    await trading(act)


async def test_the_page_is_looked_at_and_never_traded_on() -> None:
    """Looking and choosing a chart is the other driver's work; money and accounts are nobody's."""
    page = HandyHands()

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        hands = driver.hands
        await hands.scan()
        await hands.profile()
        await hands.scan_favorites(80)
        await hands.select_favorite("best", 80)
        await hands.star("EURUSD_otc", True)
        await hands.select_asset("EURUSD_otc")
        await hands.select_timeframe(60_000)
        await hands.show_balance(True)
        await hands.show_sidebar(True)
        await hands.close_modals()
        await hands.picture("page")
        assert await hands.reload() == "demo"
        for refused in (hands.set_stake(Decimal(1)), hands.set_expiry(5_000), hands.select_account("real")):
            with pytest.raises(PageError, match="without the page") as problem:
                await refused
            assert problem.value.code == "no_page"

    await trading(act, page)
    assert [call.split()[0] for call in page.calls] == [
        "scan",
        "profile",
        "scan_favorites",
        "select_favorite",
        "star",
        "select_asset",
        "select_timeframe",
        "show_balance",
        "show_sidebar",
        "close_modals",
        "picture",
        "reload",
    ]


async def test_without_a_page_there_is_nothing_to_look_at() -> None:
    """A driver without hands brings prices alone."""

    async def act(driver: Paper, market: Market, desk: Desk) -> None:
        with pytest.raises(PageError) as problem:
            await driver.hands.picture("page")
        assert problem.value.code == "no_page"

    await trading(act)


# ------------------------------------------------------------------------------------------------ the configuration


def write(folder: Path, text: str) -> Path:
    """A configuration file."""
    file = folder / "config.toml"
    file.write_text(text)
    return file


def test_the_other_drivers_table_is_read_too(tmp_path: Path) -> None:
    """It is checked and shown like the own one, and the paper driver is connected on top of it."""
    text = (
        '[driver]\nname = "paper"\n[driver.paper]\nlatency = [300, 500]\n[driver.pocketoption]\nserver_offset = 3600\n'
    )
    loaded = load(write(tmp_path, text))
    assert loaded.beneath is not None
    assert loaded.beneath.name == "pocketoption"
    assert loaded.market_config is loaded.beneath.config
    assert loaded.origins["driver.pocketoption.server_offset"].endswith(":6")
    assert loaded.origins["driver.paper.latency"].endswith(":4")
    around = Surroundings(ChromeSettings(), tmp_path, lambda frame: None, beneath=loaded.beneath.connect)
    assert connect(loaded.driver_config, around).server_offset == 3600  # type: ignore[arg-type]  # its own Config


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('on = "pocketopton"\n', "driver.paper.on: .*did you mean 'pocketoption'"),
        ('on = "replay"\n', "driver.replay.file: is required"),
        ('on = "replay"\n[driver.replay]\nfile = "/nowhere.jsonl"\n', "there is no file /nowhere.jsonl"),
        ('on = "paper"\n', "needs the prices of another driver"),
    ],
)
def test_mistakes_of_the_other_driver_are_found(tmp_path: Path, text: str, where: str) -> None:
    """A driver that is not there, and one whose own table is not whole."""
    with pytest.raises(ConfigError, match=where):
        load(write(tmp_path, f'[driver]\nname = "paper"\n[driver.paper]\n{text}'))


def test_an_account_on_a_recording_is_not_kept(tmp_path: Path) -> None:
    """It begins anew with each start, as the recording does, unless its owner says otherwise."""
    assert Config().is_kept
    assert not Config(on="replay").is_kept
    assert Config(on="replay", keep=True).is_kept
    (tmp_path / FILE).write_bytes(msgspec.json.encode(Kept(on="replay", currency="EUR", balance=Decimal(1))))
    around = Surroundings(ChromeSettings(), tmp_path, lambda frame: None, beneath=lambda _: Market())  # type: ignore[arg-type, return-value]  # a driver in all that is used
    for config, amount in ((Config(on="replay"), 10_000), (Config(on="replay", keep=True), 1)):
        assert connect(config, around)._account.balance.amount == amount


def test_a_paper_account_needs_another_driver(tmp_path: Path) -> None:
    """Whoever connects it without one is told."""
    with pytest.raises(ConfigError, match=r"driver\.paper\.on"):
        connect(Config(), Surroundings(ChromeSettings(), tmp_path, lambda frame: None))
