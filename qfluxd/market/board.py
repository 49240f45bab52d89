"""What is known of every asset now: price, payout, open or closed, what the crowd does."""

from collections.abc import Callable

from qfluxd.model import Asset, Assets, Millis, Quote, Sentiment, Streaming, Tick


class _Row:
    """The newest of everything about one asset."""

    __slots__ = ("asset", "heard", "price", "quoted", "sentiment")

    def __init__(self) -> None:
        self.asset: Asset | None = None
        self.price: float | None = None
        self.sentiment: int | None = None
        self.quoted: Quote | None = None
        self.heard: Millis = 0


class Board:
    """The newest word on every asset.

    The promise: a quote or the list is handed out only when something in it has changed, and only for
    assets that pass `wanted`.
    """

    def __init__(self, wanted: Callable[[str], bool], quiet_after: Millis) -> None:
        self.wanted = wanted
        self._quiet_after = quiet_after
        self._rows: dict[str, _Row] = {}
        self._streaming: Streaming | None = None

    def on_tick(self, tick: Tick) -> Quote | None:
        """The asset's new picture, or None where only time has passed."""
        row = self._rows.get(tick.asset) or self._row(tick.asset)
        row.price = tick.price
        row.heard = tick.at
        return self._quote(tick.asset, row, tick.at) if self.wanted(tick.asset) else None

    def on_sentiment(self, sentiment: Sentiment, now: Millis) -> Quote | None:
        """As `on_tick`, for the broker's crowd figure."""
        row = self._row(sentiment.asset)
        row.sentiment = sentiment.buyers
        return self._quote(sentiment.asset, row, now) if self.wanted(sentiment.asset) else None

    def on_assets(self, assets: Assets, now: Millis) -> list[Quote]:
        """Take the broker's list; returns the pictures of ticking assets that it changed."""
        listed = {asset.symbol: asset for asset in assets.assets}
        for symbol, asset in listed.items():
            self._row(symbol).asset = asset
        changed = []
        for symbol, row in self._rows.items():
            if symbol not in listed:
                row.asset = None
            if self.wanted(symbol) and (quote := self._quote(symbol, row, now)) is not None:
                changed.append(quote)
        return changed

    def streaming(self, now: Millis) -> Streaming | None:
        """Who ticks, who is open and what they pay, or None where that is as it was said last."""
        ticking, tradable, payouts = [], [], {}
        for symbol, row in self._rows.items():
            if not self.wanted(symbol):
                continue
            if row.heard and now - row.heard <= self._quiet_after:
                ticking.append(symbol)
            if row.asset is not None:
                payouts[symbol] = row.asset.payout
                if row.asset.open:
                    tradable.append(symbol)
        picture = Streaming(tuple(sorted(ticking)), tuple(sorted(tradable)), dict(sorted(payouts.items())))
        if picture == self._streaming:
            return None
        self._streaming = picture
        return picture

    def assets(self) -> list[Asset]:
        """The broker's newest list, by symbol."""
        return [row.asset for _, row in sorted(self._rows.items()) if row.asset is not None]

    def symbols(self) -> list[str]:
        """Every symbol ever listed or heard."""
        return sorted(self._rows)

    def asset(self, symbol: str) -> Asset | None:
        """What the broker's newest list says of a symbol, None where it lists none such."""
        row = self._rows.get(symbol)
        return None if row is None else row.asset

    def sentiment(self, symbol: str) -> int | None:
        """Percent of traders that buy, None before it was told."""
        row = self._rows.get(symbol)
        return None if row is None else row.sentiment

    def price(self, symbol: str) -> float | None:
        """The newest price of a symbol, None before its first tick."""
        row = self._rows.get(symbol)
        return None if row is None else row.price

    def _row(self, symbol: str) -> _Row:
        row = self._rows.get(symbol)
        if row is None:
            row = self._rows[symbol] = _Row()
        return row

    def _quote(self, symbol: str, row: _Row, now: Millis) -> Quote | None:
        if row.price is None:
            return None
        asset, told = row.asset, row.quoted
        payout, is_open = (None, None) if asset is None else (asset.payout, asset.open)
        if (
            told is not None
            and told.price == row.price
            and told.payout == payout
            and told.open == is_open
            and told.sentiment == row.sentiment
        ):
            return None
        row.quoted = Quote(symbol, row.price, payout, is_open, row.sentiment, now)
        return row.quoted
