"""What follows a click that the button took, by what the page asks and who answers it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.chrome.page import Hand
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import aiming, guard, panel
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.orders.confirming import Following
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.errors import PageError
from qfluxd.model import Asset, Assets, Refusal
from tests.unit.test_clicking import NOTHING, ORDER, SENT, TOOK
from tests.unit.test_panel import view

ASKED = "Confirm the trade Asset EUR/USD OTC Forecast Buy Amount $10 Time 00:01:00"
KILLED = Refusal("killed", "no more")
YES, NO = page.CONFIRM_YES.selectors, page.CONFIRM_NO.selectors


class Asking(Hand):
    """A page that asks until one of the answers that are named in `takes` is pressed, or somebody else closes it."""

    def __init__(self, text: str = ASKED, *, takes: tuple[tuple[str, ...], ...] = (YES, NO)) -> None:
        self.text: str | None = text
        self.takes = takes
        self.free = True
        self.shows = msgspec.to_builtins(view())
        self.pressed: list[str] = []
        self.on_press: Callable[[], object] = lambda: None
        self.on_look: Callable[[], object] = lambda: None
        self._aimed: tuple[str, ...] = ()
        self._took = False

    async def evaluate(self, script: str, argument: Any = None, *, seconds: float = 5) -> Any:
        """Answer as the page would to this script."""
        match script:
            case aiming.QUESTION:
                self.on_look()
                self._aimed = tuple(argument["answer"])
                point = [1, 1] if self.free else None
                return None if self.text is None else {"text": self.text, "view": self.shows, "point": point}
            case guard.OUTCOME:
                told, self._took = TOOK if self._took else NOTHING, False
                return told
        raise AssertionError(script)

    async def click_at(self, x: float, y: float) -> None:
        """Press the answer that was aimed at."""
        self.pressed.append("yes" if self._aimed == YES else "no")
        if self._aimed in self.takes:
            self._took, self.text = True, None
            self.on_press()

    async def press(self, key: str) -> None:
        """Escape closes the question."""
        self.pressed.append(key)
        self.text = None


class Covered:
    """What lies over the question: `close` takes it away."""

    def __init__(self, close: Callable[[], tuple[str, ...]] = lambda: ()) -> None:
        self.close = close

    async def close_modals(self, *, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Close all but the question."""
        assert keep == ("confirmation",)
        return self.close()


class Stage:
    """What follows a click, and all that it leans on."""

    def __init__(self, hand: Asking, folder: Path, covered: Covered | None = None) -> None:
        self.hand, self.witness = hand, Witness()
        self.asked: list[panel.Shown] = []
        self.still: Refusal | None = None
        self.clock = 0.0
        told = Told()
        told.hear(Assets((Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (60_000,), 5_000),)))
        self.following = Following(
            hand,
            told,
            self.witness,
            covered or Covered(),
            ORDER,
            Record(hand, ORDER, self.witness, folder),
            self._silent,
            self._still,
            now=lambda: self.clock,
            asks=0.2,
            confirms=0.01,
        )

    async def _silent(self, mark: object) -> bool:
        return True

    def _still(self, seen: panel.Shown) -> Refusal | None:
        self.asked.append(seen)
        return self.still

    async def follow(self) -> Verdict:
        """What has become of the click."""
        return await self.following.follow(self.witness.mark())


async def test_yes_is_said_once_and_with_leave(tmp_path: Path) -> None:
    """The leave is asked with what the panel shows beside the question."""
    stage = Stage(Asking(), tmp_path)
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.follow() == Verdict(True)
    assert stage.hand.pressed == ["yes"]
    assert [seen.label for seen in stage.asked] == ["QT Demo"]


async def test_without_leave_no_is_said(tmp_path: Path) -> None:
    """Killed, paused, expired or on another account: nothing was placed, and the reason is told."""
    stage = Stage(Asking(), tmp_path)
    stage.still = KILLED
    assert await stage.follow() == Verdict(False, KILLED)
    assert stage.hand.pressed == ["no"]


