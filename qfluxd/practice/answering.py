"""How orders and deals are talked about with the pages: answers at once, late, twice or never; settlements."""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from qfluxd.model import Account, Millis
from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.dealing import Dealing
from qfluxd.practice.deals import PracticeDeal
from qfluxd.practice.lines import Line
from qfluxd.practice.requests import OpenOrder
from qfluxd.practice.springs import Springs

_OPENED = "successopenOrder"
_REFUSED = "failopenOrder"


class _Reply(NamedTuple):
    """One answer to an order: to whom, and of which account."""

    to: str
    account: Account
    event: str
    body: dict[str, Any]


class Answering:
    """Tells deals to every page of their account, and refusals to the page that asked.

    However an order is answered, it is answered by what has already been done: a deal whose answer never comes is open.
    """

    def __init__(self, line: Line, account: PracticeAccount, dealing: Dealing, springs: Springs) -> None:
        self._line = line
        self._account = account
        self._dealing = dealing
        self._springs = springs
        self._late: list[tuple[float, _Reply]] = []

    async def order(self, sid: str, account: Account, order: OpenOrder, now: Millis) -> None:
        """Open a deal or refuse it, and answer as the traps that spring have it."""
        if self._springs.loses():
            self._dealing.lose(order, account, now)
            return
        taken = self._dealing.receive(order, account, now)
        if isinstance(taken, PracticeDeal):
            reply = _Reply(room(account), account, _OPENED, self._dealing.opening(order, taken))
        else:
            reply = _Reply(sid, account, _REFUSED, self._dealing.refusal(order, taken))
        await self._answer(reply)

    async def nonsense(self, sid: str, account: Account, body: object, now: Millis) -> None:
        """Refuse what should have been an order and was none."""
        await self._line.tell(sid, _REFUSED, self._dealing.misread(body, account, now))

    async def catch_up(self) -> None:
        """Send the late answers whose time has come."""
        now = asyncio.get_running_loop().time()
        due = [reply for at, reply in self._late if at <= now]
        self._late = [late for late in self._late if late[0] > now]
        for reply in due:
            await self._say(reply)

    async def settled(self, deals: Sequence[PracticeDeal]) -> None:
        """Tell what became of deals of one account that expired together."""
        account = deals[0].account
        await self._line.tell(room(account), "successcloseOrder", self._dealing.settlement(deals))
        await self.balance(room(account), account)
        await self.open_deals(room(account), account)
        await self.closed_deals(room(account), account)

    async def balance(self, to: str, account: Account) -> None:
        """Tell what the account holds."""
        await self._line.tell(to, "successupdateBalance", self._account.balance_message(account))

    async def open_deals(self, to: str, account: Account) -> None:
        """Tell the open deals."""
        await self._line.tell(to, "updateOpenedDeals", self._dealing.open_rows(account))

    async def closed_deals(self, to: str, account: Account) -> None:
        """Tell the latest settled deals."""
        await self._line.tell(to, "updateClosedDeals", self._dealing.closed_rows(account))

    async def _answer(self, reply: _Reply) -> None:
        match self._springs.answers():
            case "late":
                due = asyncio.get_running_loop().time() + self._springs.traps.late_ms / 1000
                self._late.append((due, reply))
            case "doubled":
                await self._line.tell(reply.to, reply.event, reply.body)
                await self._say(reply)
            case "once":
                await self._say(reply)

    async def _say(self, reply: _Reply) -> None:
        await self._line.tell(reply.to, reply.event, reply.body)
        if reply.event == _OPENED:
            await self.balance(reply.to, reply.account)
            await self.open_deals(reply.to, reply.account)


def room(account: Account) -> str:
    """The name under which all pages of an account are told something."""
    return f"account/{account}"
