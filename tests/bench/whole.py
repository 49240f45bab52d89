"""From the server's send to MQTT, through a real Chromium and a real mosquitto; and the daemon's memory meanwhile.

`python -m tests.bench.whole [--rate 200] [--assets 50] [--seconds 30]`: the server, the daemon and the listener are
processes of their own. Every price sent is the moment of its sending, so whoever receives it knows its age.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import uvloop

from qfluxd.observability import logs
from qfluxd.practice.server import PracticeOptions, serve
from tests.support.brokers import Broker, Ear, free_port, listening

TIMEFRAMES = ["5s", "15s", "30s", "1m", "5m", "15m", "1h"]
LEAD = 7_200
EPOCH = int(time.time()) // 86_400 * 86_400


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.whole")
    parser.add_argument("--rate", type=float, default=200, help="ticks a second over all assets")
    parser.add_argument("--assets", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


async def send_ticks(rate: float, assets: int) -> None:
    """A practice broker that sends ticks whose price is the time of day in seconds."""
    logs.set_up("warning")
    async with serve(PracticeOptions(streams=0)) as broker:
        broker.pause()
        print(json.dumps({"url": broker.url, "origin": broker.origin}), flush=True)
        symbols = [f"LOAD{number:02}_otc" for number in range(assets)]
        began, count = time.perf_counter(), 0
        while True:
            symbol = symbols[count % assets]
            now = time.time()
            await broker.push_event("updateStream", [[symbol, round(now + LEAD, 3), round(now - EPOCH, 6)]])
            count += 1
            await asyncio.sleep(max(0, began + count / rate - time.perf_counter()))


@asynccontextmanager
async def running(*words: str, **options: object) -> AsyncIterator[asyncio.subprocess.Process]:
    """A child process; asked to end on the way out."""
    child = await asyncio.create_subprocess_exec(sys.executable, *words, **options)  # type: ignore[arg-type]
    try:
        yield child
    finally:
        if child.returncode is None:
            child.terminate()
        await child.wait()


async def measure(options: argparse.Namespace) -> None:
    """Run all of it for the given time and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        # As in the configuration that the daemon writes for a broker of its own; stock mosquitto leaves this off, and
        # Nagle then holds a small message back for 40 ms behind another that is not acknowledged yet.
        mqtt = Broker(Path(folder), "allow_anonymous true", "set_tcp_nodelay true")
        await mqtt.start()
        try:
            server = ["-m", "tests.bench.whole", "--serve", f"--rate={options.rate}", f"--assets={options.assets}"]
            async with running(*server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
                assert child.stdout is not None
                address = json.loads(await child.stdout.readline())
                config = write_configuration(folder, mqtt.port, address)
                async with running("-m", "qfluxd", "run", "--config", str(config)) as daemon:
                    await listen(mqtt.port, daemon.pid, options)
        finally:
            await mqtt.kill()


def write_configuration(folder: str, port: int, address: dict[str, str]) -> Path:
    """A daemon with its own headless Chrome on the server's page; only its troubles are shown."""
    file = Path(folder, "config.toml")
    file.write_text(f"""
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
pages = ["{address["url"]}", "{address["origin"]}/*"]
[market]
timeframes = {json.dumps(TIMEFRAMES)}
[mqtt]
port = {port}
start_broker = false
""")
    return file


class Ages:
    """How old ticks and candles were when they came, in milliseconds."""

    def __init__(self) -> None:
        self.ticks: list[float] = []
        self._stamps: dict[str, list[tuple[int, float]]] = {}
        self._closed: list[tuple[str, int, float]] = []

    def take(self, topic: str, payload: bytes, now: float) -> None:
        """One message; a tick tells its age."""
        kind, asset, *timeframe = topic.split("/")[2:]
        told = msgspec.json.decode(payload)
        if kind == "tick":
            self.ticks.append((now - told["price"]) * 1000)
            self._stamps.setdefault(asset, []).append((told["at"], told["price"]))
        elif kind == "candle" and timeframe == ["5s"] and told["quality"] == "whole":
            self._closed.append((asset, told["at"] + 5_000, now))

    @property
    def candles(self) -> list[float]:
        """A candle is as old as the first tick after it, which closed it."""
        ages = []
        for asset, end, came in self._closed:
            closing = next((sent for at, sent in self._stamps.get(asset, ()) if at >= end), None)
            if closing is not None:
                ages.append((came - closing) * 1000)
        return ages


async def listen(port: int, pid: int, options: argparse.Namespace) -> None:
    """Take what comes, from ten seconds after the first tick on."""
    ages, memory = Ages(), []
    async with listening(port, "qfluxd/test/+/#") as ear:
        await ear.until(lambda: any("/tick/load" in m.topic.value for m in ear.heard), 60)
        await asyncio.sleep(10)
        ear.heard.clear()
        ear.times.clear()
        until = time.monotonic() + options.seconds
        while time.monotonic() < until:
            await asyncio.sleep(0.5)
            memory.append(resident(pid))
        take(ear, ages)
    report(ages, memory, options)


def take(ear: Ear, ages: Ages) -> None:
    """All load ticks and candles, each with the moment at which it came."""
    for message, came in zip(ear.heard, ear.times, strict=True):
        if "/load" in message.topic.value and isinstance(message.payload, bytes):
            ages.take(message.topic.value, message.payload, came - EPOCH)


def resident(pid: int) -> float:
    """MB of the process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def report(ages: Ages, memory: list[float], options: argparse.Namespace) -> None:
    """Print the figures beside what they should be."""
    print(f"{options.rate:g} ticks/s over {options.assets} assets, {len(TIMEFRAMES)} timeframes, {options.seconds:g} s")
    for name, values in (("tick", ages.ticks), ("candle", ages.candles)):
        p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
        print(f"server send to MQTT receive, {name:7} {len(values):7} p50 {p50:7.2f} ms  p99 {p99:7.2f} ms  (3 / 15)")
    tenth = max(1, len(memory) // 10)
    first, last = sum(memory[:tenth]) / tenth, sum(memory[-tenth:]) / tenth
    most = max(memory)
    print(f"daemon memory: {first:.1f} MB in the first tenth, {last:.1f} MB in the last, {most:.1f} MB at most (250)")


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


def main() -> None:
    """Serve, or measure."""
    options = arguments()
    work = send_ticks(options.rate, options.assets) if options.serve else measure(options)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
