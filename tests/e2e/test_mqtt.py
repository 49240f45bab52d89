"""The MQTT edge against real mosquitto: what is promised holds, whatever becomes of the broker."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from qfluxd.api import wire
from qfluxd.api.commands import Command, Ping, Request
from qfluxd.api.mqtt import MqttEdge
from qfluxd.api.outbox import Outbox
from qfluxd.model import Alert, Candle, PlanState, Series, Tick
from qfluxd.settings import MqttSettings
from tests.support.brokers import (
    BASE,
    Broker,
    Ear,
    broker,
    child_of,
    connected,
    edge,
    listening,
    proxy,
    response_topic,
    retained,
    until,
)
from tests.support.fixtures import ROOT
from tests.unit.test_wire import ACCOUNT, ALERT, AT, CANDLE, GAP, HEALTH, INFO, QUOTE, SESSION, STREAMING, TICK

pytestmark = pytest.mark.e2e

FACTS = (TICK, CANDLE, GAP, SESSION, QUOTE, STREAMING, ACCOUNT, ALERT)
RESULT = {"id", "status", "code", "error", "data", "final", "at", "took_ms"}

KEYS: dict[str, set[str]] = {
    "status": {"state", "session", "reason", "at"},
    "session": {
        "state",
        "reason",
        "connected",
        "account",
        "asset",
        "timeframe",
        "clock_offset_ms",
        "since",
    },
    "info": {"version", "api", "driver", "features", "log_level", "restart_required"},
    "account": {"balance", "currency", "account", "at"},
    "assets": {"streaming", "open", "payouts"},
    "asset/eurusd_otc": {"asset", "price", "payout", "open", "sentiment", "at"},
    "candle/eurusd_otc/1m": {"asset", "timeframe", "at", "open", "high", "low", "close", "ticks", "quality"},
    "health": set(HEALTH.__struct_fields__),
}
PASSING: dict[str, set[str]] = {
    "tick/eurusd_otc": {"asset", "at", "price"},
    "event/alert": {"event_type", "code", "detail", "at"},
    "event/session": {"event_type", "reason", "connected", "account", "at"},
    "log/info": {"at", "level", "event", "fields"},
}


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Broker]:
    async with broker(tmp_path) as running:
        yield running


@pytest.fixture
def logs() -> Iterator[list[EventDict]]:
    with capture_logs() as lines:
        yield lines


def settings(port: int, **more: Any) -> MqttSettings:
    return MqttSettings(port=port, **more)


def full_outbox() -> Outbox:
    outbox = Outbox()
    tell_all(outbox)
    return outbox


def tell_all(outbox: Outbox) -> None:
    for fact in FACTS:
        outbox.on_fact(fact)
    outbox.put(wire.health(HEALTH))
    outbox.put(wire.info(INFO))
    outbox.put(wire.log("info", "hello", {}, AT))


def count(logs: list[EventDict], event: str) -> int:
    return sum(line["event"] == event for line in logs)


async def truth_is_kept(port: int, outbox: Outbox, within: float = 5) -> dict[str, bytes]:
    """Return what the broker keeps once it equals what the outbox says, the status aside."""
    truth = {topic: message.payload for topic, message in outbox.truth.items()}
    async with asyncio.timeout(within):
        while True:
            kept = await retained(port)
            if {topic: payload for topic, payload in kept.items() if topic != "status"} == truth:
                return kept


# ------------------------------------------------------------------------------------------------ topics


async def test_every_topic_carries_what_is_promised(mosquitto: Broker) -> None:
    """Every topic is there with its keys; state is retained, ticks, events and log lines are not."""
    outbox = Outbox()
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port), outbox) as running:
        await connected(running)
        tell_all(outbox)
        await ear.until(lambda: ear.on("log/info") and len(ear.on("event/alert")) == 2)
        kept = await truth_is_kept(mosquitto.port, outbox)
        assert {topic: set(msgspec.json.decode(payload)) for topic, payload in kept.items()} == KEYS
        assert {topic: set(ear.on(topic)[-1]) for topic in PASSING} == PASSING
        qos = {message.topic.value.removeprefix(BASE): message.qos for message in ear.heard}
    assert {topic for topic, level in qos.items() if level == 0} == {"tick/eurusd_otc", "log/info"}


async def test_a_connection_begins_with_status_and_info(mosquitto: Broker) -> None:
    """After connecting the first things said are status and info, then everything else that is retained."""
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port), full_outbox()):
        await ear.until(lambda: len(ear.heard) >= len(KEYS))
        topics = [message.topic.value.removeprefix(BASE) for message in ear.heard]
    assert topics[:2] == ["status", "info"]
    assert set(topics[: len(KEYS)]) == set(KEYS)


async def test_a_clean_stop_says_so(mosquitto: Broker) -> None:
    """Stopped in good order the status is ``offline``, ``stop``, and the will is not sent."""
    async with listening(mosquitto.port) as ear:
        outbox = Outbox()
        async with edge(settings(mosquitto.port), outbox) as running:
            await connected(running)
            outbox.on_fact(ALERT)
        await ear.until(lambda: len(ear.on("status")) == 2)
        birth, end = ear.on("status")
        assert (birth["state"], birth["reason"], end["state"], end["reason"]) == ("online", "start", "offline", "stop")
        assert birth["session"] == end["session"] == running.session
        assert ear.on("event/alert"), "what waited was sent before leaving"
    assert msgspec.json.decode((await retained(mosquitto.port))["status"]) == end


# ------------------------------------------------------------------------------- the broker's misfortunes


async def test_everything_is_said_again_to_a_broker_that_forgot(mosquitto: Broker, logs: list[EventDict]) -> None:
    """A broker killed and started again without memory has every retained topic within 3 s; two log lines tell."""
    outbox = full_outbox()
    async with edge(settings(mosquitto.port), outbox) as running:
        await connected(running)
        await mosquitto.kill()
        await until(lambda: not running.health.connected, 2)
        outbox.on_fact(Candle(Series("EURUSD_otc", 60_000), AT + 60_000, 1.0, 1.0, 1.0, 1.0, 1, "whole"))
        await asyncio.sleep(1)
        await mosquitto.start()
        await truth_is_kept(mosquitto.port, outbox, within=3)
        assert running.health.reconnects == 1
    assert (count(logs, "mqtt lost"), count(logs, "mqtt connected"), count(logs, "mqtt unreachable")) == (1, 2, 0)


def is_back(running: MqttEdge, reconnects: int) -> bool:
    return running.health.connected and running.health.reconnects == reconnects


async def test_a_broker_that_dies_under_traffic_breaks_nothing(mosquitto: Broker) -> None:
    """Killed again and again amid hundreds of messages it is found each time, and no callback fails in the loop."""
    failed: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failed.append(context))
    outbox = Outbox()

    async def trade() -> None:
        for number in itertools.count():
            for asset in range(50):
                outbox.on_fact(Tick(f"A{asset}", number, 1.0))
                outbox.on_fact(Candle(Series(f"A{asset}", 60_000), number, 1.0, 1.0, 1.0, 1.0, 1, "whole"))
            await asyncio.sleep(0.01)

    async with edge(settings(mosquitto.port), outbox) as running, asyncio.TaskGroup() as group:
        trading = group.create_task(trade())
        for turn in range(4):
            await until(partial(is_back, running, turn), 3)
            await asyncio.sleep(0.1)
            await mosquitto.kill()
            await mosquitto.start()
        await connected(running, within=3)
        trading.cancel()
        await truth_is_kept(mosquitto.port, outbox)
    assert failed == []


async def test_a_broker_may_come_later(tmp_path: Path, logs: list[EventDict]) -> None:
    """Without a broker the edge waits, says so once, and is there within 3 s of the broker's start."""
    late = Broker(tmp_path)
    outbox = full_outbox()
    async with edge(settings(late.port), outbox) as running:
        await until(lambda: count(logs, "mqtt unreachable") == 1, 2)
        await asyncio.sleep(1.5)
        try:
            await late.start()
            await connected(running, within=3)
            await truth_is_kept(late.port, outbox)
        finally:
            await late.kill()
    assert count(logs, "mqtt unreachable") == 1


