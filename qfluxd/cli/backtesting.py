"""`backtest`: what plans would have earned on recorded prices, and whether that is to be believed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from qfluxd.cli.backtest_options import NOTHING_SAID, Asked
from qfluxd.cli.options import Json
from qfluxd.cli.printing import Failed, Misused, complain, put, put_json, theirs_aside
from qfluxd.model import timeframe_name

if TYPE_CHECKING:
    from qfluxd.config import Loaded
    from qfluxd.research.audits import Finding
    from qfluxd.research.backtest import Backtest, Engine, Result
    from qfluxd.research.dataset import Dataset


def backtest(
    *,
    asked: Asked = NOTHING_SAID,
    again: Annotated[
        Path | None, Parameter(help="Run what is in this folder of an earlier result again, and compare the trades.")
    ] = None,
    both: Annotated[bool, Parameter(help="Run both ways, and compare them trade by trade.")] = False,
    audits: Annotated[
        bool, Parameter(negative="--no-audits", help="Look whether the result is to be believed. Default: yes.")
    ] = True,
    out: Annotated[Path | None, Parameter(help="A new folder for trades.parquet and result.json.")] = None,
    json: Json = False,
) -> int:
    """Tell what plans would have earned on recorded prices, by the desk's own decisions, and how sure that is.

    Exit 1 where both ways differ, or the trades are not those of the earlier result, or an audit says that the result
    is not to be believed.
    """
    from qfluxd.cli.backtest_printing import plain, tell

    if again is not None:
        if both or out is not None or replace(asked, folder=None) != NOTHING_SAID:
            raise Misused("--again takes all from the result; of the other options only --folder and --json go with it")
        return _again(again, asked.own, json=json)
    if out is not None:
        _check_new(out)
    found = asked.loaded()
    settings, dataset = asked.settings(found), asked.dataset()
    result, is_same = _run(settings, dataset, asked.engine, both=both)
    result = replace(result, folder=None if asked.own is None else str(asked.own.absolute()))
    findings = audited(settings, dataset, asked) if audits else None
    _keep(result, found, out, findings)
    if json:
        put_json(plain(result, findings, is_same))
    else:
        tell(result, findings, (*_too_early(settings, result), *_tried(result, found)))
        if is_same is not None:
            put(
                "Both ways agree, trade by trade." if is_same else "Both ways differ; please tell the makers of qfluxd."
            )
    return int(is_same is False or any(each.level == "bad" for each in findings or ()))


def _check_new(out: Path) -> None:
    """Raise `Failed` where a result would lie over something else, before it is computed."""
    if out.exists() and not out.is_dir():
        raise Failed(f"{out}: is a file; name a folder for the result")
    if out.is_dir() and any(out.iterdir()):
        raise Failed(f"{out}: is not empty; name another folder, or remove what is in it")


def _too_early(settings: "Backtest", result: "Result") -> Iterator[str]:
    """What to know of a plan that never spoke."""
    for plan in settings.plans:
        if not result.signals[plan.name]:
            needs = f"{plan.strategy.warmup} candles of {timeframe_name(plan.timeframe)}"
            yield f"{plan.name} gave no signal; the first one can come after {needs}."


def _tried(result: "Result", found: "Loaded") -> Iterator[str]:
    """What is left of a plan that beats break-even where more was tried on these data."""
    from qfluxd.research.statistics.variants import deflated
    from qfluxd.research.trials import count

    for plan in result.signals:
        figures = result.summary(plan)
        if figures.finding != "beats":
            continue
        tried = count(found.settings.daemon.state_dir, result.dataset.hash).variants
        if tried > 1:
            yield f"{plan} is {deflated(1 / figures.p_value, tried).sentence}."


def _again(place: Path, folder: Path | None, *, json: bool) -> int:
    """Run an earlier result again, by its own settings."""
    from qfluxd.cli.backtest_printing import plain, tell
    from qfluxd.research.backtest import backtest_of, read
    from qfluxd.research.dataset import open_dataset

    before = read(place)
    used = before.dataset
    dataset = open_dataset(Path(used.place), used.assets, used.start, used.end)
    result, _ = _run(backtest_of(before.settings, folder), dataset, before.engine, both=False)
    is_same = result.fingerprint == before.fingerprint
    if json:
        put_json(plain(result, None, is_same))
    else:
        tell(result, None, ())
        same_data = "the data are the same" if result.dataset.hash == used.hash else "the data are others"
        put(f"{place}: {'the same trades again' if is_same else 'other trades'}; {same_data}.")
    return int(not is_same)


def _run(settings: "Backtest", dataset: "Dataset", engine: "Engine", *, both: bool) -> "tuple[Result, bool | None]":
    """The result, and whether the other way comes to the same; None where it was not tried."""
    from qfluxd.research.backtest import run

    with theirs_aside(), _progress(engine) as tell:
        result = run(settings, dataset, engine=engine, tell=tell)
    if not both:
        return result, None
    way: Engine = "event" if engine == "vector" else "vector"
    with theirs_aside(), _progress(way) as tell:
        other = run(settings, dataset, engine=way, tell=tell, data_hash=result.dataset.hash)
    return result, other.fingerprint == result.fingerprint and other.refusals.equals(result.refusals)


def audited(
    settings: "Backtest", dataset: "Dataset", asked: Asked, only: Sequence[str] | None = None
) -> "tuple[Finding, ...]":
    """What audits find, all of them or only some; how far they have come is shown."""
    from qfluxd.research.audits import ALL, audit

    with theirs_aside(), _progress("audits") as tell:
        return audit(
            settings,
            dataset,
            only or ALL,
            seed=asked.seed,
            folder=asked.own,
            engine=asked.engine,
            tell=lambda step: tell(step.done, step.total, step.what),
        )


def _keep(result: "Result", found: "Loaded", out: Path | None, findings: "tuple[Finding, ...] | None") -> None:
    """Write the result where it is wanted, and note that it was tried."""
    from qfluxd.research.audits import write_findings
    from qfluxd.research.backtest.trying import trials_of
    from qfluxd.research.trials import note

    note(found.settings.daemon.state_dir, *trials_of(result))
    if out is None:
        return
    result.write(out)
    if findings is not None:
        write_findings(out, findings)


@contextmanager
def _progress(title: str) -> "Iterator[Callable[[int, int, str], None]]":
    """Something that shows how far a run has come, on a terminal; a line at each tenth elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Tenths(title)
        return
    columns = (TextColumn(title), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


class _Tenths:
    """Tells how far a run has come when it is a tenth further. The promise: a short run is told of once at most."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._told = 0

    def __call__(self, done: int, total: int, what: str) -> None:
        tenth = 10 * done // max(total, 1)
        if tenth > self._told and total > 10:
            self._told = tenth
            complain(f"{self._title}: {10 * tenth} %  {what}")
