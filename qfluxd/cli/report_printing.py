"""How a report is told in a terminal: the answer first, then the figures that it rests on."""

import shlex
import sys
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qfluxd.cli.table_printing import NARROWEST, wrapped
from qfluxd.research.report.figures import of_rate, written
from qfluxd.research.report.growth import growth
from qfluxd.research.report.markup import plain
from qfluxd.research.report.material import Arm, Material
from qfluxd.research.report.verdict import SHORT, Tone, of_arm, overall
from qfluxd.research.report.words import NONE, count, evidence, money, percent

_WIDEST: Final = 80
_ROOM: Final = 62
"""So wide is a line of a command."""
_NAMED: Final = ("data hash", "fingerprint")
"""Of where trades come from only this is told, by which they are known again."""
_COLOURS: Final[dict[str, str]] = {
    "good": "green",
    "bad": "red",
    "void": "red",
    "open": "yellow",
    "ok": "green",
    "note": "yellow",
}


def tell(material: Material) -> None:
    """Print it to standard output, at most 80 columns wide; in colours only on a terminal."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    console.width = min(_WIDEST, console.width)
    verdict = overall(material)
    console.print(_sentence(verdict.says, console.width, f"bold {_COLOURS[verdict.tone]}"))
    for sentence in (*verdict.because, *material.notes):
        console.print(_sentence(sentence, console.width))
    if len(material.arms) > 1:
        console.print()
        console.print(_side_by_side(material))
    elif material.arms:
        console.print()
        console.print(_figures(material.arms[0]))
        console.print()
        console.print(_audits(material.arms[0], console.width))
    console.print()
    for origin in material.origins:
        for name, value in origin.facts.items():
            if name in _NAMED:
                console.print(_said(f"{name:11} {value}", "dim"))
        if origin.command:
            console.print(_said(f"{'again':11} {_folded(origin.command)}", "dim"))


def _folded(command: str) -> str:
    """A command over several lines that a shell still takes for one."""
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] and len(lines[-1]) + len(word) > _ROOM:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n              ".join(lines)


def _said(text: str, style: str = "") -> Text:
    return Text(plain(text).replace("\N{NO-BREAK SPACE}", " "), style)


def _sentence(text: str, width: int, style: str = "") -> Text:
    return _said("\n".join(wrapped(text, width, indent=0)), style)


def _side_by_side(material: Material) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("strategy", overflow="fold", ratio=1)
    for name in ("won of decisive", "break-even", "per stake"):
        table.add_column(name, no_wrap=True)
    table.add_column("verdict")
    for arm in material.arms:
        tone = of_arm(arm, material).tone
        table.add_row(_name(arm), *_row(arm), _verdict(tone))
    return table


def _name(arm: Arm) -> Text:
    return Text.assemble(_said(arm.name, "bold"), "\n", _said(arm.where, "dim"))


def _row(arm: Arm) -> Iterator[Text]:
    summary = arm.summary
    if summary.rate is None:
        yield from (_said("none"), _said(NONE), _said(NONE))
        return
    low, high = summary.interval
    decisive = f"{percent(summary.rate)} of {count(summary.won + summary.lost)}"
    yield Text.assemble(_said(decisive), "\n", _said(f"{percent(low)} … {percent(high)}", "dim"))
    yield _said(percent(summary.break_even))
    earned = "" if arm.earned is None else written(arm.earned)
    yield Text.assemble(_said(percent(summary.unit_profit, sign=True)), "\n", _said(earned, "dim"))


def _verdict(tone: Tone) -> Text:
    return _said(SHORT[tone], _COLOURS[tone])


def _figures(arm: Arm) -> Table:
    summary = arm.summary
    interval = None if arm.earned is None else f"95 % interval {written(arm.earned)}{arm.reserve}"
    needed = NONE if summary.needed is None else count(summary.needed)
    rows = (
        ("win rate", NONE if summary.rate is None else of_rate(summary), "of decisive trades"),
        ("break-even", percent(summary.break_even), "what the payouts asked for"),
        ("decisive", count(summary.won + summary.lost), f"{count(summary.won)} won, {count(summary.lost)} lost"),
        ("ties", count(summary.tie), "neither won nor lost"),
        ("unknown", count(summary.unknown), "left out"),
        ("per stake", percent(summary.unit_profit, sign=True), interval or "too few trades for an interval"),
        ("result", money(float(summary.profit), sign=True), f"on {money(float(summary.staked))} staked"),
        ("drawdown", money(growth(arm.ended).deepest), f"{count(arm.streaks.lost)} losses in a row at most"),
        ("evidence", evidence(summary.edge), f"at its highest {evidence(1 / summary.p_value)}; 20 is a claim"),
        ("still needed", needed, "more decisive trades at this rate"),
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for name, value, says in rows:
        table.add_row(_said(name, "dim"), _said(value, "bold"), _said(says))
    return table


def _audits(arm: Arm, width: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    rows = [(each.level, each.name, each.meaning) for each in arm.findings] or [("note", "audits", arm.unaudited)]
    room = width - max(len(level) for level, _, _ in rows) - max(len(name) for _, name, _ in rows) - 4
    for level, name, meaning in rows:
        table.add_row(_said(level, _COLOURS[level]), _said(name), _sentence(meaning, max(room, NARROWEST)))
    return table
