"""Trades by MQTT on a whole daemon: practice broker, a real Chromium, a real mosquitto, every order counted."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from time import time_ns
from typing import Any

import pytest
import pytest_asyncio

from qfluxd.practice.orderlog import OrderSeen
from qfluxd.practice.traps import Traps
from tests.support.brokers import BASE
from tests.support.whole import TRADE, Whole, held, open_whole

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Whole]:
    """One daemon for most tests of this file."""
    async with held(tmp_path_factory.mktemp("trading")) as whole:
        yield whole


@pytest_asyncio.fixture(loop_scope="module")
async def desk(running: Whole) -> AsyncIterator[Whole]:
    """That daemon, without traps before and after."""
    await running.practice.set_traps(Traps())
    yield running
    await running.practice.set_traps(Traps())


def orders(desk: Whole, stake: float) -> list[OrderSeen]:
    """The orders with this stake that have reached the broker: each test has a stake of its own."""
    return [order for order in desk.practice.orders if order.stake == Decimal(str(stake))]


def stages(desk: Whole, ident: str) -> list[str]:
    """What the events told of a trade, in order."""
    return [event["event_type"] for event in desk.asker.events if event["trade"]["request"] == ident]


async def go(desk: Whole, address: str, account: str) -> None:
    """Bring an account to the front, as a person would, and wait until the daemon is ready with it."""
    await desk.js(f"location.assign({address!r})")
    wanted = (account, "ready")
    await desk.asker.until(lambda: (desk.asker.session.get("account"), desk.asker.session.get("state")) == wanted)


async def test_a_trade_is_placed_once_and_settled(desk: Whole) -> None:
    """One request is one order at the broker, answered with its deal; each stage is an event, the last its result."""
    answer = await desk.place("one", stake=1.25, side="put", expiry="5s")
    trade = answer["data"]["trade"]
    assert (answer["status"], answer["code"], answer["final"]) == ("ok", "ok", True)
    assert (trade["stage"], trade["request"], trade["account"]) == ("accepted", "one", "demo")
    assert (trade["deal"]["side"], trade["deal"]["stake"], trade["deal"]["profit"]) == ("put", 1.25, None)
    [order] = orders(desk, 1.25)
    assert (order.deal, order.asset, order.side, order.expiry) == (trade["deal"]["id"], "EURUSD_otc", "put", 5_000)
    assert trade["id"] in [one["id"] for one in desk.asker.state("trades/open")["trades"]]
    await desk.asker.until(lambda: "settled" in stages(desk, "one"), 15)
    told = stages(desk, "one")  # the broker may answer before the click is known to have landed
    assert [stage for stage in told if stage != "clicked"] == [
        "received",
        "intended",
        "clicking",
        "accepted",
        "settled",
    ]
    settled = (await desk.data("trade/status", trade="one"))["trade"]
    assert settled["deal"]["profit"] is not None
    folder = desk.folder / settled["artifacts"]
    assert {path.name for path in folder.iterdir()} == {"before.png", "after.png", "diagnostics.json"}
    assert settled["id"] not in [one["id"] for one in desk.asker.state("trades/open")["trades"]]


async def test_a_repeat_is_answered_and_not_placed(desk: Whole) -> None:
    """The same id again, in any form of words, is the first answer with `duplicate`, past its time too."""
    first = await desk.place("twice", stake=1.31)
    for other in ({}, {"expiry": 5}, {"expires_at": 1}, {"stake": "1.310"}):
        again = await desk.place("twice", **({"stake": 1.31} | other))
        assert (again["status"], again["code"], again["data"]) == ("duplicate", "ok", first["data"])
    reused = await desk.place("twice", stake=1.32)
    assert (reused["status"], reused["code"]) == ("error", "id_reused")
    assert len(orders(desk, 1.31)) == 1
    assert orders(desk, 1.32) == []


async def test_a_redelivered_request_acts_once(desk: Whole) -> None:
    """What MQTT brings five times at once is one order."""
    for _ in range(5):
        await desk.asker.say("trade/open", id="many", **(TRADE | {"stake": 1.41}))
    answer = await desk.place("many", stake=1.41)
    assert answer["status"] in ("ok", "duplicate")
    assert answer["data"]["trade"]["stage"] == "accepted"
    assert len(orders(desk, 1.41)) == 1


async def test_what_comes_too_late_or_is_retained_is_not_placed(desk: Whole) -> None:
    """An expired request and one that the broker keeps are refused, and nothing is journalled of them."""
    late = await desk.place("late", stake=1.51, expires_at=time_ns() // 1_000_000 - 1)
    assert (late["status"], late["code"]) == ("expired", "expired")
    payload = b'{"id":"kept","asset":"EURUSD_otc","side":"call","stake":1.51,"expiry":"5s"}'
    await desk.asker.line.publish(f"{BASE}request/trade/open", payload, qos=1, retain=True)
    await desk.asker.until(lambda: "kept" in desk.asker.answers)
    assert desk.asker.answers["kept"]["code"] == "retained_command"
    await desk.asker.say("trade/open", **(TRADE | {"stake": 1.51}))
    await desk.asker.until(lambda: desk.asker.state("response/trade/open").get("code") == "id_required")
    for ident in ("late", "kept"):
        assert (await desk.send("trade/status", ident))["code"] == "unknown_trade"
    assert orders(desk, 1.51) == []


async def test_a_rehearsal_places_nothing(desk: Whole) -> None:
    """A dry run tells what the guards would say, and uses up no id."""
    assert (await desk.place("dry", stake=1.61, dry_run=True))["data"]["dry_run"] is True
    assert (await desk.place("dry", stake=5_000, dry_run=True))["code"] == "stake_too_high"
    assert orders(desk, 1.61) == []
    assert (await desk.place("dry", stake=1.61))["status"] == "ok"
    assert len(orders(desk, 1.61)) == 1


async def test_the_kill_switch_stops_every_order(desk: Whole) -> None:
    """After a kill nothing is placed until somebody resumes with a reason; a repeat of what was placed is answered."""
    killed = await desk.data("trading/kill", reason="enough")
    assert (killed["trading"], killed["reason"]) == ("killed", "enough")
    await desk.asker.until(lambda: desk.asker.state("control").get("trading") == "killed")
    assert (await desk.place("killed", stake=1.71))["code"] == "killed"
    assert (await desk.send("trading/resume"))["code"] == "reason_required"
    assert (await desk.data("trading/resume", reason="looked at it"))["trading"] == "active"
    again = await desk.place("killed", stake=1.71)
    assert (again["status"], again["code"]) == ("duplicate", "killed")
    assert orders(desk, 1.71) == []
    await desk.data("trading/pause", reason="news")
    assert (await desk.place("paused", stake=1.72))["code"] == "paused"
    await desk.data("trading/resume")
    assert (await desk.place("resumed", stake=1.72))["status"] == "ok"


async def test_an_order_that_is_not_answered_is_unknown_and_then_resolved(desk: Whole) -> None:
    """Without an answer a trade is unknown and never tried again; a late answer, or the broker's lists, decide it."""
    await desk.practice.settle_now()  # or the lists that come with a result tell of the order before its answer does
    await desk.asker.until(lambda: desk.asker.state("trades/open").get("trades") == [], 20)
    await desk.practice.set_traps(Traps(answers="late", late_ms=3_500))
    late = await desk.place("slow", stake=1.81, expiry="1m")
    await desk.practice.set_traps(Traps(lost_orders=True))
    lost = await desk.place("lost", stake=1.82, expiry="1m")
    for answer in (late, lost):
        assert (answer["status"], answer["code"]) == ("unknown", "no_answer")
        assert answer["data"]["trade"]["stage"] == "unknown"
    await desk.asker.until(lambda: stages(desk, "slow")[-1] == "accepted", 40)
    await desk.asker.until(lambda: stages(desk, "lost")[-1] == "refused", 40)
    again = await desk.place("slow", stake=1.81, expiry="1m")
    assert (again["status"], again["code"], again["data"]["trade"]["stage"]) == ("duplicate", "ok", "accepted")
    again = await desk.place("lost", stake=1.82, expiry="1m")
    assert (again["status"], again["code"]) == ("duplicate", "not_placed")
    assert [order.refused for order in orders(desk, 1.81) + orders(desk, 1.82)] == [None, "lost"]
    await desk.practice.settle_now()


