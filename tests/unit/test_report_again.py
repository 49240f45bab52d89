"""The command that a report shows runs the same backtest again."""

import shlex
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.cli import main
from qfluxd.cli.calling import app
from qfluxd.model import HOUR, MINUTE
from qfluxd.research.backtest import FREE, Backtest, Latency, planned, read
from qfluxd.research.report.again import Again, again
from qfluxd.settings import MarketSettings, RiskSettings
from tests.support.recordings import dataset, market
from tests.support.reports import result_of
from tests.support.trades import START, made_trades

PLAIN = Backtest(plans=(planned("sma_cross"),))
ONE = made_trades(1)

SETTINGS = {
    "as little as can be": PLAIN,
    "options": replace(PLAIN, plans=(planned("sma_cross", options={"fast": 5, "slow": 21}, timeframe="5m"),)),
    "everything": Backtest(
        plans=(planned("rsi_reversal", stake={"policy": "percent", "percent": "2"}, schedule="every 30s"),),
        latency=Latency((250, 400, 1001)),
        payout=85,
        balance=Decimal("250.5"),
        refuse=0.05,
        digits=5,
        prices="candles",
        seed=9,
    ),
    "two strategies": replace(PLAIN, plans=(planned("sma_cross"), planned("macd"))),
    "limits": replace(PLAIN, risk=RiskSettings()),
}


def asked(line: str) -> dict[str, Any]:
    """The arguments that the program would see."""
    _, bound, _ = app().parse_args(shlex.split(line)[1:], print_error=False, exit_on_error=False)
    return bound.arguments


@pytest.mark.parametrize("name", SETTINGS)
def test_it_asks_for_the_same(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """The settings that the command makes are those of the result, value by value."""
    monkeypatch.chdir(tmp_path)
    settings = SETTINGS[name]
    result = replace(result_of(ONE), settings=settings.plain())
    words = asked(again(result).command)["asked"]
    made = words.settings(words.loaded()).plain()
    assert again(result).needs == (() if settings.risk == FREE else ("[risk]",))
    assert made == settings.plain()


def test_the_same_data() -> None:
    """Assets, the stretch of time to the millisecond and the last name of the data's place are in it."""
    result = replace(result_of(ONE, place="/home/somebody/market data"), settings=PLAIN.plain())
    data = msgspec.structs.replace(result.dataset, assets=("EURUSD_otc", "#AAPL_otc"), end=START + MINUTE + 7)
    line = again(replace(result, dataset=data)).command
    words = asked(line)["asked"]
    assert (str(words.data), words.asset) == ("market data", ["EURUSD_otc", "#AAPL_otc"])
    assert (words.since, words.until) == ("2026-11-02T00:00:00", "2026-11-02T00:01:00.007")
    assert "somebody" not in line


def test_the_other_engine() -> None:
    """A result of the event path is run again on the event path."""
    result = replace(result_of(ONE), settings=PLAIN.plain(), engine="event")
    assert asked(again(result).command)["asked"].engine == "event"


@pytest.mark.parametrize(
    ("change", "needed"),
    [
        ({"plans": (planned("sma_cross", name="evening"),)}, ("[[strategy]]",)),
        ({"plans": (planned("sma_cross", assets=("EURUSD_otc",)),)}, ("[[strategy]]",)),
        ({"plans": (planned("sma_cross", options={"fast": 3}), planned("macd"))}, ("[[strategy]]",)),
        ({"market": MarketSettings(grace=1.0)}, ("[market]",)),
        ({"origin": 0}, ("[driver]",)),
        ({"good_for": 1}, ("[strategies]",)),
        ({"risk": RiskSettings()}, ("[risk]",)),
    ],
)
def test_what_no_option_says(change: dict[str, Any], needed: tuple[str, ...]) -> None:
    """What comes from a configuration is named, so that nobody thinks the command were enough."""
    assert again(replace(result_of(ONE), settings=replace(PLAIN, **change).plain())).needs == needed


def test_plans_of_a_configuration() -> None:
    """Plans that have names or limits of their own are asked for by their names."""
    settings = replace(PLAIN, plans=(planned("sma_cross", name="evening"), planned("macd")))
    words = asked(again(replace(result_of(ONE), settings=settings.plain())).command)["asked"]
    assert (words.plan, words.strategy, words.limits) == (["evening", "macd"], None, False)


def test_settings_of_another_kind() -> None:
    """Of settings that are not a backtest's no command is made."""
    for settings in ({}, {"plans": "x"}, {"plans": [{"name": "a"}]}):
        assert again(replace(result_of(ONE), settings=settings)) == Again()


def test_it_brings_the_same_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command that a report of a real backtest shows is run, and brings trades of the same fingerprint."""
    monkeypatch.chdir(tmp_path)
    dataset(Path("data"), {"EURUSD_otc": market(3, length=6 * HOUR), "GBPUSD_otc": market(4, length=6 * HOUR)})
    begin = market(3, length=6 * HOUR).at[0]
    config = Path("config.toml")
    config.write_text(f'[daemon]\nstate_dir = "{tmp_path}/state"\n')
    said = "--strategy sma_cross --option fast=3 --option slow=9 --data data --payout 85 --latency 0.3 --seed 4"
    words = [*said.split(), "--from", str(begin + HOUR), "--no-audits", "--config", str(config)]
    assert main(["backtest", *words, "--out", "first"]) == 0
    first = read(Path("first"))
    assert first.trades.height > 20
    line = shlex.split(again(first).command)[1:]
    assert main([*line, "--no-audits", "--config", str(config), "--out", "second"]) == 0
    second = read(Path("second"))
    assert (second.fingerprint, second.dataset.hash) == (first.fingerprint, first.dataset.hash)
    assert second.settings == first.settings


@pytest.mark.parametrize(("use", "said"), [("mine", True), ("sma_cross", False)])
def test_a_strategy_that_is_not_installed_is_found_again(use: str, said: bool) -> None:
    """Its folder is named, by its last name alone."""
    plain = PLAIN.plain()
    plans = [{**plain["plans"][0], "use": use, "name": use}]
    result = replace(result_of(ONE), settings={**plain, "plans": plans}, folder="/home/somebody/ideas")
    words = shlex.split(again(result).command)
    assert ("--folder" in words) == said
    if said:
        assert words[words.index("--folder") + 1] == "ideas"
