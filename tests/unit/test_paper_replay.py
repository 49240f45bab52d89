"""A recorded session traded on paper, by the very code that trades live: always the same, at every speed."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.acts import Acts
from qfluxd.api.commands import Request, TradeOpen
from qfluxd.desk import Desk
from qfluxd.drivers import replay
from qfluxd.drivers.paper.driver import Config, Paper, connect
from qfluxd.guards import Guards
from qfluxd.market.capture import CaptureWriter
from qfluxd.model import MINUTE, AccountState, Candle, Fact, Frame, Millis, OpenTrades, Side, Tick, Trade
from qfluxd.ports import Surroundings
from qfluxd.session import Trading
from qfluxd.settings import ChromeSettings, MarketSettings, RiskSettings
from qfluxd.trading.journal import Journal
from qfluxd.trading.orders import Orders
from tests.support.paper import AT, LISTED
from tests.support.wire import asset_row, in_two_steps, tick_rows

SYMBOLS = ("EURUSD_otc", "GBPUSD_otc")
OPTIONS: dict[str, Any] = {"on": "replay", "latency": [150, 400, 1_300], "refuse": 0.2, "seed": 5, "balance": 1_000}


def frames() -> Iterator[Frame]:
    """Three and a half minutes of two assets, heard 40 to 160 ms late, and a login that is told twice."""
    conn = "1"
    rows = [asset_row(msgspec.structs.replace(LISTED, symbol=symbol)) for symbol in SYMBOLS]
    yield from in_two_steps(conn, "updateAssets", rows, at=AT)
    yield from in_two_steps(conn, "successauth", {"id": "x"}, at=AT + 1)
    for number in range(420):
        stamp = AT + 1_000 + 500 * number
        for place, symbol in enumerate(SYMBOLS):
            price = 1.1 + (number * (37 + place) % 101) / 10_000
            heard = stamp + 40 + number * 13 % 120
            yield from in_two_steps(conn, "updateStream", tick_rows([Tick(symbol, stamp, price)]), at=heard)
        if number == 200:
            yield from in_two_steps(conn, "successauth", {"id": "x"}, at=stamp + 200)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Those frames as a file."""
    file = tmp_path / "session.jsonl"
    writer = CaptureWriter(file)
    for frame in sorted(frames(), key=lambda frame: frame.at):
        writer.see(frame)
    writer.close()
    return file


class Player:
    """Orders something at every candle of ten seconds that closes, through the code that takes requests.

    It begins after a minute: in the first one after a start nobody can tell whose order is refused.
    """

    def __init__(self, folder: Path, capture: Path, speed: float | str) -> None:
        around = Surroundings(ChromeSettings(), folder, lambda frame: None, beneath=self._recording)
        self._config = replay.Config.model_validate({"file": capture, "speed": speed})
        self.driver: Paper = connect(Config.model_validate(OPTIONS), around)
        self.said: list[Fact] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self._folder = folder
        self._numbers = count()

    def _recording(self, around: Surroundings) -> replay.Replay:
        return replay.connect(self._config, around)

    async def play(self) -> None:
        """The whole recording."""
        now = self.driver.now
        risk = RiskSettings.model_validate(
            {"max_open": 4, "orders_per_minute": 600, "max_daily_loss": 900, "max_stake": 50}
        )
        with Journal(self._folder, AT) as journal:
            orders = Orders(journal, risk, self.said.append, now=now, timer=lambda: now() / 1000)
            market = MarketSettings.model_validate({"timeframes": ["10s"]})
            desk = Desk(market, self._say, server_offset=self.driver.server_offset, orders=orders)
            guards = Guards(desk, orders, self.driver.account, risk)
            self.trading = Trading(orders, self.driver, guards, Acts(desk, orders, guards, now), now)
            orders.begin(AT)
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self.trading.run())
                await asyncio.sleep(0)
                await self.driver.run(desk)
                await asyncio.gather(*self.tasks)
                work.cancel()

    def _say(self, fact: Fact) -> None:
        self.said.append(fact)
        if isinstance(fact, Candle) and fact.ticks and fact.at > AT + MINUTE:
            number = next(self._numbers)
            side: Side = "call" if fact.close > fact.open else "put"
            stake = 1 + Decimal(number % 60) / 4  # no two alike in a minute: a refusal leaves no doubt whose it is
            wanted = TradeOpen(fact.series.asset, side, stake, ("5s", "15s")[number % 2])
            request = Request(f"r{number}", None, False, wanted)
            self.tasks.append(asyncio.ensure_future(self.trading.open(request)))

    @property
    def story(self) -> list[object]:
        """What became of every trade and of the money, without the ids that are made up anew each time."""
        told: list[object] = []
        for fact in self.said:
            match fact:
                case Trade(request=request, stage=stage, code=code, changed=changed, deal=deal):
                    deal = None if deal is None else msgspec.structs.replace(deal, id="")
                    told.append((request, stage, code, changed, deal))
                case AccountState():
                    told.append(fact)
                case _:
                    pass
        return told


async def play(folder: Path, capture: Path, speed: float | str) -> Player:
    """One run in a folder of its own."""
    folder.mkdir()  # noqa: ASYNC240 - nothing else runs
    player = Player(folder, capture, speed)
    async with asyncio.timeout(30):
        await player.play()
    return player


async def test_a_recording_is_traded_alike_at_every_speed(tmp_path: Path, capture: Path) -> None:
    """Twice at full speed and once at a thousand times the recorded one: the same trades, to the last field."""
    speeds: tuple[float | str, ...] = ("max", "max", 1_000.0)
    players = [await play(tmp_path / str(number), capture, speed) for number, speed in enumerate(speeds)]
    stories = [player.story for player in players]
    assert stories[0] == stories[1] == stories[2]
    ended = [fact for fact in players[0].said if isinstance(fact, Trade) and fact.over]
    codes = {trade.code for trade in ended}
    assert {"won", "lost", "broker_refused"} <= codes
    assert sum(trade.stage == "settled" for trade in ended) >= 15
    assert not (tmp_path / "0" / "paper.json").exists()


async def test_every_deal_keeps_the_rules(tmp_path: Path, capture: Path) -> None:
    """Opened at a tick after its order and its latency, ended at the last tick up to its end; the money adds up."""
    player = await play(tmp_path / "one", capture, "max")
    ticks: dict[str, list[Tick]] = {symbol: [] for symbol in SYMBOLS}
    for fact in player.said:
        if isinstance(fact, Tick):
            ticks[fact.asset].append(fact)
    settled = [fact for fact in player.said if isinstance(fact, Trade) and fact.stage == "settled"]
    profit = Decimal(0)
    for trade in settled:
        deal = trade.deal
        assert deal is not None
        assert deal.profit is not None
        profit += deal.profit
        prices: dict[Millis, float] = {tick.at: tick.price for tick in ticks[deal.asset]}
        assert prices[deal.opened] == deal.open_price
        assert deal.closes == deal.opened // 1000 * 1000 + trade.expiry
        assert prices[max(at for at in prices if at <= deal.closes)] == deal.close_price
        assert deal.opened >= trade.received + 150 - 160  # the broker's clock, read off ticks that came late
    open_now = [fact for fact in player.said if isinstance(fact, OpenTrades)][-1].trades
    staked = sum((trade.stake for trade in open_now if trade.stage == "accepted"), Decimal(0))
    [*_, account] = [fact for fact in player.said if isinstance(fact, AccountState)]
    assert account.balance == 1_000 + profit - staked
    assert account.account == "demo"
