"""How far the session has come, read off the frames."""

import pytest

from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.model import (
    Account,
    DealOpened,
    DealsSettled,
    Event,
    Frame,
    LoggedIn,
    Millis,
    Note,
    OrderRefused,
    OrderSent,
    Situation,
    Tick,
)


class Listener:
    """An ear that remembers."""

    def __init__(self) -> None:
        self.heard: list[Event] = []
        self.alerts: list[str] = []
        self.unclear: list[Millis] = []

    def hear(self, at: Millis, event: Event) -> None:
        self.heard.append(event)

    def beat(self, at: Millis) -> None:
        """Time means nothing here."""

    def on_feed_lost(self) -> None:
        """Nor do losses."""

    def hear_note(self, at: Millis, note: Note) -> None:
        """Nothing is replayed here."""

    def on_order_unclear(self, at: Millis) -> None:
        self.unclear.append(at)

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


ORDER = '42["openOrder",{"asset":"EURUSD_otc","amount":1,"action":"call","isDemo":1,"requestId":7,"time":60}]'


def test_who_works_the_page_hears_before_the_desk_does() -> None:
    """When the desk hears of an order, the witness has it, and what was told is known."""
    told, witness = Told(), Witness()
    mark = witness.mark()
    known: list[tuple[str | None, int]] = []

    class Asking(Listener):
        def hear(self, at: Millis, event: Event) -> None:
            known.append((told.account, len(witness.since(mark))))

    follower = Follower(Codec(), Asking(), told=told, witness=witness)
    follower.see(text("a", ACCEPTED))
    follower.see(text("a", '42["successupdateBalance",{"isDemo":1,"balance":5}]'))
    follower.see(Frame(1_000, "a", ORDER.encode(), sent=True))
    assert known == [(None, 0), (None, 0), ("demo", 0), ("demo", 1)]
    assert witness.asked_since(mark)


def test_without_the_market_socket_nothing_that_was_told_counts() -> None:
    """An account of yesterday's socket is no witness today."""
    told = Told()
    follower = Follower(Codec(), Listener(), told=told)
    follower.see(text("a", ACCEPTED))
    follower.see(text("a", '42["successupdateBalance",{"isDemo":1,"balance":5}]'))
    assert (told.account, follower.market) == ("demo", "a")
    follower.see(Frame(2_000, "a", b"", closed=True))
    assert (told.account, follower.market) == (None, None)


def sent(conn: str, data: str) -> Frame:
    return Frame(1_000, conn, data.encode(), sent=True)


@pytest.mark.parametrize(
    "frame", ['42["openOrder",{"asset":"EURUSD_otc"}]', '42["openOrder",??', '42["copySignalOrder",{"signal":1}]']
)
def test_an_order_that_nobody_can_read_is_told_as_unclear(frame: str) -> None:
    """Its words are not known, and that nothing was heard would be no proof that nothing was sent."""
    follower, ear = following()
    follower.see(text("a", ACCEPTED))
    follower.see(sent("a", frame))
    assert ear.unclear == [1_000]


def test_an_order_that_was_read_is_not_unclear() -> None:
    """Nor is anything else that the page or the broker says."""
    follower, ear = following()
    for frame in (text("a", ACCEPTED), sent("a", ORDER), text("a", ORDER), sent("a", '42["saveCharts",{}]')):
        follower.see(frame)
    assert ear.unclear == []


def test_frames_that_nobody_was_shown_are_told_as_unclear_once() -> None:
    """By the next look, or with the next word on orders; and again only when there are more of them."""
    unseen = [3]
    ear = Listener()
    follower = Follower(Codec(), ear, witness=Witness(lambda: unseen[0]))
    follower.look_for_unseen(1)
    assert ear.unclear == []
    unseen[0] += 1
    follower.look_for_unseen(2)
    follower.look_for_unseen(3)
    assert ear.unclear == [2]
    unseen[0] += 1
    follower.see(sent("a", ORDER))
    assert ear.unclear == [2, 1_000]


DEAL = (
    '{"id":"d","asset":"EURUSD_otc","command":0,"amount":1,"percentProfit":92,"openTimestamp":1756869756,'
    '"closeTimestamp":1756869816,"openPrice":1.1,"isDemo":1,"requestId":7%s}'
)


def test_a_tab_that_was_superseded_is_still_heard_of_its_orders() -> None:
    """Another tab has logged in between the look and the click: what the first one sends and is answered is told."""
    follower, ear = following()
    follower.see(text("a", ACCEPTED))
    follower.see(text("b", ACCEPTED))
    ear.heard.clear()
    settled = DEAL % ',"closePrice":1.2,"profit":0.92'
    follower.see(sent("a", ORDER))
    follower.see(text("a", f'42["successopenOrder",{DEAL % ""}]'))
    follower.see(text("a", '42["failopenOrder",{"error":"no","amount":1,"asset":"EURUSD_otc"}]'))
    follower.see(text("a", f'42["successcloseOrder",{{"profit":1,"deals":[{settled}]}}]'))
    follower.see(text("a", TICK))
    assert [type(event) for event in ear.heard] == [OrderSent, DealOpened, OrderRefused, DealsSettled]
    assert (follower.market, ear.unclear) == ("b", [])
