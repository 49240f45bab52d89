"""Trades laid out over days and over the hours of the week, as tables that say how many each cell rests on."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Final

from qfluxd.research.report.cells import Cell, by_day, by_hour, total
from qfluxd.research.report.markup import Html, bag, tag
from qfluxd.research.report.material import FEW, Arm
from qfluxd.research.report.words import NONE, count, plural

_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = 12
"""So many months are shown day by day, the newest."""
_ROWS: Final = 6
"""A longer table that says nothing is folded up."""
_STEPS: Final = (0.01, 0.03, 0.06)
"""How far a rate is from break-even for each shade of colour."""


def calendar(arm: Arm) -> Html:
    """Every day of the newest months with its result, a table a month."""
    days = by_day(arm.trades)
    if not days:
        return tag("p", "No trade of known result.", class_="empty")
    months = dict.fromkeys(day.replace(day=1) for day in days)
    enough = sum(not cell.few for cell in days.values())
    told = f"{plural(len(days), 'day')} with trades, {count(enough)} of them with at least {FEW} decisive ones."
    return bag(
        _read_as(told + (f" Shown are the last {_MONTHS} months." if len(months) > _MONTHS else ""), days.values()),
        tag("div", [_month(month, days) for month in list(months)[-_MONTHS:]], class_="months"),
    )


def _month(month: date, days: Mapping[date, Cell]) -> Html:
    first = month - timedelta(days=month.weekday())
    following = (month + timedelta(days=31)).replace(day=1)
    weeks = [first + timedelta(days=day) for day in range(0, (following - first).days, 7)]
    traded = [week for week in weeks if any(_is_in(week, day, month) for day in days)]
    return tag(
        "table",
        tag("caption", f"{month:%B %Y}"),
        tag("thead", tag("tr", [tag("th", name, scope="col") for name in _WEEKDAYS])),
        tag("tbody", [_week(week, month, days) for week in weeks if traded[0] <= week <= traded[-1]]),
        class_="map month",
    )


def _is_in(week: date, day: date, month: date) -> bool:
    return day.month == month.month and day.year == month.year and 0 <= (day - week).days < 7


def _week(monday: date, month: date, days: Mapping[date, Cell]) -> Html:
    return tag("tr", [_day(monday + timedelta(days=each), month, days) for each in range(7)])


def _day(day: date, month: date, days: Mapping[date, Cell]) -> Html:
    if day.month != month.month:
        return tag("td", class_="outside")
    cell = days.get(day)
    if cell is None:
        return tag("td", tag("small", str(day.day)), class_="none")
    told = (tag("small", str(day.day)), tag("b", _short(cell.profit)), tag("small", f"n {_brief(cell.count)}"))
    return tag("td", *told, class_=_shade(cell))


def _short(amount: float) -> str:
    """An amount in the room of a cell on a telephone."""
    size = abs(amount)
    sign = "−" if amount < 0 else "+" if amount > 0 else ""
    if size >= 1000:
        return f"{sign}{size / 1e6:.3g}M" if size >= 999_500 else f"{sign}{size / 1000:.3g}k"
    return f"{sign}{size:.{0 if size >= 100 else 1 if size >= 10 else 2}f}"


def _brief(number: int) -> str:
    return f"{number / 1000:.3g}k" if number >= 1000 else count(number)


def hours(arm: Arm) -> Html:
    """The win rate of every hour of the week, of each hour and of each weekday."""
    cells = by_hour(arm.trades)
    if not cells:
        return tag("p", "No trade of known result.", class_="empty")
    shown = range(min(hour for hour, _ in cells), max(hour for hour, _ in cells) + 1)
    week = {hour: total(cell for key, cell in cells.items() if key[0] == hour) for hour in shown}
    days = {day: total(cell for key, cell in cells.items() if key[1] == day) for day in range(7)}
    every = [cell for cell in (*cells.values(), *week.values(), *days.values()) if cell.count]
    told = f"{sum(not cell.few for cell in every)} of {plural(len(every), 'cell')}, sums among them, have"
    table = tag(
        "table",
        tag("caption", "Win rate in percent, and below it how many trades, by hour of the signal and weekday, UTC"),
        tag("thead", tag("tr", [tag("th", word, scope="col") for word in ("hour", *_WEEKDAYS, "all")])),
        tag("tbody", [_hour(f"{hour:02}", [cells.get((hour, day)) for day in days], week[hour]) for hour in shown]),
        tag("tfoot", _hour("all", days.values(), total(cells.values()))),
        class_="map hours",
    )
    is_empty = all(cell.few for cell in cells.values()) and len(shown) > _ROWS
    shut = tag("details", tag("summary", "The numbers, none of which says anything by itself"), table)
    return bag(_read_as(f"{told} at least {FEW} decisive trades.", every), shut if is_empty else table)


def _hour(name: str, row: Iterable[Cell | None], whole: Cell) -> Html:
    return tag("tr", tag("th", name, scope="row"), map(_hour_cell, row), _hour_cell(whole))


def _hour_cell(cell: Cell | None) -> Html:
    if cell is None or not cell.count:
        return tag("td", class_="none")
    told = f"{100 * cell.rate:.0f}" if cell.decisive else NONE
    return tag("td", tag("b", told), tag("small", _brief(cell.count)), class_=_shade(cell))


def _shade(cell: Cell) -> str:
    """The class of a cell: its colour says how far the rate is from break-even; none where that may be anything."""
    if cell.few:
        return "few"
    apart = cell.rate - cell.break_even
    step = sum(abs(apart) >= each for each in _STEPS)
    side = "up" if apart > 0 else "down"
    return f"{side}{step}{' out' if cell.stands_out else ''}" if step else f"even{' out' if cell.stands_out else ''}"


def _read_as(told: str, cells: Iterable[Cell]) -> Html:
    """What the colours mean, and how many cells chance alone would make stand out."""
    enough = [cell for cell in cells if not cell.few]
    if not enough:
        return tag("p", f"{told} No cell is coloured: chance alone does anything to so few.")
    out = sum(cell.stands_out for cell in enough)
    chance = (
        f"{plural(out, 'cell')} {'stands' if out == 1 else 'stand'} out; by chance about {len(enough) / 20:.1f} would."
    )
    marks = (
        ("few", f"fewer than {FEW} decisive trades: no colour"),
        ("down3", "below break-even"),
        ("up3", "above"),
        ("even out", "stands out: its 95 % interval leaves out break-even"),
    )
    items = [tag("li", tag("i", class_=f"swatch {kind}"), words) for kind, words in marks]
    return bag(tag("p", f"{told} {chance}"), tag("ul", items, class_="legend"))
