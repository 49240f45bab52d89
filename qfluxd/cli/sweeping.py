"""`sweep`: many options of a strategy tried on one past, and what that is worth."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from qfluxd.cli.calling import DONE, FAILED, INTERRUPTED
from qfluxd.cli.data import Since, Until, data_folder, stretch
from qfluxd.cli.options import Config, Json, loaded, own_folder, typed
from qfluxd.cli.printing import Misused, complain, put_json, theirs_aside

if TYPE_CHECKING:
    from qfluxd.research.sweep.engine import Engine
    from qfluxd.research.sweep.folder import Folder
    from qfluxd.research.sweep.run import Progress
    from qfluxd.research.sweep.verdict import Found

Strategies = Annotated[Path | None, Parameter(help="The folder with strategies of your own. Default: ./strategies.")]


def sweep(
    *,
    strategy: Annotated[str | None, Parameter(help="Which strategy; qfluxd strategy list names all.")] = None,
    option: Annotated[
        list[str] | None,
        Parameter(help="Values to try: fast=2..50, slow=10..200:10, expiry=1m,5m; an option alone: all it may be."),
    ] = None,
    timeframe: Annotated[str | None, Parameter(help="Candles to look at, such as 1m or 1m,5m. Default: 1m.")] = None,
    data: Annotated[
        str | None,
        Parameter(
            help="The data set, a folder or such as s3://bucket/data. Default: what is stored, in the state folder."
        ),
    ] = None,
    asset: Annotated[
        list[str] | None, Parameter(help="The broker's exact symbol; again for more. Default: all.")
    ] = None,
    since: Since = None,
    until: Until = None,
    search: Annotated[
        Literal["grid", "random", "optuna"] | None, Parameter(help="Which combinations are tried. Default: grid, all.")
    ] = None,
    variants: Annotated[int | None, Parameter(help="How many random and optuna try. Default: 100.")] = None,
    seed: Annotated[int | None, Parameter(help="What chance there is comes from it. Default: 1.")] = None,
    folds: Annotated[int | None, Parameter(help="Tests, each after its own training. Default: 5.")] = None,
    embargo: Annotated[
        str | None, Parameter(help="Time left out between training and test, such as 30m. Default: 10 candles.")
    ] = None,
    least: Annotated[
        int | None, Parameter(help="Decisive trades in training that a choice must rest on. Default: 30.")
    ] = None,
    payout: Annotated[
        int | None, Parameter(help="What a win adds, in percent, where data do not say. Default: it is unknown.")
    ] = None,
    latency: Annotated[float | None, Parameter(help="Seconds from a signal to its trade. Default: 0.4.")] = None,
    digits: Annotated[
        int | None, Parameter(help="Decimals with which the broker compares prices. Default: all there are.")
    ] = None,
    span: Annotated[
        str | None, Parameter(help="At most so much time in a task, such as 30d, where a year takes too much memory.")
    ] = None,
    engine: Annotated[
        Literal["processes", "dask"], Parameter(help="Who does the work. Default: processes of this machine.")
    ] = "processes",
    workers: Annotated[int | None, Parameter(help="How many here. Default: one per processor.")] = None,
    scheduler: Annotated[
        str | None, Parameter(help="A Dask scheduler, such as tcp://10.0.0.1:8786. Default: a cluster started here.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="The sweep's new folder. Default: in sweeps in the state folder.")
    ] = None,
    resume: Annotated[Path | None, Parameter(help="Go on with the sweep in this folder.")] = None,
    folder: Strategies = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Try many options of a strategy on recorded prices, and tell what that is worth on data they were not chosen by.

    For each test the options with the best result in what came before are taken, and only what they came to in the test
    counts. Ctrl-C stops and keeps what was computed; a second one stops at once. Exit 130 where it was stopped.
    """
    from qfluxd.cli.sweep_printing import plain, tell
    from qfluxd.cli.sweep_settings import settings_given

    own = own_folder(folder)
    words = {
        "strategy": strategy,
        "option": option,
        "timeframe": timeframe,
        "search": search,
        "variants": variants,
        "seed": seed,
        "folds": folds,
        "embargo": embargo,
        "least": least,
        "payout": payout,
        "latency": latency,
        "digits": digits,
        "span": span,
    }
    given = settings_given(words, own)
    if workers is not None and workers < 1:
        raise Misused("--workers is at least 1")
    if scheduler is not None and engine != "dask":
        raise Misused("--scheduler goes with --engine dask")
    found = loaded(config)
    state = found.settings.daemon.state_dir
    if resume is None:
        given["origin"] = 1000 * getattr(found.driver_config, "server_offset", 7200)
        with typed():
            start, end = stretch(since, until)
        chosen = (data or str(data_folder(None, config)), asset or (), start, end)
        work = _begun(given, own, chosen, out or state / "sweeps" / f"{strategy}-{_now()}")
    elif data or asset or since or until or out:
        raise Misused("--resume goes on where the sweep is, with its data: --data, --asset, --from, --until, --out go")
    else:
        work = _gone_on(resume, given)
    with work.alone(), theirs_aside():
        came = _run(work, engine, workers, scheduler, state)
    if json:
        put_json(plain(work, came))
    else:
        tell(work, came)
    if not came.is_whole:
        return INTERRUPTED
    return FAILED if came.tried == len(came.failed) else DONE


