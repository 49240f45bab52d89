"""What all the strategies that come with qfluxd have in common."""

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from qfluxd.loading import StrategyModel, load_strategy, strategy_names
from qfluxd.model import MINUTE
from qfluxd.strategy import View
from qfluxd.testing import market
from tests.support.strategy_views import candles, said, view

BUILT_IN = [name for name in strategy_names() if name != "model"]
LONGEST = 1000
"""Candles that a strategy is shown at most while the daemon runs."""
WALK = market("walk", rows=800, seed=3)


def made(name: str, **options: Any) -> StrategyModel:
    """A built-in strategy with these options."""
    return load_strategy(name).model_validate(options)


def test_all_are_there() -> None:
    """Those that are promised are installed."""
    assert set(BUILT_IN) == {
        "bollinger_reversal",
        "candle_patterns",
        "confluence",
        "donchian_breakout",
        "ema_cross",
        "macd",
        "random",
        "rsi_reversal",
        "sentiment_fade",
        "sma_cross",
        "stochastic",
        "topdown",
    }


@pytest.mark.parametrize("name", BUILT_IN)
def test_described(name: str) -> None:
    """Each says what it does in a sentence, cites its source, and says what it cannot do and what its confidence is."""
    text = load_strategy(name).__doc__ or ""
    assert text.split("\n\n")[0].strip().endswith(".")
    for words in ("Source: ", "What it can do: ", "it cannot: ", "Confidence is "):
        assert words in text.replace("\n    ", " "), words


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_number_has_a_range(name: str) -> None:
    """Each option has a description, and each number both bounds."""
    for option, part in load_strategy(name).model_json_schema()["properties"].items():
        assert part["description"], option
        if part.get("type") in ("integer", "number"):
            assert {"minimum", "exclusiveMinimum"} & part.keys(), option
            assert {"maximum", "exclusiveMaximum"} & part.keys(), option


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_longest_warm_up(name: str) -> None:
    """With every number at its most, a strategy still gets warm from what it is shown."""
    model = load_strategy(name)
    most = {key: part["maximum"] for key, part in model.model_json_schema()["properties"].items() if "maximum" in part}
    if "slow" in most:
        most["fast"] = min(most["fast"], most["slow"] - 1)
    assert model.model_validate(most).warmup <= LONGEST


@pytest.mark.parametrize("name", BUILT_IN)
def test_expiry(name: str) -> None:
    """A trade lasts as long as a candle, or as long as the option says."""
    shown = market("swing", rows=300, higher=made(name).timeframes, depth=150, wants=made(name).wants)
    assert set(made(name).signals(shown)["expiry"]) == {MINUTE}
    assert set(made(name, expiry="300s").signals(shown)["expiry"]) == {5 * MINUTE}
    with pytest.raises(ValidationError, match="is not a timeframe"):
        made(name, expiry="5 minutes")


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("sma_cross", {"fast": 30}, "fast (30) must be less than slow (30)"),
        ("ema_cross", {"fast": 50}, "fast (50) must be less than slow (21)"),
        ("macd", {"slow": 10}, "fast (12) must be less than slow (10)"),
        ("topdown", {"higher": ["5m", "300s"]}, "higher names a timeframe twice; name each once"),
        ("topdown", {"higher": []}, "must name at least one"),
        ("candle_patterns", {"patterns": []}, "must name at least one"),
    ],
)
def test_options_that_contradict(name: str, options: dict[str, Any], sentence: str) -> None:
    """Options that make no sense together are said so in a sentence."""
    with pytest.raises(ValidationError) as caught:
        made(name, **options)
    assert sentence in str(caught.value)


def test_a_price_that_rests_says_nothing() -> None:
    """No rule takes rounding, a range of nothing or an index without movement for a signal."""
    ticking = [1.2345] * 900
    longer = candles(ticking, timeframe=5 * MINUTE, start=0)
    for name in set(BUILT_IN) - {"random", "sentiment_fade"}:
        shown = view(ticking, higher={5 * MINUTE: longer, 15 * MINUTE: longer})
        assert said(made(name).signals(shown)) == {}, name


@pytest.mark.parametrize("scale", [2.0**-20, 2.0**20])
def test_the_height_of_the_price_does_not_matter(scale: float) -> None:
    """Prices a million times smaller or larger bring the same signals."""
    small = WALK.candles.with_columns(pl.col("open", "high", "low", "close") * scale)
    for name in set(BUILT_IN) - {"topdown", "sentiment_fade"}:
        assert said(made(name).signals(View(WALK.series, small))) == said(made(name).signals(WALK)), name
