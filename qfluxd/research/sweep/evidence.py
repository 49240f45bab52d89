"""What each variant has to show by itself, and the ledger in which all of them are counted."""

from collections.abc import Iterator
from pathlib import Path
from time import time_ns
from typing import Final

import msgspec
import polars as pl

from qfluxd.model import timeframe_name
from qfluxd.research import trials
from qfluxd.research.statistics.tallies import evidence, known_trades
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.rows import as_trades
from qfluxd.research.sweep.space import Variant

_AT_ONCE: Final = 100
"""Variants whose trades are in memory at a time."""


class Shown(msgspec.Struct, frozen=True):
    """What one variant has to show: `trades` of known outcome, the evidence of an edge in them at the end, and its
    p-value; `tested` is the evidence of those alone that were signalled since the first test began.
    """

    variant: Variant
    trades: int = 0
    edge: float = 1.0
    p_value: float = 1.0
    tested: float = 1.0


def shown(folder: Folder) -> list[Shown]:
    """Every variant of which all is done, and nothing has failed."""
    units = folder.done
    wanted = [(asset, start) for asset in folder.manifest.source.assets for start, _ in folder.manifest.spans]
    failed = {failure.variant for failure in folder.failed}
    whole = [
        variant
        for variant in folder.variants()
        if variant.number not in failed and all((variant.number, *each) in units for each in wanted)
    ]
    return [
        each for place in range(0, len(whole), _AT_ONCE) for each in _shown(folder, whole[place : place + _AT_ONCE])
    ]


def note(folder: Folder, found: list[Shown], ledger: Path) -> int:
    """Count variants in the ledger of a state folder, each once; gives how many were tried on these data by now.

    Raises:
        Unavailable: the ledger cannot be read or written.
    """
    now = time_ns() // 1_000_000
    source = folder.manifest.source
    known = {each.variant for each in trials.read(ledger).trials if each.dataset == source.hash}
    new = [each for each in (_trial(folder, each, now) for each in found) if each.variant not in known]
    if new:
        trials.note(ledger, *new)
    return max(1, trials.count(ledger, source.hash).variants)


def _shown(folder: Folder, variants: list[Variant]) -> Iterator[Shown]:
    rows = folder.trades().filter(pl.col("variant").is_in([each.number for each in variants])).collect()
    parts = {int(str(number)): part for (number,), part in rows.group_by("variant")}
    begins = folder.manifest.tests[0]
    for variant in variants:
        if variant.number not in parts:
            yield Shown(variant)
            continue
        known = known_trades(as_trades(parts[variant.number]))
        edge, tested = (
            evidence(part).final[0] for part in (known, known.filter(pl.col("signalled").dt.epoch("ms") >= begins))
        )
        yield Shown(variant, known.height, edge.value, edge.p_value, tested.value)


def _trial(folder: Folder, each: Shown, now: int) -> trials.Trial:
    settings, source = folder.manifest.settings, folder.manifest.source
    terms = (settings.latency, settings.payout, settings.digits, settings.origin)
    return trials.Trial(
        dataset=source.hash,
        strategy=settings.strategy,
        options=each.variant.options,
        settings=trials.digest([timeframe_name(each.variant.timeframe), *terms]),
        trades=each.trades,
        e_value=each.edge,
        p_value=each.p_value,
        at=now,
        kind="sweep",
        assets=tuple(source.assets),
        start=folder.manifest.spans[0][0],
        end=folder.manifest.spans[-1][1],
    )
