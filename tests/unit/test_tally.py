"""The health tells what was heard, said and left undone."""

from decimal import Decimal

import msgspec

from qfluxd.api.payloads import MqttHealth
from qfluxd.market.store import StoreStatus
from qfluxd.model import OpenTrades, Session, Stage, Tick, Trade
from qfluxd.ports import DriverHealth
from qfluxd.tally import Tally

AT = 1_763_769_600_000
STORE = StoreStatus(waiting=3, written=10, lost=1, files=2, bytes=100, problem=None)
MQTT = MqttHealth(True, "5", AT, 0, 2, 4, 10, 5)
DRIVER = DriverHealth(frames=7, lost=2, queued=1, given_up={"expiry": "open"})


def trade(stage: Stage) -> Trade:
    return Trade("t", None, "EURUSD_otc", "call", Decimal(1), 60_000, stage, "", "", AT, AT)


def test_what_was_said_is_counted() -> None:
    """Ticks, open trades and those in doubt, the live share, the last error, and what the parts tell."""
    tally = Tally(AT)
    for _ in range(3):
        tally.on_fact(Tick("EURUSD_otc", AT, 1.0))
    tally.on_fact(OpenTrades((trade("accepted"), trade("unknown"), trade("clicked"))))
    tally.on_session(Session("ready", "fresh", True, "demo", None, None, None, AT), AT)
    tally.on_error_line("error", "store failed", {"reason": "no room"}, AT)
    told = tally.report(AT + 10_000, DRIVER, STORE, MQTT, heard=AT + 9_000, speaks=True, switch="paused")
    assert (told.uptime_s, told.ticks, told.tick_age_ms, told.live_hour) == (10, 3, 1_000, 1.0)
    assert (told.dropped, told.queues) == (7, {"tap": 1, "store": 3, "mqtt": 2})
    assert told.last_error == "store failed no room"
    assert told.trading is not None
    assert msgspec.structs.astuple(told.trading) == ("paused", 3, 2)
    assert told.page == {"expiry": "open"}
    assert told.mqtt == MQTT


def test_what_there_is_none_of_is_null() -> None:
    """Without a tick, MQTT or anything to order there is nothing to tell of them."""
    told = Tally(AT).report(AT, DriverHealth(), STORE, MQTT, heard=None, speaks=False, switch=None)
    assert (told.tick_age_ms, told.mqtt, told.trading, told.last_error) == (None, None, None, None)
