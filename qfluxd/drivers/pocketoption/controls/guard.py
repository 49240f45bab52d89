"""The guard on each click of ours: what it is not meant for never gets it.

Every click on the page is aimed, guarded and pressed here. While a guard holds, a trusted click that would reach
anything but what is aimed at, or that finds it changed, is stopped at the window before the page hears of it.
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Final
from uuid import uuid4

import msgspec

from qfluxd.chrome.page import CALL_SECONDS, Hand, NotDone
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls.sight import NAME
from qfluxd.errors import Disconnected

ARMED: Final = 8.0
"""Seconds after which the guard in the page lets go by itself, should we be gone."""

SURE: Final = 10.0
"""Seconds in which a page that stands still has to answer."""

_BUTTONS: Final = ",".join((*page.CALL.selectors, *page.PUT.selectors))
"""What no click gets but one that is allowed to trade, whatever else it is aimed at."""

type Point = tuple[float, float]

ARM: Final = """
const arm = ({ ident, seconds, never }, element, { same = () => true, exact = false, avoid = null } = {}) => {
  globalThis.aim?.disarm();
  const closed = new AbortController();
  const aim = globalThis.aim = {
    ident, element, took: false, trusted: null, stopped: [], armed: true,
    same: () => element.isConnected && same(),
    disarm: () => { aim.armed = false; closed.abort(); },
  };
  const misses = (event) => exact ? event.target !== element : !event.composedPath().includes(element);
  const shunned = (event) => [never, avoid].some((each) => each && event.target.closest?.(each));
  const guard = (event) => {
    if (!event.isTrusted) return;
    const begun = aim.stopped.length > 0 && event.type !== 'pointerdown';
    const aside = misses(event) || shunned(event);
    const why = begun ? 'stopped' : aside ? 'aside' : aim.same() ? null : 'changed';
    if (!why) return;
    aim.stopped.push([event.type, why, name(event.target)]);
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const way = { capture: true, signal: closed.signal };
  for (const type of ['pointerdown', 'mousedown', 'pointerup', 'mouseup', 'click']) {
    window.addEventListener(type, guard, way);
  }
  element.addEventListener('click', (event) => {
    aim.took = true;
    aim.trusted = event.isTrusted;
  }, { ...way, once: true });
  setTimeout(aim.disarm, seconds * 1000);
};
"""
"""Guards the click that is to come on an element, under the name that `Guard.arms` gives; needs `sight.NAME`.

`same` is whether all is still as it was, `exact` whether no child of the element may get the click, and `avoid` what of
it must not.
"""

OUTCOME: Final = """(ident) => {
  const aim = globalThis.aim;
  if (!aim || aim.ident !== ident) return null;
  const told = { armed: aim.armed, took: aim.took, trusted: aim.trusted, stopped: aim.stopped };
  aim.disarm();
  return told;
}"""
"""What became of the click, and the end of the guard; None in another document than the one aimed at."""

FIRE: Final = f"""(ident) => {{ {NAME}
  const aim = globalThis.aim;
  if (!aim || aim.ident !== ident) return null;
  if (aim.fired || !aim.armed) return false;
  if (!aim.same()) {{
    aim.stopped.push(['click', 'changed', name(aim.element)]);
    return false;
  }}
  aim.fired = true;
  const box = aim.element.getBoundingClientRect();
  const at = {{
    bubbles: true, cancelable: true, composed: true, view: window, button: 0, detail: 1,
    clientX: box.left + box.width / 2, clientY: box.top + box.height / 2,
  }};
  const pointer = {{ ...at, pointerId: 1, pointerType: 'mouse', isPrimary: true }};
  aim.element.dispatchEvent(new PointerEvent('pointerdown', {{ ...pointer, buttons: 1 }}));
  aim.element.dispatchEvent(new MouseEvent('mousedown', {{ ...at, buttons: 1 }}));
  aim.element.dispatchEvent(new PointerEvent('pointerup', pointer));
  aim.element.dispatchEvent(new MouseEvent('mouseup', at));
  aim.element.dispatchEvent(new MouseEvent('click', at));
  return true;
}}"""
"""Clicks what is aimed at with events of our own, once, if all is still as it was; None in another document."""


class Reached(msgspec.Struct, frozen=True):
    """What the guard saw: whether what was aimed at took the click, and which events were stopped on their way.

    `armed` is whether the guard was still there when it was asked.
    """

    armed: bool
    took: bool
    trusted: bool | None
    stopped: tuple[tuple[str, str, str | None], ...]


class Guard:
    """One guarded click. Made before the page is told to arm it, with `arms` for the script that does.

    The promise: while `holds`, a click that is begun is over before the page's guard lets go by itself.
    """

    def __init__(self, hand: Hand, *, trades: bool = False, now: Callable[[], float] = perf_counter) -> None:
        """`trades` is for a click that is meant for buy or sell; `now` is a clock in seconds that never goes back."""
        self._hand = hand
        self._now = now
        self._since = now()
        self._ident = uuid4().hex
        self.arms: dict[str, Any] = {"ident": self._ident, "seconds": ARMED, "never": None if trades else _BUTTONS}

    @property
    def holds(self) -> bool:
        """Whether a click may still be begun; after that it has to be aimed anew."""
        return self._now() - self._since <= ARMED - CALL_SECONDS

    async def click(self, point: Point) -> bool:
        """Click with the pointer; false where the click was stopped, or not begun because it had to be aimed anew."""
        if not self.holds:
            await self.reached()
            return False
        await self._hand.click_at(*point)
        seen = await self.reached()
        return seen is None or not seen.stopped

    async def press(self, point: Point | None) -> str | None:
        """Click with the pointer or, without a point, with events of our own; ask `holds` before and `reached` after.

        Gives what went wrong, None where the page has had the whole click.
        """
        try:
            if point is not None:
                await self._hand.click_at(*point)
            elif await self._hand.evaluate(FIRE, self._ident, seconds=SURE) is None:
                return "another document"
        except (NotDone, Disconnected) as problem:
            return str(problem)
        return None

    async def reached(self) -> Reached | None:
        """What was seen, and the end of the guard; None where nobody can tell: another document, or no answer."""
        try:
            return msgspec.convert(await self._hand.evaluate(OUTCOME, self._ident, seconds=SURE), Reached | None)
        except (NotDone, Disconnected, msgspec.ValidationError):
            return None