def _begun(given: dict[str, Any], folder: Path | None, data: Any, out: Path) -> "Folder":
    from qfluxd.cli.sweep_settings import whole_settings
    from qfluxd.research.sweep.beginning import begin
    from qfluxd.research.sweep.stores import data_at, is_remote

    settings = whole_settings(given, folder)
    with data_at(*data) as dataset, typed():
        if (told := dataset.taken_in) is not None:
            complain(told)
        return begin(out, settings, dataset, data[0] if is_remote(data[0]) else None)


def _gone_on(path: Path, given: dict[str, Any]) -> "Folder":
    from qfluxd.research.sweep.beginning import go_on

    return go_on(path, given)


def _run(folder: "Folder", engine: str, workers: int | None, scheduler: str | None, ledger: Path) -> "Found":
    """Do what is left to be done, and judge what there is then."""
    from qfluxd.research.sweep.evidence import note, shown
    from qfluxd.research.sweep.run import Sweep
    from qfluxd.research.sweep.verdict import find, write

    complain(f"{folder.path}: {len(folder.done):,} done before" if folder.done else f"{folder.path}: begun")
    is_whole, skipped = False, 0
    with _stopping() as stop, _progress() as tell:
        working = _engine(engine, workers, scheduler)
        try:
            sweep = Sweep(folder, working, tell, stop.is_set)
            is_whole = sweep.run()
            skipped = sweep.search.skipped
        except KeyboardInterrupt:
            pass  # the second: what was kept is told nevertheless
        finally:
            working.close(now=not is_whole)
    alone = shown(folder)
    counted = note(folder, alone, ledger)
    found = find(folder, alone, is_whole=is_whole, skipped=skipped, counted=counted)
    write(found, folder)
    return found


def _engine(name: str, workers: int | None, scheduler: str | None) -> "Engine":
    if name == "dask":
        from qfluxd.research.sweep.cluster import Cluster

        return Cluster(scheduler, workers)
    from qfluxd.research.sweep.processes import Processes

    return Processes(workers)


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM; the second one is a KeyboardInterrupt."""
    stop = threading.Event()

    def hear(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        complain("stopping: what is being computed is kept; once more stops at once")

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress() -> "Iterator[Callable[[Progress], None]]":
    """Something that shows progress on standard error: a bar on a terminal, else a line for each twentieth."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _in_lines()
        return
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}  {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda step: bar.update(task, completed=step.done, total=step.total, description=_left(step.left))


def _in_lines() -> "Callable[[Progress], None]":
    told = -1

    def tell(step: "Progress") -> None:
        nonlocal told
        if (part := 20 * step.done // max(step.total, 1)) > told:
            told = part
            complain(f"{step.done:,} of {step.total:,}  {_left(step.left)}")

    return tell


def _left(seconds: float) -> str:
    """About how long it will still take."""
    if seconds < 1:
        return "nearly done"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (
        f"{hours} h {minutes:02} min left"
        if hours
        else f"{minutes} min {rest:02} s left"
        if minutes
        else f"{rest} s left"
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
