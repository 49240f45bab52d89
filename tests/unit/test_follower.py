"""How far the session has come, read off the frames."""

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.model import Account, Event, Frame, LoggedIn, Millis, Situation, Tick


class Listener:
    """An ear that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.alerts: list[str] = []

    def hear(self, at: Millis, event: Event) -> None:
        self.heard.append(event)

    def beat(self, at: Millis) -> None:
        """Time means nothing here."""

    def on_feed_lost(self) -> None:
        """Nor do losses."""

    def alert(self, code: str, detail: str, at: Millis) -> None:
        self.alerts.append(code)

    @property
    def states(self) -> list[str]:
        return [event.state for event in self.heard if isinstance(event, Situation)]


def following(account: Account | None = None) -> tuple[Follower, Listener]:
    ear = Listener()
    return Follower(Codec(), ear, account), ear


def text(conn: str, data: str) -> Frame:
    return Frame(1_000, conn, data.encode())


TICK = '42["updateStream",[["EURUSD_otc",1756869696.775,1.1]]]'
ACCEPTED = '42["successauth",{"id":"x"}]'


def test_a_tick_on_a_socket_that_was_open_before_us_means_connected() -> None:
    """A late attach hears no handshake; market data alone shows the market socket."""
    follower, ear = following()
    follower.see(text("a", TICK))
    assert ear.states == ["connected"]
    assert isinstance(ear.heard[-1], Tick)


def test_connected_is_said_before_the_data_that_proved_it() -> None:
    """The desk knows the line before it hears what came over it."""
    follower, ear = following()
    follower.see(text("a", TICK))
    assert [type(event) for event in ear.heard] == [Situation, Tick]


def test_an_accepted_newer_socket_takes_over() -> None:
    """After a reload the close of the old socket is no loss any more."""
    follower, ear = following()
    follower.see(text("a", TICK))
    follower.see(text("b", ACCEPTED))
    follower.see(Frame(2_000, "a", b"", closed=True))
    assert follower.connected
    assert ear.states == ["connected"]
    assert any(isinstance(event, LoggedIn) for event in ear.heard)


def test_the_close_of_the_market_socket_is_a_loss() -> None:
    """Then the session waits for the page to reconnect, and is connected when it has."""
    follower, ear = following()
    follower.see(text("a", TICK))
    follower.see(Frame(2_000, "a", b"", closed=True))
    follower.see(text("b", TICK))
    assert ear.states == ["connected", "waiting_page", "connected"]


def test_the_close_of_another_socket_is_nothing() -> None:
    """Chat and counters come and go."""
    follower, ear = following()
    follower.see(text("a", TICK))
    follower.see(text("chat", '42["user_ready",{}]'))
    follower.see(Frame(2_000, "chat", b"", closed=True))
    assert ear.states == ["connected"]


def test_a_refused_session_asks_for_a_login() -> None:
    """`NotAuthorized` is a state that a person has to end."""
    follower, ear = following()
    follower.see(text("a", TICK))
    follower.see(text("a", '42["NotAuthorized"]'))
    assert ear.states == ["connected", "login_required"]


def test_another_account_than_the_expected_is_told_once() -> None:
    """The owner's file says demo; a real account in front is an alert, on each change."""
    follower, ear = following("demo")
    for is_demo in (1, 0, 0, 1, 0):
        follower.see(text("a", f'42["successupdateBalance",{{"isDemo":{is_demo},"balance":5}}]'))
    assert ear.alerts == ["other_account", "other_account"]
