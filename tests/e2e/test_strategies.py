"""Strategies on a whole daemon: practice broker, a real Chromium, a real mosquitto, and a file that changes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from qfluxd.config import Loaded, load
from qfluxd.daemon import Daemon
from qfluxd.model import Alert, Verdict
from qfluxd.replaying import run_replay
from tests.support.asker import open_asker
from tests.support.brokers import BASE, NAME
from tests.support.daemons import Facts
from tests.support.whole import ROOMY, Whole, open_whole

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

ASSET = "EURUSD_otc"
STAKE = Decimal("1.23")
"""Nothing but the live strategy stakes this."""
GENERAL = """
[market]
timeframes = ["5s", "15s"]
[strategies]
folder = "{folder}"
good_for = 30
budget_ms = {budget}
late_after = 4
"""
TABLE = """
[[strategy]]
name = "{name}"
use = "random"
assets = ["{asset}"]
timeframe = "5s"
mode = "{mode}"
options = {{ rate = 1.0, seed = {seed}, expiry = "5s" }}
stake = {{ policy = "fixed", amount = {stake} }}
"""
FAILING = '''"""One that fails."""

import polars as pl

from qfluxd.strategies.rule import Rule
from qfluxd.strategy import View


class Failing(Rule):
    """Never works."""

    @property
    def warmup(self) -> int:
        """One."""
        return 1

    def signals(self, view: View) -> pl.DataFrame:
        """Raises."""
        raise RuntimeError("out of ideas")
'''
SLEEPY = FAILING.replace("import polars", "import time\n\nimport numpy as np\nimport polars").replace(
    'raise RuntimeError("out of ideas")',
    """time.sleep(0.4)
        on = np.ones(view.height, dtype=np.bool_)
        return self.say(view, call=on, put=~on, confidence=0.5)""",
)


def table(name: str, mode: str = "signal", *, seed: int = 1, stake: Any = 1, asset: str = ASSET) -> str:
    """A strategy that says something at every candle of five seconds."""
    return TABLE.format(name=name, mode=mode, seed=seed, stake=stake, asset=asset)


def own(name: str) -> str:
    """A strategy of the folder."""
    return table(name).replace('"random"', f'"{name}"').replace("rate = 1.0, seed = 1, ", "")


class Room:
    """Everything with a daemon, and the file that it reads."""

    def __init__(self, whole: Whole, folder: Path) -> None:
        self.whole = whole
        self.asker = whole.asker
        self.file = folder / "config.toml"
        self.strategies = folder / "own"
        self.strategies.mkdir()
        (self.strategies / "failing.py").write_text(FAILING)
        (self.strategies / "sleepy.py").write_text(SLEEPY)

    def write(self, *tables: str, budget: int = 2000) -> None:
        """Write the file: these strategies and what holds for all."""
        self.file.write_text(GENERAL.format(folder=self.strategies, budget=budget) + "".join(tables))

    async def reload(self, *tables: str) -> list[str]:
        """Write the file and have it read again; what was applied."""
        self.write(*tables)
        return list((await self.whole.data("reload"))["applied"])

    async def set(self, topic: str, payload: object) -> None:
        """Write onto a topic that ends in /set, as it is or as JSON."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        await self.asker.line.publish(f"{BASE}{topic}/set", text, qos=1)

    def state(self, name: str) -> dict[str, Any]:
        """The newest word on a strategy."""
        return self.asker.state(f"strategy/{name}")

    def said(self, name: str, *kinds: str, since: int = 0) -> list[dict[str, Any]]:
        """The signals of a strategy, in the events since so many, of these kinds or of all."""
        return [
            event["signal"]
            for event in self.asker.signals[since:]
            if event["signal"]["strategy"] == name and (not kinds or event["event_type"] in kinds)
        ]

    async def until_said(self, name: str, *kinds: str, count: int = 1, within: float = 40) -> list[dict[str, Any]]:
        """Wait until so many more events of these kinds have come of a strategy; gives them."""
        since = len(self.asker.signals)
        await self.asker.until(lambda: len(self.said(name, *kinds, since=since)) >= count, within)
        return self.said(name, *kinds, since=since)


