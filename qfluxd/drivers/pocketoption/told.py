"""What the page's sockets said last: the truth that readings of the page are held against."""

import asyncio
from collections.abc import Callable, Mapping
from decimal import Decimal

from qfluxd.drivers.pocketoption.wire.values import ChartClosed, ChartSettings, Heard
from qfluxd.model import (
    Account,
    Asset,
    Assets,
    Balance,
    ChartShown,
    Deal,
    DealOpened,
    DealsSettled,
    Favorites,
    LoggedIn,
    Millis,
    OpenDeals,
)


class Told:
    """The newest word of the broker and of the page on each matter.

    It promises that what it tells belongs to the session in front: with a new one it knows of no account, no balance
    and no deals until they are told again. What it does not know is None.
    """

    def __init__(self) -> None:
        """`sessions` counts how often the broker has accepted the page's session."""
        self.sessions = 0
        self.balance: Balance | None = None
        self.assets: Mapping[str, Asset] = {}
        self.favourites: tuple[str, ...] | None = None
        self.asset: str | None = None
        self.timeframe: Millis | None = None
        self.open_deals: Mapping[str, Deal] | None = None
        self._charts: dict[str | None, ChartSettings] = {}
        self._waiting: set[asyncio.Event] = set()

    # ------------------------------------------------------------------------------------------- what is known

    @property
    def account(self) -> Account | None:
        """The account in front."""
        return None if self.balance is None else self.balance.account

    @property
    def settings(self) -> ChartSettings | None:
        """How the chart is set up, as the page saved it; None where several charts leave it open whose."""
        return next(iter(self._charts.values())) if len(self._charts) == 1 else None

    @property
    def expiry(self) -> Millis | None:
        """The length of the next trade as the page saved it."""
        return None if self.settings is None else self.settings.expiry

    @property
    def stake(self) -> Decimal | None:
        """The stake of the next trade on the account in front, as the page saved it."""
        if self.settings is None or self.account is None:
            return None
        return self.settings.demo_stake if self.account == "demo" else self.settings.real_stake

    def label(self, symbol: str) -> str | None:
        """What the page calls an asset."""
        asset = self.assets.get(symbol)
        return None if asset is None else asset.label

    def symbol(self, label: str | None) -> str | None:
        """The asset that the page calls so; where several have that name, the one that is on the chart, or none."""
        named = [symbol for symbol, asset in self.assets.items() if asset.label == label]
        if len(named) == 1:
            return named[0]
        return self.asset if self.asset in named else None

    async def until[T](self, look: Callable[[], T | None], seconds: float) -> T | None:
        """What `look` finds, as soon as it finds something; None when it has not in that time.

        It looks at once, and again after everything that is heard.
        """
        news = asyncio.Event()
        self._waiting.add(news)
        try:
            async with asyncio.timeout(seconds):
                while (found := look()) is None:
                    news.clear()
                    await news.wait()
                return found
        except TimeoutError:
            return None
        finally:
            self._waiting.discard(news)

    # ------------------------------------------------------------------------------------------- what is heard

    def hear(self, value: Heard) -> None:
        """Take one value of the codec; values that change nothing here are welcome too."""
        match value:
            case Balance():
                self.balance = value
            case Assets(assets=assets):
                self.assets = {asset.symbol: asset for asset in assets}
            case Favorites(symbols=symbols):
                self.favourites = symbols
            case ChartShown():
                self._on_chart(value)
            case ChartSettings():
                self._charts[value.chart] = value
            case ChartClosed(chart=chart):
                self._charts.pop(chart, None)
            case OpenDeals() | DealOpened() | DealsSettled():
                self._on_deals(value)
            case LoggedIn():
                self.sessions += 1
                self._on_session()
            case _:
                return
        for news in self._waiting:
            news.set()

    def forget(self) -> None:
        """The market socket is gone: what may change unheard is not known any more; the list of assets is kept."""
        self._on_session()
        self.asset = self.timeframe = self.favourites = None
        self._charts.clear()
        for news in self._waiting:
            news.set()

    def _on_session(self) -> None:
        self.balance = None
        self.open_deals = None

    def _on_chart(self, shown: ChartShown) -> None:
        self.timeframe = shown.timeframe or (self.timeframe if shown.asset == self.asset else None)
        self.asset = shown.asset

    def _on_deals(self, value: OpenDeals | DealOpened | DealsSettled) -> None:
        known = self.open_deals or {}
        match value:
            case OpenDeals(deals=deals):
                self.open_deals = {deal.id: deal for deal in deals}
            case DealOpened(deal=deal) if deal.account == (self.account or deal.account):
                self.open_deals = {**known, deal.id: deal}
            case DealsSettled(deals=deals):
                settled = {deal.id for deal in deals}
                self.open_deals = {ident: deal for ident, deal in known.items() if ident not in settled}