async def test_a_hung_broker_is_noticed_and_comes_back(mosquitto: Broker, logs: list[EventDict]) -> None:
    """A stopped broker is noticed by its silence within 2.5 keepalives, and is used again when it goes on."""
    outbox = full_outbox()
    async with edge(settings(mosquitto.port, keepalive=5), outbox) as running:
        await connected(running)
        mosquitto.signal(signal.SIGSTOP)
        try:
            for number in range(5_000):
                outbox.on_fact(Alert("x", str(number), AT))
            await until(lambda: not running.health.connected, 12.5)
            assert running.health.queued <= 1_000 + len(outbox.truth)
        finally:
            mosquitto.signal(signal.SIGCONT)
        await connected(running, within=3)
        await truth_is_kept(mosquitto.port, outbox)
    assert (count(logs, "mqtt lost"), count(logs, "mqtt connected")) == (1, 2)


async def test_a_refused_login_is_said_once_and_retried(tmp_path: Path, logs: list[EventDict]) -> None:
    """A wrong password is its own reason, said once without the password; once granted the edge is in within 3 s."""
    passwords = tmp_path / "passwords"
    await set_password(passwords, "someone", "else", "-c")
    async with broker(tmp_path, "allow_anonymous false", f"password_file {passwords}") as strict:
        async with edge(settings(strict.port, username="qfluxd", password="hush-hush")) as running:
            await until(lambda: count(logs, "mqtt refused login") == 1, 3)
            await asyncio.sleep(2.5)
            await set_password(passwords, "qfluxd", "hush-hush")
            strict.signal(signal.SIGHUP)
            await connected(running, within=3)
            assert "status" in await retained(strict.port, username="qfluxd", password="hush-hush")
    assert count(logs, "mqtt refused login") == 1
    assert "hush-hush" not in str(logs)


