"""What the sockets said last, and what is forgotten with them."""

import asyncio
from decimal import Decimal
from typing import Any

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.wire.values import ChartClosed, ChartSettings
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
    Tick,
)
from tests.support.captures import CAPTURES, read_frames
from tests.support.fixtures import fixture


def asset(symbol: str, label: str) -> Asset:
    """An asset by two names."""
    return Asset(symbol, label, "currency", 5, 92, True, True, (60_000,), 5_000)


def deal(ident: str) -> Deal:
    """An open deal."""
    return Deal(ident, "EURUSD_otc", "call", Decimal(1), 92, 0, 60_000, 1.1, "demo")


def chart(name: str, expiry: Millis = 60_000) -> ChartSettings:
    """A chart as it is saved."""
    return ChartSettings(
        "EURUSD_otc", 60_000, chart=name, demo_stake=Decimal(10), real_stake=Decimal(20), expiry=expiry
    )


def heard(*values: Any) -> Told:
    """All that follows from these words."""
    told = Told()
    for value in values:
        told.hear(value)
    return told


def test_nothing_is_known_before_anything_was_said() -> None:
    """Unknown is None, and not zero or empty."""
    told = Told()
    assert (told.account, told.balance, told.asset, told.timeframe, told.favourites) == (None,) * 5
    assert (told.expiry, told.stake, told.open_deals, told.settings) == (None,) * 4
    assert told.symbol("EUR/USD") is None
    assert told.label("EURUSD") is None


def test_assets_are_known_by_symbol_and_by_label() -> None:
    """Both ways, and a new list replaces the one before."""
    told = heard(Assets((asset("#AAPL_otc", "Apple OTC"), asset("UKBrent_otc", "Brent Oil OTC"))))
    assert told.symbol("Brent Oil OTC") == "UKBrent_otc"
    assert told.label("#AAPL_otc") == "Apple OTC"
    told.hear(Assets((asset("EURUSD", "EUR/USD"),)))
    assert told.symbol("Apple OTC") is None


def test_of_assets_with_one_name_the_one_on_the_chart_is_meant() -> None:
    """Without it nobody can tell."""
    told = heard(Assets((asset("#AAPL_otc", "Apple OTC"), asset("#AAPL2_otc", "Apple OTC"))))
    assert told.symbol("Apple OTC") is None
    told.hear(ChartShown("#AAPL2_otc", 60_000))
    assert told.symbol("Apple OTC") == "#AAPL2_otc"


def test_a_deal_of_another_account_is_none_of_the_session_in_front() -> None:
    """A tab with the other account may still be open."""
    told = heard(Balance(Decimal(5), "real"), DealOpened(deal("d1"), None))
    assert not told.open_deals
    told.hear(Balance(Decimal(5), "demo"))
    told.hear(DealOpened(deal("d1"), None))
    assert set(told.open_deals or {}) == {"d1"}


def test_the_stake_is_that_of_the_account_in_front() -> None:
    """The page saves one for each; without an account nobody can tell which counts."""
    told = heard(chart("chart-1"))
    assert told.stake is None
    for account, stake in (("demo", 10), ("real", 20)):
        account_in_front: Account = "demo" if account == "demo" else "real"
        told.hear(Balance(Decimal(1), account_in_front))
        assert told.stake == stake
    assert told.expiry == 60_000


def test_with_several_charts_nobody_can_tell_whose_settings_count() -> None:
    """They count again when one is left."""
    told = heard(chart("chart-1"), chart("chart-2", expiry=5_000))
    assert told.expiry is None
    told.hear(ChartClosed("chart-2"))
    assert told.expiry == 60_000


def test_a_chart_that_names_no_timeframe_keeps_it_for_the_same_asset_only() -> None:
    """Of another asset it is not known until it is said."""
    told = heard(ChartShown("EURUSD", 60_000), ChartShown("EURUSD", None))
    assert (told.asset, told.timeframe) == ("EURUSD", 60_000)
    told.hear(ChartShown("GBPUSD", None))
    assert (told.asset, told.timeframe) == ("GBPUSD", None)


def test_open_deals_follow_what_opens_and_what_settles() -> None:
    """Each is known by its id."""
    told = heard(OpenDeals((deal("a"),)), DealOpened(deal("b")), DealsSettled((deal("a"),)))
    assert set(told.open_deals or ()) == {"b"}


def test_a_new_session_knows_of_no_account_until_it_is_told() -> None:
    """A balance of the session before must not speak for this one; favourites and assets stay."""
    told = heard(
        Balance(Decimal(5), "real"), OpenDeals(()), Favorites(("A",)), Assets((asset("A", "a"),)), LoggedIn("s")
    )
    assert (told.account, told.balance, told.open_deals, told.sessions) == (None, None, None, 1)
    assert told.favourites == ("A",)
    assert told.label("A") == "a"


def test_without_a_market_socket_nothing_is_known_that_may_change_unheard() -> None:
    """Neither account nor chart nor favourites nor deals; what assets there are is."""
    told = heard(Balance(Decimal(5), "demo"), OpenDeals((deal("a"),)), ChartShown("EURUSD", 60_000), chart("chart-1"))
    told.hear(Favorites(("A",)))
    told.hear(Assets((asset("A", "a"),)))
    told.forget()
    assert (told.account, told.open_deals, told.asset, told.timeframe) == (None,) * 4
    assert (told.favourites, told.settings) == (None, None)
    assert told.label("A") == "a"


async def test_who_waits_is_woken_by_the_word_waited_for() -> None:
    """Others do not end the waiting; the first look may already be enough."""
    told = Told()
    waiting = asyncio.ensure_future(told.until(lambda: told.asset, 5))
    await asyncio.sleep(0)
    told.hear(Tick("EURUSD", 0, 1.1))
    told.hear(Favorites(("A",)))
    await asyncio.sleep(0)
    assert not waiting.done()
    told.hear(ChartShown("EURUSD", 60_000))
    assert await waiting == "EURUSD"
    assert await told.until(lambda: told.asset, 0) == "EURUSD"


async def test_who_waits_in_vain_gets_nothing() -> None:
    """After the time that was given."""
    told = Told()
    assert await told.until(lambda: told.asset, 0.01) is None


def test_a_recorded_session_is_known_as_it_was() -> None:
    """The account, the balance, the chart and its settings out of real frames."""
    codec, told = Codec(), Told()
    for frame in read_frames(fixture(f"frames/{CAPTURES[-1]}.frames.jsonl")):
        for value in codec.feed(frame):
            told.hear(value)
    assert told.account == "demo"
    assert told.balance is not None
    assert told.balance.amount == Decimal("48335.49")
    assert told.asset is not None
    assert told.timeframe == 60_000
    assert told.expiry == 60_000
    assert told.stake == 10
    assert told.symbol("Apple OTC") == "#AAPL_otc"
    assert all(told.symbol(asset.label) == symbol for symbol, asset in told.assets.items())
    assert len(told.assets) == 183
