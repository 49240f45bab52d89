"""The board hands out a picture only when it has changed."""

from qfluxd.market.board import Board
from qfluxd.model import Asset, Assets, Quote, Sentiment, Tick


def asset(symbol: str, payout: int = 92, open_: bool = True) -> Asset:
    return Asset(symbol, symbol, "currency", 5, payout, open_, True, (60_000,), 5_000)


def board(wanted: str = "") -> Board:
    return Board(lambda symbol: symbol.endswith(wanted), 5_000)


def test_a_tick_with_a_new_price_is_a_new_quote() -> None:
    """The quote carries the price and the tick's own time."""
    assert board().on_tick(Tick("A", 1_000, 1.5)) == Quote("A", 1.5, None, None, None, 1_000)


def test_the_same_price_again_is_no_new_quote() -> None:
    """Time alone changes no picture."""
    rows = board()
    rows.on_tick(Tick("A", 1_000, 1.5))
    assert rows.on_tick(Tick("A", 2_000, 1.5)) is None


def test_a_moved_payout_changes_the_quote_of_a_ticking_asset_only() -> None:
    """Payouts of assets that never ticked are told in the list, not one by one."""
    rows = board()
    rows.on_tick(Tick("A", 1_000, 1.5))
    rows.on_assets(Assets((asset("A"), asset("B"))), 2_000)
    assert rows.on_assets(Assets((asset("A", 80), asset("B", 80))), 3_000) == [Quote("A", 1.5, 80, True, None, 3_000)]


def test_an_asset_that_left_the_list_has_no_payout() -> None:
    """What the broker no longer lists is unknown, not as it was."""
    rows = board()
    rows.on_tick(Tick("A", 1_000, 1.5))
    rows.on_assets(Assets((asset("A"),)), 2_000)
    assert rows.on_assets(Assets(()), 3_000) == [Quote("A", 1.5, None, None, None, 3_000)]
    assert rows.assets() == []


def test_sentiment_before_a_price_is_kept_for_later() -> None:
    """A picture needs a price; the crowd figure waits for it."""
    rows = board()
    assert rows.on_sentiment(Sentiment("A", 61), 500) is None
    assert rows.on_tick(Tick("A", 1_000, 1.5)) == Quote("A", 1.5, None, None, 61, 1_000)


def test_streaming_names_who_ticked_within_the_quiet_time() -> None:
    """An asset that has been silent for longer does not stream."""
    rows = board()
    rows.on_assets(Assets((asset("A"), asset("B", 70, open_=False))), 0)
    rows.on_tick(Tick("A", 10_000, 1.0))
    first = rows.streaming(12_000)
    assert first is not None
    assert (first.streaming, first.open, first.payouts) == (("A",), ("A",), {"A": 92, "B": 70})
    assert rows.streaming(13_000) is None
    later = rows.streaming(15_001)
    assert later is not None
    assert later.streaming == ()


def test_unwanted_assets_are_not_shown() -> None:
    """The owner's patterns decide what leaves the desk."""
    rows = board("_otc")
    assert rows.on_tick(Tick("A", 1_000, 1.5)) is None
    rows.on_assets(Assets((asset("A"), asset("B_otc"))), 0)
    picture = rows.streaming(2_000)
    assert picture is not None
    assert picture.payouts == {"B_otc": 92}
