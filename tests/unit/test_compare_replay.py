"""A recording that holds a comparison is decided again as it was: whose turn it was, and who had which limits."""

from pathlib import Path

import pytest

from qfluxd.config import load
from qfluxd.model import Compared
from qfluxd.replaying import run_replay
from tests.support.hour import BEGIN, Hour

FILE = """
[daemon]
state_dir = "{folder}/state"
[market]
timeframes = ["5s"]
[store]
parquet = false
[risk]
max_open = 3
max_daily_loss = 1000
orders_per_minute = 60
"""
TABLE = """
[[strategy]]
name = "{name}"
use = "random"
assets = ["*_otc"]
timeframe = "5s"
mode = "{mode}"
options = {{ rate = 0.6, seed = {seed}, expiry = "5s" }}
"""
PLANS = (("a", "live", 1), ("b", "live", 2), ("c", "shadow", 3), ("d", "shadow", 4))
BEGINS, ENDS = BEGIN + 60_000, BEGIN + 240_000
TURNS = Compared("turns", ("a", "b"), 5_000, 7, BEGINS, True, BEGINS)
BESIDE = Compared("beside", ("c", "d"), 0, 7, BEGINS, True, BEGINS)


def over(note: Compared) -> Compared:
    """The same comparison, when it is over."""
    return Compared(note.name, note.arms, note.slot, note.seed, note.since, False, ENDS)


@pytest.mark.parametrize("compared", [True, False])
async def test_a_comparison_is_replayed(tmp_path: Path, compared: bool) -> None:
    """The very same decisions; and without the comparison, others."""
    file = tmp_path / "config.toml"
    tables = [TABLE.format(name=name, mode=mode, seed=seed) for name, mode, seed in PLANS]
    file.write_text(FILE.format(folder=tmp_path) + "".join(tables))
    loaded = load(file)
    hour = Hour(tmp_path, loaded, ["EURUSD_otc", "GBPUSD_otc"])
    if compared:
        for note in (TURNS, BESIDE):
            hour.later(note.at, lambda note=note: hour.acts.compare(note))
            hour.later(ENDS, lambda note=note: hour.acts.compare(over(note)))
    hour.run(300)
    report = await run_replay(hour.file, loaded, lambda _message: None)
    assert report.decisions.count == hour.desk.plans.fingerprint.decisions > 100
    assert report.decisions.fingerprint == str(hour.desk.plans.fingerprint)
    waited = [verdict for verdict in hour.verdicts if verdict.code == "not_its_slot"]
    assert bool(waited) == compared
    assert all(BEGINS <= verdict.at < ENDS for verdict in waited)