async def test_a_trade_while_the_chart_is_walked_down(desk: Whole) -> None:
    """An order goes before a walk through the timeframes, which then begins anew where it was disturbed."""
    await desk.asker.ready()  # the page may just have been loaded anew, for lists that tell of an order in doubt
    await desk.data("asset/select", asset="EURUSD_otc")
    async with asyncio.TaskGroup() as group:
        walk = group.create_task(desk.data("topdown", 60, asset="GBPUSD_otc", timeframes=["1h", "5m", "1m"], count=5))
        trade = group.create_task(desk.place("between", stake=1.91, asset="AUDCAD_otc"))
    assert trade.result()["status"] == "ok"
    [order] = orders(desk, 1.91)
    assert order.asset == "AUDCAD_otc"
    assert [floor["timeframe"] for floor in walk.result()["floors"]] == ["1h", "5m", "1m"]
    assert {candle["asset"] for floor in walk.result()["floors"] for candle in floor["candles"]} == {"GBPUSD_otc"}
    assert (await desk.data("session/scan"))["asset"]["value"] == "EURUSD_otc"


async def test_the_health_tells_of_trading(desk: Whole) -> None:
    """The switch and what is open or in doubt are in the health; info names what can be done."""
    health = await desk.data("health")
    assert health["trading"]["state"] == "active"
    assert health["page"] == {}
    assert {"trading", "screenshots"} <= set(desk.asker.state("info")["features"])
    assert (await desk.data("trade/list", count=3))["trades"][0]["request"] == "between"


