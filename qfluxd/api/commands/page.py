"""What may be asked of the trading page: to look at it, to set it, to take a picture of it."""

from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from qfluxd.api.commands.arguments import (
    Expiry,
    MinPayout,
    Stake,
    Symbol,
    TimeframeName,
    check_stake,
    length_of,
    usual_expiry,
    usual_name,
)
from qfluxd.api.commands.asking import Command
from qfluxd.model import Account, Millis, parse_timeframe
from qfluxd.sights import What

MOST_TIMEFRAMES = 9
MOST_TOPDOWN = 500
"""How many candles of each timeframe `topdown` answers at most."""
PICKS = ("first", "last", "best")


class PageWork(Command, frozen=True):
    """Something done on the trading page, where there is only one hand: few wait at a time."""

    per_second: ClassVar[float] = 5
    burst: ClassVar[int] = 20
    parallel: ClassVar[int] = 8


class SessionScan(PageWork, frozen=True):
    """Everything the trading page shows of itself, each value with where it was read."""

    name: ClassVar[str] = "session/scan"


class ProfileScan(PageWork, frozen=True):
    """Who is logged in, as far as the page shows it; opens the user menu and shuts it again."""

    name: ClassVar[str] = "profile/scan"


class FavoritesScan(PageWork, frozen=True):
    """Every favourite of the page with its payout, also those out of sight, and which of them pay enough."""

    name: ClassVar[str] = "favorites/scan"
    example: ClassVar[dict[str, Any]] = {"min_payout": 90}

    min_payout: MinPayout = 0


class FavoritesSelect(PageWork, frozen=True):
    """Puts the chart on a favourite: a certain one, or the first, last or best of those that pay enough."""

    name: ClassVar[str] = "favorites/select"
    example: ClassVar[dict[str, Any]] = {"pick": "best", "min_payout": 90}

    asset: Annotated[str, Meta(min_length=1, max_length=64, description="the favourite's exact symbol")] | None = None
    pick: Annotated[Literal["first", "last", "best"], Meta(description="which one, where no asset is named")] | None = (
        None
    )
    min_payout: MinPayout = 0

    def __post_init__(self) -> None:
        if self.pick is None and self.asset in PICKS:
            msgspec.structs.force_setattr(self, "pick", self.asset)
            msgspec.structs.force_setattr(self, "asset", None)
        if (self.asset is None) == (self.pick is None):
            raise ValueError("favorites/select needs asset or pick: a symbol, or first, last or best")

    @property
    def choice(self) -> str:
        """The symbol, or which one of those that pay enough."""
        return self.asset or self.pick or ""


class FavoritesStar(PageWork, frozen=True):
    """Adds an asset to the favourites, or takes it out."""

    name: ClassVar[str] = "favorites/star"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc", "starred": True}

    asset: Symbol
    starred: Annotated[bool, Meta(description="false takes it out")] = True


class AssetSelect(PageWork, frozen=True):
    """Puts the chart on an asset."""

    name: ClassVar[str] = "asset/select"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc"}

    asset: Symbol


class TimeframeSelect(PageWork, frozen=True):
    """Puts the chart on a timeframe that the page offers."""

    name: ClassVar[str] = "timeframe/select"
    example: ClassVar[dict[str, Any]] = {"timeframe": "1m"}

    timeframe: Annotated[str, Meta(max_length=16, description="such as 1m")]

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "timeframe", usual_name(self.timeframe))

    @property
    def length(self) -> Millis:
        """The timeframe in milliseconds."""
        return parse_timeframe(self.timeframe)


class ExpirySelect(PageWork, frozen=True):
    """Sets how long the next trade lasts, without placing one."""

    name: ClassVar[str] = "expiry/select"
    example: ClassVar[dict[str, Any]] = {"expiry": "1m"}

    expiry: Expiry

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "expiry", usual_expiry(self.expiry))

    @property
    def length(self) -> Millis:
        """The expiry in milliseconds."""
        return length_of(self.expiry)


class StakeSet(PageWork, frozen=True):
    """Sets the stake of the next trade, without placing one."""

    name: ClassVar[str] = "stake/set"
    example: ClassVar[dict[str, Any]] = {"stake": 1}

    stake: Stake

    def __post_init__(self) -> None:
        check_stake(self.stake)


class AccountSelect(PageWork, frozen=True):
    """Puts the demo account in front, or the real one where the configuration allows it."""

    name: ClassVar[str] = "account/select"
    example: ClassVar[dict[str, Any]] = {"account": "demo"}

    account: Annotated[Account, Meta(description="demo or real")]


class BalanceShow(PageWork, frozen=True):
    """Shows the balance on the page, or hides it."""

    name: ClassVar[str] = "balance/show"
    example: ClassVar[dict[str, Any]] = {"shown": True}

    shown: Annotated[bool, Meta(description="false hides it")] = True


class SidebarShow(PageWork, frozen=True):
    """Opens the page's list of trades, or shuts it."""

    name: ClassVar[str] = "sidebar/show"
    example: ClassVar[dict[str, Any]] = {"shown": True}

    shown: Annotated[bool, Meta(description="false shuts it")] = True


class ModalsClose(PageWork, frozen=True):
    """Takes away what lies over the page: notices, offers, open menus."""

    name: ClassVar[str] = "modals/close"


class PageReload(PageWork, frozen=True):
    """Loads the trading page anew and answers when it has logged in again, with the account that is in front."""

    name: ClassVar[str] = "page/reload"
    per_second: ClassVar[float] = 0.5
    burst: ClassVar[int] = 3
    parallel: ClassVar[int] = 2


class Screenshot(PageWork, frozen=True):
    """A picture of the page, its chart or its trade panel: a PNG in the state folder, a JPEG on screenshot/image."""

    name: ClassVar[str] = "screenshot"
    example: ClassVar[dict[str, Any]] = {"what": "chart"}
    per_second: ClassVar[float] = 2
    burst: ClassVar[int] = 10

    what: Annotated[What, Meta(description="what it shows")] = "page"
    publish: Annotated[bool, Meta(description="also on the topic screenshot/image")] = True


class Topdown(PageWork, frozen=True):
    """Takes the chart through a stack of timeframes: candles and a picture of each; then puts the view back."""

    name: ClassVar[str] = "topdown"
    example: ClassVar[dict[str, Any]] = {"asset": "EURUSD_otc", "timeframes": ["1h", "15m", "5m", "1m"], "count": 50}
    per_second: ClassVar[float] = 1
    burst: ClassVar[int] = 3
    parallel: ClassVar[int] = 1

    asset: Symbol
    timeframes: Annotated[
        tuple[TimeframeName, ...],
        Meta(min_length=1, max_length=MOST_TIMEFRAMES, description="from the longest to the shortest, usually"),
    ] = ("1h", "15m", "5m", "1m")
    count: Annotated[int, Meta(ge=1, le=MOST_TOPDOWN, description="candles of each timeframe, at most")] = 100
    screenshots: Annotated[bool, Meta(description="a picture of the chart at each timeframe")] = True

    def __post_init__(self) -> None:
        names = tuple(dict.fromkeys(usual_name(name) for name in self.timeframes))
        msgspec.structs.force_setattr(self, "timeframes", names)

    @property
    def lengths(self) -> tuple[Millis, ...]:
        """The timeframes in milliseconds, each once."""
        return tuple(parse_timeframe(name) for name in self.timeframes)
