"""The clicks for one order: what each may follow, by what the page and its sockets let be known."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.page import Hand, NotDone
from qfluxd.drivers.pocketoption.controls import aiming, guard, inpage
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.orders.clicking import Ladder
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.told import Told
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.errors import Disconnected
from qfluxd.model import Asset, Assets, Frame, Order, Refusal
from qfluxd.ports import pass_on
from tests.support.trading_page import NotedPermit
from tests.unit.test_panel import view

ORDER = Order("1", "1", "EURUSD_otc", "call", Decimal(10), 60_000, 0)
SENT = Frame(1, "a", b'42["openOrder",{}]', sent=True)
FREE = {"point": [10, 10], "over": "a.btn", "cover": None, "button": "a.btn"}
TOOK = {"armed": True, "took": True, "trusted": True, "stopped": []}
NOTHING: dict[str, Any] = {"armed": True, "took": False, "trusted": None, "stopped": []}
ASIDE = NOTHING | {"stopped": [["pointerdown", "aside", "div.toast"]]}
CHANGED = NOTHING | {"stopped": [["click", "changed", "a.btn"]]}


class Scripted(Hand):
    """A hand whose page shows `aims` and `outcomes` one after the other; the last of each goes on."""

    def __init__(self, *outcomes: Any, aims: tuple[dict[str, Any], ...] = (FREE,)) -> None:
        self.outcomes, self.aims = deque(outcomes), deque(aims)
        self.pressed: list[str] = []
        self.problem: Exception | None = None
        self.on_press: Callable[[], object] = lambda: None
        self.armed = False

    @property
    def target(self) -> str:
        """The only tab."""
        return "tab"

    async def evaluate(self, script: str, argument: object = None, *, seconds: float = 5) -> Any:
        """Answer as the page would to this script."""
        match script:
            case aiming.AIM:
                self.armed = True
                aim = self.aims.popleft() if len(self.aims) > 1 else self.aims[0]
                return {"view": msgspec.to_builtins(view()), **aim}
            case guard.OUTCOME:
                armed, self.armed = self.armed, False
                if self.problem or not (armed and self.pressed):
                    return None
                return self.outcomes.popleft() if len(self.outcomes) > 1 else self.outcomes[0]
            case guard.FIRE:
                return self._press("events")
            case aiming.QUESTION | aiming.FREE | inpage.WEAK:
                return None
        raise AssertionError(script)

    async def click_at(self, x: float, y: float) -> None:
        """Click with the pointer."""
        self._press("pointer")

    def _press(self, way: str) -> bool:
        self.pressed.append(way)
        self.on_press()
        if self.problem is not None:
            raise self.problem
        return True


class Closing:
    """The rest of the page: there is nothing to close."""

    async def select_asset(self, asset: str) -> str:
        """It is on the chart."""
        return asset

    async def close_modals(self, *, keep: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Nothing was there."""
        return ()


class Stage:
    """A ladder, and all it leans on."""

    def __init__(self, hand: Scripted, folder: Path, permit: NotedPermit | None = None) -> None:
        self.hand, self.witness, self.permit = hand, Witness(), permit or NotedPermit()
        told = Told()
        told.hear(Assets((Asset("EURUSD_otc", "EUR/USD OTC", "currency", 5, 92, True, True, (60_000,), 5_000),)))
        self.lag: Exception | None = None
        self.front = "tab"
        self.clock = 0.0
        self.ladder = Ladder(
            hand,
            told,
            self.witness,
            Closing(),
            ORDER,
            self.permit,
            pass_on,
            self._caught_up,
            lambda target: target == self.front,
            Record(hand, ORDER, self.witness, folder),
            patience=0.01,
            now=lambda: self.clock,
        )

    async def _caught_up(self, target: str) -> None:
        assert target == "tab"
        if self.lag is not None:
            raise self.lag

    async def climb(self) -> Verdict:
        """All the clicks."""
        return await self.ladder.climb()


