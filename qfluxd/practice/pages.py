"""The practice broker's web pages: the trading page for each account, the login page, and their files."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec

from qfluxd.model import Account
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.clock import MarketClock
from qfluxd.practice.springs import Springs

DEMO = "/en/cabinet/demo-quick-high-low/"
REAL = "/en/cabinet/quick-high-low/"
LOGIN = "/en/login/"
LOGOUT = "/en/logout/"

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
}
_ACCOUNTS: dict[str, Account] = {DEMO: "demo", REAL: "real"}


class Pages:
    """An ASGI application. Who is not logged in gets the login page and nothing else."""

    def __init__(self, account: PracticeAccount, clock: MarketClock, springs: Springs, logged_in: bool) -> None:
        self.logged_in = logged_in
        self._account = account
        self._clock = clock
        self._springs = springs
        self._folder = files("qfluxd.practice").joinpath("page")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request; a WebSocket that belongs to no socket is closed."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4404})
        elif scope["type"] == "http":
            status, headers, body = self._answer(scope["method"], scope["path"])
            raw = [(name.encode(), value.encode()) for name, value in headers.items()]
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, method: str, path: str) -> tuple[int, dict[str, str], bytes]:
        place = path if path.endswith("/") else path + "/"
        if path.startswith("/static/"):
            return _file(self._folder.joinpath("static", path.removeprefix("/static/").replace("/", "_")))
        if place == LOGIN and method == "POST":
            self.logged_in = True
            return _redirect(DEMO)
        if place == LOGOUT:
            self.logged_in = False
            return _redirect(LOGIN)
        if place == LOGIN:
            return _file(self._folder.joinpath("login.html"))
        if place in _ACCOUNTS:
            return self._cabinet(_ACCOUNTS[place]) if self.logged_in else _redirect(LOGIN)
        if place in ("/", "/cabinet/", "/en/cabinet/"):
            return _redirect(DEMO if self.logged_in else LOGIN)
        return 404, {"content-type": "text/plain"}, b"Not found"

    def _cabinet(self, account: Account) -> tuple[int, dict[str, str], bytes]:
        page = self._folder.joinpath("cabinet.html").read_text(encoding="utf-8")
        data = json.dumps(self._page_data(account)).replace("<", "\\u003c")
        demo = account == "demo"
        body = (
            page.replace("{{body}}", "is-chart-demo" if demo else "is-chart-real")
            .replace("{{label}}", "QT Demo" if demo else "QT Real")
            .replace("{{balance}}", f"{self._account.balances[account]:,.2f}")
            .replace("{{balance-class}}", "js-balance-demo" if demo else "js-balance-real js-balance-real-USD")
            .replace("{{data}}", data)
        )
        return 200, {"content-type": _TYPES["html"], "cache-control": "no-store"}, body.encode()

    def _page_data(self, account: Account) -> dict[str, Any]:
        mine = self._account
        return {
            "account": account,
            "auth": {
                "session": mine.sessions[account],
                "isDemo": int(account == "demo"),
                "uid": mine.uid,
                "platform": 2,
                "isFastHistory": True,
                "isOptimized": True,
            },
            "chat": {"id": mine.uid, "secret": mine.chat_secret},
            "balances": {name: f"{amount:,.2f}" for name, amount in mine.balances.items()},
            "addresses": {"demo": DEMO, "real": REAL, "login": LOGIN, "logout": LOGOUT},
            "now": self._clock.now(),
            "speed": self._clock.speed,
            "traps": msgspec.to_builtins(self._springs.traps),
        }


def _redirect(to: str) -> tuple[int, dict[str, str], bytes]:
    return 303, {"location": to}, b""


def _file(place: Traversable) -> tuple[int, dict[str, str], bytes]:
    if not place.is_file():
        return 404, {"content-type": "text/plain"}, b"Not found"
    kind = _TYPES.get(place.name.rpartition(".")[2], "application/octet-stream")
    return 200, {"content-type": kind, "cache-control": "no-cache"}, place.read_bytes()
