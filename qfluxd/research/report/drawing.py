"""Draws plots with matplotlib, as SVG that takes its colours and letters from the page's style sheet."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from qfluxd.errors import Unavailable
from qfluxd.model import DAY
from qfluxd.research.report.markup import Html, trusted
from qfluxd.research.report.plot import WIDTH, Axis, Band, Bars, Layer, Level, Line, Plot, Points
from qfluxd.research.report.svg import COLOURS, inlined
from qfluxd.strategy import Floats

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SETTINGS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # letters stay letters: they can be read out, found, and set in the page's own
    "text.parse_math": False,
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that places are the same everywhere
    "font.size": 11,
    "path.simplify": False,
    "axes.unicode_minus": True,
}
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 12, 28, 34
"""Margins in the plot's own units, the same in all of them, so that they stand in line."""
_TICKS: Final = 5


def draw(plot: Plot, name: str) -> Html:
    """A plot as SVG for the inside of a page; `name` is unlike that of any other on the page.

    The promise: the same plot is the same text every time.

    Raises:
        Unavailable: matplotlib is not installed.
    """
    with _settings(name):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH / 72, plot.height / 72))
        axes = figure.add_axes(_box(plot.height))
        for layer in plot.layers:
            _add(axes, layer)
        _lay_out(axes, plot)
        return trusted(inlined(_written(figure), plot, name))


@contextmanager
def _settings(name: str) -> Iterator[None]:
    """matplotlib with settings of ours alone, whatever its user has set."""
    try:
        import matplotlib as library
    except ImportError as problem:
        raise Unavailable("a report needs matplotlib, which is not installed; run: pip install 'qfluxd[report]'") from (
            problem
        )
    with library.rc_context():
        library.rcdefaults()
        library.rcParams.update({**_SETTINGS, "svg.hashsalt": name})
        yield


def _box(height: int) -> tuple[float, float, float, float]:
    return (
        _LEFT / WIDTH,
        _BOTTOM / height,
        (WIDTH - _LEFT - _RIGHT) / WIDTH,
        (height - _TOP - _BOTTOM) / height,
    )


def _add(axes: "Axes", layer: Layer) -> None:
    colour = COLOURS[layer.role]
    match layer:
        case Line():
            style = (0, (4, 3)) if layer.dashed else "-"
            axes.plot(layer.x, layer.y, color=colour, linewidth=1.6, linestyle=style, solid_joinstyle="round")
        case Band():
            axes.fill(*_outline(layer), facecolor=colour, alpha=0.2, linewidth=0)
        case Level(upright=True):
            axes.axvline(layer.at, color=colour, linewidth=1.4, linestyle=(0, (4, 3)) if layer.dashed else "-")
        case Level():
            axes.axhline(layer.at, color=colour, linewidth=1.2, linestyle=(0, (4, 3)) if layer.dashed else "-")
        case Points():
            axes.vlines(layer.x, layer.low, layer.high, color=colour, linewidth=1.6)
            axes.plot(layer.x, layer.y, color=colour, marker="o", markersize=5, linestyle="", markeredgewidth=0)
        case Bars():
            widths = layer.edges[1:] - layer.edges[:-1]
            axes.bar(layer.edges[:-1], layer.heights, widths * 0.94, align="edge", color=colour, alpha=0.55)


def _outline(band: Band) -> tuple[Floats, Floats]:
    """The corners of a band, there along its low side and back along its high one."""
    import numpy as np

    return np.concatenate([band.x, band.x[::-1]]), np.concatenate([band.low, band.high[::-1]])


def _lay_out(axes: "Axes", plot: Plot) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set(color=COLOURS["muted"], linewidth=1)
    axes.grid(visible=True, axis="y", color=COLOURS["grid"], linewidth=1)
    axes.set_axisbelow(True)
    axes.set_xlim(plot.x.low, plot.x.high)
    axes.set_ylim(plot.y.low, plot.y.high)
    axes.tick_params(length=0, labelcolor=COLOURS["muted"], pad=5)
    axes.margins(x=0.02)
    axes.set_xlabel(_label(plot, axes), color=COLOURS["muted"], labelpad=3)
    axes.set_title(plot.y.label, loc="left", color=COLOURS["muted"], fontsize=11, pad=11, x=-_LEFT / _inner())
    _write_axis(axes.xaxis, plot.x)
    _write_axis(axes.yaxis, plot.y)
    for artist in axes.get_children():
        artist.set_clip_on(False)  # nothing is drawn outside, and no clipping is an id less


def _inner() -> int:
    return WIDTH - _LEFT - _RIGHT


def _write_axis(axis: Any, told: Axis) -> None:
    from matplotlib import ticker

    axis.set_major_locator(ticker.MaxNLocator(_TICKS, integer=told.unit == "count"))
    match told.unit:
        case "none":
            axis.set_major_locator(ticker.NullLocator())
        case "time":
            _write_time(axis)
        case "percent":
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{_number(100 * value)} %"))
        case "points":
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{_number(value)} %"))
        case _:
            axis.set_major_formatter(ticker.FuncFormatter(lambda value, _: _number(value)))


def _number(value: float) -> str:
    if abs(value) >= 10_000:
        return f"{value / 1000:,.4g}k".replace("-", "−")
    return f"{value:,.6g}".replace("-", "−")


def _write_time(axis: Any) -> None:
    """Milliseconds as dates. Ticks are put where matplotlib puts them for days, and carried over."""
    from matplotlib import ticker

    dates: Any = import_module("matplotlib.dates")  # of unknown types
    low, high = (edge / DAY for edge in axis.get_view_interval())
    finder = dates.AutoDateLocator(minticks=2, maxticks=_TICKS)
    places = finder.tick_values(dates.num2date(low), dates.num2date(high))
    within = [place for place in places if low <= place <= high]
    form = _form(low, high)
    axis.set_major_locator(ticker.FixedLocator([place * DAY for place in within]))
    axis.set_major_formatter(ticker.FixedFormatter([f"{dates.num2date(place):{form}}" for place in within]))


def _form(low: float, high: float) -> str:
    """How a time is written on an axis from one day to another, so that no two ticks look the same."""
    return "%H:%M" if high - low <= 1.5 else "%-d %b" if high - low < 300 else "%b %Y"


def _label(plot: Plot, axes: "Axes") -> str:
    """What an axis of time leaves out of its ticks, the day or the year, stands in its label."""
    if plot.x.unit != "time":
        return plot.x.label
    shown = {"%H:%M": "%Y-%m-%d", "%-d %b": "%Y"}.get(_form(*(edge / DAY for edge in axes.get_xlim())))
    if shown is None:
        return plot.x.label
    ends = (datetime.fromtimestamp(edge / 1000, UTC) for edge in (axes.dataLim.x0, axes.dataLim.x1))
    return f"{plot.x.label}, {' to '.join(dict.fromkeys(f'{end:{shown}}' for end in ends))}"


def _written(figure: "Figure") -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return out.getvalue()
