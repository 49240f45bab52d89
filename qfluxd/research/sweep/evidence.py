"""What each variant has to show by itself, and the ledger in which all of them are counted."""

from collections.abc import Iterator
from pathlib import Path
from time import time_ns
from typing import Final

import msgspec
import polars as pl

from qfluxd.model import Millis, timeframe_name
from qfluxd.research import trials
from qfluxd.research.backtest.settings import files_in
from qfluxd.research.statistics.tallies import evidence, known_trades
from qfluxd.research.sweep.folder import Folder
from qfluxd.research.sweep.rows import as_trades
from qfluxd.research.sweep.settings import Manifest
from qfluxd.research.sweep.space import Variant

_AT_ONCE: Final = 100
"""Variants whose trades are in memory at a time."""


class Shown(msgspec.Struct, frozen=True):
    """What one variant has to show on `assets` in [start, end), which is as much as is done of it.

    `trades` are those of known outcome, `edge` is the evidence of an edge in them at the end, with its p-value;
    `tested` is the evidence of those alone that were signalled since the first test began.
    """

    variant: Variant
    assets: tuple[str, ...]
    start: Millis
    end: Millis
    trades: int = 0
    edge: float = 1.0
    p_value: float = 1.0
    tested: float = 1.0


def shown(folder: Folder) -> list[Shown]:
    """Every variant of which anything is done: whatever there is of it can be chosen from, however little."""
    units = folder.done - {(failure.variant, failure.asset, failure.start) for failure in folder.failed}
    ends = dict(folder.manifest.spans)
    done: dict[int, list[tuple[str, Millis]]] = {}
    for number, asset, start in units:
        done.setdefault(number, []).append((asset, start))
    begun = [
        Shown(variant, tuple(sorted({asset for asset, _ in of})), min(starts), max(map(ends.__getitem__, starts)))
        for variant in folder.variants()
        if (of := done.get(variant.number)) and (starts := [start for _, start in of])
    ]
    return [
        each for place in range(0, len(begun), _AT_ONCE) for each in _shown(folder, begun[place : place + _AT_ONCE])
    ]


def note(folder: Folder, found: list[Shown], ledger: Path) -> int:
    """Count variants in the ledger of a state folder, and the sweep's own choice among them as one more try.

    What is noted already is not noted again. Gives how much was tried by now that counts for a claim on these data.

    Raises:
        Unavailable: the ledger cannot be read or written.
    """
    now = time_ns() // 1_000_000
    dataset = folder.manifest.source.hash
    known = {_look(each) for each in trials.read(ledger).trials if each.dataset == dataset}
    choice = _choice(folder)
    new = [each for each in (_trial(folder, each, choice, now) for each in found) if _look(each) not in known]
    if new:
        trials.note(ledger, *new)
    return max(1, trials.count(ledger, dataset).variants)


def _shown(folder: Folder, begun: list[Shown]) -> Iterator[Shown]:
    rows = folder.trades().filter(pl.col("variant").is_in([each.variant.number for each in begun])).collect()
    parts = {int(str(number)): part for (number,), part in rows.group_by("variant")}
    begins = folder.manifest.tests[0]
    for each in begun:
        if each.variant.number not in parts:
            yield each
            continue
        known = known_trades(as_trades(parts[each.variant.number]))
        edge, tested = (
            evidence(part).final[0] for part in (known, known.filter(pl.col("signalled").dt.epoch("ms") >= begins))
        )
        yield msgspec.structs.replace(
            each, trades=known.height, edge=edge.value, p_value=edge.p_value, tested=tested.value
        )


def _trial(folder: Folder, each: Shown, choice: str, now: Millis) -> trials.Trial:
    manifest = folder.manifest
    return trials.Trial(
        dataset=manifest.source.hash,
        strategy=manifest.settings.strategy,
        options=each.variant.options,
        settings=trials.digest([timeframe_name(each.variant.timeframe), *_terms(manifest)]),
        trades=each.trades,
        e_value=each.edge,
        p_value=each.p_value,
        at=now,
        kind="sweep",
        assets=each.assets,
        start=each.start,
        end=each.end,
        sweep=choice,
    )


def _terms(manifest: Manifest) -> tuple[object, ...]:
    """What the trades of every variant depend on beside its options, and that is not the data."""
    settings = manifest.settings
    return (settings.latency, settings.payout, settings.digits, settings.origin, *files_in(manifest.spec))


def _choice(folder: Folder) -> str:
    """The digest of all that what training chose rests on, as far as it was computed by now."""
    manifest, settings = folder.manifest, folder.manifest.settings
    how = (settings.axes, settings.search, settings.variants, settings.seed, settings.embargo, settings.least)
    return trials.digest(
        [settings.strategy, how, _terms(manifest), manifest.source.hash, manifest.tests, len(folder.done)]
    )


def _look(trial: trials.Trial) -> tuple[object, ...]:
    """Equal where two lines say the same of the same."""
    return trial.once, trial.sweep, trial.trades, trial.e_value, trial.p_value
