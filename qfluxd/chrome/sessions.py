"""Holds our lines to tabs, workers and frames, and knows which sockets run through each."""

from collections.abc import Callable

from qfluxd.chrome import protocol as cdp
from qfluxd.chrome.cdp import Connection
from qfluxd.chrome.pages import SocketClosed, SocketOpened, Target, Tell
from qfluxd.chrome.secrets import bare


class Session:
    """Our line to one tab, worker or out-of-process frame: `thing`. `owner` is the page that it is part of.

    `conns` names its sockets. Chrome's own numbers are unique only while a process lives, so ours carry the session.
    """

    __slots__ = ("conns", "id", "owner", "thing")

    def __init__(self, session_id: str, owner: Target, thing: str) -> None:
        self.id = session_id
        self.owner = owner
        self.thing = thing
        self.conns: dict[str, str] = {}


class Sessions:
    """All our lines of one browser.

    The promise: `live` holds exactly those whose frames may be seen, and nothing is heard twice, also where a service
    worker runs for two pages. `may_hear` says whether an owner has been found to be a trading page; `on_closed` hears
    the name of each socket that ends.
    """

    def __init__(
        self, line: Connection, tell: Tell, may_hear: Callable[[Target], bool], on_closed: Callable[[str], None]
    ) -> None:
        self.live: dict[str, Session] = {}
        self._line = line
        self._tell = tell
        self._may_hear = may_hear
        self._on_closed = on_closed
        self._all: dict[str, Session] = {}
        self._serving: dict[str, Session] = {}

    def get(self, session_id: str) -> Session | None:
        """The session of that name, if we hold it."""
        return self._all.get(session_id)

    def serving(self, thing: str) -> Session | None:
        """The session through which that tab, worker or frame is heard."""
        return self._serving.get(thing)

    def of(self, owner: Target) -> list[Session]:
        """All sessions of a page and of what runs inside it."""
        return [session for session in self._all.values() if session.owner == owner]

    def keep(self, session: Session) -> None:
        """Hold a session without listening to it yet."""
        self._all[session.id] = session

    def begin(self, session: Session) -> None:
        """Listen to it, and to what it starts; one whose thing is heard already waits as its heir."""
        self.keep(session)
        if self._serving.setdefault(session.thing, session) is session:
            self._line.post("Network.enable", cdp.NO_BODIES, session.id)
            self._line.post("Inspector.enable", session=session.id)
            self._line.post("Target.setAutoAttach", cdp.FOLLOW, session.id)
            self.admit(session)

    def pause(self, session: Session) -> None:
        """Stop listening to it until `begin`."""
        self._line.post("Network.disable", session=session.id)

    def admit(self, session: Session) -> None:
        """Let its frames be seen, if its page is a trading page."""
        if self._serving.get(session.thing) is session and self._may_hear(session.owner):
            self.live[session.id] = session

    def end(self, session: Session) -> None:
        """It is gone, with its sockets; an heir takes its place."""
        del self._all[session.id]
        self.live.pop(session.id, None)
        self.close_sockets(session)
        if self._serving.get(session.thing) is session:
            del self._serving[session.thing]
            if heir := next((other for other in self._all.values() if other.thing == session.thing), None):
                self.begin(heir)

    # -------------------------------------------------------------------------------------------- its sockets

    def name_socket(self, session: Session, number: str, url: str | None) -> str:
        """Give a socket its name; `url` is None where it was open before we came."""
        conn = session.conns[number] = f"{session.id[:8]}.{number}"
        self._tell(SocketOpened(session.owner, conn, url))
        return conn

    def on_opened(self, event: cdp.Socket, session_id: str) -> None:
        """A page opens a socket."""
        if session := self.live.get(session_id):
            self.name_socket(session, event.request_id, bare(event.url))

    def on_closed(self, event: cdp.Socket, session_id: str) -> None:
        """A socket has ended."""
        session = self.live.get(session_id)
        if session and (conn := session.conns.pop(event.request_id, None)):
            self._say_closed(session, conn)

    def close_sockets(self, session: Session) -> None:
        """All its sockets ended with their document, of which Chrome says nothing."""
        conns, session.conns = session.conns, {}
        for conn in conns.values():
            self._say_closed(session, conn)

    def _say_closed(self, session: Session, conn: str) -> None:
        self._on_closed(conn)
        self._tell(SocketClosed(session.owner, conn))
