"""`trials`: how much was tried on each data set, and what that leaves of the best of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, loaded
from qfluxd.cli.printing import complain, put, put_json, put_table, put_wrapped, when
from qfluxd.market.layout import LAST_MILLIS

if TYPE_CHECKING:
    from qfluxd.research.trials import Ledger

Folder = Annotated[Path | None, Parameter(help="The folder that holds the ledger. Default: [daemon] state_dir.")]
_HEAD = ("data", "assets", "from", "until", "runs", "variants", "best evidence", "needs", "claim")
_UNDER = (("from", "until"), ("assets",), ("runs", "variants"))
_SHOWN = 12


def trials(*, folder: Folder = None, config: Config = None, json: Json = False) -> None:
    """List how much was tried on each data set, what the best variant showed, and what it would have to show.

    A variant is a strategy with its options and settings, on its assets from where their prices begin: run again, or
    on more prices behind, it is one. What was tried on other assets at the same time counts too, and so do other
    stretches that the same variant was tried on.
    """
    from qfluxd.research.trials import FILE, read

    place = loaded(config).settings.daemon.state_dir if folder is None else folder
    ledger = read(place)
    found = [_told(ledger, dataset) for dataset in dict.fromkeys(trial.dataset for trial in ledger.trials)]
    if ledger.damaged:
        complain(f"{place / FILE}: lines that cannot be read, each taken for a variant: {ledger.damaged}")
    if json:
        put_json({"datasets": found, "damaged": ledger.damaged})
    elif not found:
        put(f"{place}: nothing was tried yet")
    else:
        put_table(map(_row, found), _HEAD, _UNDER)
        if any(told["standing"] == "stands" for told in found):
            put_wrapped("What stands here was not audited here: qfluxd audit tells whether a strategy looks ahead.")


def _told(ledger: "Ledger", dataset: str) -> dict[str, Any]:
    import msgspec

    from qfluxd.research.statistics.variants import deflated

    here = [trial for trial in ledger.trials if trial.dataset == dataset]
    tried = ledger.tried(dataset)
    claim = deflated(tried.best, tried.variants)
    return {
        "dataset": dataset,
        "assets": sorted({asset for trial in here for asset in trial.assets}),
        "strategies": sorted({trial.strategy for trial in here}),
        "start": min((trial.start for trial in here if trial.start is not None), default=None),
        "end": max((trial.end for trial in here if trial.end is not None), default=None),
        **msgspec.to_builtins(tried),
        "needed": claim.needed,
        "standing": claim.standing,
        "sentence": claim.sentence,
    }


def _row(told: dict[str, Any]) -> tuple[object, ...]:
    from qfluxd.research.statistics.variants import rounded

    times = (when(at) if at is not None and 0 < at < LAST_MILLIS else "" for at in (told["start"], told["end"]))
    return (
        told["dataset"][:_SHOWN],
        " ".join(told["assets"]),
        *times,
        f"{told['runs']:,}",
        f"{told['variants']:,}",
        rounded(told["best"], told["needed"]),
        f"{told['needed']:,.0f}",
        told["standing"],
    )
