"""The beginning of a report: the verdict, and all strategies side by side."""

from typing import Final

from qfluxd.evidence import Interval
from qfluxd.research.report.figures import of_rate, ruler, span_of, written
from qfluxd.research.report.markup import Child, Html, tag
from qfluxd.research.report.material import Arm, Material, first_and_last
from qfluxd.research.report.verdict import Verdict, of_arm, overall
from qfluxd.research.report.words import count, day, evidence, listed, percent, plural

_CAPTION: Final = "A dot is a win rate, its bar the 95 % interval, the upright line what it has to beat."


def heading(material: Material) -> Html:
    """What this is about, and the answer."""
    verdict = overall(material)
    return tag(
        "header",
        tag("p", _about(material), class_="kicker"),
        tag("h1", verdict.says, class_=f"verdict {verdict.tone}"),
        [tag("p", because, class_="because") for because in verdict.because],
        [tag("p", note, class_="note") for note in material.notes],
    )


def _about(material: Material) -> str:
    where = listed(tuple(dict.fromkeys(arm.where for arm in material.arms)))
    times = first_and_last(material.arms)
    if times is None:
        return f"{where} · no trades" if where else "no trades"
    trades = sum(arm.trades.height for arm in material.arms)
    first, last = map(day, times)
    return f"{where} · {plural(trades, 'trade')} · {first if first == last else f'{first} to {last}'} (UTC)"


def comparison(material: Material) -> Html | None:
    """All strategies side by side, None where there is nothing beside one."""
    if len(material.arms) < 2:
        return None
    span = span_of(material.arms)
    head = ("strategy", "decisive trades", "win rate", "per stake", "evidence", "verdict")
    rows = [_compared(arm, of_arm(arm, material), span) for arm in material.arms]
    return tag(
        "section",
        tag("h2", "Side by side"),
        tag(
            "table",
            tag("caption", _CAPTION),
            tag("thead", tag("tr", [tag("th", word, scope="col") for word in head])),
            tag("tbody", rows),
            class_="compare",
        ),
    )


def _compared(arm: Arm, verdict: Verdict, span: tuple[float, float]) -> Html:
    summary = arm.summary
    return tag(
        "tr",
        tag("th", tag("bdi", arm.name), tag("small", arm.where), scope="row"),
        _cell("decisive trades", count(summary.won + summary.lost)),
        _cell("win rate", ruler(arm, span), _rate(arm)),
        _cell("per stake", percent(summary.unit_profit, sign=True), _between(arm.earned)),
        _cell("evidence", evidence(summary.edge)),
        _cell("verdict", tag("span", verdict.short, class_=f"badge {verdict.tone}")),
    )


def _cell(label: str, *children: Child) -> Html:
    return tag("td", *children, data_label=label)


def _rate(arm: Arm) -> Html:
    if arm.summary.rate is None:
        return tag("small", "no decisive trade")
    return tag("small", f"{of_rate(arm.summary)}, break-even {percent(arm.summary.break_even)}")


def _between(interval: Interval | None) -> Html | None:
    return None if interval is None else tag("small", written(interval))
