"""`data`: what is stored, taken out, and looked through."""

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, loaded
from qfluxd.cli.printing import Failed, complain, put, put_json, put_table, put_wrapped

if TYPE_CHECKING:
    from qfluxd.market.data import Form
    from qfluxd.market.findings import Finding, Level
    from qfluxd.market.layout import Kind, Shelf
    from qfluxd.market.verify import Looked

Folder = Annotated[Path | None, Parameter(help="The folder of stored data. Default: data in [daemon] state_dir.")]
Since = Annotated[str | None, Parameter(name="--from", help="From when, such as 2026-11-22 or 2026-11-22T08:00 (UTC).")]
Until = Annotated[str | None, Parameter(name="--until", help="Until when, not included.")]

_HEAD = ("kind", "asset", "timeframe", "rows", "days", "from", "until", "MB")
_UNDER = (("from", "until"), ("days", "MB"))
_FORMS: "dict[str, Form]" = {".csv": "csv", ".parquet": "parquet", ".jsonl": "jsonl"}


def listing(*, folder: Folder = None, config: Config = None, json: Json = False) -> None:
    """List what is stored."""
    import msgspec

    from qfluxd.market.data import list_data

    root = data_folder(folder, config)
    found = [msgspec.to_builtins(stored) for stored in list_data(root)]
    if json:
        put_json(found)
    elif not found:
        put(f"{root}: nothing is stored yet")
    else:
        put_table(map(_listed, found), _HEAD, _UNDER)


def _listed(stored: dict[str, Any]) -> tuple[object, ...]:
    size = f"{stored['bytes'] / 1e6:.1f}"
    times = (_told(stored["first"]), _told(stored["last"]))
    return (
        stored["kind"],
        stored["asset"],
        stored["timeframe"] or "",
        stored["rows"],
        stored["days"],
        *times,
        size,
    )


