"""The whole daemon: a real Chrome with the practice broker's page, a real mosquitto, and what comes out."""

import asyncio
import io
import os
import signal
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from qfluxd.chrome.launch import Chrome
from qfluxd.config import load
from qfluxd.daemon import Daemon
from qfluxd.drivers.pocketoption.driver import PocketOption
from qfluxd.market.capture import read_capture
from qfluxd.model import Alert, Candle, Gap, Series, Session, Tick
from qfluxd.observability import logs
from qfluxd.practice.server import PracticeBroker
from qfluxd.replaying import run_replay
from tests.support.brokers import Broker, broker, free_port, listening, retained, until
from tests.support.daemons import Facts, chrome, daemon, practice, stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FIVE = 5_000


def holes(candles: list[Candle]) -> list[Series]:
    """Series whose candles, ordered by time, leave out or repeat a bar."""
    found = []
    for series in {candle.series for candle in candles}:
        times = sorted(candle.at for candle in candles if candle.series == series)
        if any(later - earlier != series.timeframe for earlier, later in pairwise(times)):
            found.append(series)
    return found


def folded(ticks: list[Tick], candle: Candle) -> tuple[float, float, float, float, int]:
    """The candle that these ticks make of its time."""
    end = candle.at + candle.series.timeframe
    prices = [tick.price for tick in ticks if tick.asset == candle.series.asset and candle.at <= tick.at < end]
    return prices[0], max(prices), min(prices), prices[-1], len(prices)


async def test_candles_on_mqtt_are_what_the_ticks_make(tmp_path: Path) -> None:
    """Every whole candle on MQTT equals the ticks on MQTT, and every topic is there."""
    async with broker(tmp_path) as mqtt, listening(mqtt.port) as ear:
        async with stack(tmp_path, mqtt.port) as (_, _, facts):
            await facts.state("ready")
            await facts.until(lambda: len({c.at for c in facts.of(Candle) if c.quality == "whole"}) >= 2, 30)
            whole = [
                candle for candle in facts.of(Candle) if candle.quality == "whole" and candle.series.timeframe == FIVE
            ]
            ticks = facts.of(Tick)
            fully_live = [candle for candle in whole if candle.at > ticks[0].at]
            assert fully_live
            for candle in fully_live:
                made = (candle.open, candle.high, candle.low, candle.close, candle.ticks)
                assert made == folded(ticks, candle), candle
            chosen = fully_live[0]
            topic = f"candle/{chosen.series.asset.lower()}/5s"
            await ear.until(lambda: any(told["at"] == chosen.at for told in ear.on(topic)))
            told = next(told for told in ear.on(topic) if told["at"] == chosen.at)
            assert (told["open"], told["close"], told["quality"]) == (chosen.open, chosen.close, "whole")
            kept = await retained(mqtt.port)
            asset = chosen.series.asset.lower()
            assert {"status", "session", "info", "health", "account", "assets", f"asset/{asset}"} <= set(kept)
            assert ear.has(f"tick/{asset}", 5)
        await ear.until(lambda: ear.on("status")[-1]["state"] == "offline")
        assert ear.on("session")[-1]["state"] == "stopped"


async def test_history_joins_the_live_candles_without_hole_or_double(tmp_path: Path) -> None:
    """After the page has loaded, the chart's asset has an unbroken past in every timeframe."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port, market__timeframes=["5s", "1m", "5m"]) as (_, running, facts):
            await facts.state("ready")
            await facts.until(lambda: any(c.quality == "whole" for c in facts.of(Candle)), 20)
            chart = running.desk.session.asset
            assert chart is not None
            for timeframe, least in ((FIVE, 60), (60_000, 90), (300_000, 15)):
                candles = running.desk.candles(Series(chart, timeframe), 1000)
                assert len(candles) >= least
                assert holes(candles) == []
                assert len({candle.at for candle in candles}) == len(candles)


async def test_chrome_killed_comes_back_and_the_gap_is_filled(tmp_path: Path) -> None:
    """Our Chrome is started again, the page loads, and history closes the hole of the chart's asset."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port, market__timeframes=["5s"]) as (_, running, facts):
            await facts.state("ready")
            await facts.until(lambda: facts.of(Candle), 20)
            pids = await browser_pids(running)
            os.kill(pids[0], signal.SIGKILL)
            await facts.state("waiting_chrome", 5)
            seen = len(facts.said)
            await facts.state("ready", 15)
            chart = running.desk.session.asset
            await facts.until(
                lambda: any(c.quality == "whole" and c.series.asset == chart for c in facts.of(Candle, seen)), 30
            )
            assert chart is not None
            assert holes(running.desk.candles(Series(chart, FIVE), 1000)) == []
            assert not [gap for gap in facts.of(Gap) if gap.asset == chart]


