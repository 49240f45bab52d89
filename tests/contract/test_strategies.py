"""Every strategy that comes with qfluxd keeps the promises of `qfluxd.strategy.Strategy`, whatever its options."""

from typing import Any

import pytest

from qfluxd.loading import load_strategy, strategy_names
from qfluxd.testing import check_strategy

NEEDS_A_FILE = {"model"}
"""A trained model has no defaults; its own tests check it with models that they train."""

BEYOND: tuple[tuple[str, dict[str, Any]], ...] = (
    ("bollinger_reversal", {"period": 3, "width": 0.5}),
    ("candle_patterns", {"patterns": ["harami", "three_inside", "kicking", "tristar", "abandoned_baby"]}),
    (
        "confluence",
        {"votes": [{"use": "topdown"}, {"use": "sentiment_fade", "weight": 2}], "threshold": 0.3, "hold": 9},
    ),
    ("donchian_breakout", {"period": 500}),
    ("ema_cross", {"fast": 100, "slow": 200}),
    ("ema_cross", {"fast": 2, "slow": 3, "expiry": "5m"}),
    ("macd", {"fast": 2, "slow": 3, "signal": 2}),
    ("random", {"rate": 1, "seed": 7}),
    ("rsi_reversal", {"period": 100, "oversold": 49, "overbought": 51}),
    ("sentiment_fade", {"extreme": 51, "repeat": True}),
    ("sma_cross", {"fast": 200, "slow": 500}),
    ("stochastic", {"period": 2, "smooth": 1, "d": 2}),
    ("topdown", {"higher": ["30s", "5m"], "period": 2, "slope": 1, "repeat": True}),
)


def faults(name: str, options: dict[str, Any], seed: int) -> list[str]:
    """What is bad about a strategy; that it says nothing would be, too."""
    findings = check_strategy(load_strategy(name).model_validate(options), seed=seed)
    return [str(each) for each in findings if each.verdict == "bad" or (each.check, each.verdict) == ("speaks", "note")]


@pytest.mark.parametrize("name", [name for name in strategy_names() if name not in NEEDS_A_FILE])
def test_at_its_defaults(name: str) -> None:
    """Deterministic, causal, honest of its warm-up, in shape, and told from its options."""
    assert faults(name, {}, seed=0) == []


@pytest.mark.parametrize(("name", "options"), BEYOND)
def test_at_other_options(name: str, options: dict[str, Any]) -> None:
    """The same at the ends of its ranges, on other markets."""
    assert faults(name, options, seed=1) == []
