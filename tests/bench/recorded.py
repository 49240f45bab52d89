"""How many recorded ticks a second go through codec, desk, plans and their shadow deals, and where the time goes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qfluxd.beats import Beats
from qfluxd.config import Loaded
from qfluxd.desk import Desk
from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.market.capture import CaptureWriter, read_capture
from qfluxd.model import Frame, Millis
from qfluxd.replaying import run_replay
from tests.bench.room import ASSETS, BEGIN, LAG, STEP, USUAL, Market, loaded
from tests.support.wire import asset_row, in_two_steps, recent_history, tick_rows

TICKS: Final = 60_000
ROUNDS: Final = 3


@dataclass(frozen=True)
class Kind:
    """A recording: ticks of an asset are `step` apart, and before them the page is told of `past` minutes."""

    name: str
    step: Millis
    past: int
    timeframes: Sequence[str]

    def write(self, file: Path) -> None:
        """As the page's socket brings it: a header and a body for each."""
        market, writer = Market(), CaptureWriter(file)

        def hear(event: str, data: object, at: Millis) -> None:
            for frame in in_two_steps("market", event, data, at=at):
                writer.see(frame)

        hear("updateAssets", [asset_row(asset) for asset in market.listed()], BEGIN)
        hear("successauth", {"id": "x"}, BEGIN)
        for asset in ASSETS if self.past else ():
            hear("updateHistoryNewFast", recent_history(market.past(asset, self.past)), BEGIN)
        for at in range(BEGIN, BEGIN + TICKS // len(ASSETS) * self.step, self.step):
            for tick in market.ticks(at, self.step):
                hear("updateStream", tick_rows([tick]), tick.at + LAG)
        writer.close()


KINDS: Final = (
    Kind("plain ticks, none of which closes a candle", 40, 0, ("1m", "5m", "15m")),
    Kind("two ticks a second and asset, seven timeframes, after a past of 240 minutes", STEP, 240, USUAL),
)


def replay(folder: Path) -> None:
    """Print ticks a second of the processor's time, one more part of the way in each line."""
    print(f"\n{TICKS:,} recorded ticks through it all, by the processor's time, best of {ROUNDS}")
    for kind in KINDS:
        file = folder / f"{kind.step}.jsonl"
        kind.write(file)
        print(kind.name)
        _say("read from the file", lambda file=file: sum(1 for _ in read_capture(file)))  # type: ignore[misc]
        _say("… and decoded", lambda file=file: _through(file, Codec().feed))  # type: ignore[misc]
        choices: tuple[dict[str, str] | None, ...] = ({}, None)
        for modes in choices:
            settings = loaded(folder, modes, kind.timeframes)
            if not modes and modes is not None:
                _say("… and heard by a desk, no plans", lambda file=file, s=settings: _hear(file, s))  # type: ignore[misc]
            name = f"replayed, {len(settings.plans) or 'no'} plans" + (" (100,000)" if settings.plans else "")
            _say(name, lambda file=file, s=settings: _replay(file, s))  # type: ignore[misc]


def _through(file: Path, feed: Callable[[Frame], object]) -> None:
    for frame in read_capture(file):
        feed(frame)


def _hear(file: Path, settings: Loaded) -> None:
    desk = Desk(settings.settings.market, lambda fact: None, server_offset=7200)
    follower, beats = Follower(Codec(), desk), Beats(desk)

    def feed(frame: Frame) -> None:
        beats.up_to(frame.at)
        follower.see(frame)

    _through(file, feed)


def _replay(file: Path, settings: Loaded) -> None:
    report = asyncio.run(run_replay(file, settings, lambda message: None))
    assert report.ticks.ticks == TICKS, report


def _say(name: str, work: Callable[[], object]) -> None:
    spent = min(_cpu(work) for _ in range(ROUNDS))
    print(f"  {name:36}{TICKS / spent:>12,.0f} ticks/s{spent / TICKS * 1e6:>9.2f} µs a tick", flush=True)


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
