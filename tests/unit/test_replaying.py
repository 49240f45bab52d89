"""Recorded captures of the real platform, through codec, desk and sinks."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.api.wire import Message
from qfluxd.config import load
from qfluxd.errors import DataError
from qfluxd.market.store import Store
from qfluxd.model import Series
from qfluxd.replaying import ReplayReport, run_replay
from qfluxd.settings import StoreSettings
from tests.support.fixtures import fixture

CAPTURES = ["detailed_websocket_data_20250831_224741", "detailed_websocket_data_20250903_003350"]
LEAD = 7_200_000
MINUTE = 60_000


async def replay(name: str, **options: Any) -> tuple[ReplayReport, list[Message]]:
    """One replay of a recorded capture with the default settings."""
    messages: list[Message] = []
    file = fixture(f"frames/{name}.frames.jsonl")
    return await run_replay(file, load(Path("/dev/null")), messages.append, **options), messages


def events(name: str, event: str) -> list[Any]:
    """The payloads of an event as an independent decoder found them."""
    lines = fixture(f"frames/{name}.events.jsonl").read_text().splitlines()
    return [row["payload"] for row in map(json.loads, lines) if row["event"] == event]


@pytest.mark.parametrize("name", CAPTURES)
async def test_every_replay_says_the_same_in_the_same_order(name: str) -> None:
    """Two runs at full speed and one at two hundred times the recorded one have one fingerprint."""
    reports = [(await replay(name, speed=speed))[0] for speed in ("max", "max", 200.0)]
    assert len({report.fingerprint for report in reports}) == 1
    assert reports[0].facts["candle"] > 100
    assert reports[0].errors == {}


@pytest.mark.parametrize("name", CAPTURES)
async def test_every_recorded_tick_is_said_once_with_its_utc_time(name: str) -> None:
    """Ticks come out as an independent decoder found them, two hours earlier."""
    _, messages = await replay(name)
    said = [msgspec.json.decode(message.payload) for message in messages if message.topic.startswith("tick/")]
    recorded = [row for payload in events(name, "updateStream") for row in payload]
    assert [(tick["asset"], tick["at"], tick["price"]) for tick in said] == [
        (asset, round(stamp * 1000) - LEAD, price) for asset, stamp, price in recorded
    ]


@pytest.mark.parametrize("name", CAPTURES)
async def test_candles_equal_the_servers_own(name: str) -> None:
    """Every one-minute candle that the server told of, in either event, is there with the same four prices."""
    _, messages = await replay(name)
    history = events(name, "updateHistoryNewFast")[0]
    rows = {row[0]: (row[1], row[3], row[4], row[2]) for row in history["candles"]}
    rows |= {
        row["time"]: (row["open"], row["high"], row["low"], row["close"])
        for row in events(name, "loadHistoryPeriodFast")[0]["data"]
    }
    topic = f"candle/{history['asset'].lower()}/1m"
    ours = {}
    for message in messages:
        if message.topic == topic:
            candle = msgspec.json.decode(message.payload)
            ours[candle["at"]] = (candle["open"], candle["high"], candle["low"], candle["close"])
    assert {at: ours.get(at * 1000 - LEAD) for at in rows} == rows
    assert len(rows) > 200
    times = sorted(ours)
    assert times == list(range(times[0], times[-1] + MINUTE, MINUTE))


async def test_a_replay_can_be_stored(tmp_path: Path) -> None:
    """What a replay brings lies in the store afterwards, each candle once."""
    report, _ = await replay(CAPTURES[0], store=tmp_path)
    store = Store(tmp_path, StoreSettings())
    series = Series("GBPUSD_otc", MINUTE)
    candles = store.scan_candles(series, 0, 2**42).collect()
    ticks = store.scan_ticks("GBPUSD_otc", 0, 2**42).collect()
    store.close()
    assert candles.height > 200
    assert candles["at"].is_unique().all()
    assert ticks.height == report.facts["tick"]


async def test_a_file_that_is_no_capture_is_refused_by_line(tmp_path: Path) -> None:
    """The error names file and line."""
    file = tmp_path / "notes.txt"
    file.write_text("hello\n")
    with pytest.raises(DataError, match=r"notes\.txt:1"):
        await run_replay(file, load(Path("/dev/null")), lambda message: None)
