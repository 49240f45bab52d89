"""The two sockets beside the market's: counters and chat, which the page opens too."""

import secrets

from qfluxd.practice.account import PracticeAccount
from qfluxd.practice.lines import Line

_COUNTERS = {
    "pending-withdrawal": 0,
    "achievements": 0,
    "support": 0,
    "gifts": 0,
    "purchases": 0,
    "gems-lottery": 0,
    "mining": 0,
    "active-tournaments": 0,
    "user-shards": 0,
    "social-trading-list-of-copied": 0,
    "mining-licence-count": 0,
    "group-market": True,
    "group-achievements": True,
    "group-help": False,
}


class EventsSocket:
    """Tells a signed-in page its counters, as text."""

    def __init__(self, account: PracticeAccount) -> None:
        self.line = Line(self._hear)
        self._account = account

    async def _hear(self, event: str, sid: str, *data: object) -> None:
        if event != "auth":
            return
        if self._account.account_of(data[0] if data else None) is None:
            await self.line.turn_away(sid)
            return
        await self.line.say(sid, "auth/success")
        await self.line.say(sid, "counters/all/success", _COUNTERS)


class ChatSocket:
    """Lets a page into a chat in which nobody talks."""

    def __init__(self, account: PracticeAccount) -> None:
        self.line = Line(self._hear, interval=45, patience=5)
        self._account = account

    async def _hear(self, event: str, sid: str, *data: object) -> None:
        if event == "user_init" and data and self._knows(data[0]):
            await self.line.say(sid, "user_ready", {"id": self._account.uid, "rooms": 0})
            await self.line.say(sid, "chat_room_list", [])

    def _knows(self, claim: object) -> bool:
        secret = claim.get("secret") if isinstance(claim, dict) else None
        return isinstance(secret, str) and secrets.compare_digest(secret.encode(), self._account.chat_secret.encode())
