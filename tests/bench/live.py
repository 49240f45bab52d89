"""Ten strategies on a whole daemon: from a tick's arrival to its signal on MQTT: `python -m tests.bench.live --for 60`.

The practice broker, the daemon with its own Chromium, mosquitto and the listener are processes of their own. Three
strategies are live and place their orders through the page, four are settled on paper, three only signal. At the end
the recording of the run is replayed, and must have decided the same.
"""

import argparse
import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import uvloop

from qfluxd.beats import BEAT
from qfluxd.config import load
from qfluxd.daemon import Daemon
from qfluxd.model import Fact, Millis, Verdict
from qfluxd.observability import logs
from qfluxd.practice.orderlog import ORDERS, read_orders
from qfluxd.replaying import ReplayReport, run_replay
from qfluxd.trading.journal import read_journal
from tests.bench.desk import load_average
from tests.bench.whole import quantile, resident, running
from tests.support.brokers import Ear, broker, free_port, listening

NAME = "live"
"""Of the recording."""
FEW = '["EURUSD_otc", "GBPUSD_otc", "AUDCAD_otc"]'
ALL = '["*"]'
PLANS = (
    ("sma_cross", "live", FEW, "5s", "fast = 2, slow = 3"),
    ("donchian_breakout", "live", FEW, "5s", "period = 3"),
    ("random", "live", FEW, "5s", "rate = 0.2"),
    ("ema_cross", "shadow", ALL, "1s", 'fast = 2, slow = 4, expiry = "5s"'),
    ("rsi_reversal", "shadow", ALL, "1s", 'period = 3, expiry = "5s"'),
    ("bollinger_reversal", "shadow", ALL, "5s", "period = 5"),
    ("stochastic", "shadow", ALL, "5s", "period = 3, smooth = 1, d = 2"),
    ("macd", "signal", ALL, "1s", 'fast = 3, slow = 6, signal = 3, expiry = "5s"'),
    ("candle_patterns", "signal", ALL, "5s", ""),
    ("topdown", "signal", ALL, "1s", 'higher = ["5s"], period = 3, slope = 1, expiry = "5s"'),
)
"""Options that are warm soon and speak often."""


def configuration(folder: Path, mqtt: int, origin: str) -> Path:
    """A daemon with its own headless Chrome on the practice page, and limits that let much through."""
    text = f"""
[log]
level = "error"
[daemon]
name = "test"
state_dir = "{folder}/state"
[chrome]
launch = true
headless = true
endpoint = "http://127.0.0.1:{free_port()}"
[driver.pocketoption]
pages = ["{origin}/*"]
[market]
timeframes = ["1s", "5s", "15s", "1m", "5m"]
[mqtt]
port = {mqtt}
start_broker = false
[risk]
max_open = 100
max_daily_loss = 1_000_000
orders_per_minute = 600
"""
    for use, mode, assets, timeframe, options in PLANS:
        text += f"""
[[strategy]]
name = "{use}"
use = "{use}"
mode = "{mode}"
assets = {assets}
timeframe = "{timeframe}"
options = {{ {options} }}
"""
    file = folder / "config.toml"
    file.write_text(text)
    return file


# ------------------------------------------------------------------------------------------------ the daemon's side


class Stamp(msgspec.Struct, frozen=True):
    """A signal's first verdict: when what it follows from was read, and when it was said, by this machine's clock."""

    read: Millis
    said: float
    outcome: str
    code: str


class Result(msgspec.Struct, frozen=True):
    """What the daemon's process tells at its end."""

    stamps: dict[str, Stamp]
    decisions: int
    fingerprint: str


class Stamps:
    """A sink that notes the first verdict on every signal."""

    def __init__(self) -> None:
        self.first: dict[str, Stamp] = {}
        self.daemon: Daemon | None = None

    def on_fact(self, fact: Fact) -> None:
        """Take note."""
        if isinstance(fact, Verdict) and fact.signal.id not in self.first:
            assert self.daemon is not None
            self.first[fact.signal.id] = Stamp(self.daemon.desk.at, time.time() * 1000, fact.outcome, fact.code)


