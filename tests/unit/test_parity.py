"""What was decided live is decided again by a replay, bit for bit."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from qfluxd.config import Loaded, load
from qfluxd.replaying import ReplayReport, run_replay
from tests.support.hour import BEGIN, Hour

ASSETS = ["EURUSD_otc", "GBPUSD_otc", "AUDCAD_otc", "NZDUSD_otc", "USDJPY_otc"]
TEN = """
[market]
timeframes = ["5s", "15s", "1m", "5m"]
[store]
parquet = false
[risk]
max_open = 4
max_daily_loss = 100
orders_per_minute = 8
orders_per_hour = 200
loss_streak = 6
cool_down = "2m"
[[strategy]]
name = "a_ema"
use = "ema_cross"
assets = ["*_otc"]
timeframe = "15s"
mode = "live"
options = { fast = 3, slow = 8, expiry = "30s" }
[[strategy]]
name = "b_sma"
use = "sma_cross"
assets = ["EURUSD_otc", "GBPUSD_otc"]
timeframe = "1m"
mode = "shadow"
options = { fast = 3, slow = 9 }
[[strategy]]
name = "c_rsi"
use = "rsi_reversal"
assets = ["*_otc"]
timeframe = "15s"
mode = "shadow"
options = { period = 7, expiry = "15s" }
[[strategy]]
name = "d_macd"
use = "macd"
assets = ["*_otc"]
timeframe = "1m"
[[strategy]]
name = "e_bollinger"
use = "bollinger_reversal"
assets = ["EURUSD_otc"]
timeframe = "1m"
mode = "live"
stake = { policy = "martingale", base = 1, factor = 2, max_steps = 3, max = 8 }
[[strategy]]
name = "f_stochastic"
use = "stochastic"
assets = ["AUDCAD_otc"]
timeframe = "15s"
mode = "shadow"
stake = { policy = "percent", percent = 0.1 }
[[strategy]]
name = "g_donchian"
use = "donchian_breakout"
assets = ["*_otc"]
timeframe = "1m"
[[strategy]]
name = "h_topdown"
use = "topdown"
assets = ["EURUSD_otc"]
timeframe = "15s"
options = { higher = ["1m"], period = 5 }
[[strategy]]
name = "i_random"
use = "random"
assets = ["NZDUSD_otc"]
timeframe = "15s"
mode = "live"
schedule = "every 30s"
options = { rate = 0.6, expiry = "15s" }
risk = { max_open = 1 }
[[strategy]]
name = "j_candles"
use = "candle_patterns"
assets = ["*_otc"]
timeframe = "1m"
schedule = { when = "candle", hours = "00:00-23:00", days = "mon-sun" }
"""


def loaded_from(folder: Path) -> Loaded:
    file = folder / "config.toml"
    file.write_text(f'[daemon]\nstate_dir = "{folder}/state"\n' + TEN)
    return load(file)


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Loaded, Hour]:
    """An hour of ten strategies, three of them live, with a person who switches things."""
    folder = tmp_path_factory.mktemp("hour")
    loaded = loaded_from(folder)
    hour = Hour(folder, loaded, ASSETS)
    hour.later(BEGIN + 600_000, lambda: hour.switch("c_rsi", enabled=False))
    hour.later(BEGIN + 900_000, lambda: hour.switch("c_rsi", enabled=True))
    hour.later(BEGIN + 1_200_000, lambda: hour.acts.turn("paused", "lunch"))
    hour.later(BEGIN + 1_380_000, lambda: hour.acts.turn("active", ""))
    hour.later(BEGIN + 2_000_000, hour.desk.on_feed_lost)
    hour.run(3600)
    return loaded, hour


async def replayed(session: tuple[Loaded, Hour]) -> ReplayReport:
    loaded, hour = session
    return await run_replay(hour.file, loaded, lambda message: None)


async def test_an_hour_replayed_makes_the_same_decisions(session: tuple[Loaded, Hour]) -> None:
    """Every signal, verdict and stake of ten strategies, with orders that the page took, refused and gave up."""
    hour = session[1]
    report = await replayed(session)
    assert report.decisions.count == hour.desk.plans.fingerprint.decisions > 200
    assert report.decisions.fingerprint == str(hour.desk.plans.fingerprint)


async def test_two_replays_are_alike(session: tuple[Loaded, Hour]) -> None:
    """Not only the decisions, but every message in its order."""
    assert await replayed(session) == await replayed(session)


def test_the_hour_holds_what_it_should(session: tuple[Loaded, Hour]) -> None:
    """All ten spoke or had the chance to, orders were placed and settled, limits turned some down."""
    hour = session[1]
    firsts = {verdict.signal.id: verdict for verdict in reversed(hour.verdicts)}
    outcomes = Counter(verdict.outcome for verdict in firsts.values())
    assert hour.orders_placed > 20
    assert {"told", "shadow", "ordered", "refused"} <= set(outcomes)
    refused = Counter(verdict.code for verdict in hour.verdicts if verdict.outcome == "refused")
    assert {"paused", "too_many_open", "control_stuck"} <= set(refused), refused
    ended = {verdict.outcome for verdict in hour.verdicts if verdict.profit is not None}
    assert {"won", "lost"} <= ended
    assert len({verdict.signal.plan for verdict in hour.verdicts}) >= 8


async def test_another_stake_is_another_decision(session: tuple[Loaded, Hour], tmp_path: Path) -> None:
    """The fingerprint would show it: the same recording with another amount has another one."""
    hour = session[1]
    file = tmp_path / "config.toml"
    file.write_text(f'[daemon]\nstate_dir = "{tmp_path}/state"\n' + TEN.replace("base = 1", "base = 2"))
    other = await run_replay(hour.file, load(file), lambda message: None)
    assert other.decisions.fingerprint != str(hour.desk.plans.fingerprint)
    assert Decimal(1) in {verdict.stake for verdict in hour.verdicts}