async def test_a_click_that_the_button_took_is_the_only_one(tmp_path: Path) -> None:
    """Whether or not an order was seen: it may still be on its way."""
    hand = Scripted(TOOK)
    stage = Stage(hand, tmp_path)
    hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.climb() == Verdict(True)
    assert hand.pressed == ["pointer"]
    assert stage.permit.clicks == [(1, True)]


async def test_a_swallowed_click_is_followed_by_events(tmp_path: Path) -> None:
    """Neither the button nor the broker has heard of it."""
    stage = Stage(Scripted(NOTHING, TOOK), tmp_path)
    stage.hand.on_press = lambda: stage.witness.see(SENT) if stage.hand.pressed[-1] == "events" else None
    assert await stage.climb() == Verdict(True)
    assert stage.hand.pressed == ["pointer", "events"]
    assert stage.permit.clicks == [(1, False), (2, True)]


async def test_a_click_that_was_stopped_beside_the_button_is_pointed_again_once(tmp_path: Path) -> None:
    """After two the pointer is not trusted any more."""
    stage = Stage(Scripted(ASIDE), tmp_path)
    verdict = await stage.climb()
    assert stage.hand.pressed == ["pointer", "pointer", "events"]
    assert verdict.landed is False
    assert verdict.refusal is not None
    assert verdict.refusal.code == "not_placed"


async def test_an_order_frame_ends_the_clicking_whatever_the_button_says(tmp_path: Path) -> None:
    """The page sent it from somewhere else than the button."""
    stage = Stage(Scripted(NOTHING), tmp_path)
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.climb() == Verdict(True)
    assert stage.hand.pressed == ["pointer"]


async def test_frames_that_were_missed_leave_it_open(tmp_path: Path) -> None:
    """An order may have been among them."""
    stage = Stage(Scripted(NOTHING), tmp_path)
    stage.hand.on_press = stage.witness.lose
    assert await stage.climb() == Verdict(None)
    assert stage.permit.clicks == [(1, None)]


@pytest.mark.parametrize("lag", [Refused("not held"), TimeoutError(), Disconnected("gone")])
async def test_frames_that_may_still_come_leave_it_open(tmp_path: Path, lag: Exception) -> None:
    """Who has not caught up cannot say that no order left."""
    stage = Stage(Scripted(NOTHING), tmp_path)
    stage.lag = lag
    assert await stage.climb() == Verdict(None)
    assert stage.hand.pressed == ["pointer"]


@pytest.mark.parametrize(
    "problem", [NotDone("stuck", "no answer"), NotDone("replaced", "another document"), Disconnected("Chrome is gone")]
)
async def test_a_click_of_which_nobody_knows_leaves_it_open(tmp_path: Path, problem: Exception) -> None:
    """It may have been made, and may yet be."""
    stage = Stage(Scripted(NOTHING), tmp_path)
    stage.hand.problem = problem
    assert await stage.climb() == Verdict(None)
    assert stage.hand.pressed == ["pointer"]


async def test_a_guard_that_had_let_go_proves_nothing(tmp_path: Path) -> None:
    """The click may have come after it."""
    stage = Stage(Scripted(NOTHING | {"armed": False}), tmp_path)
    assert await stage.climb() == Verdict(None)


async def test_a_panel_that_changed_under_the_click_is_to_be_set_again(tmp_path: Path) -> None:
    """Nothing was ordered; that is not for the next rung to mend."""
    stage = Stage(Scripted(CHANGED), tmp_path)
    verdict = await stage.climb()
    assert (verdict.landed, verdict.again) == (False, True)
    assert stage.hand.pressed == ["pointer"]


