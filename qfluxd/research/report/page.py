"""The whole report as one file that asks the network for nothing."""

from collections.abc import Iterator
from importlib.resources import files
from typing import Final

import msgspec

from qfluxd.research.report.breakdown import breakdown
from qfluxd.research.report.charts import charts
from qfluxd.research.report.checks import audits, refusals
from qfluxd.research.report.drawing import draw
from qfluxd.research.report.figures import figures
from qfluxd.research.report.maps import calendar, hours
from qfluxd.research.report.markup import Html, bag, tag, trusted
from qfluxd.research.report.material import Arm, Material, Origin
from qfluxd.research.report.overview import comparison, heading
from qfluxd.research.report.plot import Band, Bars, Layer, Level, Plot, Points
from qfluxd.research.report.verdict import of_arm, overall
from qfluxd.research.report.words import plural
from qfluxd.research.statistics.resampling import PATHS

MOST: Final = 8
"""So many strategies are shown in full; of more only the figures beside one another are, so that a file stays small."""

_NOTHING_FROM_OUTSIDE: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""The browser itself is told to load nothing."""


def page(material: Material) -> str:
    """The report as HTML.

    The promise: the same material gives the same text; it loads nothing, runs nothing, and what came from outside is
    text in it.

    Raises:
        Unavailable: matplotlib is not installed.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FROM_OUTSIDE),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name_="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", overall(material).says),
        tag("style", trusted(files("qfluxd.research.report").joinpath("report.css").read_text(encoding="utf-8"))),
    )
    body = tag("body", tag("main", heading(material), comparison(material), list(_arms(material)), _end(material)))
    return f"<!doctype html>\n{tag('html', head, body, lang='en').text}\n"


def _arms(material: Material) -> Iterator[Html]:
    for number, arm in enumerate(material.arms[:MOST]):
        yield _arm(arm, number, material)
    if (more := len(material.arms) - MOST) > 0:
        told = plural(more, "more strategy", "more strategies")
        yield tag("p", f"{told} in the table above; name them to see them in full.", class_="note")


def _arm(arm: Arm, number: int, material: Material) -> Html:
    verdict = of_arm(arm, material)
    alone = len(material.arms) == 1
    return tag(
        "section",
        tag("h2", tag("bdi", arm.name), " ", tag("small", arm.where)),
        None if alone else tag("p", tag("b", verdict.says, class_=verdict.tone), " ", verdict.because[:1]),
        figures(arm),
        tag("h3", "What was looked into"),
        audits(arm),
        tag("div", [_chart(plot, f"p{number}-{place}") for place, plot in enumerate(charts(arm))], class_="charts"),
        tag("h3", "In parts"),
        breakdown(arm),
        tag("h3", "By day"),
        calendar(arm),
        tag("h3", "By hour of the week"),
        hours(arm),
        refusals(arm),
        class_="arm",
    )


def _chart(plot: Plot | tuple[str, str], name: str) -> Html:
    if not isinstance(plot, Plot):
        title, why = plot
        return tag("figure", tag("figcaption", tag("h4", title)), tag("p", why, class_="empty"))
    return tag(
        "figure",
        tag("figcaption", tag("h4", plot.title), tag("p", plot.says)),
        draw(plot, name),
        tag("ul", [_key(layer) for layer in plot.layers], class_="legend"),
    )


def _key(layer: Layer) -> Html:
    match layer:
        case Band() | Bars():
            kind = "area"
        case Points():
            kind = "dot"
        case Level(dashed=True):
            kind = "dashed"
        case _:
            kind = "dashed" if getattr(layer, "dashed", False) else "line"
    return tag("li", tag("i", class_=f"key {kind} {layer.role}"), layer.label)


def _end(material: Material) -> Html:
    return bag([_origin(origin) for origin in material.origins], _words())


def _origin(origin: Origin) -> Html:
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in origin.facts.items()]
    versions = [f"{name} {version}" for name, version in origin.versions.items()]
    settings = msgspec.json.format(msgspec.json.encode(origin.settings), indent=2).decode()
    return tag(
        "section",
        tag("h2", origin.title),
        bag(tag("p", "To have the same again:"), tag("pre", tag("code", origin.command))) if origin.command else None,
        tag(
            "dl",
            rows,
            tag("div", tag("dt", "versions"), tag("dd", ", ".join(versions))) if versions else None,
            class_="origin",
        ),
        tag("details", tag("summary", "Everything that was set"), tag("pre", tag("code", settings)))
        if origin.settings
        else None,
        class_="provenance",
    )


_MEANINGS: Final = (
    ("decisive trades", "those won or lost. A tie gives the stake back and says nothing about a rate."),
    ("break-even", "the win rate that would have earned nothing at the payouts there were: 1 / (1 + mean payout)."),
    ("interval", "Wilson's, 95 %: where the true rate lies, as far as the trades tell."),
    (
        "evidence",
        "what somebody has made of 1 who bet a part of it on every trade. Without an edge it reaches 20 at most once "
        "in 20 times, however often one looks; 20 is a claim.",
    ),
    (
        "resampled",
        f"the same trades drawn again in blocks, {PATHS:,} times: what chance might have made of them. It knows "
        "nothing of markets that were not there.",
    ),
    ("unknown", "no price told how the trade ended, or nobody knows its payout. It counts as nothing at all."),
)


def _words() -> Html:
    return tag(
        "section",
        tag("h2", "The words"),
        tag("dl", [tag("div", tag("dt", word), tag("dd", means)) for word, means in _MEANINGS], class_="words"),
        tag("p", "What was is no promise of what will be.", class_="note"),
    )
