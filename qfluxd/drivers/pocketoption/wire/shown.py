"""What the page's chart is on, where a frame says so only between the lines."""

from qfluxd.drivers.pocketoption.wire.packets import Message
from qfluxd.drivers.pocketoption.wire.values import ChartClosed, ChartSettings, Heard, HistoryAsked
from qfluxd.model import ChartShown, History, Tick

# Older candles may be told long after the chart has moved on; these answer the change itself.
_RECENT = frozenset({"updateHistoryNewFast", "updateHistoryNew", "updateHistory"})


class Shown:
    """Adds `ChartShown` where history is told or asked for, which the page does for what a chart is on.

    It promises to say so only while at most one chart is known: with several, nobody can tell which.
    """

    def __init__(self) -> None:
        self._charts: set[str] = set()

    def follow(self, message: Message, values: list[Heard]) -> list[Heard]:
        """The same values, and after them the chart that they imply."""
        if not values or isinstance(values[0], Tick):
            return values
        if message.event == "updateCharts":
            self._charts.clear()
        return [*values, *(shown for value in values for shown in self._implied(value, message))]

    def _implied(self, value: Heard, message: Message) -> list[Heard]:
        match value:
            case ChartSettings(chart=str(chart)):
                self._charts.add(chart)
            case ChartClosed(chart=chart):
                self._charts.discard(chart)
            case HistoryAsked(asset=asset, timeframe=timeframe) if self._one:
                return [ChartShown(asset, timeframe)]
            case History(series=series) if self._one and message.event in _RECENT:
                return [ChartShown(series.asset, series.timeframe)]
        return []

    @property
    def _one(self) -> bool:
        return len(self._charts) <= 1
