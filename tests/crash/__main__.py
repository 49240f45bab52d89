"""`python -m tests.crash [--kills N] [--lanes N]`: kills at each point in turn, and tells what became of the orders."""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from qfluxd.drivers.pocketoption.orders.placing import POINTS as ON_PAGE
from qfluxd.observability import logs
from qfluxd.practice.traps import Traps
from qfluxd.trading.orders import POINTS as IN_JOURNAL
from tests.crash.lane import DOUBTFUL, TOLD_WITHIN, Death, open_lane

POINTS = (*IN_JOURNAL, *ON_PAGE)
ANSWERS = (Traps(), Traps(answers="doubled"), Traps(answers="late", late_ms=1_500), Traps(answers="missing"))
"""How the broker answers in turn; the page is an easy one, since the robot's hands are not in question here."""
NEEDED = {"unknown": Traps(answers="missing"), "clicked": Traps(answers="late", late_ms=1_500)}
"""Stages that are surely passed only where the broker answers so: an answer may be faster than the click's return."""
TAKING_UP = ("unknown.before", "unknown.after", "accepted.before", "accepted.after", "settled.before")
"""Points at which a daemon dies that takes up what the one before it left, in every second round."""


type Plan = Sequence[tuple[str, str | None, Traps]]
"""For each kill in turn its point, a second death or none, and how the broker answers."""


def plan(kills: int) -> Plan:
    """So many kills, every point in turn."""
    planned = []
    for turn in range(kills):
        number, place = divmod(turn, len(POINTS))
        point = POINTS[place]
        traps = NEEDED.get(point.partition(".")[0], ANSWERS[number % len(ANSWERS)])
        planned.append((point, TAKING_UP[turn % len(TAKING_UP)] if number % 2 else None, traps))
    return planned


async def run(planned: Plan, lanes: int, folder: Path) -> list[Death]:
    """Kill daemons as planned, shared out over so many lanes."""
    turns = iter(enumerate(planned))
    deaths: list[Death] = []
    folders = [folder / f"lane{number}" for number in range(lanes)]
    for lane_folder in folders:
        lane_folder.mkdir()

    async def work(place: Path) -> None:
        async with open_lane(place, Traps()) as lane:
            for turn, (point, again, traps) in turns:
                await lane.set_traps(traps)
                death = await lane.kill_at(point, again, turn)
                fate = f"{death.stage:9} {death.code:18} {death.resolved_s:5.1f} s"
                print(f"{turn + 1:4} {point:18} {again or '':16} {fate}", flush=True)
            await lane.count()
            deaths.extend(lane.deaths)

    async with asyncio.TaskGroup() as group:
        for place in folders:
            group.create_task(work(place), name=place.name)
    return deaths


def faults(deaths: Sequence[Death]) -> list[str]:
    """What must not be: a sentence for each."""
    found = []
    for death in deaths:
        name = f"{death.request} at {death.point}"
        if death.placed > 1:
            found.append(f"{name} was placed {death.placed} times")
        if death.placed and death.stage not in ("accepted", "settled", "unknown"):
            found.append(f"{name} was placed, and the journal says {death.stage} ({death.code})")
        if not death.placed and death.stage in ("accepted", "settled"):
            found.append(f"{name} was not placed, and the journal says {death.stage}")
        if death.stage in DOUBTFUL or death.resolved_s > TOLD_WITHIN:
            found.append(f"{name} was neither resolved nor unknown within {TOLD_WITHIN:g} s")
    return found


def table(deaths: Sequence[Death]) -> str:
    """A line per point: kills, and what the journal says at the end."""
    by_point: dict[str, Counter[str]] = defaultdict(Counter)
    for death in deaths:
        by_point[death.point].update(["killed" if death.died else "not on the way", death.stage])
    lines = [
        f"{point:32} " + ", ".join(f"{n} {what}" for what, n in counts.items()) for point, counts in by_point.items()
    ]
    return "\n".join(lines)


def main() -> int:
    """Run, print, and say by the exit code whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=320)
    parser.add_argument("--lanes", type=int, default=3)
    given = parser.parse_args()
    logs.set_up("warning")
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        deaths = asyncio.run(run(plan(given.kills), given.lanes, Path(folder)))
    wrong = faults(deaths)
    print("\n" + table(deaths))
    killed, placed = sum(death.died for death in deaths), sum(death.placed > 0 for death in deaths)
    print(f"\n{killed} kills, {placed} orders placed, {len(wrong)} faults")
    for fault in wrong:
        print(f"  {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
