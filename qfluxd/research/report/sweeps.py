"""A sweep as a report takes it: what training chose, told by what it came to in the tests alone."""

import json
import shlex
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, Final

import msgspec
import polars as pl

from qfluxd.entrypoints import entry_names
from qfluxd.errors import DataError
from qfluxd.loading import STRATEGIES
from qfluxd.model import timeframe_name
from qfluxd.research.audits.finding import Finding
from qfluxd.research.backtest.table import TRADES
from qfluxd.research.report.again import time_options
from qfluxd.research.report.material import Arm, Material, Origin
from qfluxd.research.report.places import near
from qfluxd.research.report.words import between, count, moment, percent
from qfluxd.research.sweep.choice import Step, pooled
from qfluxd.research.sweep.folder import MANIFEST, Folder
from qfluxd.research.sweep.forward import Forward, Tally
from qfluxd.research.sweep.neighbours import Neighbourhood
from qfluxd.research.sweep.rows import as_trades
from qfluxd.research.sweep.settings import Manifest, Settings
from qfluxd.research.sweep.verdict import Found

_RESULT: Final = "result.json"
_STOPPED: Final = "The sweep was stopped: this is what was done until then."


def is_sweep(folder: Path) -> bool:
    """Whether a sweep was made in this folder."""
    return (folder / MANIFEST).is_file()


def sweep_material(path: Path) -> Material:
    """The trades of whoever had followed the training from test to test, each with a stake of 1.

    Raises:
        DataError: the sweep has come to no result yet, or its files cannot be read.
    """
    folder, found = Folder.resume(path), _found(path)
    folder.check()
    settings = folder.manifest.settings
    forward = Forward(folder.manifest.tests, settings.embargo)
    trades = _whole(as_trades(pooled(folder.trades(), forward, found.chosen)), settings)
    name = f"{settings.strategy} as training chose it"
    arm = Arm(name, "sweep, tests alone", trades, findings=tuple(_findings(found)))
    notes = () if found.is_whole else (_STOPPED,)
    return Material((arm,), (_origin(folder.manifest),), found.proof.tried, notes)


def _found(path: Path) -> Found:
    try:
        return msgspec.json.decode((path / _RESULT).read_bytes(), type=Found)
    except FileNotFoundError:
        raise DataError(f"{path}: the sweep has no result yet; go on with qfluxd sweep --resume {path}") from None
    except (OSError, msgspec.MsgspecError) as problem:
        remedy = f"qfluxd sweep --resume {path} tells it anew"
        raise DataError(f"{path / _RESULT}: cannot be read ({problem}); {remedy}") from problem


def _whole(rows: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """With every column that trades have; what a sweep does not keep is not known."""
    named = rows.with_columns(pl.lit(settings.strategy).alias("strategy"), pl.col("outcome").cast(pl.String))
    missing = [pl.lit(None).cast(kind).alias(name) for name, kind in TRADES.items() if name not in named.columns]
    return named.with_columns(missing).select(list(TRADES)).cast(TRADES)


def _findings(found: Found) -> Iterator[Finding]:
    for step in found.chosen:
        yield Finding(f"test {step.fold + 1}", "ok" if step.test.percent > 0 else "note", _step(step), {})
    if found.neighbours is not None:
        near_by = found.neighbours
        yield Finding("neighbours", "note" if near_by.is_peak else "ok", _around(near_by), {})
    if found.failed:
        yield Finding("failed", "note", f"{count(len(found.failed))} variants could not be computed", {})
    yield Finding("audits", "note", "variants of a sweep are not audited; qfluxd audit looks into the one you take", {})


def _step(step: Step) -> str:
    when = f"{moment(step.begins)} to {moment(step.ends)}"
    if step.variant is None:
        return f"{when}: nothing had earned anything in training, and none was chosen"
    options = " ".join(f"{name}={value}" for name, value in step.variant.options.items())
    told = f"{timeframe_name(step.variant.timeframe)} {options}".strip()
    return f"{when}, {told}: in training {_tally(step.train)}; in the test {_tally(step.test)}"


def _tally(tally: Tally) -> str:
    if tally.rate is None or tally.break_even is None or tally.mean is None:
        return "no decisive trade"
    return (
        f"{percent(tally.mean, sign=True)} of the stake, {percent(tally.rate)} of {count(tally.decisive)} won "
        f"({between(*tally.interval)}), break-even {percent(tally.break_even)}"
    )


def _around(near_by: Neighbourhood) -> str:
    return (
        f"of {count(near_by.count)} neighbours of the best {count(near_by.earned)} earned in training: "
        f"{percent(near_by.train, sign=True)} of the stake on average beside {percent(near_by.best, sign=True)}; it "
        f"{'stands alone, as luck does' if near_by.is_peak else 'has company'}"
    )


def _origin(manifest: Manifest) -> Origin:
    source, settings = manifest.source, manifest.settings
    facts = {"data hash": source.hash, "data": near(source.place), "assets": ", ".join(source.assets)}
    told: dict[str, Any] = near(msgspec.to_builtins(settings))
    return Origin("How to have this again", facts, _command(manifest), told, {"qfluxd": manifest.version})


def _command(manifest: Manifest) -> str:
    """The line that makes the sweep again; '' where an option is a list, which has a grammar of its own.

    Where data and strategies lie is said by their last name alone.
    """
    source, settings = manifest.source, manifest.settings
    timeframes, *axes = settings.axes
    if any(isinstance(value, list | dict) for axis in axes for value in axis.values):
        return ""
    words = ["qfluxd", "sweep", "--strategy", settings.strategy]
    if settings.folder is not None and settings.strategy not in entry_names(STRATEGIES):
        words += ["--folder", PurePath(settings.folder).name]
    words += ["--timeframe", ",".join(timeframes.values)]
    for axis in axes:
        words += ["--option", f"{axis.name}={','.join(map(_value, axis.values))}"]
    words += ["--data", PurePath(source.place).name]
    words += [word for asset in source.assets for word in ("--asset", asset)]
    words += time_options(source.start, source.end)
    return shlex.join([*words, *_terms(settings)])


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _terms(settings: Settings) -> Iterator[str]:
    yield from ("--search", settings.search)
    for name in ("variants", "seed", "folds", "least"):
        if name != "variants" or settings.search != "grid":
            yield from (f"--{name}", str(getattr(settings, name)))
    for name, length in (("embargo", settings.embargo), ("span", settings.span)):
        if length is not None:
            yield from (f"--{name}", timeframe_name(length) if length else "none")
    if settings.payout is not None:
        yield from ("--payout", str(settings.payout))
    yield from ("--latency", f"{settings.latency / 1000:g}")
    if settings.digits is not None:
        yield from ("--digits", str(settings.digits))