async def live(file: Path) -> None:
    """A daemon that records from its start; what was decided is in result.json at its end."""
    stamps, loaded = Stamps(), load(file)
    logs.set_up(loaded.settings.log.level, loaded.settings.log.format)
    daemon = stamps.daemon = Daemon(loaded, [stamps])
    daemon.record(NAME)
    asyncio.get_running_loop().add_signal_handler(15, daemon.stop)
    await daemon.run()
    decisions = daemon.decisions()
    result = Result(stamps.first, decisions.count, decisions.fingerprint)
    file.with_name("result.json").write_bytes(msgspec.json.encode(result))


# ------------------------------------------------------------------------------------------------ the listener's side


@dataclass
class Heard:
    """When each signal's first message came, in ms, and what `health` has told."""

    came: dict[str, float] = field(default_factory=dict)
    health: list[dict[str, Any]] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)

    def take(self, ear: Ear) -> None:
        """All that was heard since the last time."""
        for message, came in zip(ear.heard, ear.times, strict=True):
            topic = message.topic.value.removeprefix("qfluxd/test/")
            if topic == "event/signal":
                payload = msgspec.json.decode(message.payload)
                self.told[payload["event_type"]] += 1
                self.came.setdefault(payload["signal"]["id"], came * 1000)
            elif topic == "health":
                self.health.append(msgspec.json.decode(message.payload))
        ear.heard.clear()
        ear.times.clear()


