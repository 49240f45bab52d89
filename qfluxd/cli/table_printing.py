"""Rows and sentences as lines: columns that line up, and under its row what a narrow terminal has no room for."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from textwrap import wrap
from typing import Final

type Cells = Sequence[str]

_GAP: Final = "  "
_UNDER: Final = 4
"""Spaces before what stands under a row, or goes on with a sentence."""
_TEXT: Final = 40
"""A column that is wider than this holds sentences or lists, and their words may go on in the next line."""
NARROWEST: Final = 24
"""Columns below which a sentence is no longer read beside others."""
_TOGETHER: Final = re.compile(r" (?=[%…])|(?<=…) |(?<=%) (?=\()")
"""Spaces at which no line ends: a figure stays with its unit and its interval, and that is in one piece."""


def wrapped(text: str, width: int, begin: str = "", indent: int | None = None) -> list[str]:
    """Lines of at most `width`, the first behind `begin`; a word that is longer than a line is left whole.

    The others are indented as far as the text of the first, or a little where that leaves too few columns.
    """
    if indent is None:
        indent = len(begin) if width - len(begin) >= _TEXT else _UNDER
    lines = wrap(
        _TOGETHER.sub("\N{NO-BREAK SPACE}", text),
        width,
        initial_indent=begin,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines] or [begin.rstrip()]


def laid_out(
    rows: Sequence[Cells], head: Cells = (), width: int | None = None, under: Sequence[Sequence[str]] = ()
) -> Iterator[str]:
    """The lines of a table; without a `width` each column is as wide as it must be. Lines of a cell stay lines.

    What does not fit into `width` goes on in the next line where it is text. Where that is not enough columns are told
    under their rows with their headings, none of them cut: first those of `under`, groups of headings that stay
    together, then one after the other from the last. The first column stays.
    """
    whole = [head, *rows] if head else rows
    if not whole:
        return
    gone, widths = _arranged(list(zip(*whole, strict=True)), head, width, under)
    for row in whole:
        yield from _row(_kept(row, gone), widths)
        if width is not None and row is not head:
            told = [[_told(head, row, column) for column in group if row[column].strip()] for group in gone]
            yield from _packed(told, width, len(row[0]) - len(row[0].lstrip()) + _UNDER)


def _arranged(
    columns: Sequence[Cells], head: Cells, width: int | None, under: Sequence[Sequence[str]]
) -> tuple[list[list[int]], list[int]]:
    """Which columns go under their rows, group by group as they stand, and how wide those are that stay."""
    groups = [[head.index(name) for name in group] for group in under]
    others = [[column] for column in reversed(range(1, len(columns))) if not any(column in group for group in groups)]
    gone: list[list[int]] = []
    widths = _widths(columns, width)
    for group in (*groups, *others):
        if width is None or _whole(widths) <= width:
            break
        gone = sorted([*gone, group])
        widths = _widths(_kept(columns, gone), width)
    return gone, widths


def _kept[T](columns: Sequence[T], gone: Sequence[Sequence[int]]) -> list[T]:
    return [each for column, each in enumerate(columns) if not any(column in group for group in gone)]


def _widths(columns: Sequence[Cells], width: int | None) -> list[int]:
    """As wide as they must be, the widest of those that hold text made narrower until all fit, if they can be."""
    widths = [max(len(line) for cell in column for line in cell.split("\n")) for column in columns]
    if width is None or _whole(widths) <= width:
        return widths
    least = [_least(column, has) for column, has in zip(columns, widths, strict=True)]
    while _whole(widths) > width and widths != least:
        loose = [column for column, has in enumerate(widths) if has > least[column]]
        widths[max(loose, key=widths.__getitem__)] -= 1
    return widths


def _least(column: Cells, width: int) -> int:
    """How narrow a column may become: one of figures and names not at all, one of text down to its longest word."""
    if width <= _TEXT:
        return width
    words = (len(word) for cell in column for word in _TOGETHER.sub("_", cell).split())
    return min(width, max(NARROWEST, *words))


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _row(cells: Cells, widths: Sequence[int]) -> Iterator[str]:
    columns = [_lines(cell, width) for cell, width in zip(cells, widths, strict=True)]
    for number in range(max(map(len, columns))):
        line = (lines[number] if number < len(lines) else "" for lines in columns)
        yield _GAP.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()


def _lines(cell: str, width: int) -> list[str]:
    lines = cell.split("\n")
    return [part for line in lines for part in ([line] if len(line) <= width else wrapped(line, width, indent=0))]


def _told(head: Cells, row: Cells, column: int) -> str:
    """A cell under its row, such as ``tie: 14``."""
    value = row[column].replace("\n", " / ")
    return f"{head[column]}: {value}" if head else value


def _packed(groups: Sequence[Cells], width: int, indent: int) -> Iterator[str]:
    """As many groups in a line as fit, each in one piece, or else part by part; only a longer part is wrapped."""
    lines: list[str] = []
    joined = [[_GAP.join(group)] if indent + len(_GAP.join(group)) <= width else group for group in groups if group]
    for part in chain.from_iterable(joined):
        if lines and indent + len(lines[-1]) + len(_GAP) + len(part) <= width:
            lines[-1] += f"{_GAP}{part}"
        else:
            lines.append(part)
    for line in lines:
        yield from wrapped(line, width, " " * indent, indent + _UNDER)
