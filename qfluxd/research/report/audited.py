"""What audits tried, as plots: slower orders, markets of chance, options a little other."""

import re
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np

from qfluxd.research.audits.finding import Finding
from qfluxd.research.report.material import Arm
from qfluxd.research.report.plot import Axis, Bars, Level, Line, Plot, Points
from qfluxd.research.report.words import percent, plural

_DELAY: Final = re.compile(r"(\d+) ms later")
_AS_IT_IS: Final = "as it is"
_UNIT: Final = Axis("profit per unit of stake", "percent")


def audited(arm: Arm) -> Iterator[Plot]:
    """A plot for each audit whose figures make one; those that were not made, or say nothing, make none."""
    makers = {"fragility": _latency, "shuffled": _shuffled, "neighbours": _neighbours}
    for found in arm.findings:
        maker = makers.get(found.name)
        plot = maker(found) if maker is not None else None
        if plot is not None:
            yield plot


def _latency(found: Finding) -> Plot | None:
    """Profit against how much later orders arrive."""
    told = _pairs(found, "unit_profits")
    delays = {int(match[1]): mean for name, mean in told.items() if (match := _DELAY.fullmatch(name))}
    if _AS_IT_IS not in told or not delays:
        return None
    means = dict(sorted(({0: told[_AS_IT_IS]} | delays).items()))
    rest = {name: mean for name, mean in told.items() if name != _AS_IT_IS and not _DELAY.fullmatch(name)}
    says = f"As it is {percent(told[_AS_IT_IS], sign=True)} of the stake, {list(means)[-1]:,} ms later "
    says += f"{percent(list(means.values())[-1], sign=True)}."
    if rest:
        says += f" Besides: {'; '.join(f'{name} {percent(mean, sign=True)}' for name, mean in rest.items())}."
    x, y = np.array(list(means), dtype=np.float64), np.array(list(means.values()))
    layers = (
        Level("nothing earned", "muted", 0.0, dashed=False),
        Line("profit", "main", x, y),
        Points("tried", "main", x, y, y, y),
    )
    return Plot("What delay costs", says, Axis("ms later than it was"), _UNIT, layers)


def _shuffled(found: Finding) -> Plot | None:
    """What the same strategy earned on markets in which nothing can be foreseen."""
    means = np.array(_row(found, "unit_profits"))
    real = _number(found, "unit_profit")
    if real is None or means.size < 2:
        return None
    better = int((means >= real).sum())
    heights, edges = np.histogram(means, bins=min(15, max(5, means.size // 3)))
    says = (
        f"The same strategy on {plural(means.size, 'market')} with the same moves in another order. On "
        f"{better or 'none'} of them it earned as much or more than the {percent(real, sign=True)} that it earned here."
    )
    layers = (
        Bars("markets of chance", "other", edges, heights.astype(np.float64)),
        Level("this market", "main", real, dashed=False, upright=True),
    )
    return Plot("Against chance", says, Axis("profit per unit of stake", "percent"), Axis("markets", "count"), layers)


def _neighbours(found: Finding) -> Plot | None:
    """What it earns with one number of its options a little other."""
    told, real = _pairs(found, "neighbours"), _number(found, "unit_profit")
    if real is None or not told:
        return None
    means = np.sort(np.array(list(told.values())))
    edges = np.arange(means.size + 1, dtype=np.float64)
    says = (
        f"Each bar is the same strategy with one number a little other. {int((means > 0).sum())} of "
        f"{plural(means.size, 'neighbour')} earn; as it is {percent(real, sign=True)}."
    )
    layers = (
        Bars("neighbours, from worst to best", "other", edges, means),
        Level("as it is", "main", real, dashed=False),
        Level("nothing earned", "muted", 0.0, dashed=False),
    )
    return Plot("Options a little other", says, Axis("neighbour", "none"), _UNIT, layers)


def _pairs(found: Finding, key: str) -> dict[str, float]:
    try:
        return dict(msgspec.convert(found.figures.get(key), list[tuple[str, float]]))
    except msgspec.ValidationError:
        return {}


def _row(found: Finding, key: str) -> list[float]:
    try:
        return msgspec.convert(found.figures.get(key), list[float])
    except msgspec.ValidationError:
        return []


def _number(found: Finding, key: str) -> float | None:
    try:
        return msgspec.convert(found.figures.get(key), float)
    except msgspec.ValidationError:
        return None