async def set_password(file: Path, user: str, password: str, *options: str) -> None:
    making = await asyncio.create_subprocess_exec("mosquitto_passwd", *options, "-b", str(file), user, password)
    assert await making.wait() == 0


async def test_the_access_list_of_the_docs_holds(tmp_path: Path) -> None:
    """With the list that docs/mqtt.md shows the daemon works, one may ask, and another only look."""
    page = (ROOT / "docs" / "mqtt.md").read_text()
    access, passwords = tmp_path / "acl", tmp_path / "passwords"
    access.write_text(page.partition("```acl\n")[2].partition("```")[0].replace("qfluxd/main", BASE.rstrip("/")))
    for number, user in enumerate(("qfluxd", "control", "dashboard")):
        await set_password(passwords, user, "p", *(() if number else ("-c",)))
    lines = ("allow_anonymous false", f"password_file {passwords}", f"acl_file {access}")
    async with (
        broker(tmp_path, *lines) as strict,
        listening(strict.port, username="control", password="p") as control,
        listening(strict.port, username="dashboard", password="p") as dashboard,
        edge(settings(strict.port, username="qfluxd", password="p"), full_outbox()) as running,
    ):
        await connected(running)
        await dashboard.say("request/ping", '{"id":"dashboard"}')
        await dashboard.say("status", "{}", retain=True)
        assert (await control.ask("ping", '{"id":"control"}'))["id"] == "control"
        await dashboard.until(partial(dashboard.has, "response/ping", 1))
        assert [answer["id"] for answer in dashboard.on("response/ping")] == ["control"]
        kept = await retained(strict.port, username="qfluxd", password="p")
        assert msgspec.json.decode(kept["status"])["session"] == running.session