async def test_leave_is_asked_before_each_yes(tmp_path: Path) -> None:
    """A yes that the page did not take is not said again once the leave is withdrawn."""
    stage = Stage(Asking(takes=(NO,)), tmp_path)

    def withdraw() -> None:
        stage.still = KILLED if stage.hand.pressed else None

    stage.hand.on_look = withdraw
    assert await stage.follow() == Verdict(False, KILLED)
    assert stage.hand.pressed == ["yes", "no"]


@pytest.mark.parametrize(
    "text",
    [
        ASKED.replace("$10", "$99"),
        ASKED.replace("EUR/USD OTC", "GBP/USD OTC"),
        f"{ASKED} Real account",
        ASKED.replace("00:01:00", "00:05:00"),
    ],
)
async def test_another_trade_is_told_no(tmp_path: Path, text: str) -> None:
    """Nobody is asked for leave then."""
    stage = Stage(Asking(text), tmp_path)
    verdict = await stage.follow()
    assert verdict.refusal is not None
    assert (verdict.landed, verdict.refusal.code) == (False, "not_placed")
    assert (stage.hand.pressed, stage.asked) == (["no"], [])


async def test_a_question_that_somebody_else_answered_leaves_it_open(tmp_path: Path) -> None:
    """A person may have said yes, and the order be on its way: nobody says that there is none."""
    stage = Stage(Asking(takes=()), tmp_path)

    def answered() -> None:
        stage.hand.text = None if stage.hand.pressed else ASKED

    stage.hand.on_look = answered
    assert await stage.follow() == Verdict(None)


async def test_a_person_who_was_faster_than_our_no_leaves_it_open(tmp_path: Path) -> None:
    """The question was gone when no was to be said."""
    stage = Stage(Asking(), tmp_path)
    stage.still = KILLED

    def answered() -> None:
        stage.hand.text = None if stage.asked else ASKED

    stage.hand.on_look = answered
    assert await stage.follow() == Verdict(None)
    assert stage.hand.pressed == []


async def test_an_order_that_leaves_after_our_no_is_told(tmp_path: Path) -> None:
    """Somebody had said yes to it before."""
    stage = Stage(Asking(), tmp_path)
    stage.still = KILLED
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.follow() == Verdict(True)


async def test_a_question_that_went_with_what_lay_over_it_was_closed_by_us(tmp_path: Path) -> None:
    """Nothing was placed then."""
    hand = Asking()
    hand.free = False

    def close() -> tuple[str, ...]:
        hand.text = None
        return ("deposit",)

    verdict = await Stage(hand, tmp_path, Covered(close)).follow()
    assert verdict.refusal is not None
    assert (verdict.landed, verdict.refusal.code) == (False, "not_placed")
    assert hand.pressed == []


async def test_a_question_without_a_no_is_left_by_escape(tmp_path: Path) -> None:
    """Where its answers lie under something that does not go."""
    hand = Asking()
    hand.free = False

    def close() -> tuple[str, ...]:
        raise PageError("control_stuck", "it does not go")

    verdict = await Stage(hand, tmp_path, Covered(close)).follow()
    assert verdict.landed is False
    assert hand.pressed == ["Escape"]


async def test_a_look_at_the_question_that_is_too_old_is_followed_by_no_click(tmp_path: Path) -> None:
    """The guard in the page may have let go: it is aimed anew, and the leave asked again."""
    stage = Stage(Asking(), tmp_path)

    def slow_once() -> None:
        stage.clock += 9 if stage.clock == 0 else 0

    stage.hand.on_look = slow_once
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.follow() == Verdict(True)
    assert stage.hand.pressed == ["yes"]
    assert len(stage.asked) == 2


async def test_a_question_of_a_shape_that_nobody_knows_leaves_it_open(tmp_path: Path) -> None:
    """Its click is out: that it cannot be read says nothing of the order."""
    hand = Asking()
    hand.shows = {"asset": 5}
    assert await Stage(hand, tmp_path).follow() == Verdict(None)
