"""Does what is asked of the trading page, by the hands of the driver."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from qfluxd.api import commands as ask
from qfluxd.api.commands import Later
from qfluxd.api.shapes import money
from qfluxd.desk import Desk
from qfluxd.model import Millis, Refusal, Series, timeframe_name
from qfluxd.performer.arrivals import Arrivals
from qfluxd.performer.market import MarketAnswers
from qfluxd.performer.pictures import Pictures
from qfluxd.performer.topdown import Descent
from qfluxd.ports import Hands
from qfluxd.settings import RiskSettings
from qfluxd.sights import Profile, Reading, SessionScan
from qfluxd.trading import risk


class PageAnswers:
    """What the page is asked for. The promise: an answer tells what was read back from it, never what was wished."""

    def __init__(
        self,
        hands: Callable[[], Hands | None],
        desk: Desk,
        market: MarketAnswers,
        pictures: Pictures,
        arrivals: Arrivals,
        limits: Callable[[], RiskSettings],
    ) -> None:
        self._hands = hands
        self._desk = desk
        self._market = market
        self._pictures = pictures
        self._arrivals = arrivals
        self._limits = limits

    async def perform(self, command: ask.PageWork) -> Any | Refusal | Later:
        """The data of the answer, or why there is none; raises as `Hands` does."""
        hands = self._hands()
        if hands is None:
            return Refusal("no_page", "this driver works no page")
        if refused := self._not_wanted(command):
            return refused
        match command:
            case ask.Topdown():
                walk = Descent(command, hands, self._desk, self._arrivals, self._pictures)
                return Later({"asset": command.asset, "timeframes": command.timeframes}, walk.run())
            case ask.Screenshot():
                return await self._pictures.take(hands, command.what, publish=command.publish)
            case ask.SessionScan() | ask.ProfileScan() | ask.FavoritesScan():
                return await _looked(command, hands)
            case _:
                return await _worked(command, hands)

    def _not_wanted(self, command: ask.PageWork) -> Refusal | None:
        """Why the page is not even touched, None where it may be."""
        if isinstance(command, ask.AccountSelect) and command.account == "real" and not self._limits().allow_real:
            return Refusal("real_not_allowed", "the real account stays out of reach while [risk] allow_real is false")
        if isinstance(command, ask.StakeSet) and (refused := risk.untradable_stake(command.stake, self._limits())):
            return refused
        if isinstance(command, ask.ExpirySelect):
            asset = self._desk.session.asset
            return risk.untradable_expiry(command.length, asset or "this asset", self._market.least_expiry(asset))
        asset = getattr(command, "asset", None)
        if asset is not None and (sentence := self._market.unknown_asset(asset)):
            return Refusal("asset_unknown", sentence)
        if isinstance(command, ask.Topdown):
            series = (Series(command.asset, length) for length in command.lengths)
            return next((refused for one in series if (refused := self._market.unknown(one))), None)
        return None


async def _looked(command: ask.PageWork, hands: Hands) -> Any:
    match command:
        case ask.SessionScan():
            return scan_data(await hands.scan())
        case ask.ProfileScan():
            return profile_data(await hands.profile())
        case ask.FavoritesScan():
            return await hands.scan_favorites(command.min_payout)
        case _:
            raise AssertionError(f"{command.name} looks at nothing")


async def _worked(command: ask.PageWork, hands: Hands) -> dict[str, Any]:
    match command:
        case ask.FavoritesSelect():
            return {"asset": await hands.select_favorite(command.choice, command.min_payout)}
        case ask.FavoritesStar():
            favorites = await hands.star(command.asset, command.starred)
            return {"asset": command.asset, "starred": command.asset in favorites, "favorites": favorites}
        case ask.AssetSelect():
            return {"asset": await hands.select_asset(command.asset)}
        case ask.TimeframeSelect():
            return {"timeframe": timeframe_name(await hands.select_timeframe(command.length))}
        case ask.ExpirySelect():
            return {"expiry": timeframe_name(await hands.set_expiry(command.length))}
        case ask.StakeSet():
            return {"stake": money(await hands.set_stake(command.stake))}
        case ask.AccountSelect():
            return {"account": await hands.select_account(command.account)}
        case ask.BalanceShow():
            return {"shown": await hands.show_balance(command.shown)}
        case ask.SidebarShow():
            return {"shown": await hands.show_sidebar(command.shown)}
        case ask.PageReload():
            return {"account": await hands.reload()}
        case ask.ModalsClose():
            return {"closed": await hands.close_modals()}
        case _:
            raise AssertionError(f"{command.name} has no one to do it")


def scan_data(scan: SessionScan) -> dict[str, Any]:
    """What the page shows of itself, as an answer shows it: lengths of time by name, money with its digits."""
    return msgspec.structs.asdict(scan) | {
        "timeframe": _read(scan.timeframe, _name),
        "expiry": _read(scan.expiry, _name),
        "balance": _read(scan.balance, money),
        "stake": _read(scan.stake, money),
    }


def profile_data(profile: Profile) -> dict[str, Any]:
    """Who is logged in, as an answer shows it."""
    return msgspec.structs.asdict(profile) | {
        "balance": _read(profile.balance, money),
        "stake": _read(profile.stake, money),
    }


def _read[T: (int, Decimal)](reading: Reading[T], shown: Callable[[T], Any]) -> dict[str, Any]:
    value = None if reading.value is None else shown(reading.value)
    page = None if reading.page is None else shown(reading.page)
    return {"value": value, "source": reading.source, "page": page}


def _name(length: Millis) -> str:
    """The name of a length of time; one of no whole seconds, which no page should show, as milliseconds."""
    return timeframe_name(length) if length % 1000 == 0 else f"{length} ms"