async def test_a_killed_daemon_leaves_its_will(mosquitto: Broker) -> None:
    """A daemon killed with -9 is told as ``offline``, ``lost``, with the session id of its birth."""
    async with listening(mosquitto.port) as ear:
        with child_of(sys.executable, "-m", "tests.support.edge_alone", str(mosquitto.port)) as pid:
            await ear.until(lambda: ear.on("status"), within=20)
            os.kill(pid, signal.SIGKILL)
            await ear.until(lambda: len(ear.on("status")) == 2)
        birth, end = ear.on("status")
    assert (birth["state"], end["state"], end["reason"]) == ("online", "offline", "lost")
    assert birth["session"] == end["session"]


async def test_a_late_will_cannot_hide_the_birth(mosquitto: Broker) -> None:
    """A will of an earlier session that comes after our birth is answered by saying again that we are here."""
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port)) as running:
        await ear.until(lambda: ear.on("status"))
        late = wire.status("offline", "an-earlier-session", "lost", AT)
        await ear.say("status", late.payload, retain=True)
        await ear.until(lambda: len(ear.on("status")) == 3)
        kept = msgspec.json.decode((await retained(mosquitto.port))["status"])
        assert (kept["state"], kept["session"]) == ("online", running.session)


async def test_two_daemons_of_one_name_know_of_each_other(mosquitto: Broker) -> None:
    """Each says so with one alert, whoever came first, until the other one has left."""
    first_says, second_says = Outbox(), Outbox()
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port), first_says) as first:
        await connected(first)
        assert first.rival is None
        async with edge(settings(mosquitto.port), second_says) as second:
            await ear.until(lambda: len(ear.on("event/alert")) == 2)
            assert first.rival is not None
            assert second.rival is not None
            assert {alert["code"] for alert in ear.on("event/alert")} == {"name_taken"}
        await ear.until(lambda: first.rival is None)
        kept = msgspec.json.decode((await retained(mosquitto.port))["status"])
        assert (kept["state"], kept["session"]) == ("online", first.session)


@pytest.mark.parametrize(
    "payload", [b'{"state":"\xff"}', b'{"x":' + b"[" * 100_000, b"", b"5"], ids=["bytes", "deep", "empty", "number"]
)
async def test_no_status_of_others_breaks_anything(mosquitto: Broker, payload: bytes) -> None:
    """Whatever anybody writes to `status`, text or not, we live on and say again that we are here."""
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port)) as running:
        said = partial(_payloads, ear, "status")
        await ear.until(said)
        await ear.say("status", payload)
        await ear.until(lambda: len(said()) == 3)
        assert msgspec.json.decode(said()[-1])["session"] == running.session
        assert running.health.reconnects == 0


def _payloads(ear: Ear, topic: str) -> list[bytes]:
    return [bytes(message.payload) for message in ear.heard if message.topic.value.endswith(f"/{topic}")]


async def test_what_was_not_acknowledged_is_sent_again_once(mosquitto: Broker) -> None:
    """An event on its way when the line breaks arrives after the reconnect; state arrives as it is then."""
    outbox = Outbox()
    async with proxy(mosquitto.port) as line, listening(mosquitto.port) as ear, edge(settings(line.port), outbox) as e:
        await connected(e)
        line.swallow = True
        outbox.on_fact(ALERT)
        outbox.on_fact(CANDLE)
        await until(lambda: e.health.queued == 0, 2)
        newer = msgspec.structs.replace(CANDLE, at=CANDLE.at + 60_000)
        line.swallow = False
        line.cut()
        await until(lambda: not e.health.connected, 2)
        outbox.on_fact(newer)
        await ear.until(lambda: ear.on("event/alert") and ear.on("candle/eurusd_otc/1m"))
        assert len(ear.on("event/alert")) == 1
        assert [candle["at"] for candle in ear.on("candle/eurusd_otc/1m")] == [newer.at]