USUAL = (
    table("told"),
    table("paper", "shadow", seed=2),
    table("live", "live", seed=3, stake=STAKE),
    own("failing"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Room]:
    """One daemon for most tests of this file, opened and closed by a task of its own."""
    opened: asyncio.Future[Room] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold(folder: Path) -> None:
        async with open_whole(folder) as whole:
            room = Room(whole, folder)
            room.write(*USUAL)
            async with whole.daemon(room.file):
                opened.set_result(room)
                await over.wait()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(hold(tmp_path_factory.mktemp("strategies")), name="room")
        yield await opened
        over.set()


async def test_a_signal_is_an_event_and_a_retained_topic(room: Room) -> None:
    """One for each candle, with all that there is to say of it; the topic is there for whoever comes later."""
    signals = await room.until_said("told", "told", count=2)
    assert signals[1]["candle"] - signals[0]["candle"] == 5_000
    assert len({signal["id"] for signal in signals}) == len(signals)
    async with open_asker(room.whole.mqtt_port) as late:
        topic = f"signal/told/{ASSET.lower()}"
        await late.until(lambda: topic in late.states)
        newest = late.state(topic)
    assert newest["id"] == f"told/{ASSET}/{newest['candle']}"
    assert (newest["strategy"], newest["use"], newest["asset"], newest["timeframe"]) == ("told", "random", ASSET, "5s")
    assert newest["side"] in ("call", "put")
    assert (newest["confidence"], newest["probability"], newest["expiry"]) == (0.5, None, "5s")
    assert (newest["mode"], newest["outcome"], newest["code"]) == ("signal", "told", "told")
    assert newest["break_even"] == pytest.approx(100 / (100 + newest["payout"]))
    assert 0 <= newest["reasons"]["drawn"] < 1
    assert 0 <= newest["at"] - (newest["candle"] + 5_000) < 5_000
    assert {"stake", "trade", "profit", "error", "changed"} <= set(newest)
    state = room.state("told")
    assert (state["state"], state["mode"], state["enabled"], state["timeframe"]) == ("running", "signal", True, "5s")
    assert state["options"]["rate"] == 1.0
    assert state["signals"] >= 2


async def test_one_that_raises_is_benched_and_the_others_go_on(room: Room) -> None:
    """It is told in an alert and in its state; `strategy/enable` tries it again, and it fails again."""
    await room.asker.until(lambda: room.state("failing").get("state") == "benched", 20)
    assert "RuntimeError: out of ideas" in room.state("failing")["detail"]
    alerts = [alert["detail"] for alert in room.asker.alerts if alert["code"] == "strategy_benched"]
    assert alerts == ["failing: RuntimeError: out of ideas; strategy/enable tries again"]
    enabled = (await room.whole.data("strategy/enable", strategy="failing"))["strategy"]
    assert enabled["state"] != "benched"
    await room.until_said("told", "told")
    await room.asker.until(lambda: room.state("failing").get("state") == "benched", 20)
    listed = (await room.whole.data("strategy/list"))["strategies"]
    assert [it["strategy"] for it in listed] == ["told", "paper", "live", "failing"]


async def test_a_deal_on_paper_is_settled_and_scored(room: Room) -> None:
    """By the ticks that the page hears; the signal's topic ends with its profit, and today's score has it."""
    [ended, *_] = await room.until_said("paper", "won", "lost", "tie")
    assert (ended["mode"], ended["stake"]) == ("shadow", 1)
    assert ended["trade"]
    assert ended["profit"] in (-1, 0, pytest.approx(ended["payout"] / 100))

    def scored() -> bool:
        score = room.asker.state("stats/today").get("strategies", {}).get("paper", {}).get("shadow")
        return score is not None and score["trades"] >= 1

    await room.asker.until(scored)
    stats = await room.whole.data("stats")
    assert stats["total"]["shadow"]["trades"] >= 1
    assert stats["today"]["since"] is not None
    assert not [order for order in room.whole.practice.orders if order.stake == 1]


async def test_live_is_one_trade_for_each_candle(room: Room) -> None:
    """Placed through the page, told to its end, and exactly what the broker has."""
    await room.until_said("live", "won", "lost", "tie", count=2, within=60)
    await room.set("strategy/live", "OFF")
    await room.asker.until(lambda: room.state("live")["enabled"] is False)
    await room.asker.until(lambda: room.asker.state("trades/open").get("trades") == [], 60)
    ordered = room.said("live", "ordered")
    assert len({signal["candle"] for signal in ordered}) == len(ordered) >= 2
    accepted = {signal["trade"] for signal in room.said("live", "accepted")}
    given_up = {signal["trade"] for signal in room.said("live", "refused") if signal["trade"]}
    assert {signal["trade"] for signal in ordered} == accepted | given_up
    trades = (await room.whole.data("trade/list", count=100))["trades"]
    placed = {trade["id"]: trade["deal"]["id"] for trade in trades if trade["deal"] and not trade["foreign"]}
    at_broker = [order for order in room.whole.practice.orders if order.stake == STAKE]
    assert {order.deal for order in at_broker} == set(placed.values())
    assert len(at_broker) == len(accepted)
    assert set(placed) == accepted
    ended = {signal["trade"]: signal["profit"] for signal in room.said("live", "won", "lost", "tie")}
    assert set(ended) == accepted
    told = {trade["id"]: trade["deal"]["profit"] for trade in trades if trade["id"] in accepted}
    assert ended == told
    mine = (await room.whole.data("stats"))["total"]["strategies"]["live"]["live"]
    assert (mine["trades"], mine["profit"]) == (len(accepted), pytest.approx(sum(told.values())))


async def test_a_strategy_is_turned_by_topic(room: Room) -> None:
    """In plain words or JSON; what makes no sense is answered so."""
    await room.set("strategy/live", {"enabled": True, "mode": "shadow"})
    await room.asker.until(lambda: (room.state("live")["enabled"], room.state("live")["mode"]) == (True, "shadow"))
    assert (await room.until_said("live", "shadow"))[0]["mode"] == "shadow"
    await room.set("strategy/live", "live")
    await room.asker.until(lambda: room.state("live")["mode"] == "live")
    await room.set("strategy/told", "OFF")
    await room.asker.until(lambda: room.state("told")["state"] == "off")
    since = len(room.asker.signals)
    await room.until_said("paper", "shadow", count=2)
    assert room.said("told", since=since) == []
    await room.set("strategy/told", "ON")
    await room.asker.until(lambda: room.state("told")["state"] == "running")
    await room.set("strategy/ghost", "ON")
    await room.asker.until(lambda: room.asker.state("response/strategy/set").get("code") == "strategy_unknown")
    await room.set("strategy/told", "perhaps")
    await room.asker.until(lambda: room.asker.state("response/strategy/set").get("code") == "bad_argument")


async def test_the_switch_stops_live_orders_and_lets_them_through_again(room: Room) -> None:
    """What is told and what is on paper goes on meanwhile."""
    await room.set("control/trading", "OFF")
    await room.asker.until(lambda: room.asker.state("control")["trading"] == "paused")
    before = len(room.whole.practice.orders)
    refused = await room.until_said("live", "refused", count=2)
    assert {signal["code"] for signal in refused} <= {"paused", "expired"}
    assert refused[-1]["code"] == "paused"
    assert len(room.whole.practice.orders) == before
    await room.until_said("told", "told")
    assert room.state("live")["refused"]["paused"] >= 1
    await room.set("control/trading", "ON")
    await room.asker.until(lambda: room.asker.state("control")["trading"] == "active")
    await room.until_said("live", "accepted")


async def test_a_limit_is_tightened_by_topic(room: Room) -> None:
    """Below the file's it holds at once, for live orders and on paper; above it is refused; null takes it back."""
    assert room.asker.state("control")["max_stake"] == 1_000
    await room.set("control/max_stake", "0.5")
    await room.asker.until(lambda: room.asker.state("control")["max_stake"] == 0.5)
    assert (await room.until_said("live", "refused"))[-1]["code"] == "stake_too_high"
    assert (await room.until_said("paper", "refused"))[-1]["code"] == "stake_too_high"
    await room.set("control/max_stake", "2000")
    await room.asker.until(lambda: room.asker.state("response/control/set").get("code") == "only_tighter")
    await room.set("control/max_stake", "null")
    await room.asker.until(lambda: room.asker.state("control")["max_stake"] == 1_000)
    await room.until_said("live", "ordered")


async def test_a_file_that_changes_touches_only_what_has_changed(room: Room) -> None:
    """One is added, one changed, one mended, one taken out; the others keep their counts, and what is open runs on."""
    await room.until_said("live", "accepted")
    paper = room.state("paper")["signals"]
    open_live = {trade["id"] for trade in room.asker.state("trades/open")["trades"]}
    (room.strategies / "failing.py").write_text(FAILING.replace('raise RuntimeError("out of ideas")', "return None"))
    applied = await room.reload(
        table("new", "shadow", seed=9, asset="GBPUSD_otc"), USUAL[1], USUAL[2].replace("seed = 3", "seed = 4"), USUAL[3]
    )
    assert {"strategy.new.use", "strategy.told.use", "strategy.live.options", "strategy.failing"} <= set(applied)
    assert not [key for key in applied if key.startswith("strategy.paper")]
    await room.asker.until(lambda: room.asker.states.get("strategy/told") == b"")
    assert room.state("paper")["signals"] >= paper > 0
    assert room.state("live")["options"]["seed"] == 4
    await room.asker.until(lambda: room.state("new").get("signals", 0) >= 1, 20)
    await room.asker.until(lambda: "must answer a polars frame" in room.state("failing")["detail"], 20)
    await room.asker.until(lambda: open_live <= {s["trade"] for s in room.said("live", "won", "lost", "tie")}, 60)
    listed = (await room.whole.data("strategy/list"))["strategies"]
    assert [it["strategy"] for it in listed] == ["new", "paper", "live", "failing"]
    wrong = await _refused(room, table("new").replace("random", "randm"))
    assert "did you mean 'random'?" in wrong
    await room.until_said("paper", "shadow")


async def _refused(room: Room, *tables: str) -> str:
    """Why a file is not taken over."""
    room.write(*tables)
    answer = await room.whole.send("reload")
    assert (answer["status"], answer["code"]) == ("error", "bad_config")
    return str(answer["error"])


async def test_the_file_has_the_last_word_on_what_it_changes(room: Room) -> None:
    """What a command said of a mode holds until the file says something else."""
    await room.reload(*USUAL)
    await room.set("strategy/told", "shadow")
    await room.asker.until(lambda: room.state("told").get("mode") == "shadow")
    await room.reload(USUAL[0].replace("seed = 1", "seed = 5"), *USUAL[1:])
    await room.asker.until(lambda: room.state("told")["options"]["seed"] == 5)
    assert room.state("told")["mode"] == "shadow"
    await room.reload(table("told", "live", seed=5, stake=1.5), *USUAL[1:])
    await room.asker.until(lambda: room.state("told")["mode"] == "live")
    await room.reload(*USUAL)
    await room.asker.until(lambda: room.state("told")["mode"] == "signal")


async def test_a_table_that_comes_back_is_as_the_file_says(room: Room) -> None:
    """Also where a command had switched it before it was taken out."""
    await room.reload(*USUAL)
    await room.set("strategy/told", "live")
    await room.asker.until(lambda: room.state("told").get("mode") == "live")
    await room.reload(*USUAL[1:])
    await room.asker.until(lambda: room.asker.states.get("strategy/told") == b"")
    await room.reload(table("told", "shadow"), *USUAL[1:])
    await room.asker.until(lambda: room.asker.states.get("strategy/told"))
    assert room.state("told")["mode"] == "shadow"
    await room.reload(*USUAL)
    await room.asker.until(lambda: room.state("told")["mode"] == "signal")


# ------------------------------------------------------------------------------------------- daemons of their own


@pytest.mark.asyncio(loop_scope="function")
async def test_switches_limits_and_scores_outlive_the_daemon(tmp_path: Path) -> None:
    """The next daemon has them before anything is heard, and a recording of it begins with them."""
    async with open_whole(tmp_path) as whole:
        room = Room(whole, tmp_path)
        room.write(table("told"), table("paper", "shadow", seed=2))
        async with whole.daemon(room.file):
            await room.until_said("paper", "won", "lost", "tie")
            await room.set("strategy/told", {"mode": "shadow", "enabled": False})
            await room.set("control/max_stake", "5")
            await room.set("control/trading", "OFF")
            await room.asker.until(lambda: room.asker.state("control")["trading"] == "paused")
            await room.asker.until(lambda: room.asker.state("control")["max_stake"] == 5)
            await room.asker.until(lambda: room.state("told")["state"] == "off")
        # what has ended within the last second is told while the daemon leaves
        await room.asker.until(lambda: room.asker.state("stats/total")["shadow"]["trades"] >= 1)
        before = room.asker.state("stats/total")
        room.asker.states.clear()
        room.asker.forget()
        loaded = loaded_for(whole, room.file)
        daemon = Daemon(loaded)
        async with recorded(whole, daemon) as capture:
            assert (room.state("told")["state"], room.state("told")["mode"]) == ("off", "shadow")
            assert room.state("paper")["enabled"] is True
            control = room.asker.state("control")
            assert (control["trading"], control["max_stake"]) == ("paused", 5)
            after = room.asker.state("stats/total")
            assert after["shadow"]["trades"] >= before["shadow"]["trades"]
            assert after["strategies"]["paper"]["shadow"]["trades"] >= before["strategies"]["paper"]["shadow"]["trades"]
            assert room.asker.state("stats/today")["shadow"]["trades"] >= 1
            await room.until_said("paper", "shadow", count=2)
        report = await run_replay(capture, loaded, lambda _message: None)
        assert report.decisions == daemon.decisions()


def loaded_for(whole: Whole, file: Path, **more: object) -> Loaded:
    """The configuration of a daemon that is made by hand."""
    options = whole.options | ROOMY | {"mqtt__start_broker": False} | more
    given: dict[str, object] = {"daemon.name": NAME, "daemon.state_dir": str(whole.folder)}
    return load(file, given | {key.replace("__", "."): value for key, value in options.items()})


@asynccontextmanager
async def recorded(whole: Whole, daemon: Daemon) -> AsyncIterator[Path]:
    """A daemon that is recorded from its very start; gives the recording."""
    async with asyncio.TaskGroup() as group:
        capture = daemon.record("whole")
        task = group.create_task(daemon.run(), name="daemon")
        try:
            await whole.asker.ready()
            yield capture
        finally:
            daemon.stop()
            async with asyncio.timeout(15):
                await asyncio.wait([task])


@pytest.mark.asyncio(loop_scope="function")
async def test_what_was_recorded_is_decided_again(tmp_path: Path) -> None:
    """A live strategy, one on paper, one by the time, one that is benched for its slowness, and a person who switches
    things: the same count, the same word."""
    async with AsyncExitStack() as stack:
        whole = await stack.enter_async_context(open_whole(tmp_path))
        room = Room(whole, tmp_path)
        room.write(
            table("live", "live", stake=STAKE),
            table("paper", "shadow", seed=2, asset="*_otc"),
            table("timed", seed=3) + 'schedule = "every 7s"\n',
            own("sleepy"),
            budget=300,
        )
        loaded, facts = loaded_for(whole, room.file, risk__orders_per_minute=6), Facts()
        daemon = Daemon(loaded, [facts])
        async with recorded(whole, daemon) as capture:
            await facts.until(lambda: _outcomes(facts, "live") & {"won", "lost", "tie"}, 60)
            await room.set("control/trading", "OFF")
            await facts.until(lambda: "paused" in {verdict.code for verdict in facts.of(Verdict)}, 30)
            await room.set("control/trading", "ON")
            await room.set("strategy/paper", "OFF")
            assert (await whole.place("by hand", stake=2))["status"] == "ok"
            await room.set("strategy/paper", "ON")
            count = daemon.decisions().count
            await facts.until(lambda: daemon.decisions().count > count + 90, 90)
            await facts.until(lambda: {"told"} <= _outcomes(facts, "timed"), 30)
            benched = [alert.detail for alert in facts.of(Alert) if alert.code == "strategy_benched"]
        live = daemon.decisions()
        report = await run_replay(capture, loaded, lambda _message: None)
    assert live.count > 120
    assert [detail for detail in benched if detail.startswith("sleepy: its last 3 looks took more than 300 ms each")]
    assert report.decisions == live


def _outcomes(facts: Facts, plan: str) -> set[str]:
    """What signals of a plan came to so far."""
    verdicts: Iterable[Verdict] = facts.of(Verdict)
    return {verdict.outcome for verdict in verdicts if verdict.signal.plan == plan}