@pytest.mark.parametrize(
    ("shows", "code"),
    [
        ({"asset": "GBP/USD OTC"}, "asset_mismatch"),
        ({"expiry": "00:05:00"}, "expiry_mismatch"),
        ({"utc": True}, "expiry_mismatch"),
        ({"stake": "11"}, "stake_mismatch"),
        ({"money": False}, "stake_mismatch"),
    ],
)
async def test_a_panel_unlike_the_order_is_not_even_asked_about(
    tmp_path: Path, shows: dict[str, Any], code: str
) -> None:
    """It may be set again; neither the permit nor the button hears of it."""
    stage = Stage(Scripted(TOOK, aims=(FREE | {"view": msgspec.to_builtins(view(**shows))},)), tmp_path)
    verdict = await stage.climb()
    assert verdict.refusal is not None
    assert (verdict.refusal.code, verdict.again) == (code, True)
    assert (stage.permit.asked, stage.hand.pressed, stage.hand.armed) == ([], [], False)


@pytest.mark.parametrize(
    ("aim", "code"),
    [
        (FREE | {"view": msgspec.to_builtins(view(available=False))}, "button_unavailable"),
        (FREE | {"view": msgspec.to_builtins(view(available=False, shut=True))}, "asset_closed"),
        (FREE | {"button": None, "point": None}, "button_unavailable"),
    ],
)
async def test_a_button_that_cannot_be_pressed_is_a_refusal(tmp_path: Path, aim: dict[str, Any], code: str) -> None:
    """It is left alone."""
    stage = Stage(Scripted(TOOK, aims=(aim,)), tmp_path)
    verdict = await stage.climb()
    assert verdict.refusal is not None
    assert verdict.refusal.code == code
    assert stage.hand.pressed == []


async def test_a_veil_is_passed_by_events_alone(tmp_path: Path) -> None:
    """No pointer can land: it is not tried."""
    stage = Stage(Scripted(TOOK, aims=(FREE | {"point": None, "over": "div", "cover": "veil"},)), tmp_path)
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.climb() == Verdict(True)
    assert stage.hand.pressed == ["events"]


async def test_the_permit_is_asked_before_every_click(tmp_path: Path) -> None:
    """What it allows once it may refuse the next time; the guard is let go then."""
    answers = deque([None, Refusal("killed", "no more")])
    stage = Stage(Scripted(NOTHING), tmp_path, NotedPermit(refuse=lambda _: answers.popleft()))
    assert await stage.climb() == Verdict(False, Refusal("killed", "no more"))
    assert (stage.hand.pressed, stage.hand.armed) == (["pointer"], False)


async def test_a_look_that_is_too_old_is_followed_by_no_click(tmp_path: Path) -> None:
    """The disk was slow and the guard in the page may let go before the click: it is aimed and asked anew."""
    stage = Stage(Scripted(TOOK), tmp_path)

    def slow_once(_: object) -> None:
        stage.clock += 9 if not stage.permit.asked else 0

    stage.permit.refuse = slow_once
    stage.hand.on_press = lambda: stage.witness.see(SENT)
    assert await stage.climb() == Verdict(True)
    assert stage.hand.pressed == ["pointer"]
    assert stage.permit.clicks == [(1, False), (2, True)]


async def test_a_machine_that_is_always_too_slow_clicks_nothing(tmp_path: Path) -> None:
    """It ends with a refusal, and with the guard let go."""
    stage = Stage(Scripted(TOOK), tmp_path)

    def slow(_: object) -> None:
        stage.clock += 9

    stage.permit.refuse = slow
    verdict = await stage.climb()
    assert verdict.landed is False
    assert verdict.refusal is not None
    assert verdict.refusal.code == "control_stuck"
    assert (stage.hand.pressed, stage.hand.armed) == ([], False)
    assert {landed for _, landed in stage.permit.clicks} == {False}


async def test_a_tab_that_is_not_the_trading_page_any_more_is_not_clicked(tmp_path: Path) -> None:
    """Another tab has logged in meanwhile: the permit is not even asked."""
    stage = Stage(Scripted(TOOK), tmp_path)
    stage.front = "another"
    verdict = await stage.climb()
    assert verdict.refusal is not None
    assert (verdict.landed, verdict.refusal.code) == (False, "page_gone")
    assert (stage.permit.asked, stage.hand.pressed, stage.hand.armed) == ([], [], False)
