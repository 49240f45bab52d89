"""Which of the page's sockets speaks for the market.

The page holds several sockets (market, events, chat), and after a reload the old market socket may speak on
for a while. The rule: the market socket is the one that the broker accepted last. What an older one still
says of the market is not heard from that moment on; what it says of orders is, and before it all is. A newer
socket is heard before it is accepted, because the broker sends it the asset list first; and one that was open
before we looked is heard though nobody saw it accepted, for as long as no other is. An older accepted socket is
heard again once the newest has said nothing for ten seconds: with two tabs open the newer one may be asleep.
"""

from qfluxd.model import SECOND, Millis

_SILENT: Millis = 10 * SECOND


class Sockets:
    """Ranks the sockets by age. It promises that while an accepted one speaks, no older one is heard."""

    def __init__(self) -> None:
        self._ages: dict[str, int] = {}
        self._accepted: list[str] = []
        self._market: str | None = None
        self._newest = 0
        self._heard: Millis = 0

    def hears(self, conn: str, at: Millis) -> bool:
        """Whether what this socket says of the market at `at` counts; also notes that it speaks of the market."""
        if conn == self._market:
            self._heard = at
            return True
        age = self._ages.get(conn)
        if age is None:
            age = self._stand(conn)
        newer = self._market is None or age > self._ages[self._market]
        if conn in self._accepted and (newer or at - self._heard > _SILENT):
            self._market, self._heard = conn, at
            return True
        return newer

    def accept(self, conn: str, at: Millis) -> None:
        """The broker accepted the page's session on this socket."""
        self.forget(conn)
        self._stand(conn)
        self._accepted.append(conn)
        self._market, self._heard = conn, at

    def knows(self, conn: str) -> bool:
        """Whether this socket has spoken of the market, or asked to."""
        return conn in self._ages

    def forget(self, conn: str) -> None:
        """The socket, or its session, is over; the one accepted before it speaks again, if it still lives."""
        self._ages.pop(conn, None)
        self._accepted = [other for other in self._accepted if other != conn]
        self._market = self._accepted[-1] if self._accepted else None

    def _stand(self, conn: str) -> int:
        self._newest += 1
        self._ages[conn] = self._newest
        return self._newest