async def test_the_real_account_in_front_is_refused(desk: Whole) -> None:
    """With the real account in front no order is clicked, whoever brought it there."""
    await go(desk, desk.practice.real_url, "real")
    answer = await desk.place("real", stake=2.01)
    assert (answer["status"], answer["code"]) == ("error", "real_not_allowed")
    await go(desk, desk.practice.url, "demo")
    assert orders(desk, 2.01) == []


# ------------------------------------------------------------------------------------------ daemons of their own


@pytest.mark.asyncio(loop_scope="function")
async def test_ids_and_the_switch_outlive_the_daemon(tmp_path: Path) -> None:
    """A daemon that comes after answers what the one before was asked, knows its deals, and keeps to its switch."""
    async with open_whole(tmp_path) as whole:
        async with whole.daemon():
            first = await whole.place("kept", stake=1.25, expiry="5s")
            await whole.data("trading/kill", reason="for the night")
        async with whole.daemon():
            again = await whole.place("kept", stake=1.25)
            assert (again["status"], again["data"]) == ("duplicate", first["data"])
            await whole.asker.until(lambda: "settled" in stages(whole, "kept"), 20)
            assert (await whole.place("new", stake=1.26))["code"] == "killed"
            await whole.data("trading/resume", reason="a new day")
            assert (await whole.place("newer", stake=1.26))["status"] == "ok"
        assert (len(orders(whole, 1.25)), len(orders(whole, 1.26))) == (1, 1)


@pytest.mark.asyncio(loop_scope="function")
async def test_a_daemon_waits_for_the_answer_before_it_leaves(tmp_path: Path) -> None:
    """An order that is out when the daemon is told to stop is answered first; a new one is not taken."""
    async with open_whole(tmp_path, traps=Traps(answers="late", late_ms=1_200)) as whole:
        async with whole.daemon() as running:
            await whole.asker.say("trade/open", id="leaving", **TRADE)
            await whole.asker.until(lambda: "clicked" in stages(whole, "leaving"))
            running.stop()
            await whole.asker.say("trade/open", id="too late", **(TRADE | {"stake": 2}))
            await whole.asker.until(lambda: whole.asker.answers.get("leaving", {}).get("final"))
        assert whole.asker.answers["leaving"]["data"]["trade"]["stage"] == "accepted"
        assert whole.asker.answers["too late"]["code"] == "stopping"
        assert len(whole.practice.orders) == 1


@pytest.mark.asyncio(loop_scope="function")
async def test_the_real_account_is_traded_where_the_file_allows_it(tmp_path: Path) -> None:
    """With `allow_real` in the file, the account in front and the driver's account all real, an order is placed; after
    the file forbids it and is read again, none is."""
    file = tmp_path / "config.toml"
    file.write_text("[risk]\nallow_real = true\n")
    async with open_whole(tmp_path, real=True) as whole:
        pages: Any = [whole.practice.real_url, f"{whole.practice.origin}/*"]
        async with whole.daemon(file, driver__pocketoption__account="real", driver__pocketoption__pages=pages):
            assert (await whole.place("allowed"))["data"]["trade"]["account"] == "real"
            file.write_text("[risk]\nallow_real = false\n")
            assert (await whole.data("reload"))["applied"] == ["risk.allow_real"]
            assert whole.asker.state("control")["allow_real"] is False
            assert (await whole.place("forbidden"))["code"] == "real_not_allowed"
        assert [order.account for order in whole.practice.orders] == ["real"]
