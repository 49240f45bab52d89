"""Plots: drawn by one library, coloured by the page, the same every time."""

import re
import sys

import numpy as np
import pytest

from qfluxd.errors import Unavailable
from qfluxd.research.report.drawing import draw
from qfluxd.research.report.plot import Axis, Band, Bars, Level, Line, Plot, Points
from tests.support.reports import Seen
from tests.support.trades import START

X = np.linspace(START, START + 9 * 86_400_000, 20)
Y = np.sin(np.arange(20.0))
EVERYTHING = Plot(
    'A <plot> & "more"',
    "It says $x^2$ <b>nothing</b>\x00.",
    Axis("UTC", "time"),
    Axis("profit", "percent"),
    (
        Band("band", "other", X, Y - 1, Y + 1),
        Line("line", "main", X, Y),
        Line("dashed", "level", X, Y, dashed=True),
        Level("level", "muted", 0.5),
        Level("now", "good", START + 86_400_000.0, upright=True),
        Points("points", "bad", X[:3], Y[:3], Y[:3] - 0.1, Y[:3] + 0.1),
        Bars("bars", "ink", X[:4], np.array([0.1, 0.2, 0.3])),
    ),
)


def test_the_same_every_time() -> None:
    """Drawing twice gives the same text."""
    assert draw(EVERYTHING, "a").text == draw(EVERYTHING, "a").text


def test_what_it_consists_of() -> None:
    """It is an SVG with a title and a description for those who do not see it, its colours are roles of the page."""
    text = draw(EVERYTHING, "a").text
    seen = Seen(text)
    assert seen.unclosed == []
    assert seen.named("svg")[0]["role"] == "img"
    assert seen.named("svg")[0]["aria-labelledby"] == "a-title a-desc"
    assert 'A <plot> & "more"' in seen.text
    assert "It says $x^2$ <b>nothing</b>�." in seen.text
    assert not re.search(r"#[0-9a-f]{6}\b", text)
    assert set(re.findall(r"var\(--(\w+)\)", text)) == {"ink", "muted", "grid", "main", "other", "level", "good", "bad"}
    assert "font" not in text
    assert "http" not in text
    assert "�" in text


def test_two_plots_on_a_page() -> None:
    """No two plots share an id, and every reference leads to an id of its own plot."""
    pages = [draw(EVERYTHING, name).text for name in ("a", "b")]
    ids = [set(re.findall(r' id="([^"]+)"', page)) for page in pages]
    assert ids[0] & ids[1] == set()
    for page, own in zip(pages, ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"', page)) <= own


@pytest.mark.parametrize(
    ("days", "ticks", "label"),
    [
        (0.2, r"\d\d:\d\d", "UTC, 2026-11-02"),
        (20, r"\d{1,2} [A-Z][a-z]{2}", "UTC, 2026"),
        (1000, r"[A-Z][a-z]{2} \d{4}", "UTC"),
    ],
)
def test_time_is_written_whole(days: float, ticks: str, label: str) -> None:
    """Ticks and label together say which day and year it is, whatever the stretch of time."""
    x = np.linspace(START, START + days * 86_400_000, 20)
    seen = Seen(draw(Plot("t", "s", Axis("UTC", "time"), Axis("y"), (Line("l", "main", x, Y),)), "a").text)
    assert label in seen.text
    assert len(re.findall(ticks, seen.text)) >= 2


def test_settings_of_others_do_not_matter() -> None:
    """What somebody has set in matplotlib changes no plot, and is as it was afterwards."""
    import matplotlib as library

    expected = draw(EVERYTHING, "a").text
    with library.rc_context({"font.size": 40.0, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert draw(EVERYTHING, "a").text == expected
        assert library.rcParams["font.size"] == 40.0


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where matplotlib is not installed, the sentence says how to get it."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(Unavailable, match=r"pip install 'qfluxd\[report\]'"):
        draw(EVERYTHING, "a")
