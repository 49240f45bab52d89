"""Ten strategies on fifty assets: what a tick costs on the desk, and what a recorded one: `python -m tests.bench.desk`.

The desk is a daemon's. A verdict is there when the call returns that took the tick, so what the calls take is what is
timed. The machine may be busy with other things: every figure is taken in several rounds, and the processor's time
stands beside the clock's.
"""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from qfluxd.beats import BEAT
from qfluxd.config import Loaded
from qfluxd.model import MINUTE, SECOND, Millis, Verdict
from qfluxd.observability import logs
from tests.bench import looks, recorded
from tests.bench.room import ASSETS, BEGIN, LAG, MODES, STEP, Market, Room, loaded

ROUNDS = 5
MINUTES = 12
"""In each round; in every other one the assets' bars are closed by ticks, one after the other, and else all at once."""


@dataclass
class Times:
    """What calls took, by the clock and by the processor, in nanoseconds."""

    wall: list[int] = field(default_factory=list)
    cpu: list[int] = field(default_factory=list)

    def take(self, call: Callable[[], object]) -> None:
        """Time one call."""
        cpu, wall = time.thread_time_ns(), time.perf_counter_ns()
        call()
        self.wall.append(time.perf_counter_ns() - wall)
        self.cpu.append(time.thread_time_ns() - cpu)


@dataclass
class Round:
    """What was timed in one round, and how many verdicts there were."""

    closing: Times = field(default_factory=Times)
    together: Times = field(default_factory=Times)
    plain: Times = field(default_factory=Times)
    verdicts: list[Verdict] = field(default_factory=list)


class Session:
    """Time that passes in a room, minute by minute."""

    def __init__(self, settings: Loaded, folder: Path) -> None:
        folder.mkdir()
        self.room, self._market, self._at = Room(settings, folder), Market(), BEGIN
        self._market.greet(self.room.desk)
        self.room.clear()

    def play(self, minutes: int) -> Round:
        """Some minutes; a tick is read `LAG` after its stamp, and the clock beats between them."""
        told = Round()
        for minute in range(minutes):
            if minute % 2:
                self._beat(self._at + 5 * BEAT)
                told.together.take(lambda: self.room.desk.beat(self._at + 6 * BEAT))
            else:
                self._tick(self._at, told.closing)
            for at in range(self._at + 2 * STEP, self._at + MINUTE, STEP):
                self._tick(at, told.plain if at % (5 * SECOND) else None)
            self._at += MINUTE
            told.verdicts += self.room.clear()
        return told

    def _tick(self, at: Millis, times: Times | None) -> None:
        """A tick of each asset; those that close nothing are too short to be timed one by one."""
        desk, ticks = self.room.desk, list(self._market.ticks(at))

        def hear() -> None:
            for tick in ticks:
                desk.hear(tick.at + LAG, tick)

        if times is None:
            hear()
        elif at % MINUTE:
            times.take(hear)
        else:
            for tick in ticks:
                times.take(lambda tick=tick: desk.hear(tick.at + LAG, tick))  # type: ignore[misc]
        self._beat(at + STEP)

    def _beat(self, to: Millis) -> None:
        for at in range(to - STEP + BEAT, to + 1, BEAT):
            self.room.desk.beat(at)


def measure(folder: Path) -> None:
    """Print what ticks cost that come in live."""
    print(f"{ROUNDS} rounds of {MINUTES} minutes at 100 ticks/s; in brackets what it should be")
    print(f"{'':46}{'p50':>8}{'p99':>8}{'least p99':>11}{'CPU p50':>10}{'CPU p99':>9}")
    ten = "ten plans that signal"
    _play(folder / "signal", ten, dict.fromkeys(MODES, "signal"))
    _play(folder / "mixed", "3 live, 4 shadow, 3 signal; journal on disk", MODES)
    _play(folder / "none", "no plans", {})


def _play(folder: Path, name: str, modes: Mapping[str, str]) -> None:
    session = Session(loaded(folder.parent, modes), folder)
    session.play(2)
    rounds = [session.play(MINUTES) for _ in range(ROUNDS)]
    session.room.journal.close()
    count = sum(len(each.verdicts) for each in rounds)
    print(f"{name}: {count:,} verdicts")
    if modes:
        _say("closing tick to verdict, ms (p99 2)", [each.closing for each in rounds], 1e6)
        _say("50 assets × 10 due at once, ms (100)", [each.together for each in rounds], 1e6)
    _say("plain tick, µs (10)", [each.plain for each in rounds], len(ASSETS) * 1e3)


def _say(name: str, rounds: Sequence[Times], unit: float) -> None:
    wall, cpu = ([value / unit for each in rounds for value in getattr(each, kind)] for kind in ("wall", "cpu"))
    least = min(_quantile([value / unit for value in each.wall], 0.99) for each in rounds)
    middle, tail = _quantile(wall, 0.5), _quantile(wall, 0.99)
    print(f"  {name:44}{middle:8.2f}{tail:8.2f}{least:11.2f}{_quantile(cpu, 0.5):10.2f}{_quantile(cpu, 0.99):9.2f}")


def _quantile(values: Sequence[float], share: float) -> float:
    return sorted(values)[int(len(values) * share)]


def load_average() -> str:
    """How busy this machine is."""
    return f"load average {' '.join(f'{each:.1f}' for each in os.getloadavg())} on {os.cpu_count()} cores"


def main() -> None:
    """Print all tables."""
    logs.set_up("error")
    print(f"{len(ASSETS)} assets, {len(MODES)} strategies; {load_average()}")
    with TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        measure(folder)
        recorded.replay(folder)
        settings = loaded(folder)
        looks.compare(Session(settings, folder / "looks").room.desk, settings)
    print(load_average())


if __name__ == "__main__":
    main()
