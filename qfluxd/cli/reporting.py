"""`report`: what trades came to and how sure that is, in the terminal and as one file to send to others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from qfluxd.cli.data import Since, Until, stretch
from qfluxd.cli.options import Config, Json, loaded, typed
from qfluxd.cli.printing import Failed, Misused, complain, put_json

if TYPE_CHECKING:
    from qfluxd.research.report.material import Material

Folder = Annotated[
    Path | None, Parameter(help="The folder of the journal and of what was tried. Default: [daemon] state_dir.")
]


def report(
    results: Annotated[
        list[Path] | None, Parameter(help="Folders that qfluxd backtest or qfluxd sweep wrote; several side by side.")
    ] = None,
    /,
    *,
    journal: Annotated[bool, Parameter(help="Report on the trades of the journal, live and on paper.")] = False,
    plan: Annotated[
        list[str] | None, Parameter(name="--plan", help="Only this strategy; may be given again. Default: all.")
    ] = None,
    since: Since = None,
    until: Until = None,
    out: Annotated[
        Path | None, Parameter(help="Write the whole report here, such as report.html. Default: only tell it.")
    ] = None,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Tell what trades came to, how sure that is, and how to have it again; with --out as one HTML file.

    The file needs no network, no script and nothing beside it. --from and --until are for the journal.
    """
    from qfluxd.research.report.facts import facts

    if out is not None and out.suffix not in (".html", ".htm"):
        raise Misused(f"{out}: the name must end in .html")
    if journal and results:
        raise Misused(f"{results[0]} and --journal are two reports; ask for one of them at a time")
    if not journal and not results:
        raise Misused("name the folder of a result, or --journal for the trades of the journal")
    if not journal and (since or until):
        raise Misused("--from and --until are for --journal: a result has the time that it was made of")
    with typed():
        time = stretch(since, until)
    state = folder or loaded(config).settings.daemon.state_dir
    plans = tuple(plan or ())
    material = _of_journal(state, plans, time) if journal else _of_results(results, plans, state)
    if out is not None:
        _write(material, out)
    if json:
        put_json(facts(material))
    else:
        from qfluxd.cli.report_printing import tell

        tell(material)
    if out is not None:
        complain(f"{out}: written")


def _of_journal(folder: Path, plans: tuple[str, ...], time: tuple[int, int]) -> "Material":
    from qfluxd.research.report.journal import journal_material

    return _checked(journal_material(folder, plans, *time), plans)


def _of_results(folders: list[Path] | None, plans: tuple[str, ...], state: Path) -> "Material":
    from qfluxd.research.report.results import results_material
    from qfluxd.research.report.sweeps import is_sweep, sweep_material
    from qfluxd.research.trials import read

    places = folders or []
    if any(map(is_sweep, places)):
        if len(places) > 1 or plans:
            raise Misused("a sweep has a report of its own: name its folder alone, and no --plan")
        return sweep_material(places[0])
    ledger = read(state)
    return _checked(results_material(places, plans, lambda hashes: ledger.tried(*hashes).variants), plans)


def _checked(material: "Material", plans: tuple[str, ...]) -> "Material":
    if plans and not material.arms:
        raise Failed(f"there is no trade of {', '.join(plans)}; without --plan all that there are are told")
    return material


def _write(material: "Material", out: Path) -> None:
    from qfluxd.market.parquet import write_whole
    from qfluxd.research.report.page import page

    try:
        write_whole(out, page(material).encode())
    except OSError as problem:
        raise Failed(f"{out}: cannot be written ({problem.strerror or problem})") from problem
