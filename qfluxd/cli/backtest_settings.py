"""From the words of `backtest` to its settings."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qfluxd.cli.options import typed
from qfluxd.cli.printing import Misused
from qfluxd.errors import DataError

if TYPE_CHECKING:
    from qfluxd.config import Loaded
    from qfluxd.plans.plan import Plan
    from qfluxd.research.backtest import Backtest, Latency


@dataclass(frozen=True, slots=True)
class Words:
    """What was said of the plans and of orders."""

    strategies: Sequence[str]
    plans: Sequence[str]
    options: Sequence[str]
    timeframe: str | None
    schedule: str | None
    stake: str | None
    latency: str | None
    limits: bool | None


def settings_of(words: Words, terms: Mapping[str, Any], found: "Loaded", folder: Path | None) -> "Backtest":
    """The settings of a run.

    Raises:
        Misused: words that cannot be read or do not go together, a strategy, plan or option that there is not.
        PluginError: a strategy cannot be loaded.
        DataError: latencies are to be those that were measured, and none were.
    """
    from qfluxd.research.backtest import FREE, Backtest

    plans = (*_named(words, found), *_of_strategies(words, folder))
    if not plans:
        raise Misused("which strategy? name it with --strategy, or a plan of the configuration with --plan")
    settings = found.settings
    limits = bool(words.plans) if words.limits is None else words.limits
    offset = getattr(found.driver_config, "server_offset", 7200)
    try:
        return Backtest(
            plans=plans,
            latency=_latency(words.latency, found),
            risk=settings.risk if limits else FREE,
            market=settings.market,
            late_after=round(settings.strategies.late_after * 1000),
            good_for=round(settings.strategies.good_for * 1000),
            origin=offset * 1000,
            **{**terms, "balance": Decimal(str(terms["balance"]))},
        )
    except ValueError as problem:
        raise Misused(str(problem)) from None


def _named(words: Words, found: "Loaded") -> "list[Plan]":
    """Plans of the configuration."""
    known = {plan.name: plan for plan in found.plans}
    if missing := [name for name in words.plans if name not in known]:
        there = ", ".join(known) or "none"
        raise Misused(f"the configuration has no [[strategy]] with the name {missing[0]!r}; there are {there}")
    return [known[name] for name in words.plans]


def _of_strategies(words: Words, folder: Path | None) -> "list[Plan]":
    from qfluxd.research.backtest import planned

    said = {
        "--option": words.options,
        "--timeframe": words.timeframe,
        "--schedule": words.schedule,
        "--stake": words.stake,
    }
    unused = [name for name, value in said.items() if value]
    if not words.strategies and unused:
        raise Misused(f"{unused[0]} belongs to a strategy: name it with --strategy")
    if twice := [name for name in words.strategies if words.strategies.count(name) > 1]:
        raise Misused(
            f"--strategy {twice[0]} twice: several of one are plans of a configuration (--plan), or `qfluxd sweep`"
        )
    if len(words.strategies) > 1 and words.options:
        raise Misused("--option goes with one --strategy; several with options are plans of a configuration: --plan")
    stake, options = _stake(words.stake), dict(_option(text) for text in words.options)
    try:
        with typed():
            return [
                planned(
                    use,
                    timeframe=words.timeframe or "1m",
                    schedule=words.schedule or "candle",
                    stake=stake,
                    options=options,
                    folder=folder,
                )
                for use in words.strategies
            ]
    except DataError as problem:
        raise Misused(str(problem)) from None


def _option(text: str) -> tuple[str, Any]:
    name, is_given, value = text.partition("=")
    if not is_given:
        raise Misused(f"--option {text}: write a name and a value, such as fast=5")
    try:
        return name.strip(), json.loads(value)
    except ValueError:
        return name.strip(), value.strip()


def _stake(text: str | None) -> dict[str, Any]:
    """The table of a staking policy: an amount, a percentage of the balance, or the table itself as JSON."""
    given = (text or "1").strip()
    try:
        if given.startswith("{"):
            return dict(json.loads(given))
        if given.endswith("%"):
            return {"policy": "percent", "percent": str(Decimal(given[:-1].strip()))}
        return {"policy": "fixed", "amount": str(Decimal(given))}
    except (ValueError, InvalidOperation):
        raise Misused(f"--stake {given}: write an amount, 2% of the balance, or a policy as JSON") from None


def _latency(text: str | None, found: "Loaded") -> "Latency":
    from qfluxd.config import latency_of
    from qfluxd.research.backtest import Latency
    from qfluxd.research.backtest.latency import seconds
    from qfluxd.research.backtest.measured import from_journal

    if text is None:
        return Latency((latency_of(found.settings),))
    if text.strip().lower() == "measured":
        return from_journal(found.settings.daemon.state_dir)
    try:
        return seconds(text)
    except ValueError as problem:
        raise Misused(f"--latency: {problem}") from None
