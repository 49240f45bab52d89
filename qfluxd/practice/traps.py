"""What a trading page does to those who work it blindly, each to be switched on by itself or by chance."""

from typing import Literal

import msgspec

type Answers = Literal["once", "late", "missing", "doubled"]
type Renamed = Literal["amount", "expiry", "buttons", "payout", "balance", "picker", "favourites", "timeframe"]


class Traps(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Which traps are set. The page gets them as JSON with these names in camel case.

    Some are always there, as on the platform: the amount field falls back to 1 when emptied, the clock icon beside the
    expiry flips its mode, the veil of an asset that is not traded is always in the document, favourites are moved and
    not scrolled. With `walk` set, each action of the page draws at random, from that seed, which of the traps below
    that are switched on spring this time (about one in four).
    """

    walk: int | None = None
    amount_appends: bool = False
    """Typing goes behind what the field holds, whatever is selected; a value set with its input event replaces it."""
    rerender_ms: int = 0
    """After a change of expiry the whole panel is made anew, so many ms later; 0 never beyond the usual."""
    clock_mode: bool = False
    """The page loads with the expiry in clock mode."""
    toast: bool = False
    """A toast lies over the buttons, and goes after some seconds."""
    promo: bool = False
    """A promotion (`.mfp-close`) lies over the page until it is closed."""
    deposit: bool = False
    """The deposit drop-down opens by itself over the panel."""
    confirm: bool = False
    """A click on buy or sell opens a question; the order leaves when it is confirmed."""
    tutorial: bool = False
    """The tutorial (`.tutorial-v1`) lies over the page until it is skipped."""
    sidebar_shut: bool = False
    favourites_hidden: bool = False
    balance_hidden: bool = False
    throttled: bool = False
    """The page behaves as one in the background: balance text and timers lag by up to 31 s; the sockets do not."""
    veil: bool = False
    """Something one cannot see lies over the buttons and takes every click of a pointer; it cannot be closed."""
    partly_covered: bool = False
    """Something lies over the middle of the buttons; their edges are free."""
    swallow: bool = False
    """An element above the buttons takes the trusted clicks before they reach them; dispatched ones pass."""
    renamed: Renamed | None = None
    """One control's classes have other names than ever."""
    blocked_ms: int = 0
    """The page's main thread stands still for so long after a click on buy or sell, before the order leaves."""
    payout_drops: bool = False
    """The payout falls while the panel is being set."""
    answers: Answers = "once"
    """How the broker answers an order: at once, late (`late_ms`), never (the deal is opened all the same), or twice."""
    late_ms: int = 4_000
    lost_orders: bool = False
    """The broker never gets the order though the page has sent it."""
