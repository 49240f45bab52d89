"""What the broker tells beside prices, in the order in which a daemon would have heard it."""

from collections.abc import Mapping
from typing import Final, cast

from qfluxd.model import Assets, Event, Millis, Sentiment
from qfluxd.research.backtest.offers import UNKNOWN, Offers, listed
from qfluxd.research.backtest.settings import Backtest

NEVER: Final[Millis] = 1 << 62


class News:
    """The broker's list whenever something in it changes, and the crowd's figure of each asset."""

    def __init__(self, offers: Mapping[str, Offers], settings: Backtest) -> None:
        self._settings = settings
        self._now: dict[str, tuple[int, int]] = {}
        self._rows: list[tuple[Millis, str, int | None, int, int]] = []
        for asset, each in offers.items():
            payouts = zip(each.payout.at.tolist(), each.payout.value.tolist(), each.open.value.tolist(), strict=True)
            self._rows += [(at, asset, None, payout, is_open) for at, payout, is_open in payouts]
            crowd = zip(each.sentiment.at.tolist(), each.sentiment.value.tolist(), strict=True)
            self._rows += [(at, asset, buyers, 0, 0) for at, buyers in crowd]
        self._rows.sort(key=lambda row: row[0], reverse=True)

    @property
    def due(self) -> Millis:
        """When there is something to tell next."""
        return self._rows[-1][0] if self._rows else NEVER

    def up_to(self, at: Millis) -> list[Event]:
        """All that was told up to a moment, as it is then."""
        before, crowd = dict(self._now), {}
        while self._rows and self._rows[-1][0] <= at:
            _, asset, buyers, payout, is_open = self._rows.pop()
            if buyers is None:
                self._now[asset] = payout, is_open
            else:
                crowd[asset] = buyers
        told: list[Event] = [Sentiment(asset, _known(buyers)) for asset, buyers in crowd.items()]
        if self._now != before:
            told.append(Assets(tuple(listed(asset, *now, self._settings) for asset, now in self._now.items())))
        return told


def _known(buyers: int) -> int:
    """The desk takes None for a figure that nobody has told."""
    return cast("int", None if buyers == UNKNOWN else buyers)
