"""How a sweep is told in a terminal: training and test always one under the other, then a sentence."""

from typing import TYPE_CHECKING, Any

from qfluxd.cli.printing import put, put_table, put_wrapped, when

if TYPE_CHECKING:
    from qfluxd.research.sweep.folder import Folder
    from qfluxd.research.sweep.forward import Tally
    from qfluxd.research.sweep.neighbours import Neighbourhood
    from qfluxd.research.sweep.space import Variant
    from qfluxd.research.sweep.verdict import Found

_HEAD = ("", "options", "part", "decisive", "won", "interval", "break-even", "per stake")
_UNDER = (("options",), ("per stake",), ("decisive",), ("won", "interval", "break-even"))
_BEST = 5
_FAILED = 5


def plain(folder: "Folder", found: "Found") -> dict[str, Any]:
    """All of it as JSON."""
    from qfluxd.research.sweep import verdict

    return {"folder": str(folder.path), **verdict.plain(found)}


def tell(folder: "Folder", found: "Found") -> None:
    """Print what was found."""
    settings, source = folder.manifest.settings, folder.manifest.source
    skipped = f", {found.skipped:,} impossible combinations left out" if found.skipped else ""
    tried = f"{found.tried:,} variant{'s' * (found.tried != 1)}"
    put_wrapped(f"{tried} of {settings.strategy} on {', '.join(source.assets)}{skipped}")
    if not found.is_whole:
        put(f"Stopped: this is what was done so far; go on with qfluxd sweep --resume {folder.path}")
    for number, why in list(found.failed.items())[:_FAILED]:
        put_wrapped(f"Failed: variant {number}, {why}")
    if (more := len(found.failed) - _FAILED) > 0:
        put_wrapped(f"Failed: {more:,} more; {folder.path} has them all")
    put("\nChosen by training, fold by fold:")
    put_table((_step(step, settings.least) for step in found.chosen), _HEAD, _UNDER)
    if found.best:
        put("\nBest in training before the last test, and in that test:")
        best = enumerate(found.best[:_BEST], 1)
        rows = (_pair(f"{place}", _options(each.variant), each.train, each.test) for place, each in best)
        put_table(rows, _HEAD, _UNDER)
        put_wrapped(_around(found.neighbours))
    put("")
    put_wrapped(found.verdict)
    put_wrapped(_alone(found))
    put_wrapped(f"{folder.path}: trades, variants.parquet, result.json; data {source.hash[:12]}")


def _step(step: Any, least: int) -> tuple[str, ...]:
    begins = when(step.begins)[:16].replace("T", " ")
    if step.variant is None:
        return (begins, f"none, as none with {least} decisive trades earned in training", *("",) * 6)
    return _pair(begins, _options(step.variant), step.train, step.test)


def _pair(what: str, options: str, train: "Tally", test: "Tally") -> tuple[str, ...]:
    """A row of two lines."""
    told = zip(("train", *_figures(train)), ("test", *_figures(test)), strict=True)
    return (what, options, *map("\n".join, told))


def _figures(tally: "Tally") -> tuple[str, ...]:
    count = f"{tally.decisive:,}"
    if tally.rate is None or tally.break_even is None or tally.mean is None:
        return (count, "", "", "", "")
    low, high = tally.interval
    return (
        count,
        f"{100 * tally.rate:.1f} %",
        f"{100 * low:.1f} … {100 * high:.1f} %",
        f"{100 * tally.break_even:.1f} %",
        f"{100 * tally.mean:+.1f} %",
    )


def _options(variant: "Variant") -> str:
    from qfluxd.model import timeframe_name

    told = (f"{name}={value}" for name, value in variant.options.items())
    return " ".join((timeframe_name(variant.timeframe), *told))


def _around(near: "Neighbourhood | None") -> str:
    if near is None:
        return "Nothing was tried near the best, so that nobody knows whether it stands alone."
    count = f"{near.count} neighbour{'s' * (near.count > 1)}"
    beside = (
        f"of {count} {near.earned} earned in training, {100 * near.train:+.1f} % of the stake on average beside "
        f"{100 * near.best:+.1f} %"
    )
    return f"The best stands alone, as luck does: {beside}." if near.is_peak else f"The best has company: {beside}."


def _alone(found: "Found") -> str:
    if not found.believed:
        return "By itself no variant's result in the tests stands among so many (e-BH)."
    count = len(found.believed)
    return (
        f"By themselves {count:,} of the variants' results in the tests stand among so many (e-BH): "
        f"{', '.join(map(str, found.believed[:10]))}{' …' if count > 10 else ''}."
    )