def on_line(running: Daemon) -> bool:
    """Whether the daemon has its line to the MQTT broker."""
    mqtt = running.health().mqtt
    return mqtt is not None and mqtt.connected


async def browser_pids(running: Daemon) -> tuple[int, ...]:
    """The processes of the daemon's Chrome, the browser first."""
    driver = running._driver  # the test hurts what the daemon only reports
    await until(lambda: driver.health().chrome_pids, 10)
    pids: tuple[int, ...] = driver.health().chrome_pids
    return pids


async def test_mosquitto_killed_is_said_everything_again(tmp_path: Path) -> None:
    """A broker that lost all it kept has it again within three seconds of its return; the desk never stopped."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port) as (_, running, facts):
            await facts.state("ready")
            await facts.until(lambda: facts.of(Candle), 20)
            await mqtt.kill()
            await until(lambda: not on_line(running), 5)
            ticks = len(facts.of(Tick))
            await facts.until(lambda: len(facts.of(Tick)) > ticks + 20)
            await mqtt.start()
            await until(lambda: on_line(running), 3)
            kept = await retained(mqtt.port)
            assert {"status", "session", "info", "account", "assets"} <= set(kept)
            assert any(topic.startswith("candle/") for topic in kept)


async def test_any_order_of_starting(tmp_path: Path) -> None:
    """MQTT, Chrome, page and login may come in any order; each absence is a state with its reason, soon left."""
    port, mqtt = free_port(), Broker(tmp_path)
    async with practice(logged_in=False) as broker_page:
        address = {
            "chrome__endpoint": f"http://127.0.0.1:{port}",
            "driver__pocketoption__pages": [f"{broker_page.origin}/*"],
            "mqtt__port": mqtt.port,
        }
        async with daemon(tmp_path / "state", **address) as (running, facts):
            await facts.state("waiting_chrome", 5, "nothing listens there")
            async with chrome(tmp_path / "chrome", "about:blank", port) as theirs:
                await facts.state("waiting_page", 3, "no tab shows")
                await open_tab(theirs.endpoint, broker_page.url)
                await facts.state("login_required", 3)
                broker_page.log_in()
                await open_tab(theirs.endpoint, broker_page.url)
                await facts.state("ready", 5)
                assert not on_line(running)
                await mqtt.start()
                await until(lambda: on_line(running), 3)
            await facts.state("waiting_chrome", 5)
    await mqtt.kill()


async def open_tab(endpoint: str, url: str) -> None:
    """A person opens one more tab."""
    parts = urlsplit(endpoint)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(f"PUT /json/new?{url} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n".encode())
    assert b"200" in await reader.readline()
    writer.close()


async def test_a_recording_replays_to_the_same_candles(tmp_path: Path) -> None:
    """What was heard live, a broken line included, makes the same candles in the same order when it is replayed."""
    async with broker(tmp_path) as mqtt, listening(mqtt.port) as ear:
        async with stack(tmp_path, mqtt.port, market__timeframes=["1s", "5s"]) as (page, _, facts):
            await ear.until(lambda: ear.on("status"))
            answer = await ear.ask("record/start", '{"id":"1","name":"live"}')
            assert answer["status"] == "ok", answer
            await facts.state("ready")
            await facts.until(lambda: whole(facts.of(Candle)) > 60, 30)
            page.drop_sockets()
            await facts.state("waiting_page", 5)
            seen = len(facts.said)
            await facts.state("ready", 10)
            await facts.until(lambda: whole(facts.of(Candle, seen)) > 60, 30)
            stopped = await ear.ask("record/stop")
            live = facts.of(Candle)
            capture = Path(stopped["data"]["path"])
    replayed = Facts()
    loaded = load(Path("/dev/null"), {"market.timeframes": ["1s", "5s"]})
    first = await run_replay(capture, loaded, lambda message: None, sinks=[replayed])
    second = await run_replay(capture, loaded, lambda message: None)
    again = replayed.of(Candle)
    count = min(len(live), len(again))
    assert whole(again) > 120
    assert again[:count] == live[:count]
    assert first.fingerprint == second.fingerprint
    assert not any(b"session" in frame.data.lower() for frame in read_capture(capture))


def whole(candles: list[Candle]) -> int:
    """How many of them were heard from edge to edge."""
    return sum(candle.quality == "whole" for candle in candles)


async def test_silence_is_stale_and_never_ready(tmp_path: Path) -> None:
    """When the ticks stop the session says so, and says ready again only with fresh ones."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port, market__stale_after=2.0) as (page, _, facts):
            await facts.state("ready")
            page.pause()
            await facts.state("stale", 5, "no tick for")
            page.resume()
            await facts.state("ready", 5)
            states = [session.state for session in facts.of(Session)]
            assert states[-3:] == ["ready", "stale", "ready"] or "stale" in states


