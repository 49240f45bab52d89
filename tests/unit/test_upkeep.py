"""What is put away by schedule: whole files, and only the newest of each kind."""

import json
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.errors import Unavailable
from qfluxd.model import PlanSwitched, TradingSwitch
from qfluxd.trading.journal import Journal, Reader
from qfluxd.trading.journalfile import opened
from qfluxd.upkeep import Upkeep

AT = 1_763_769_600_000


async def test_a_backup_is_a_journal(tmp_path: Path) -> None:
    """Copied while it is open for writing, the copy tells what the journal tells."""
    with Journal(tmp_path, AT) as journal:
        journal.add(TradingSwitch("killed", "enough", AT + 1), PlanSwitched("a", False, "shadow", "command", "", AT))
        copy = tmp_path / await Upkeep(tmp_path, 3).back_up(AT)
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(opened(copy, "ro")) as connection:
        reader = Reader(copy, connection)
        assert reader.switch() == TradingSwitch("killed", "enough", AT + 1)
        assert set(reader.plan_switches()) == {"a"}


async def test_only_the_newest_stay(tmp_path: Path) -> None:
    """Of each kind so many as are to be kept; a draft that a kill has left counts for nothing."""
    upkeep = Upkeep(tmp_path, 2)
    for number in range(4):
        path = await upkeep.report({"profit": Decimal("1.50")}, AT + number)
        await upkeep.scan({"seen": number}, AT)
    kept = sorted(file.name for file in (tmp_path / "reports").iterdir())
    assert len(kept) == 2
    assert path.name == kept[-1]
    assert json.loads((tmp_path / path).read_text()) == {"profit": 1.5}
    assert json.loads(next((tmp_path / "scans").iterdir()).read_text()) == {"seen": 3}


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """The job fails with the place, and the daemon goes on."""
    (tmp_path / "reports").write_text("in the way")
    with pytest.raises(Unavailable, match="reports"):
        await Upkeep(tmp_path, 2).report({}, AT)