@asynccontextmanager
async def practice(folder: Path) -> AsyncIterator[str]:
    """A practice broker as a process; its orders are on record in the folder. Gives its origin."""
    port = free_port()
    words = ["-m", "qfluxd", "practice", f"--port={port}", "--balance=1000000", f"--state={folder / 'account.json'}"]
    async with running(*words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        await child.stdout.readline()
        yield f"http://127.0.0.1:{port}"


async def measure(seconds: float, folder: Path) -> None:
    """Run all of it for the given time, and print what came of it."""
    async with broker(folder, "allow_anonymous true", "set_tcp_nodelay true") as mqtt, practice(folder) as origin:
        file = configuration(folder, mqtt.port, origin)
        heard, memory = Heard(), []
        async with listening(mqtt.port, "qfluxd/test/event/#") as events, listening(mqtt.port, "qfluxd/test/+") as ear:
            async with running("-m", "tests.bench.live", "--daemon", str(file)) as daemon:
                await ear.until(lambda: any(b'"ready"' in bytes(m.payload) for m in ear.heard), 60)
                began, until = time.time() * 1000, time.monotonic() + seconds
                while time.monotonic() < until:
                    await asyncio.sleep(1)
                    if daemon.returncode is not None:
                        raise SystemExit("the daemon has ended; what it said stands above")
                    memory.append(resident(daemon.pid))
                    heard.take(events)
                    heard.take(ear)
            await asyncio.sleep(0.5)  # what it said last is on its way
            heard.take(events)
            heard.take(ear)
    print(f"ready for {seconds:g} s; {load_average()} at the end")
    result = msgspec.json.decode((folder / "result.json").read_bytes(), type=Result)
    tell_paths(result, heard, began)
    tell_outcomes(result, heard, folder)
    tell_health(heard, memory)
    await tell_parity(result, file)


def tell_paths(result: Result, heard: Heard, began: float) -> None:
    """From the arrival of what closed a candle to the verdict, and to the listener."""
    stamps = {ident: stamp for ident, stamp in result.stamps.items() if stamp.read >= began}
    kinds = {
        "closed by a tick": [ident for ident, stamp in stamps.items() if stamp.read % BEAT],
        "closed by the clock": [ident for ident, stamp in stamps.items() if not stamp.read % BEAT],
    }
    print(f"{'signals':32}{'n':>7}{'to verdict: p50':>18}{'p99':>8}{'to MQTT: p50':>15}{'p99 (20)':>10}{'most':>8}  ms")
    for name, idents in kinds.items():
        judged = [stamps[ident].said - stamps[ident].read for ident in idents]
        came = [heard.came[ident] - stamps[ident].read for ident in idents if ident in heard.came]
        middle, tail = (quantile(judged, share) for share in (0.5, 0.99))
        print(f"{name:32}{len(idents):7}{middle:18.1f}{tail:8.1f}", end="")
        print(f"{quantile(came, 0.5):15.1f}{quantile(came, 0.99):10.1f}{max(came, default=0):8.1f}")
    lost = [ident for ident in result.stamps if ident not in heard.came]
    print(f"of {len(result.stamps):,} signals since the start the listener missed {len(lost)}")


def tell_outcomes(result: Result, heard: Heard, folder: Path) -> None:
    """What was decided, and whether the broker and the journal know of the same orders."""
    verdicts = Counter(stamp.outcome for stamp in result.stamps.values())
    codes = Counter(stamp.code for stamp in result.stamps.values() if stamp.outcome == "refused")
    print(f"first verdicts: {_listed(verdicts)}; refused as: {_listed(codes)}")
    print(f"told by event/signal: {_listed(heard.told)}")
    seen = read_orders(folder / ORDERS)
    with read_journal(folder / "state") as journal:
        trades = journal.trades(1_000_000)
    deals = {order.deal for order in seen if order.deal is not None}
    known = {trade.deal.id for trade in trades if trade.deal is not None}
    stages: Counter[str] = Counter(trade.stage for trade in trades)
    print(f"orders at the broker: {len(seen)}, {len(deals)} of them deals; journal: {_listed(stages)}")
    print(f"deals that only the broker knows: {len(deals - known)}, that only the journal knows: {len(known - deals)}")


def tell_health(heard: Heard, memory: list[float]) -> None:
    """Memory and punctuality."""
    tenth = max(1, len(memory) // 10)
    first, last = sum(memory[:tenth]) / tenth, sum(memory[-tenth:]) / tenth
    print(f"daemon memory: {first:.1f} MB in the first tenth, {last:.1f} MB in the last, {max(memory):.1f} MB at most")
    lags = [health["loop_lag_ms"] for health in heard.health]
    print(
        f"loop lag, p99 of a minute: {', '.join(f'{lag:g}' for lag in lags[-5:])} ms lately, {max(lags):g} ms at most"
    )


async def tell_parity(result: Result, file: Path) -> None:
    """Replay the recording, and compare what was decided."""
    loaded = load(file)
    capture = loaded.settings.daemon.state_dir / "captures" / f"{NAME}.jsonl"
    began = time.perf_counter()
    report: ReplayReport = await run_replay(capture, loaded, lambda message: None)
    took = time.perf_counter() - began
    alike = (report.decisions.count, report.decisions.fingerprint) == (result.decisions, result.fingerprint)
    print(f"replay of {report.frames:,} frames in {took:.1f} s: {report.decisions.count:,} decisions, ", end="")
    print(
        f"live {result.decisions:,}; fingerprints {'alike' if alike else 'DIFFER'}: {report.decisions.fingerprint[:16]}"
    )
    if not alike:
        raise SystemExit(1)


def _listed(counts: Counter[str]) -> str:
    return json.dumps(dict(counts.most_common())).strip("{}").replace('"', "") or "none"


def main() -> None:
    """Be the daemon, or measure."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live")
    parser.add_argument("--for", dest="seconds", type=float, default=60)
    parser.add_argument("--daemon", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    logs.set_up("error")
    with TemporaryDirectory(prefix="bench-") as folder, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(live(options.daemon) if options.daemon else measure(options.seconds, Path(folder)))


if __name__ == "__main__":
    main()
