"""What is typed becomes the values of an option, or a sentence that says what is wrong with it."""

from pathlib import Path

import pytest

from qfluxd.errors import ConfigError
from qfluxd.loading import load_strategy
from qfluxd.research.sweep.axes import option_axis, timeframe_axis
from qfluxd.research.sweep.space import Axis
from tests.support.echoes import write_strategy


def axis(strategy: str, text: str) -> Axis:
    """The axis of an option of a strategy that comes with qfluxd."""
    return option_axis(text, load_strategy(strategy), None)


@pytest.mark.parametrize(
    ("strategy", "text", "values"),
    [
        ("sma_cross", "fast=2..5", (2, 3, 4, 5)),
        ("sma_cross", "slow=10..200:50", (10, 60, 110, 160)),
        ("sma_cross", "slow=30,10,20,10", (10, 20, 30)),
        ("rsi_reversal", "oversold=20..21:0.25", (20.0, 20.25, 20.5, 20.75, 21.0)),
        ("sma_cross", "expiry=5m,60s", ("1m", "5m")),
        ("topdown", "repeat", (False, True)),
        ("topdown", 'higher=[["5m"], ["5m", "15m"]]', (["5m"], ["5m", "15m"])),
        ("sma_cross", "expiry=none,5m", (None, "5m")),
    ],
)
def test_values(strategy: str, text: str, values: tuple[object, ...]) -> None:
    """Ranges, steps, lists and JSON become exactly these values, each once, in the option's own spelling."""
    assert axis(strategy, text).values == values


def test_an_option_alone_is_all_that_it_may_be(tmp_path: Path) -> None:
    """Whole numbers between two ends are all tried where no value is given."""
    folder = write_strategy(tmp_path / "own")
    found = option_axis("ago", load_strategy("echo", folder), folder)
    assert found.values == tuple(range(1, 51))


@pytest.mark.parametrize(
    ("strategy", "text", "ordered"),
    [
        ("sma_cross", "fast=2..5", True),
        ("sma_cross", "expiry=1m,5m", True),
        ("sma_cross", "expiry=none,5m", False),
        ("topdown", "repeat", False),
    ],
)
def test_order(strategy: str, text: str, ordered: bool) -> None:
    """Numbers and lengths of time have neighbours, choices have none."""
    assert axis(strategy, text).ordered is ordered


@pytest.mark.parametrize(
    ("strategy", "text", "said"),
    [
        ("sma_cross", "fastt=1", "did you mean 'fast'"),
        ("sma_cross", "fast=1..5", "1: must be greater than or equal to 2"),
        ("sma_cross", "fast=a", "a: must be a valid integer"),
        ("sma_cross", "fast=5..2", "must rise"),
        ("sma_cross", "fast=", "has no value"),
        ("sma_cross", "expiry", "needs its values"),
        ("sma_cross", "expiry=1x", "is not a timeframe"),
        ("rsi_reversal", "oversold=20..40", "needs a step"),
        ("rsi_reversal", "oversold=20..40:0.001", "take a larger step"),
        ("topdown", "higher=[1", "no list in JSON"),
    ],
)
def test_mistakes(strategy: str, text: str, said: str) -> None:
    """What cannot be is told before anything runs, with the option's name and the remedy."""
    with pytest.raises(ConfigError, match="--option") as caught:
        axis(strategy, text)
    assert said in str(caught.value)


def test_timeframes() -> None:
    """Timeframes are an axis too, shortest first."""
    assert timeframe_axis("5m, 60s").values == ("1m", "5m")
    with pytest.raises(ConfigError, match="is not a timeframe"):
        timeframe_axis("1 min")