async def test_a_dead_broker_costs_a_bounded_queue(tmp_path: Path) -> None:
    """While nobody takes them events and ticks wait up to their bounds; the newest are there in the end."""
    late = Broker(tmp_path)
    outbox = Outbox()
    async with edge(settings(late.port), outbox) as running:
        for number in range(5_000):
            outbox.on_fact(Alert("x", str(number), AT))
            outbox.on_fact(Tick("EURUSD_otc", number, 1.0))
            outbox.on_fact(Candle(Series("EURUSD_otc", 60_000), number, 1.0, 1.0, 1.0, 1.0, 1, "whole"))
        assert running.health.queued == 1_000 + 2_000 + 1
        assert running.health.dropped == 4_000 + 3_000
        try:
            await late.start()
            async with listening(late.port) as ear:
                await connected(running)
                outbox.on_fact(Alert("x", "last", AT))
                await ear.until(lambda: ear.on("event/alert") and ear.on("event/alert")[-1]["detail"] == "last")
        finally:
            await late.kill()


# ----------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("command", "payload", "status", "code", "topic"),
    [
        ("ping", '{"id":"i"}', "ok", "ok", "ping"),
        ("assets/list", '{"id":"i"}', "ok", "ok", "assets/list"),
        ("nonsense", '{"id":"i"}', "error", "unknown_command", "nonsense"),
        ("no such/thing!", '{"id":"i"}', "error", "unknown_command", "no_such/thing_"),
        ("candles", '{"id":"i","asset":"X"}', "error", "bad_argument", "candles"),
        ("ping", '{"id":"i","expires_at":1763769600000}', "expired", "expired", "ping"),
    ],
)
async def test_every_request_is_answered(
    mosquitto: Broker, command: str, payload: str, status: str, code: str, topic: str
) -> None:
    """Good or bad, known or not, a request gets one final answer with the asker's id."""
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port)) as running:
        await connected(running)
        await ear.say(f"request/{command}", payload)
        await ear.until(lambda: ear.on(f"response/{topic}"))
        [answer] = ear.on(f"response/{topic}")
    assert answer.keys() == RESULT
    assert (answer["id"], answer["status"], answer["code"], answer["final"]) == ("i", status, code, True)
    assert isinstance(answer["data"], dict)


async def test_no_payload_goes_unanswered(mosquitto: Broker) -> None:
    """Nothing, no JSON, JSON of another kind and more than 64 KB are each answered."""
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port)) as running:
        await connected(running)
        codes = [(await ear.ask("ping", payload))["code"] for payload in (b"", b"{", b"[]", b"\xff", b"x" * 70_000)]
    assert codes == ["ok", "bad_json", "bad_json", "bad_json", "too_large"]


@pytest.mark.parametrize("modern", [True, False])
async def test_a_retained_request_is_refused_and_cleared(mosquitto: Broker, modern: bool) -> None:
    """A request kept by the broker, before our time or now, is answered, not performed, and taken out."""
    performed: list[Command] = []

    async def perform(request: Request) -> None:
        performed.append(request.command)

    refusal = None if modern else b"\x20\x03\x00\x84\x00"
    async with listening(mosquitto.port) as ear, proxy(mosquitto.port, refuse_5=refusal) as line:
        await ear.say("request/record/stop", '{"id":"before"}', retain=True)
        async with edge(settings(line.port), perform=perform) as running:
            await ear.until(lambda: ear.on("response/record/stop"))
            if modern:
                await ear.say("request/record/stop", '{"id":"now"}', retain=True)
                await ear.until(lambda: len(ear.on("response/record/stop")) == 2)
            assert {a["code"] for a in ear.on("response/record/stop")} == {"retained_command"}
            assert (await ear.ask("ping"))["status"] == "ok"
            assert running.health.protocol == ("5" if modern else "3.1.1")
        assert "request/record/stop" not in await retained(mosquitto.port)
    assert performed == [Ping()]


