"""Everything at once, with no account: practice broker, Chrome, MQTT broker, daemon."""

import asyncio
import json
import os
import shlex
import signal
import socket
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from qfluxd.api.mosquitto import look
from qfluxd.config import Loaded, load
from qfluxd.daemon import run_daemon
from qfluxd.model import Candle, Fact, Millis, Trade, Verdict, timeframe_name
from qfluxd.practice.server import PracticeBroker, PracticeOptions, serve
from qfluxd.settings import MqttSettings, default_state_dir


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """How to run the demo: for how many seconds (None is until stopped), and what the practice market is fed."""

    seconds: float | None = None
    feed: str = "synthetic"
    seed: int = 1
    speed: float = 1.0


async def run_demo(options: DemoOptions) -> int:
    """Run all parts until SIGTERM, SIGINT or the given time; returns the exit code.

    Raises `DataError` where the feed is a file that cannot be used.
    """
    feed = options.feed if options.feed == "synthetic" else Path(options.feed)
    folder = default_state_dir() / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    practice_options = PracticeOptions(
        feed=feed,
        seed=options.seed,
        speed=options.speed,
        balance=Decimal(10_000),
        state=folder / "practice.json",  # or the journal would know deals that its broker has forgotten
    )
    with TemporaryDirectory(prefix="qfluxd-demo-chrome-") as profile:
        async with serve(practice_options) as practice:
            settings = await _settings(practice, folder, profile)
            file = _write(settings, folder / "config.toml")
            loaded = load(
                file, {f"{table}.{key}": value for table, own in settings.items() for key, value in own.items()}
            )
            _introduce(practice, loaded, file)
            return await _for(options.seconds, loaded)


async def _for(seconds: float | None, loaded: Loaded) -> int:
    """Run the daemon for a while; its time being over is a good end."""
    loop = asyncio.get_running_loop()
    ending = None if seconds is None else loop.call_later(seconds, _end_by_signal)
    try:
        return await run_daemon(loaded, Lines())
    finally:
        if ending is not None:
            ending.cancel()


def _end_by_signal() -> None:
    """Leave in the very way in which Ctrl-C leaves."""
    signal.raise_signal(signal.SIGTERM)


async def _settings(practice: PracticeBroker, folder: Path, profile: str) -> dict[str, dict[str, object]]:
    """What differs from the defaults, by table."""
    mqtt = MqttSettings()
    port = mqtt.port if await look(mqtt.host, mqtt.port) != "stranger" else _free_port()
    return {
        "daemon": {"state_dir": str(folder)},
        "chrome": {
            "launch": True,
            "headless": True,
            "endpoint": f"http://127.0.0.1:{_free_port()}",
            "profile_dir": profile,
        },
        "driver.pocketoption": {"pages": [practice.url, f"{practice.origin}/*"]},
        "mqtt": {"port": port},
        "risk": {"max_clock_offset": 1e9},  # the practice market's clock is its own, and may run fast
    }


def _write(settings: Mapping[str, Mapping[str, object]], file: Path) -> Path:
    """The same as a file, for commands that are given beside the demo; JSON's way to write a value is TOML's too."""
    lines = ["# Written by qfluxd demo at each start, for commands beside it: qfluxd doctor --config …"]
    for table, own in settings.items():
        lines += ["", f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in own.items())]
    file.write_text("\n".join(lines) + "\n" + _STRATEGIES, encoding="utf-8")
    return file


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _introduce(practice: PracticeBroker, loaded: Loaded, file: Path) -> None:
    settings, given = loaded.settings, f"--config {shlex.quote(str(file))}"
    program = _program()
    _put(f"Trading page   {practice.url}   (practice: every price is made up)")
    _put(f"Chrome         {settings.chrome.endpoint}   (its debugging address)")
    _put(f"MQTT           mosquitto_sub -p {settings.mqtt.port} -t 'qfluxd/#' -v")
    _put(f"Stored data    {settings.daemon.state_dir}")
    _put("In another terminal, here:")
    order = "asset=EURUSD_otc side=call stake=1 expiry=30s"
    for words in (f"send {given} trade/open {order}", f"trades list {given}", f"doctor {given}", f"watch {given}"):
        _put(f"  {program} {words}")
    _put("Closed candles, signals and trades follow; Ctrl-C ends everything.\n")


def _program() -> str:
    """How this program is called from the folder that we are in."""
    called = Path(sys.argv[0])
    if called.name != "qfluxd":
        return f"{shlex.quote(sys.executable)} -m qfluxd"
    found = which("qfluxd")
    if found is not None and Path(found).absolute() == called.absolute():
        return "qfluxd"
    return shlex.quote(os.path.relpath(called))


_STRATEGIES = """
# Strategies to look at: one that only tells, two that are settled on paper. Made-up prices hold nothing to be found.
[[strategy]]
name = "ema_cross"
use = "ema_cross"
assets = ["*_otc"]
timeframe = "5s"
options = { fast = 3, slow = 8, expiry = "15s" }

[[strategy]]
name = "rsi_reversal"
use = "rsi_reversal"
assets = ["EURUSD_otc", "GBPUSD_otc"]
timeframe = "5s"
mode = "shadow"
options = { expiry = "15s" }

[[strategy]]
name = "control"
use = "random"
assets = ["EURUSD_otc"]
timeframe = "5s"
mode = "shadow"
options = { rate = 0.5, expiry = "5s" }
"""
"""What the demo's daemon runs."""


class Lines:
    """A sink that prints a line per closed candle, per signal and what became of it, and per stage of a trade."""

    def on_fact(self, fact: Fact) -> None:
        """Print the fact if it is a candle that was heard live, a signal, or a trade."""
        if isinstance(fact, Candle) and fact.quality != "backfilled":
            _put(_line(fact))
        elif isinstance(fact, Verdict):
            _put(_of_signal(fact))
        elif isinstance(fact, Trade):
            _put(_of_trade(fact))


def _line(candle: Candle) -> str:
    prices = " ".join(f"{price:<9.9g}" for price in (candle.open, candle.high, candle.low, candle.close))
    series = f"{candle.series.asset:<12} {timeframe_name(candle.series.timeframe):>3}"
    return f"{_clock(candle.at)} {series}  {prices} {candle.ticks:>4} ticks  {candle.quality}"


def _of_signal(verdict: Verdict) -> str:
    signal = verdict.signal
    what = f"{signal.side} {signal.series.asset} for {signal.expiry // 1000} s"
    profit = "" if verdict.profit is None else f", profit {verdict.profit:+}"
    why = f" ({verdict.code})" if verdict.outcome in ("refused", "unknown") else ""
    return f"{_clock(verdict.at)} signal {signal.plan}: {what}, {signal.mode}: {verdict.outcome}{profit}{why}"


def _of_trade(trade: Trade) -> str:
    what = f"{trade.side} {trade.stake:f} {trade.asset} for {trade.expiry // 1000} s"
    profit = "" if trade.deal is None or trade.deal.profit is None else f", profit {trade.deal.profit:+}"
    why = f" ({trade.code}: {trade.detail})" if trade.stage in ("refused", "unknown") else ""
    return f"{_clock(trade.changed)} trade {trade.stage}: {what}{profit}{why}"


def _clock(at: Millis) -> str:
    return f"{datetime.fromtimestamp(at / 1000, UTC):%H:%M:%S}"


def _put(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
