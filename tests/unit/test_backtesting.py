"""Backtests that are asked for by command: in a process of their own, and answered in every case."""

from pathlib import Path
from typing import Any

import pytest

from qfluxd.api.commands import Backtest, Later
from qfluxd.backtesting import LIMIT, Backtests
from qfluxd.config import load
from qfluxd.model import HOUR, Millis, Refusal
from qfluxd.research.backtest import Backtest as Settings
from qfluxd.research.backtest import run
from tests.support.recordings import BEGIN, dataset, market

ASSET = "EURUSD_otc"
TABLE = f"""
[[strategy]]
name = "cross"
use = "sma_cross"
assets = ["{ASSET}"]
timeframe = "1m"
mode = "shadow"
options = {{ fast = 3, slow = 8 }}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder with six hours of ticks, and a configuration with one strategy."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    dataset(tmp_path / "data", {ASSET: market(3, length=6 * HOUR, rate=1)})
    (tmp_path / "config.toml").write_text(f'[daemon]\nstate_dir = "{tmp_path}"\n[market]\ntimeframes = ["1m"]\n{TABLE}')
    return tmp_path


def backtests(place: Path, limit: Millis = LIMIT) -> Backtests:
    """Those of a daemon with that configuration."""
    return Backtests(lambda: place / "config.toml", place / "data", lambda name: name == "cross", limit)


async def asked(place: Path, limit: Millis = LIMIT, **more: Any) -> Any:
    """The final answer."""
    later = backtests(place, limit).perform(Backtest(strategy="cross", **more))
    assert isinstance(later, Later)
    assert later.data == {"strategy": "cross"}
    return await later.outcome


async def test_the_answer_is_that_of_a_backtest(place: Path) -> None:
    """The same trades as of a run by the strategy's table, and every figure with its doubt."""
    told = await asked(place, payout=92)
    loaded = load(place / "config.toml")
    mine = run(Settings(loaded.plans, payout=92, risk=loaded.settings.risk), dataset(place / "data", {}))
    assert told["data"] == mine.dataset.hash
    assert told["trades"] == mine.trades.height > 0
    assert told["signals"] == mine.signals["cross"]
    assert {"won", "lost", "tie", "unknown", "interval", "break_even", "verdict"} <= set(told["summary"])
    assert told["audits"] is None


async def test_a_stretch_of_time_can_be_asked_for(place: Path) -> None:
    """From and to, in milliseconds; outside of it nothing is traded."""
    whole, part = await asked(place), await asked(place, start=BEGIN + 2 * HOUR, end=BEGIN + 4 * HOUR + 1)
    assert 0 < part["signals"] < whole["signals"]


async def test_what_cannot_be_run_is_refused_in_a_sentence(place: Path) -> None:
    """A strategy that is not there at once, an asset of which nothing is stored when that is found out."""
    unknown = backtests(place).perform(Backtest(strategy="crosss"))
    assert isinstance(unknown, Refusal)
    assert unknown.code == "strategy_unknown"
    refused = await asked(place, assets=("GBPUSD_otc",))
    assert isinstance(refused, Refusal)
    assert refused.code == "backtest_failed"
    assert "GBPUSD_otc" in refused.detail


async def test_one_that_takes_too_long_is_ended(place: Path) -> None:
    """And says so."""
    refused = await asked(place, limit=20)
    assert isinstance(refused, Refusal)
    assert refused.code == "too_long"


def test_a_stretch_that_ends_before_it_begins_is_none() -> None:
    """The mistake is named where it is asked."""
    with pytest.raises(ValueError, match="to must be later than from"):
        Backtest(strategy="cross", start=2, end=1)