@pytest.mark.parametrize("modern", [True, False])
async def test_what_a_strategy_of_before_has_left_is_cleared(mosquitto: Broker, modern: bool) -> None:
    """State and signals of one that is not configured any more; those of one that is there stay."""
    outbox = Outbox()
    outbox.on_fact(PlanState("new", "ema_cross", True, "shadow", "running", "", ("EURUSD_otc",), 60_000, {}))
    refusal = None if modern else b"\x20\x03\x00\x84\x00"
    kept = {"strategy/new", "signal/new/eurusd_otc"}
    left = {"strategy/old", "signal/old/eurusd_otc", "signal/old/gbpusd_otc"}
    async with listening(mosquitto.port) as ear, proxy(mosquitto.port, refuse_5=refusal) as line:
        for topic in kept | left:
            await ear.say(topic, "{}", retain=True)
        async with edge(settings(line.port), outbox) as running:
            await ear.until(lambda: left <= {topic for topic, message in outbox.truth.items() if not message.payload})
            assert running.health.protocol == ("5" if modern else "3.1.1")
        stays = await retained(mosquitto.port)
    assert kept <= stays.keys()
    assert not left & stays.keys()


async def test_a_hundred_requests_at_once(mosquitto: Broker) -> None:
    """A hundred concurrent requests are each answered by their id, while a slow one holds up none."""
    release = asyncio.Event()

    async def perform(request: Request) -> Any:
        if not isinstance(request.command, Ping):
            await release.wait()
        return {}

    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port), perform=perform) as running:
        await connected(running)
        await ear.say("request/status", '{"id":"slow"}')
        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(ear.say("request/ping", f'{{"id":{number}}}'))
        await ear.until(lambda: len(ear.on("response/ping")) == 100)
        assert sorted(answer["id"] for answer in ear.on("response/ping")) == list(range(100))
        assert ear.on("response/status") == []
        release.set()
        await ear.until(lambda: ear.on("response/status"))


async def test_the_response_topic_is_honoured(mosquitto: Broker) -> None:
    """An MQTT 5 response topic gets the answer with its correlation data; one that others rely on is not written to."""
    async with listening(mosquitto.port, "#") as ear, edge(settings(mosquitto.port)) as running:
        await connected(running)
        await ear.say("request/ping", '{"id":1}', properties=response_topic(f"{BASE}reply/me/1", b"\x01\xff"))
        await ear.until(lambda: ear.on("reply/me/1"))
        await ear.say("request/ping", '{"id":3}', properties=response_topic("my/own/place", b"d"))
        await ear.until(lambda: any(m.topic.value == "my/own/place" for m in ear.heard))
        assert ear.on("response/ping") == []
        for stolen in ("homeassistant/x", f"{BASE}status", f"{BASE}reply/", "qfluxd/other/reply/x"):
            await ear.say("request/ping", '{"id":2}', properties=response_topic(stolen, b"c"))
        await ear.until(lambda: len(ear.on("response/ping")) == 4)
        answers = [m for m in ear.heard if m.topic.value in (f"{BASE}reply/me/1", f"{BASE}response/ping")]
        assert [getattr(m.properties, "CorrelationData", None) for m in answers] == [b"\x01\xff", *[b"c"] * 4]
        assert {m.topic.value for m in ear.heard} <= {
            "my/own/place",
            *(f"{BASE}{topic}" for topic in ("status", "request/ping", "reply/me/1", "response/ping")),
        }


async def test_what_is_in_progress_at_the_end_is_told(mosquitto: Broker) -> None:
    """A request that is not done when the daemon stops is answered before the goodbye."""

    async def perform(request: Request) -> None:
        del request
        await asyncio.Event().wait()

    async with listening(mosquitto.port) as ear:
        async with edge(settings(mosquitto.port), perform=perform) as running:
            await connected(running)
            await ear.say("request/reload", '{"id":"i"}')
            await until(lambda: running.health.received == 1, 2)
        await ear.until(lambda: len(ear.on("status")) == 2)
    assert [(answer["id"], answer["code"]) for answer in ear.on("response/reload")] == [("i", "stopping")]


# ------------------------------------------------------------------------------------- versions and speed


