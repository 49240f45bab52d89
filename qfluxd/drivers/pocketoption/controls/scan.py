"""Everything the page shows, told at once: the session, and who is logged in."""

import re
from time import time_ns

import msgspec

from qfluxd.drivers.pocketoption import page, texts
from qfluxd.drivers.pocketoption.controls import looks, readings
from qfluxd.drivers.pocketoption.controls.covers import clear
from qfluxd.drivers.pocketoption.controls.diagnostics import as_trouble
from qfluxd.drivers.pocketoption.controls.readings import Seen, read
from qfluxd.drivers.pocketoption.controls.touch import Touch
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.errors import PageError
from qfluxd.model import Millis
from qfluxd.sights import Profile, SessionScan

_USER = re.compile(r"(?:\b(?:id|user)\b\D{0,4})(\d{4,})", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_EXPERIENCE = re.compile(r"(\d[\d,]*)\s*/\s*(\d[\d,]*)(?:\s*XP)?", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_][\w .'-]{1,40}")


class Menu(msgspec.Struct, frozen=True):
    """What the user menu says line by line, and what stands beside it."""

    lines: tuple[str, ...]
    level: str | None
    navigation: tuple[str, ...]


async def scan(touch: Touch) -> SessionScan:
    """Everything the page shows of itself now."""
    seen = await read(touch.hand)
    with as_trouble(page.BODY):
        view = await touch.hand.view()
    zoom = round(100 * view.zoom * view.pinch * seen.css_zoom)
    return scanned(seen, touch.told, zoom, time_ns() // 1_000_000)


def scanned(seen: Seen, told: Told, zoom: int, now: Millis) -> SessionScan:
    """What was seen held against what was told; `zoom` in percent."""
    return SessionScan(
        address=seen.address,
        login=seen.login or texts.asks_login(seen.address),
        account=readings.account(seen, told),
        balance=readings.balance(seen, told),
        balance_hidden=readings.balance_hidden(seen),
        currency=readings.currency(seen, told),
        asset=readings.asset(seen, told),
        timeframe=readings.timeframe(seen, told),
        expiry=readings.expiry(seen, told, now),
        clock_mode=readings.clock_mode(seen, told, now),
        stake=readings.stake(seen, told),
        payout=readings.payout(seen, told),
        call_available=seen.call and not seen.inactive,
        put_available=seen.put and not seen.inactive,
        open_trades=readings.open_trades(seen, told),
        sidebar_open=seen.sidebar,
        favorites=readings.favourites(seen, told),
        favorites_shown=seen.favourites_shown,
        covering=seen.covering,
        zoom=zoom,
        viewport=seen.viewport,
    )


async def profile(touch: Touch) -> Profile:
    """Who is logged in; opens the user menu and shuts it again."""
    await clear(touch)
    async with touch.trouble.working(touch.hand, page.USER_MENU):
        await touch.click(page.USER_MENU)
        try:
            if await touch.appears(page.DROPDOWN) is None:
                raise PageError("control_stuck", "a click on the user's picture did not open the user menu")
            menu = msgspec.convert(await touch.hand.evaluate(looks.MENU, looks.MENU_OF), Menu)
        finally:
            await clear(touch)
    return profiled(await read(touch.hand), menu, touch.told)


def profiled(seen: Seen, menu: Menu, told: Told) -> Profile:
    """The user menu's lines sorted into what they are."""
    whole = "\n".join(menu.lines)
    user, email, experience = _USER.search(whole), _EMAIL.search(whole), _EXPERIENCE.search(whole)
    names = (line for line in menu.lines if _NAME.fullmatch(line) and not _USER.search(line))
    return Profile(
        account=readings.account(seen, told),
        balance=readings.balance(seen, told),
        currency=readings.currency(seen, told),
        stake=readings.stake(seen, told),
        display_name=next((name for name in names if name not in menu.navigation), None),
        user_id=None if user is None else user[1],
        email=None if email is None else email[0],
        level=menu.level,
        experience=None if experience is None else (_count(experience[1]), _count(experience[2])),
        account_banner=seen.banner,
        navigation=menu.navigation,
    )


def _count(text: str) -> int:
    return int(text.replace(",", ""))
