"""`data import`: files of prices as they are found, into a folder that research reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from qfluxd.cli.options import Json
from qfluxd.cli.printing import Failed, complain, put, put_json, put_table, put_wrapped, when

if TYPE_CHECKING:
    from qfluxd.market.importing.files import Options
    from qfluxd.market.importing.report import Imported

_HEAD = ("file", "kind", "asset", "timeframe", "read", "kept", "new", "from", "until")
_UNDER = (("from", "until"), ("kind", "timeframe"), ("asset",), ("read", "kept", "new"))


def import_files(
    files: Annotated[list[Path], Parameter(help="CSV, Parquet, JSON lines or JSON, of ticks, candles or payouts.")],
    /,
    *,
    to: Annotated[Path, Parameter(help="The folder that they go into; made where it is not there.")],
    asset: Annotated[
        str | None, Parameter(help="The broker's exact symbol, where neither a column nor the file's name says it.")
    ] = None,
    timezone: Annotated[
        str | None, Parameter(help="The zone of all times, whatever they say, such as Europe/Berlin or UTC.")
    ] = None,
    server_offset: Annotated[
        float | None, Parameter(help="In place of it: how many seconds times are ahead of UTC; 7200 at PocketOption.")
    ] = None,
    timeframe: Annotated[
        str | None, Parameter(help="How long candles are, such as 1m. Default: as far apart as they mostly are.")
    ] = None,
    kind: Annotated[
        Literal["ticks", "candles"] | None, Parameter(help="What the files hold. Default: by their columns.")
    ] = None,
    mend: Annotated[bool, Parameter(help="Give mislabelled price columns the names that their values have.")] = False,
    json: Json = False,
) -> int:
    """Import files of ticks or candles, whatever their columns are called; tells what was left out, and why.

    Rows that are in the folder already are not added again. Exit 1 where a file cannot be understood; the others are
    imported.
    """
    from qfluxd.market.importing.files import held

    options = _options(asset, timezone, server_offset, timeframe, kind, mend)
    done: list[Imported] = []
    refused: dict[str, str] = {}
    with held(to):
        for file in files:
            _one(file, to, options, done, refused)
    name = _hash(to)
    if json:
        _put_json(to, name, done, refused)
    else:
        _put(to, name, done)
    return int(bool(refused))


def _options(
    asset: str | None,
    timezone: str | None,
    server_offset: float | None,
    timeframe: str | None,
    kind: Literal["ticks", "candles"] | None,
    mend: bool,
) -> "Options":
    from qfluxd.market.importing.files import Options
    from qfluxd.market.importing.stamps import stated
    from qfluxd.model import parse_timeframe

    try:
        length = parse_timeframe(timeframe) if timeframe else None
    except ValueError as problem:
        raise Failed(str(problem)) from problem
    return Options(asset, stated(server_offset, timezone), length, kind, mend)


def _one(file: Path, to: Path, options: "Options", done: "list[Imported]", refused: dict[str, str]) -> None:
    """Import one file, or say why not."""
    from qfluxd.errors import DataError
    from qfluxd.market.importing.files import import_file

    try:
        with _progress(file) as tell:
            done.append(import_file(file, to, options, tell))
    except DataError as error:
        refused[str(file)] = str(error)
        complain(str(error))


def _hash(to: Path) -> str | None:
    """The name that its content gives the folder, None where it holds nothing."""
    from qfluxd.errors import DataError
    from qfluxd.research.dataset import open_dataset

    try:
        dataset = open_dataset(to)
    except DataError:
        return None
    return dataset.hash


@contextmanager
def _progress(file: Path) -> Iterator[Callable[[int], None]]:
    """Something that shows on a terminal how many rows were read."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda rows: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}  {task.completed:,} rows"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(file.name, total=None)
        yield lambda rows: bar.update(task, completed=rows)


def _put_json(to: Path, name: str | None, done: "list[Imported]", refused: dict[str, str]) -> None:
    import msgspec

    files = [msgspec.to_builtins(each) for each in done]
    put_json({"folder": str(to), "hash": name, "files": files, "refused": refused})


def _put(to: Path, name: str | None, done: "list[Imported]") -> None:
    if done:
        put_table(map(_row, done), _HEAD, _UNDER)
        put("")
    for each in done:
        for line in _told(each):
            put_wrapped(f"{Path(each.file).name}: {line}", indent=4)
    if name is not None:
        put_wrapped(f"{to}: data set {name}")


def _row(each: "Imported") -> tuple[Any, ...]:
    name, assets, timeframes = Path(each.file).name, ", ".join(each.assets), ", ".join(each.timeframes)
    return (name, each.kind, assets, timeframes, each.read, each.kept, each.added, when(each.first), when(each.last))


def _told(each: "Imported") -> Iterator[str]:
    """What a person should know of a file, a sentence each."""
    from qfluxd.market.importing.rows import REASONS

    yield f"times are read as {each.zone}"
    for reason, count in each.dropped.items():
        yield f"{count:,} left out: {REASONS[reason]}"
    if each.backward or each.same_stamp:
        yield f"earlier than the row before: {each.backward:,}; at the same time as it: {each.same_stamp:,}"
    for flat in each.flat:
        yield f"the price did not move from {when(flat.at)} to {when(flat.until)}, in {flat.count} rows"
    yield from each.notes
