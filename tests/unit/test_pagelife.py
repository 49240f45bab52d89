"""What becomes of the trading pages, and what that means for the session."""

import pytest

from qfluxd.chrome.pages import (
    FramesLost,
    PageCrashed,
    PageEvent,
    PageFound,
    PageGone,
    PageHung,
    PageMoved,
    PageRecovered,
    SocketClosed,
    SocketOpened,
)
from qfluxd.drivers.pocketoption.codec import Codec
from qfluxd.drivers.pocketoption.follower import Follower
from qfluxd.drivers.pocketoption.pagelife import PageLife
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.model import Frame, Situation
from tests.unit.test_follower import ACCEPTED, TICK, Listener, text

TRADE, LOGIN = "https://pocketoption.com/en/cabinet/demo-quick-high-low/", "https://pocketoption.com/en/login/"


class Stage:
    """One line to Chrome: its pages, what they send, and what is said of it."""

    def __init__(self, *, may_reload: bool = False) -> None:
        self.ear = Listener()
        self.witness = Witness()
        self.follower = Follower(Codec(), self.ear, witness=self.witness)
        self.life = PageLife(["https://*"], self.ear, self.follower, self.follower.see, may_reload=may_reload)
        self.life.on_attached()
        self.life.on_looked()

    def on(self, *events: PageEvent | Frame) -> "Stage":
        for event in events:
            if isinstance(event, Frame):
                self.follower.see(event)
            else:
                self.life.on_event(event)
        return self

    @property
    def situation(self) -> Situation:
        return next(event for event in reversed(self.ear.heard) if isinstance(event, Situation))


def connected(**options: bool) -> Stage:
    """A page whose market socket speaks."""
    return Stage(**options).on(PageFound("1", TRADE), SocketOpened("1", "a", "wss://x"), text("a", ACCEPTED))


def test_no_page_then_a_page_then_its_socket() -> None:
    """Each step is a state with its reason."""
    stage = Stage()
    assert "no tab shows" in stage.situation.reason
    stage.on(PageFound("1", TRADE))
    assert "has not spoken" in stage.situation.reason
    stage.on(SocketOpened("1", "a", "wss://x"), text("a", TICK))
    assert stage.ear.states[-1] == "connected"


@pytest.mark.parametrize(
    "trouble",
    [PageFound("2", LOGIN), PageHung("2", "asleep"), PageCrashed("2", "crashed"), PageGone("2", "it was closed")],
)
def test_another_tabs_trouble_takes_nothing_back(trouble: PageEvent) -> None:
    """While the market socket is open the session stays connected, and no bar is interrupted."""
    stage = connected().on(PageFound("2", TRADE), trouble)
    assert stage.ear.states[-1] == "connected"
    assert stage.ear.states.count("connected") == 1


def test_what_a_person_has_to_mend_comes_first() -> None:
    """Beside a page of another kind the login page is still what keeps us waiting, and it stays so."""
    stage = Stage().on(PageFound("1", LOGIN), PageFound("2", "https://pocketoption.com/en/faq/"))
    assert stage.ear.states[-1] == "login_required"
    stage.on(PageGone("1", "it was closed"))
    assert stage.ear.states[-1] == "waiting_page"


def test_a_refused_session_is_not_forgotten_by_a_page_that_moves() -> None:
    """`NotAuthorized` holds until a market socket speaks again."""
    stage = connected().on(text("a", '42["NotAuthorized"]'), PageMoved("1", TRADE + "#x"))
    assert stage.ear.states[-1] == "login_required"
    stage.on(SocketOpened("1", "b", "wss://x"), text("b", ACCEPTED))
    assert stage.ear.states[-1] == "connected"


def test_a_refusal_of_another_tab_leaves_the_market_socket_alone() -> None:
    """The accepted socket streams on; a newer one that is turned away is not ours yet."""
    stage = connected().on(SocketOpened("2", "b", "wss://x"), text("b", '42["NotAuthorized"]'), text("a", TICK))
    assert stage.ear.states[-1] == "connected"


def test_a_hang_is_over_when_the_page_answers_again() -> None:
    """A page that hung and recovered is waited for as before."""
    stage = Stage().on(PageFound("1", TRADE), PageHung("1", "a dialog waits"))
    assert "a dialog waits" in stage.situation.reason
    stage.on(PageRecovered("1"))
    assert "has not spoken" in stage.situation.reason


def test_the_close_of_the_market_socket_is_said_and_recorded() -> None:
    """The frame that ends the socket goes the way of all frames."""
    stage = connected().on(SocketClosed("1", "a"))
    assert stage.ear.states[-1] == "waiting_page"


def test_only_where_it_is_allowed_is_a_page_reloaded() -> None:
    """A socket from before us asks for one reload per page; a crash for another."""
    late = SocketOpened("1", "a", None)
    assert Stage().on(PageFound("1", TRADE), late, PageCrashed("1", "crashed")).life.reloads.empty()
    allowed = Stage(may_reload=True).on(PageFound("1", TRADE), late, SocketOpened("1", "b", None))
    assert allowed.life.reloads.qsize() == 1
    allowed.on(PageCrashed("1", "crashed"))
    assert allowed.life.reloads.qsize() == 2


def test_lost_frames_are_an_alert() -> None:
    """How many is told, or that nobody knows."""
    stage = connected().on(FramesLost(7, 0, 1), FramesLost(None, 0, 1))
    assert stage.ear.alerts == ["frames_lost", "frames_lost"]


def test_the_page_in_front_is_the_one_whose_market_socket_is_in_use() -> None:
    """Without one it is the tab that was found last, and none where there is none."""
    stage = Stage()
    assert stage.life.front is None
    stage.on(PageFound("1", TRADE), PageFound("2", TRADE))
    assert stage.life.front == "2"
    stage.on(SocketOpened("1", "a", "wss://x"), SocketOpened("2", "b", "wss://x"), text("a", ACCEPTED))
    assert stage.life.front == "1"
    stage.on(text("b", ACCEPTED))
    assert stage.life.front == "2"
    stage.on(PageGone("2", "it was closed"), Frame(2_000, "b", b"", closed=True))
    assert stage.life.front == "1"


@pytest.mark.parametrize("lost", [FramesLost(3, 1, 2), FramesLost(None, 1, 2)])
def test_lost_frames_leave_nothing_clear_about_orders(lost: FramesLost) -> None:
    """One of them may have been an order; the end of the line to Chrome is no better."""
    stage = connected()
    mark = stage.witness.mark()
    assert stage.witness.clear_since(mark)
    stage.on(lost)
    assert not stage.witness.clear_since(mark)
    mark = stage.witness.mark()
    stage.life.on_detached()
    assert not stage.witness.clear_since(mark)
