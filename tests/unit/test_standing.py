"""The session's one word: ready only while data is fresh."""

from qfluxd.model import Session, Situation
from qfluxd.standing import Standing

CONNECTED = Situation("connected", "market data is coming in")


def ready(standing: Standing, at: int = 1_000) -> Session:
    standing.on_situation(CONNECTED)
    standing.on_tick(at, at)
    session = standing.judge(at, at, 0)
    assert session is not None
    assert session.state == "ready"
    return session


def test_it_starts_as_starting() -> None:
    """Before the driver speaks nothing is claimed."""
    assert Standing(10_000).session.state == "starting"


def test_a_driver_that_waits_is_repeated_with_its_reason() -> None:
    """The state is the driver's own word and why."""
    standing = Standing(10_000)
    standing.on_situation(Situation("waiting_chrome", "nothing answers"))
    session = standing.judge(5, 5, None)
    assert session is not None
    assert (session.state, session.reason, session.connected) == ("waiting_chrome", "nothing answers", False)


def test_connected_without_a_tick_is_stale() -> None:
    """A socket alone is not data."""
    standing = Standing(10_000)
    standing.on_situation(CONNECTED)
    session = standing.judge(5, 5, None)
    assert session is not None
    assert session.state == "stale"


def test_a_fresh_tick_makes_it_ready() -> None:
    """Connected and ticking: ready."""
    assert ready(Standing(10_000)).connected


def test_ready_without_an_account_says_why_no_order_would_be_placed() -> None:
    """A page that was open before us has not told its account; the remedy stands in the reason until it has."""
    standing = Standing(10_000)
    assert "reload" in ready(standing).reason
    standing.account = "demo"
    told = standing.judge(1_001, 1_001, 0)
    assert told is not None
    assert (told.state, told.account, told.reason) == ("ready", "demo", CONNECTED.reason)


def test_silence_makes_it_stale_and_a_tick_ready_again() -> None:
    """`stale_after` without a tick ends readiness; the next tick restores it."""
    standing = Standing(10_000)
    ready(standing)
    assert standing.judge(11_000, 11_000, 0) is None
    stale = standing.judge(11_001, 11_001, 0)
    assert stale is not None
    assert (stale.state, stale.connected) == ("stale", True)
    standing.on_tick(12_000, 12_000)
    again = standing.judge(12_000, 12_000, 0)
    assert again is not None
    assert again.state == "ready"


def test_ticks_that_arrive_late_are_stale() -> None:
    """Old data that just came in is still old."""
    standing = Standing(10_000)
    standing.on_situation(CONNECTED)
    standing.on_tick(50_000, 30_000)
    session = standing.judge(50_000, 50_000, 0)
    assert session is not None
    assert session.state == "stale"
    assert "late" in session.reason


def test_falling_back_forgets_what_was_fresh() -> None:
    """After a disconnect an old tick cannot make the next connection ready."""
    standing = Standing(10_000)
    ready(standing)
    standing.on_situation(Situation("waiting_page", "closed"))
    standing.on_situation(CONNECTED)
    session = standing.judge(1_500, 1_500, 0)
    assert session is not None
    assert session.state == "stale"


def test_since_is_when_the_state_was_entered() -> None:
    """A new reason or asset within one state does not restart its clock."""
    standing = Standing(10_000)
    assert ready(standing).since == 1_000
    standing.asset = "EURUSD_otc"
    session = standing.judge(2_000, 2_000, 0)
    assert session is not None
    assert (session.since, session.asset) == (1_000, "EURUSD_otc")


def test_a_jittering_clock_offset_is_not_news() -> None:
    """Only a move of a quarter second is said again."""
    standing = Standing(10_000)
    ready(standing)
    standing.on_tick(1_100, 1_100)
    assert standing.judge(1_100, 1_100, 249) is None
    moved = standing.judge(1_100, 1_100, 250)
    assert moved is not None
    assert moved.clock_offset_ms == 250


def test_one_asset_with_old_stamps_does_not_make_it_stale() -> None:
    """What counts is the newest stamp that was heard."""
    standing = Standing(10_000)
    ready(standing, 3_600_000)
    standing.on_tick(3_600_100, 100)
    assert standing.judge(3_600_100, 3_600_100, 0) is None


def test_a_clock_set_back_does_not_keep_it_ready() -> None:
    """After the step silence is counted from the step on."""
    standing = Standing(10_000)
    ready(standing, 3_600_000)
    assert standing.judge(1_000, 3_600_000, 0) is None
    stale = standing.judge(11_001, 3_600_000, 0)
    assert stale is not None
    assert stale.state == "stale"
