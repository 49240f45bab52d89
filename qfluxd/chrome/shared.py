"""Follows the workers that several tabs of one site share: they belong to no tab, so Chrome does not bring them."""

from collections.abc import Callable

from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.pages import origin
from qfluxd.chrome.sessions import Session, Sessions


class SharedWorkers:
    """The shared workers of a browser; attached to are only those of an origin that a trading page has."""

    def __init__(self, line: Connection, sessions: Sessions, attach: Callable[[str], None]) -> None:
        self._line = line
        self._sessions = sessions
        self._attach = attach
        self._homes: dict[str, str] = {}
        self._wanted: set[str] = set()

    def __contains__(self, thing: str) -> bool:
        return thing in self._homes

    def learn(self, thing: str, url: str) -> None:
        """A shared worker is there."""
        self._homes[thing] = origin(url)
        self._follow(thing)

    def forget(self, thing: str) -> None:
        """It is gone."""
        self._homes.pop(thing, None)

    def serve(self, origins: set[str]) -> None:
        """From now on these are the origins of the trading pages."""
        self._wanted = origins
        for thing in self._homes:
            self._follow(thing)

    def on_attached(self, session: Session) -> None:
        """The line that was asked for is there."""
        self._sessions.begin(session)
        self._follow(session.thing)

    def _follow(self, thing: str) -> None:
        session, wanted = self._sessions.serving(thing), self._homes.get(thing) in self._wanted
        if session is None and wanted:
            self._attach(thing)
        elif session is not None and not wanted:
            self._line.post("Target.detachFromTarget", {"sessionId": session.id})
            self._sessions.end(session)
