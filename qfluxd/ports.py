"""What a driver and a sink must look like: protocols, never subclassed."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import msgspec

from qfluxd.model import Account, Event, Fact, Frame, Millis, Note, Order, Placed, Refusal, Sighting
from qfluxd.settings import ChromeSettings
from qfluxd.sights import FavoritesScan, Picture, Profile, SessionScan, What

type SeeFrame = Callable[[Frame], None]
"""Takes one frame that is clean of secrets. Never waits, never raises."""


class Ear(Protocol):
    """Who listens to a driver: the desk. No method waits or raises."""

    def hear(self, at: Millis, event: Event) -> None:
        """Take one event; `at` is this machine's clock when its frame was read."""

    def beat(self, at: Millis) -> None:
        """Let time pass: nothing was heard up to `at` that has not been passed on."""

    def hear_note(self, at: Millis, note: Note) -> None:
        """Take what a recording has noted beside its frames; only a replay tells any."""

    def on_feed_lost(self) -> None:
        """Frames of the market were missed: bars that are open are not whole any more."""

    def on_order_unclear(self, at: Millis) -> None:
        """An order may have left the page unread: that none was heard proves nothing of the clicks that are out."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        """Tell a person something; `code` is a stable word, `detail` a sentence."""


@runtime_checkable
class Resting(Protocol):
    """An ear for which a recording waits between its frames, so that who trades on it is done before the next one."""

    async def rest(self) -> None:
        """Return when everything that the newest frame brought about has been done."""


class DriverHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What a driver has done so far. Counts are since the daemon's start.

    `given_up` names the controls of the page that are left alone for a while, with their breaker's state.
    """

    frames: int = 0
    secrets: int = 0
    lost: int = 0
    queued: int = 0
    reconnects: int = 0
    events: dict[str, int] = {}
    errors: dict[str, int] = {}
    chrome_pids: tuple[int, ...] = ()
    given_up: dict[str, str] = {}


class Permit(Protocol):
    """The last word before a click, and the ear for what became of it. No method is awaited.

    For each click the driver asks first, which takes as long as the journal's disk does; only None lets it be made, and
    by then the journal knows that it may have been. Where the page asks whether the click is meant, `still` comes
    before the yes.
    """

    def ask(self, sighting: Sighting, attempt: int) -> Refusal | None:
        """Whether this click may be made, with what the page shows; attempts count from 1."""

    def still(self, sighting: Sighting) -> Refusal | None:
        """Whether the order that was clicked may be gone on with, with what the page shows; writes nothing down."""

    def clicked(self, attempt: int, landed: bool | None) -> None:
        """The click was made: `landed` False where it provably reached no button, None where nobody can tell yet."""


class Hands(Protocol):
    """What works the trading page: one thing at a time, an order before everything else that waits.

    The promise: each method returns only what was read back after it acted. All raise `PageError` where the page does
    not let itself be worked, and `Disconnected` where it is gone; none clicks buy or sell but `place`.
    """

    async def scan(self) -> SessionScan:
        """Everything the page shows of itself."""

    async def profile(self) -> Profile:
        """Who is logged in; opens the user menu and shuts it again."""

    async def scan_favorites(self, min_payout: int) -> FavoritesScan:
        """Every favourite, also those out of sight, with payouts."""

    async def select_favorite(self, pick: str, min_payout: int) -> str:
        """Put the chart on a favourite: a symbol, or first, last, best of those that pay enough. Gives the symbol."""

    async def star(self, asset: str, starred: bool) -> tuple[str, ...]:
        """Add an asset to the favourites or take it out; gives the favourites after it."""

    async def select_asset(self, asset: str) -> str:
        """Put the chart on an asset; gives the symbol that it shows."""

    async def select_timeframe(self, timeframe: Millis) -> Millis:
        """Put the chart on a timeframe; gives the one that it shows."""

    async def set_expiry(self, expiry: Millis) -> Millis:
        """Set how long the next trade lasts; gives what the page shows."""

    async def set_stake(self, stake: Decimal) -> Decimal:
        """Set the stake of the next trade; gives what the page shows."""

    async def select_account(self, account: Account) -> Account:
        """Put the demo or the real account in front; gives the one that is."""

    async def show_balance(self, shown: bool) -> bool:
        """Show or hide the balance on the page; gives whether it is shown."""

    async def show_sidebar(self, shown: bool) -> bool:
        """Open or shut the list of trades; gives whether it is open."""

    async def close_modals(self) -> tuple[str, ...]:
        """Take away what lies over the page; gives the names of what was closed."""

    async def picture(self, what: What) -> Picture:
        """A screenshot of the page, its chart or its trade panel."""

    async def place(self, order: Order, permit: Permit) -> Placed:
        """Set asset, expiry and stake in that order, ask `permit`, and click once.

        A click is repeated only where the one before it provably reached no button and no order left the page.
        """

    async def relist(self) -> bool:
        """Have the broker tell its open and closed deals again; False where the page may not be reloaded.

        Raises `PageError` where it was reloaded and they were not told.
        """

    async def reload(self) -> Account | None:
        """Load the page anew, as its owner asks; gives the account in front once the page has logged in again."""


type Passing = Callable[[str], None]
"""Told the name of each point that an order passes. Does nothing, but where a test stops the program there."""


def pass_on(_point: str) -> None:
    """A `Passing` that does nothing."""


class Driver(Protocol):
    """One broker. The promise: it says where it stands (`Situation`) before it waits for anything."""

    @property
    def server_offset(self) -> int:
        """The configured lead of the server's clock over UTC, in seconds."""

    @property
    def account(self) -> Account | None:
        """The account that must be in front for an order; None where every account is play money."""

    @property
    def hands(self) -> Hands | None:
        """What works its page; None for a driver without one, such as a replay."""

    def health(self) -> DriverHealth:
        """What it has done so far."""

    async def run(self, ear: Ear) -> None:
        """Listen until cancelled; a driver with an end (a replay) returns at it."""


@runtime_checkable
class Timed(Protocol):
    """A driver whose events are not told by the clock on the wall, but by that of a recording."""

    def now(self) -> Millis:
        """This machine's clock, as its events are told by it."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every driver is given beside its own table of the configuration.

    `beneath` connects the driver that this one's table names as `on`; None where it names none.
    """

    chrome: ChromeSettings
    state_dir: Path
    see: SeeFrame
    passing: Passing = pass_on
    beneath: "Callable[[Surroundings], Driver] | None" = None


class DriverModule(Protocol):
    """A module named by an entry point of the group ``qfluxd.drivers``."""

    Config: type[Any]
    """A frozen pydantic model: the driver's own table, `[driver.<name>]`.

    A field `on` names another driver that this one rests on, with its own table.
    """

    def connect(self, config: Any, surroundings: Surroundings) -> Driver:
        """The driver for this table; opens nothing yet."""


class Sink(Protocol):
    """Somewhere facts go: the outbox, the store, a terminal."""

    def on_fact(self, fact: Fact) -> None:
        """Take one fact, at once; a sink that has to wait keeps its own bounded queue."""