def export(
    asset: Annotated[str, Parameter(help="The broker's exact symbol.")],
    /,
    *,
    timeframe: Annotated[str | None, Parameter(help="Candles of this timeframe, such as 1m. Default: ticks.")] = None,
    kind: Annotated[
        Literal["ticks", "gaps", "payouts", "sentiment"], Parameter(help="In place of candles. Default: ticks.")
    ] = "ticks",
    to: Annotated[
        Path | None, Parameter(help="A .csv, .parquet or .jsonl file. Default: CSV to standard output.")
    ] = None,
    since: Since = None,
    until: Until = None,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Export what is stored of an asset to one CSV, Parquet or JSON lines file.

    With --json and without --to: JSON lines to standard output.
    """
    from qfluxd.market.data import export as to_file

    shelf, (start, end) = _shelf(asset, timeframe, kind), stretch(since, until)
    form = _form(to, json)
    if to is None:
        sys.stdout.flush()
    rows = to_file(data_folder(folder, config), shelf, start, end, sys.stdout.buffer if to is None else to, form)
    if to is not None:
        put(f"{to}: {rows} rows")


def verify(
    asset: Annotated[str | None, Parameter(help="The broker's exact symbol. Default: all.")] = None,
    /,
    *,
    since: Since = None,
    until: Until = None,
    folder: Folder = None,
    config: Config = None,
    json: Json = False,
) -> int:
    """Look for gaps and disagreements in what is stored, in all UTC days that the time touches.

    Exit 1 where stored data contradict themselves, and where nothing is stored of that time; what is only missing or
    worth a note is told.
    """
    from qfluxd.market.findings import Finding, Rules
    from qfluxd.market.verify import Looks
    from qfluxd.market.verify import verify as look_through

    start, end = stretch(since, until)
    root = data_folder(folder, config)
    _check_stored(root, asset)
    rules = Rules(origin=getattr(loaded(config).market_config, "server_offset", 7200) * 1000)
    looks, found = Looks(), list[Finding]()
    for finding in look_through(
        root, start, end, rules=rules, wanted=lambda shelf: asset in (None, shelf.asset), hear=looks.hear
    ):
        found.append(finding)
        if not json:
            _put_finding(finding)
    counts = Counter(finding.level for finding in found)
    if json:
        _put_findings(root, looks.all, counts, found)
    if not found and not looks.all:
        wanted = f"{f' of {asset}' if asset else ''}{' of that time' if since or until else ''}"
        complain(f"{root}: holds nothing{wanted}, so nothing was looked at")
    elif not json:
        complain(f"{_looked(looks.all)}: {_counted(counts)}")
    return int(counts["wrong"] > 0 or not looks.all)


def _put_finding(finding: "Finding") -> None:
    where = f"{finding.place}  {finding.code}  {_when(finding.at, finding.until)}"
    sizes = (finding.times, f"{finding.times:,} times"), (finding.count, f"{finding.count:,} rows")
    told = ", ".join(words for count, words in sizes if count > 1)
    put_wrapped(f"{where}{finding.meaning}{f' ({told})' if told else ''}", f"{finding.level:<8} ")


def _put_findings(root: Path, looked: "list[Looked]", counts: "Counter[Level]", found: "list[Finding]") -> None:
    import msgspec

    from qfluxd.market.findings import LEVELS

    levels = {level: counts[level] for level in LEVELS}
    document = {"folder": str(root), "looked": looked, "counts": levels, "findings": found}
    put_json(msgspec.to_builtins(document))


def _looked(looked: "list[Looked]") -> str:
    """How much was looked at, such as ``looked at 86,400 ticks, 1,440 candles from … to …``."""
    if not looked:
        return "nothing could be looked at"
    rows: Counter[str] = Counter()
    for each in looked:
        rows[each.kind] += each.rows
    counted = ", ".join(f"{count:,} {kind}" for kind, count in rows.items())
    first, last = min(each.first for each in looked), max(each.last for each in looked)
    return f"looked at {counted}, from {_told(first)} to {_told(last)}"


def _counted(counts: "Counter[Level]") -> str:
    return ", ".join(f"{count:,} {level}" for level, count in counts.items()) or "nothing to complain of"


def data_folder(folder: Path | None, config: Path | None) -> Path:
    """Where stored data lie. Raises `Failed` where the folder that was named is none."""
    root = folder or loaded(config).settings.daemon.state_dir / "data"
    if folder and not folder.is_dir():
        raise Failed(f"{folder} is not a folder")
    return root


def _check_stored(root: Path, asset: str | None) -> None:
    """Raises `Failed` where nothing is stored of the asset: a wrong name has nothing to complain of either."""
    from qfluxd.market.layout import shelves

    known = sorted({shelf.asset for shelf in shelves(root)})
    if asset is not None and asset not in known:
        raise Failed(f"{root}: holds nothing of {asset}; it holds {', '.join(known) or 'nothing'}")


def _shelf(asset: str, timeframe: str | None, kind: "Kind") -> "Shelf":
    from qfluxd.market.layout import Shelf
    from qfluxd.model import parse_timeframe

    if timeframe and kind != "ticks":
        raise Failed(f"--timeframe is for candles; {kind} have none")
    try:
        return Shelf("candles", asset, parse_timeframe(timeframe)) if timeframe else Shelf(kind, asset)
    except ValueError as problem:
        raise Failed(str(problem)) from problem


def _form(to: Path | None, json: bool) -> "Form":
    if to is None:
        return "jsonl" if json else "csv"
    if to.suffix not in _FORMS:
        raise Failed(f"{to}: the name must end in {', '.join(_FORMS)}")
    return _FORMS[to.suffix]


def stretch(since: str | None, until: str | None) -> tuple[int, int]:
    """From when until when, in ms UTC. Raises `Failed` where a text is no time, or nothing lies between the two."""
    from qfluxd.market.layout import LAST_MILLIS

    start, end = (_millis(since) if since else 0, _millis(until) if until else LAST_MILLIS)
    if start >= end:
        raise Failed(f"--from {since or ''} must be before --until {until or ''}".replace("  ", " ").rstrip())
    return start, end


def _millis(text: str) -> int:
    """A moment given as ISO 8601 (UTC where no zone is said) or as milliseconds."""
    if text.isdecimal() and len(text) > 8:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Failed(f"{text!r} is no time; write 2026-11-22 or 2026-11-22T08:00 (UTC)") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _when(at: int, until: int) -> str:
    return f"{_told(at)} to {_told(until)}  " if at else ""


def _told(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
