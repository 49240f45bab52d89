"""The command line that runs a backtest again, from what its result says of itself."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import PurePath
from typing import Any, Final

from qfluxd.entrypoints import entry_names
from qfluxd.loading import STRATEGIES
from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis
from qfluxd.research.backtest import FREE, Backtest, planned
from qfluxd.research.backtest.result import DataUsed, Result

_OWN_WORDS: Final = frozenset({"name", "use", "timeframe", "schedule", "stake", "options", "mode", "enabled"})
"""What can be said of a plan on the command line, or makes no difference to a backtest."""


@dataclass(frozen=True, slots=True)
class Again:
    """A line for a shell that brings the same trades, where the tables `needs` of the configuration are as they were.

    `command` is '' where the settings are not those of a backtest. Where data and strategies lie is said by their last
    name alone.
    """

    command: str = ""
    needs: tuple[str, ...] = ()


def again(result: Result) -> Again:
    """How to have a result again; settings that no option says are those of a configuration."""
    try:
        words = [
            "qfluxd",
            "backtest",
            *_plans(result.settings),
            *_folder(result),
            *_data(result.dataset),
            *_terms(result.settings),
        ]
        needs = tuple(_needs(result.settings))
    except (KeyError, AttributeError, TypeError, ValueError, ArithmeticError):
        return Again()
    return Again(shlex.join([*words, *(("--engine", "event") if result.engine == "event" else ())]), needs)


@cache
def _usual() -> Mapping[str, Any]:
    """What a backtest is told where nothing is said on the command line."""
    return Backtest(plans=(planned("random", stake={"policy": "fixed", "amount": "1"}),)).plain()


def _needs(settings: Mapping[str, Any]) -> Iterator[str]:
    if not _are_said(settings):
        yield "[[strategy]]"
    others = {"[market]": ("market",), "[strategies]": ("late_after", "good_for"), "[driver]": ("origin",)}
    for table, keys in others.items():
        if any(settings[key] != _usual()[key] for key in keys):
            yield table
    if settings["risk"] != _usual()["risk"]:
        yield "[risk]"


def _are_said(settings: Mapping[str, Any]) -> bool:
    """Whether the plans can be made of words of the command line."""
    plans = settings["plans"]
    same = ("timeframe", "schedule", "stake")
    alike = all(plan.get(key) == plans[0].get(key) for plan in plans for key in same)
    return alike and all(_is_said(plan, alone=len(plans) == 1) for plan in plans)


def _is_said(plan: Mapping[str, Any], *, alone: bool) -> bool:
    rest = {key: value for key, value in plan.items() if key not in _OWN_WORDS}
    usual = all(value == _usual()["plans"][0].get(key) for key, value in rest.items())
    return (
        usual
        and plan.get("name") == plan.get("use")
        and isinstance(plan.get("schedule", "candle"), str)
        and (alone or not plan.get("options"))
    )


def _plans(settings: Mapping[str, Any]) -> Iterator[str]:
    plans = settings["plans"]
    if not _are_said(settings):
        for plan in plans:
            yield from ("--plan", plan["name"])
        return
    for plan in plans:
        yield from ("--strategy", plan["use"])
        for name, value in plan["options"].items():
            yield from ("--option", f"{name}={json.dumps(value, ensure_ascii=False)}")
    first = plans[0]
    if first["timeframe"] != _usual()["plans"][0]["timeframe"]:
        yield from ("--timeframe", first["timeframe"])
    if (schedule := first.get("schedule", "candle")) != "candle":
        yield from ("--schedule", schedule)
    if (stake := first.get("stake", _usual()["plans"][0]["stake"])) != _usual()["plans"][0]["stake"]:
        yield from ("--stake", json.dumps(stake, ensure_ascii=False))


def _folder(result: Result) -> Iterator[str]:
    """Where strategies lie that are not installed."""
    if result.folder is not None and any(
        plan["use"] not in entry_names(STRATEGIES) for plan in result.settings["plans"]
    ):
        yield from ("--folder", PurePath(result.folder).name)


def _data(data: DataUsed) -> Iterator[str]:
    yield from ("--data", PurePath(data.place).name)
    for asset in data.assets:
        yield from ("--asset", asset)
    yield from time_options(data.start, data.end)


def time_options(start: Millis, end: Millis) -> Iterator[str]:
    """What says a stretch of time, as far as it has ends."""
    if start > 0:
        yield from ("--from", _time(start))
    if end < LAST_MILLIS:
        yield from ("--until", _time(end))


def _time(at: Millis) -> str:
    moment = datetime.fromtimestamp(at / 1000, UTC)
    return moment.isoformat(timespec="milliseconds" if at % 1000 else "seconds").removesuffix("+00:00")


def _terms(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from ("--latency", ",".join(_seconds(each) for each in settings["latency"]))
    for name in ("payout", "balance", "refuse", "digits", "seed", "prices"):
        if settings[name] != _usual()[name]:
            yield from (f"--{name}", str(settings[name]))
    is_free = settings["risk"] == FREE.model_dump(mode="json")
    if _are_said(settings) != is_free:  # limits hold for plans of a configuration, and not for strategies alone
        yield "--no-limits" if is_free else "--limits"


def _seconds(length: Millis) -> str:
    return f"{Decimal(length) / 1000:f}"
