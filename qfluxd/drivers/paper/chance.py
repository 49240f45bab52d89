"""What befalls an order on its way to a paper broker: how long it takes, and whether it is refused for no reason."""

from itertools import pairwise
from random import Random

from qfluxd.drivers.paper.settings import Config, Quantiles
from qfluxd.model import Millis


class Chance:
    """Draws for one order. The promise: they rest on the seed and the order's number alone."""

    def __init__(self, config: Config, number: int) -> None:
        self._config = config
        self._random = Random(f"{config.seed}/{number}")  # noqa: S311 - nobody is to be surprised by it

    def draw(self) -> tuple[Millis, bool]:
        """How long the order takes, and whether it is refused."""
        refused = self._random.random() < self._config.refuse
        return self._delay(), refused

    def _delay(self) -> Millis:
        match self._config.latency:
            case int(fixed):
                return fixed
            case Quantiles() as spread:
                return between(spread.points, self._random.random())
            case measured:
                return self._random.choice(measured)


def between(points: list[tuple[float, Millis]], share: float) -> Millis:
    """The delay that this share of all orders does not exceed: straight lines between points, flat outside them."""
    if share <= points[0][0]:
        return points[0][1]
    for (low, less), (high, more) in pairwise(points):
        if share <= high:
            return round(less + (more - less) * (share - low) / (high - low))
    return points[-1][1]
