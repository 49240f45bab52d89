"""The practice account: its money, its sessions, and what the page remembers of its chart."""

import json
import secrets
import string
import time
from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from hashlib import md5
from typing import Any

from msgspec.structs import replace

from qfluxd.model import Account
from qfluxd.practice.deals import CURRENCY, number
from qfluxd.practice.ledger import Ledger
from qfluxd.practice.memory import Memory, Remembered
from qfluxd.trading.settlement import cents

CHART = "chart-1"
_LETTERS = string.ascii_lowercase + string.digits


class PracticeAccount:
    """One person's demo and real account, both play money; sessions are new at every start."""

    def __init__(self, start: Remembered, memory: Memory) -> None:
        self.uid = start.uid
        self.ledger = Ledger(start.balances, start.open_deals, start.closed_deals)
        self.currency = CURRENCY
        self.favourites = list(start.favourites)
        self.chart = dict(start.chart)
        self.sessions: dict[Account, str] = {"demo": _demo_session(), "real": _real_session()}
        self.chat_secret = secrets.token_hex(16)
        self._memory = memory

    def keep(self) -> None:
        """Put on the disk how things stand, where there is a file for it."""
        now = Remembered(
            uid=self.uid,
            balances=self.balances,
            favourites=self.favourites,
            chart=self.chart,
            open_deals=list(self.ledger.open_deals),
            closed_deals=list(self.ledger.closed_deals),
        )
        self._memory.keep(now)

    @property
    def balances(self) -> dict[Account, Decimal]:
        """What either account holds besides the stakes of its open deals."""
        return self.ledger.balances

    def account_of(self, auth: object) -> Account | None:
        """Which account the page's `auth` opens; None if it opens none."""
        if not isinstance(auth, Mapping):
            return None
        account: Account = "demo" if auth.get("isDemo") else "real"
        session = auth.get("session")
        known = isinstance(session, str) and secrets.compare_digest(session.encode(), self.sessions[account].encode())
        return account if known else None

    def balance_message(self, account: Account) -> dict[str, Any]:
        """The balance as `successupdateBalance` carries it."""
        return {"isDemo": int(account == "demo"), "balance": number(self.balances[account])}

    def charts_message(self) -> list[dict[str, str]]:
        """The chart as `updateCharts` carries it: settings are JSON within JSON."""
        return [{"chart_id": CHART, "settings": json.dumps(self.chart, separators=(",", ":"))}]

    def remember_chart(self, saved: object) -> None:
        """Keep what the page's `saveCharts` says, where it is what it should be."""
        if isinstance(saved, Mapping):
            self.chart.update({key: saved[key] for key in self.chart if _alike(saved.get(key), self.chart[key])})


def newcomer(balance: Decimal, real_balance: Decimal, asset: str, favourites: Sequence[str]) -> Remembered:
    """Somebody who has never traded."""
    return Remembered(
        uid=10_000_000 + secrets.randbelow(90_000_000),
        balances={"demo": cents(balance), "real": cents(real_balance)},
        favourites=list(favourites),
        chart=_first_chart(asset),
        open_deals=[],
        closed_deals=[],
    )


def returning(known: Remembered, new: Remembered, offered: Container[object]) -> Remembered:
    """Somebody who is remembered, on a market that may not have what was looked at: that is then as for a newcomer."""
    favourites = [symbol for symbol in known.favourites if symbol in offered]
    chart = new.chart | known.chart
    if chart["symbol"] not in offered:
        chart["symbol"] = new.chart["symbol"]
    lost_all = bool(known.favourites) and not favourites
    return replace(known, favourites=new.favourites if lost_all else favourites, chart=chart)


def _alike(new: object, old: object) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return isinstance(new, bool) and isinstance(old, bool)
    return isinstance(new, int | float) if isinstance(old, int | float) else isinstance(new, type(old))


def _first_chart(asset: str) -> dict[str, Any]:
    return {
        "chartId": CHART,
        "chartType": 2,
        "chartPeriod": 4,
        "candlesTimer": True,
        "symbol": asset,
        "demoDealAmount": 10,
        "liveDealAmount": 1,
        "enabledTradeMonitor": False,
        "enabledRatingWidget": True,
        "isVisible": True,
        "fastTimeframe": 60,
        "enabledAutoscroll": True,
        "enabledGridSnap": True,
        "minimizedTradePanel": False,
        "fastCloseAt": 0,
        "enableQuickAutoOffset": True,
        "quickAutoOffsetValue": 30,
        "showArea": True,
        "percentAmount": 1,
    }


def _demo_session() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(26))


def _real_session() -> str:
    """A session as the platform's own cookie has it: PHP's serialised array, and a checksum behind it."""
    fields = {
        "session_id": secrets.token_hex(16),
        "ip_address": "127.0.0.1",
        "user_agent": "Mozilla/5.0",
    }
    body = "".join(f's:{len(key)}:"{key}";s:{len(value)}:"{value}";' for key, value in fields.items())
    body = f'a:4:{{{body}s:13:"last_activity";i:{int(time.time())};}}'
    return body + md5(body.encode(), usedforsecurity=False).hexdigest()
