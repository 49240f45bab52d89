"""A trading page that does as it is told, for those who ask it: no browser, every call noted."""

from collections.abc import Callable
from decimal import Decimal

from qfluxd.errors import PageError
from qfluxd.model import Account, Millis, Order, Placed
from qfluxd.ports import Permit
from qfluxd.sights import Favorite, FavoritesScan, Picture, Profile, Reading, SessionScan, What


def scan(asset: str = "EURUSD_otc", timeframe: Millis = 60_000) -> SessionScan:
    """A page at rest on the demo account."""
    return SessionScan(
        address="http://127.0.0.1/en/cabinet/demo-quick-high-low/",
        login=False,
        account=Reading("demo", "socket", "demo"),
        balance=Reading(Decimal(50_000), "socket", Decimal("49999.5")),
        balance_hidden=False,
        currency=Reading("USD", "socket"),
        asset=Reading(asset, "socket", asset),
        timeframe=Reading(timeframe, "socket"),
        expiry=Reading(60_000, "page", 60_000),
        clock_mode=False,
        stake=Reading(Decimal(1), "page", Decimal(1)),
        payout=Reading(92, "socket", 92),
        call_available=True,
        put_available=True,
        open_trades=Reading(0, "socket"),
        sidebar_open=None,
        favorites=Reading(("EURUSD_otc",), "socket"),
        favorites_shown=True,
        covering=(),
        zoom=100,
        viewport=(1280, 720),
    )


class HandyHands:
    """Hands that do at once what is asked; `broken` names a call that fails, `on_chart` hears where the chart goes."""

    def __init__(self, broken: str = "") -> None:
        self.calls: list[str] = []
        self.broken = broken
        self.on_chart: Callable[[str, Millis], None] = lambda asset, timeframe: None
        self._asset = "EURUSD_otc"
        self._timeframe = 60_000

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if self.broken and call.startswith(self.broken):
            raise PageError("control_missing", f"{call}: no such control", tried=(".a",), artifact="trouble/x")

    async def scan(self) -> SessionScan:
        """What the page shows."""
        self._note("scan")
        return scan()

    async def profile(self) -> Profile:
        """Who is logged in."""
        self._note("profile")
        return Profile(
            account=Reading("demo", "socket"),
            balance=Reading(Decimal(5), "socket"),
            currency=Reading("USD", "socket"),
            stake=Reading(Decimal("1.5"), "page"),
            display_name="Somebody",
            user_id="1",
            email=None,
            level=None,
            experience=(1, 10),
            account_banner=None,
            navigation=("trade",),
        )

    async def scan_favorites(self, min_payout: int) -> FavoritesScan:
        """One favourite."""
        self._note(f"scan_favorites {min_payout}")
        one = Favorite("EURUSD_otc", "EUR/USD OTC", Reading(92, "socket", 92), True, True)
        return FavoritesScan((one,), ("EURUSD_otc",), min_payout)

    async def select_favorite(self, pick: str, min_payout: int) -> str:
        """As asked."""
        self._note(f"select_favorite {pick} {min_payout}")
        return "EURUSD_otc"

    async def star(self, asset: str, starred: bool) -> tuple[str, ...]:
        """As asked."""
        self._note(f"star {asset} {starred}")
        return (asset,) if starred else ()

    async def select_asset(self, asset: str) -> str:
        """As asked."""
        self._note(f"select_asset {asset}")
        self._asset = asset
        self.on_chart(asset, self._timeframe)
        return asset

    async def select_timeframe(self, timeframe: Millis) -> Millis:
        """As asked."""
        self._note(f"select_timeframe {timeframe}")
        self._timeframe = timeframe
        self.on_chart(self._asset, timeframe)
        return timeframe

    async def set_expiry(self, expiry: Millis) -> Millis:
        """As asked."""
        self._note(f"set_expiry {expiry}")
        return expiry

    async def set_stake(self, stake: Decimal) -> Decimal:
        """As asked."""
        self._note(f"set_stake {stake}")
        return stake

    async def select_account(self, account: Account) -> Account:
        """As asked."""
        self._note(f"select_account {account}")
        return account

    async def show_balance(self, shown: bool) -> bool:
        """As asked."""
        self._note(f"show_balance {shown}")
        return shown

    async def show_sidebar(self, shown: bool) -> bool:
        """As asked."""
        self._note(f"show_sidebar {shown}")
        return shown

    async def close_modals(self) -> tuple[str, ...]:
        """A promo was there."""
        self._note("close_modals")
        return ("promo",)

    async def picture(self, what: What) -> Picture:
        """Four bytes of a picture."""
        self._note(f"picture {what}")
        return Picture(what, b"PNG!", b"JPEG", 640, 360)

    async def place(self, order: Order, permit: Permit) -> Placed:
        """Nothing is placed here."""
        self._note(f"place {order.id}")
        raise AssertionError(f"nobody places orders here: {permit}")

    async def relist(self) -> bool:
        """It may not be reloaded."""
        self._note("relist")
        return False

    async def reload(self) -> Account | None:
        """The demo account is in front again."""
        self._note("reload")
        return "demo"