@pytest.mark.parametrize("refusal", [b"\x20\x03\x00\x84\x00", b"\x20\x02\x00\x01"])
async def test_a_broker_without_version_5_is_spoken_to_in_3_1_1(
    mosquitto: Broker, refusal: bytes, logs: list[EventDict]
) -> None:
    """Refused in either version's words the edge turns to 3.1.1, stays with it for the run, and answers there."""
    outbox = full_outbox()
    async with proxy(mosquitto.port, refuse_5=refusal) as line, edge(settings(line.port), outbox) as running:
        await connected(running, within=3)
        assert running.health.protocol == "3.1.1"
        await truth_is_kept(mosquitto.port, outbox)
        async with listening(mosquitto.port) as ear:
            assert (await ear.ask("ping", '{"id":"i"}'))["id"] == "i"
            before = len(ear.on("status"))
            late = wire.status("offline", "an-earlier-session", "lost", AT)
            await ear.say("status", late.payload, retain=True)
            await ear.until(lambda: len(ear.on("status")) == before + 2)
            assert ear.on("status")[-1]["state"] == "online"
        line.cut()
        await until(lambda: running.health.reconnects == 1, 3)
        assert line.versions == [5, 4, 4]
    assert count(logs, "mqtt broker does not speak version 5, using 3.1.1") == 1


async def test_a_stranger_on_the_port_is_waited_for(logs: list[EventDict]) -> None:
    """Something that hangs up without an answer is said once and tried again, quickly."""
    calls = 0

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server, edge(settings(server.sockets[0].getsockname()[1])):
        await until(lambda: calls >= 3, 5)
    assert count(logs, "mqtt unreachable") == 1


async def test_stopping_while_connecting_leaves_nothing_open() -> None:
    """Stopped while the other side does not answer, the edge ends at once and closes its connection."""
    arrived, left = asyncio.Event(), asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    async with server, asyncio.timeout(2):
        async with edge(settings(server.sockets[0].getsockname()[1])):
            await arrived.wait()
        await left.wait()


async def test_stopping_beside_a_hung_broker_takes_seconds(mosquitto: Broker) -> None:
    """With a goodbye that nobody takes the edge still ends, within 4 s."""
    async with edge(settings(mosquitto.port), full_outbox()) as running:
        await connected(running)
        mosquitto.signal(signal.SIGSTOP)
        began = perf_counter()
    assert perf_counter() - began < 4


async def test_a_round_trip_waits_for_no_delayed_acknowledgement(tmp_path: Path) -> None:
    """With TCP_NODELAY a QoS 1 request is answered within 5 ms in the median; without it takes more than 40."""
    async with (
        broker(tmp_path, "allow_anonymous true", "set_tcp_nodelay true") as prompt,
        listening(prompt.port, f"{BASE}response/#") as ear,
        edge(settings(prompt.port)) as running,
    ):
        await connected(running)
        taken = []
        for _ in range(60):
            began = perf_counter()
            await ear.ask("ping")
            taken.append(perf_counter() - began)
    assert median(taken) < 0.005


async def test_a_burst_keeps_the_order_of_each_topic(mosquitto: Broker) -> None:
    """Thousands of messages at once arrive complete and in order, none waiting for the one before."""
    outbox = Outbox()
    series = [Series(f"A{number}", 60_000) for number in range(350)]
    async with listening(mosquitto.port) as ear, edge(settings(mosquitto.port), outbox) as running:
        await connected(running)
        for turn in range(5):
            for one in series:
                outbox.on_fact(Candle(one, turn, 1.0, 1.0, 1.0, 1.0, 1, "whole"))
                outbox.on_fact(Tick(one.asset, turn, 1.0))
            await ear.until(partial(ear.has, "candle/a349/1m", turn + 1))
        await ear.until(partial(ear.has, "tick/a349", 5))
        assert all(
            [message["at"] for message in ear.on(topic)] == [0, 1, 2, 3, 4]
            for one in series
            for topic in (f"candle/{one.asset.lower()}/1m", f"tick/{one.asset.lower()}")
        )


async def test_beyond_this_machine_a_login_is_missed(logs: list[EventDict]) -> None:
    """A broker elsewhere without credentials is worth a warning."""
    async with edge(MqttSettings(host="broker.invalid")):
        await until(lambda: count(logs, "mqtt unreachable") == 1, 10)
    assert any("without a login" in line["event"] for line in logs)
