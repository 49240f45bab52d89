"""The same trades by month, asset, side and payout, each part with what it has to be held against."""

from collections.abc import Mapping

from qfluxd.research.report.cells import Cell, by_month, by_payout, by_word
from qfluxd.research.report.markup import Html, tag
from qfluxd.research.report.material import Arm
from qfluxd.research.report.words import NONE, between, count, money, percent, plural

_MOST = 24
"""Longer tables are folded up."""


def breakdown(arm: Arm) -> Html:
    """A table for each way to part them in which there is more than one part."""
    months = {f"{month:%Y-%m}": cell for month, cell in by_month(arm.trades).items()}
    parts = {
        "payout": by_payout(arm.trades),
        "asset": by_word(arm.trades, "asset"),
        "side": by_word(arm.trades, "side"),
        "month": months,
    }
    tables = [_folded(name, cells) for name, cells in parts.items() if len(cells) > 1]
    if not any(parts.values()):
        return tag("p", "No trade came out, so that there is nothing to part.", class_="empty")
    if not tables:
        return tag("p", "All of one asset, one side, one payout and one month.", class_="empty")
    return tag("div", tables, class_="parts")


def _folded(name: str, cells: Mapping[str, Cell]) -> Html:
    table = _table(name, cells)
    if len(cells) <= _MOST:
        return tag("div", table)
    return tag("details", tag("summary", f"By {name}: {plural(len(cells), 'row')}"), table)


def _table(name: str, cells: Mapping[str, Cell]) -> Html:
    head = (name, "trades", "win rate", "break-even", "result")
    return tag(
        "table",
        tag("caption", f"By {name}"),
        tag("thead", tag("tr", [tag("th", word, scope="col") for word in head])),
        tag("tbody", [_row(each, cell) for each, cell in cells.items()]),
        class_="numbers",
    )


def _row(name: str, cell: Cell) -> Html:
    rate = tag("td", NONE)
    if cell.decisive:
        rate = tag("td", percent(cell.rate), tag("small", between(*cell.interval)))
    return tag(
        "tr",
        tag("th", tag("bdi", name), scope="row"),
        tag("td", count(cell.count)),
        rate,
        tag("td", percent(cell.break_even) if cell.decisive else NONE),
        tag("td", money(cell.profit, sign=True)),
        class_="few" if cell.few else None,
    )
