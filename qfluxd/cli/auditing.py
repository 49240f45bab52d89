"""`audit`: whether the result of a backtest is to be believed."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from qfluxd.cli.backtest_options import NOTHING_SAID, Asked
from qfluxd.cli.backtesting import audited
from qfluxd.cli.options import Json
from qfluxd.cli.printing import Misused, put, put_json, put_wrapped

if TYPE_CHECKING:
    from qfluxd.research.audits import Finding


def audit(
    *,
    asked: Asked = NOTHING_SAID,
    only: Annotated[
        list[str] | None, Parameter(help="An audit by its name, such as look_ahead; again for more. Default: all.")
    ] = None,
    out: Annotated[Path | None, Parameter(help="A result's folder, to put audits.json into.")] = None,
    json: Json = False,
) -> int:
    """Look whether a strategy sees ahead, and what its profit hangs on: delays, payouts, options, luck.

    Exit 1 where something is bad: then what a backtest of it says is not to be believed.
    """
    from qfluxd.research.audits import ALL, write_findings

    if unknown := [name for name in only or () if name not in ALL]:
        raise Misused(f"there is no audit {unknown[0]!r}; there are {', '.join(ALL)}")
    findings = audited(asked.settings(asked.loaded()), asked.dataset(), asked, only)
    if out is not None:
        write_findings(out, findings)
    if json:
        _put_plain(findings)
    else:
        put_findings(findings)
    return int(any(each.level == "bad" for each in findings))


def _put_plain(findings: "tuple[Finding, ...]") -> None:
    import msgspec

    ok = all(each.level != "bad" for each in findings)
    put_json({"ok": ok, "findings": [msgspec.to_builtins(each) for each in findings]})


def put_findings(findings: "tuple[Finding, ...]") -> None:
    """A table of what was found, plan by plan, with a sentence on the whole."""
    plans = list(dict.fromkeys(str(each.figures["plan"]) for each in findings))
    for plan in plans:
        if plans[1:]:
            put(f"{plan}:")
        for each in findings:
            if each.figures["plan"] == plan:
                _put_row(each)
    counts = Counter(each.level for each in findings)
    told = [f"{counts[level]} {level}" for level in ("bad", "note", "ok") if counts[level]]
    put(f"{', '.join(told)}: {_VERDICTS['bad' if counts['bad'] else 'note' if counts['note'] else 'ok']}")


_VERDICTS = {
    "bad": "do not believe what a backtest of this says",
    "note": "read the notes before you believe what a backtest of this says",
    "ok": "nothing speaks against the result",
}


def _put_row(found: "Finding") -> None:
    """The sentence beside level and name, in lines that fit a terminal."""
    put_wrapped(found.meaning, f"{found.level:4}  {found.name:11}  ")
