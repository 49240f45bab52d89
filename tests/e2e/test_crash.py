"""A few deaths of the real daemon on an order's way; `make crashtest` goes through all of them, many times."""

from pathlib import Path

import pytest

from qfluxd.practice.traps import Traps
from tests.crash.__main__ import faults, run

pytestmark = pytest.mark.e2e

DEATHS = (
    ("received.after", None, Traps()),
    ("clicking.after", "unknown.before", Traps()),
    ("click.after", None, Traps(answers="missing")),
    ("clicked.after", "accepted.before", Traps(answers="late", late_ms=1_500)),
    ("accepted.before", None, Traps(answers="doubled")),
    ("answer.after", None, Traps()),
)


@pytest.mark.timeout(240)
async def test_no_death_on_the_way_places_an_order_twice_or_loses_it(tmp_path: Path) -> None:
    """Killed at six points and asked again, the broker has each order at most once, and the journal has every one."""
    deaths = await run(DEATHS, 2, tmp_path)

    assert faults(deaths) == []
    reached = [death.point for death in deaths if death.died]
    assert len(reached) >= len(DEATHS) - 1, f"on a busy machine one order may be refused before its point, not {deaths}"
    assert sum(death.placed for death in deaths) >= 3