async def test_requests_are_answered_by_the_daemon(tmp_path: Path) -> None:
    """Each command of this version answers with its own data."""
    async with broker(tmp_path) as mqtt, listening(mqtt.port) as ear:
        async with stack(tmp_path, mqtt.port) as (_, running, facts):
            await facts.state("ready")
            await facts.until(lambda: facts.of(Candle), 20)
            asset = running.desk.session.asset
            candles = await ear.ask("candles", f'{{"asset":"{asset}","timeframe":"1m","count":3}}')
            assert len(candles["data"]["candles"]) == 3
            start = candles["data"]["candles"][0]["at"]
            history = await ear.ask("history", f'{{"asset":"{asset}","timeframe":"1m","from":{start}}}')
            assert history["data"]["candles"][:3] == candles["data"]["candles"]
            assert (await ear.ask("candles", '{"asset":"EURUSDotc","timeframe":"1m"}'))["code"] == "asset_unknown"
            assert (await ear.ask("candles", f'{{"asset":"{asset}","timeframe":"7m"}}'))["code"] == "timeframe_unknown"
            listed = (await ear.ask("assets/list"))["data"]["assets"]
            assert any(row["asset"] == asset and row["payout"] > 0 for row in listed)
            assert (await ear.ask("status"))["data"]["session"]["state"] == "ready"
            assert (await ear.ask("health"))["data"]["ticks"] > 0
            assert (await ear.ask("record/stop"))["code"] == "not_recording"
            assert (await ear.ask("log_level", '{"level":"error"}'))["status"] == "ok"
            await ear.until(lambda: ear.on("info")[-1]["log_level"] == "error")
            assert (await ear.ask("reload"))["data"] == {"applied": [], "restart_required": []}


async def test_no_secret_reaches_any_output(tmp_path: Path, log_stream: io.StringIO) -> None:
    """With everything recorded and logged, the page's session appears in no log line, message, capture or file."""
    logs.set_up("debug", "json", log_stream)
    async with broker(tmp_path) as mqtt, listening(mqtt.port, "#") as ear:
        async with stack(tmp_path / "state", mqtt.port, mqtt__logs="debug", store__csv=True) as (page, running, facts):
            await ear.until(lambda: ear.on("status"))
            assert (await ear.ask("record/start", '{"name":"all"}'))["status"] == "ok"
            await facts.state("ready")
            await facts.until(lambda: whole(facts.of(Candle)) > 5, 30)
            page.drop_sockets()
            await facts.state("waiting_page", 5)
            await facts.state("ready", 10)
            assert (await ear.ask("record/stop"))["data"]["frames"] > 100
            assert running._driver.health().secrets >= 4  # auth and the chat's introduction, before and after the cut
            sessions = [*page.account.sessions.values(), page.account.chat_secret]
    heard = b"".join(message.topic.value.encode() + bytes(message.payload) for message in ear.heard)
    files = b"".join(file.read_bytes() for file in kept_files(tmp_path / "state"))
    assert len(sessions) == 3
    for output in (log_stream.getvalue().encode(), heard, files):
        assert len(output) > 1_000
        for session in sessions:
            assert session.encode() not in output
            assert quote(session, safe="").encode() not in output


def kept_files(folder: Path) -> list[Path]:
    """Every file that the daemon wrote; Chrome's own profile is the browser's, as on any machine."""
    return [file for file in folder.rglob("*") if file.is_file() and "chrome-profile" not in file.parts]


