"""What audits found, as a list with the meaning of each, and what was turned down."""

from typing import Final

from qfluxd.research.audits.finding import Figure, Finding
from qfluxd.research.report.markup import Html, bag, tag
from qfluxd.research.report.material import Arm
from qfluxd.research.report.words import count

_ORDER: Final = ("bad", "note", "ok")
_LISTED: Final = 12
"""Of longer lists of figures only so many are written out."""


def audits(arm: Arm) -> Html:
    """Every finding, the bad ones first."""
    if not arm.findings:
        return tag("p", f"{arm.unaudited[:1].upper()}{arm.unaudited[1:]}.")
    ordered = sorted(arm.findings, key=lambda each: _ORDER.index(each.level))
    return tag("ul", [_finding(each) for each in ordered], class_="checks")


def _finding(found: Finding) -> Html:
    figures = {key: value for key, value in found.figures.items() if key != "plan"}
    return tag(
        "li",
        tag("span", found.level, class_=f"badge {found.level}"),
        tag("div", tag("b", _name(found.name)), tag("p", found.meaning), _figures(figures) if figures else None),
    )


def _name(name: str) -> str:
    told = name.replace("_", " ")
    return told[:1].upper() + told[1:]


def _figures(figures: dict[str, Figure]) -> Html:
    rows = [tag("tr", tag("th", _name(key), scope="row"), tag("td", _written(value))) for key, value in figures.items()]
    return tag("details", tag("summary", "figures"), tag("table", tag("tbody", rows), class_="pairs"))


def _written(value: object) -> str:
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str):
        return f"{value[0]}: {_written(value[1])}"
    if isinstance(value, list):
        told = ", ".join(map(_written, value[:_LISTED]))
        return f"{told}, … ({count(len(value))} in all)" if len(value) > _LISTED else told
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def refusals(arm: Arm) -> Html | None:
    """What was turned down and why, None where nothing was."""
    if not arm.refusals:
        return None
    rows = sorted(arm.refusals.items(), key=lambda each: (-each[1], each[0]))
    total = sum(arm.refusals.values())
    of = "" if arm.signals is None else f" of {count(arm.signals)} signals"
    return bag(
        tag("h3", "Turned down"),
        tag("p", f"{count(total)}{of}, by the reason."),
        tag(
            "table",
            tag("caption", "Orders turned down, by code"),
            tag("thead", tag("tr", tag("th", "code", scope="col"), tag("th", "count", scope="col"))),
            tag("tbody", [tag("tr", tag("th", code, scope="row"), tag("td", count(number))) for code, number in rows]),
            class_="numbers",
        ),
    )
