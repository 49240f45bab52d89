"""Results of backtests as a report takes them: one folder, or several side by side."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import polars as pl

from qfluxd.market.layout import LAST_MILLIS
from qfluxd.model import Millis
from qfluxd.research.audits.finding import Finding, read_findings
from qfluxd.research.backtest.result import DataUsed, Result, read
from qfluxd.research.report.again import again
from qfluxd.research.report.material import Arm, Material, Origin
from qfluxd.research.report.places import near
from qfluxd.research.report.words import listed, moment

_WHERE: Final = "backtest"
_OTHER_DATA: Final = "These results rest on different data: what differs between them may be the data alone."

type Tried = Callable[[Collection[str]], int]
"""How much was tried that counts for a claim on data of these hashes; 0 where nobody counted."""


def results_material(folders: Sequence[Path], plans: tuple[str, ...] = (), tried: Tried = lambda _: 0) -> Material:
    """The plans of these results, or those named, in the order in which they stand.

    Raises:
        DataError: a folder holds no result, or one that was changed.
    """
    results = [(name, read(folder), read_findings(folder)) for name, folder in _named(folders)]
    names = Counter(plan for _, result, _ in results for plan in _plans(result))
    arms = [
        _arm(plan, plan if names[plan] == 1 else f"{plan} ({name})", result, found)
        for name, result, found in results
        for plan in _plans(result)
        if not plans or plan in plans
    ]
    hashes = dict.fromkeys(result.dataset.hash for _, result, _ in results)
    return Material(
        tuple(arms),
        tuple(_origin(f": {name}" if len(results) > 1 else "", result) for name, result, _ in results),
        tried(hashes) or None,
        (_OTHER_DATA,) if len(hashes) > 1 else (),
    )


def _plans(result: Result) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*result.signals, *result.trades["plan"].unique(maintain_order=True)]))


def _named(folders: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    """What folders are called, without the way to them, which is nobody else's business; each otherwise."""
    seen: Counter[str] = Counter()
    for folder in folders:
        name = folder.resolve().name
        seen[name] += 1
        yield (name if seen[name] == 1 else f"{name}, {seen[name]}"), folder


def _arm(plan: str, name: str, result: Result, found: Sequence[Finding]) -> Arm:
    refused = result.refusals.filter(pl.col("plan") == plan)
    return Arm(
        name,
        _WHERE,
        result.of(plan),
        dict(refused.select("code", "count").iter_rows()),
        result.signals.get(plan),
        _balance(result.settings),
        tuple(each for each in found if each.figures.get("plan") in (plan, None)),
    )


def _balance(settings: Mapping[str, Any]) -> Decimal | None:
    try:
        return Decimal(str(settings.get("balance")))
    except InvalidOperation:
        return None


def _origin(which: str, result: Result) -> Origin:
    data = result.dataset
    facts = {
        "data hash": data.hash,
        "data": near(data.place),
        "assets": ", ".join(data.assets),
        "time": _time(data),
        "settled by": data.prices,
        "fingerprint": result.fingerprint,
        "engine": result.engine,
    }
    way = again(result)
    if way.needs:
        facts["the command needs"] = f"a configuration with the same {listed(way.needs)}"
    return Origin(f"How to have this again{which}", facts, way.command, near(result.settings), result.versions)


def _time(data: DataUsed) -> str:
    """The stretch of time, as far as it has ends."""
    return f"{_edge(data.start, 'the beginning')} to {_edge(data.end, 'the end')}, UTC"


def _edge(at: Millis, otherwise: str) -> str:
    return otherwise if at <= 0 or at >= LAST_MILLIS else moment(at)