async def test_a_late_attach_leaves_their_page_alone(tmp_path: Path) -> None:
    """In somebody's own Chrome nothing is reloaded: the first candles are partial and nothing is backfilled."""
    async with broker(tmp_path) as mqtt, practice() as page, chrome(tmp_path / "chrome", page.url) as theirs:
        await until(lambda: page_loads(page), 15)
        loads = page_loads(page)
        async with daemon(tmp_path / "state", **attached(theirs, page, mqtt)) as (_, facts):
            await facts.state("ready")
            await facts.until(lambda: whole(facts.of(Candle)) > 5, 30)
            assert page_loads(page) == loads
            series = next(candle.series for candle in facts.of(Candle) if candle.quality == "whole")
            qualities = [candle.quality for candle in facts.of(Candle) if candle.series == series]
            assert qualities[:2] == ["partial", "whole"]
            # An answer about older minutes may still be on its way when we come; the ticks of the past are gone.
            fives = {candle.quality for candle in facts.of(Candle) if candle.series.timeframe == FIVE}
            assert "backfilled" not in fives
        assert theirs.code is None


async def test_a_late_attach_may_reload_where_the_owner_says_so(tmp_path: Path) -> None:
    """With `reload_on_attach` the page is loaded once more, and its history makes the candles exact."""
    async with broker(tmp_path) as mqtt, practice() as page, chrome(tmp_path / "chrome", page.url) as theirs:
        await until(lambda: page_loads(page), 15)
        loads = page_loads(page)
        settings = attached(theirs, page, mqtt) | {"chrome__reload_on_attach": True}
        async with daemon(tmp_path / "state", **settings) as (_, facts):
            await facts.until(lambda: [c for c in facts.of(Candle) if c.quality == "backfilled"], 20)
            await facts.state("ready")
            await until(lambda: page_loads(page) == loads + 1, 5)


def attached(theirs: Chrome, page: PracticeBroker, mqtt: Broker) -> dict[str, object]:
    """Settings of a daemon that attaches to a Chrome that is there."""
    return {
        "chrome__endpoint": theirs.endpoint,
        "driver__pocketoption__pages": [f"{page.origin}/*"],
        "mqtt__port": mqtt.port,
    }


def page_loads(page: PracticeBroker) -> int:
    """How often the trading page has been loaded: each load asks for older candles of its chart once."""
    return sum(event == "loadHistoryPeriod" for event, _ in page.heard)


async def test_a_crashed_page_is_reloaded_in_our_own_chrome(tmp_path: Path) -> None:
    """The state tells of the crash, and the page is back soon."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port) as (_, running, facts):
            await facts.state("ready")
            assert isinstance(running._driver, PocketOption)
            assert running._driver._tap is not None
            processes = await running._driver._tap.processes()
            renderers = [pid for kind, pid in processes if kind == "renderer"]
            for pid in renderers:
                os.kill(pid, signal.SIGKILL)
            await facts.state("waiting_page", 5, "the page's process ended")
            await facts.state("ready", 10)


async def test_a_frozen_chrome_is_noticed_and_its_thaw_too(tmp_path: Path) -> None:
    """A port that takes connections and says nothing is no Chrome to rely on."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port) as (_, running, facts):
            await facts.state("ready")
            pid = (await browser_pids(running))[0]
            os.kill(pid, signal.SIGSTOP)
            try:
                await facts.state("waiting_chrome", 8)
            finally:
                os.kill(pid, signal.SIGCONT)
            await facts.state("ready", 10)


async def test_another_account_in_a_second_tab_is_told(tmp_path: Path) -> None:
    """The account in front is what the newest accepted socket says; one that is not expected is an alert."""
    async with broker(tmp_path) as mqtt:
        async with stack(tmp_path, mqtt.port) as (page, running, facts):
            await facts.until(lambda: facts.session is not None and facts.session.account == "demo")
            assert isinstance(running._driver, PocketOption)
            await open_tab(running._driver._endpoint, page.real_url)
            await facts.until(lambda: facts.session is not None and facts.session.account == "real", 10)
            await facts.until(lambda: [alert for alert in facts.of(Alert) if alert.code == "other_account"])
            await facts.state("ready", 10)
