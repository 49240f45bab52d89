"""What is kept when the trading page does not let itself be worked: a picture, the control's surroundings, a report."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic, time_ns
from typing import Any, Final, Protocol

import msgspec
import structlog

from qfluxd.artifacts import TROUBLE, stamp
from qfluxd.chrome.page import NotDone
from qfluxd.drivers.pocketoption.controls.scrub import clean_text, scrubbed
from qfluxd.drivers.pocketoption.page import Control
from qfluxd.errors import Disconnected, PageError
from qfluxd.model import Millis
from qfluxd.trading.breaker import Breaker

log = structlog.get_logger()

_FAILS: Final = 3
_COOLDOWN: Final = 30.0
"""Seconds for which a control that failed so often in a row is left alone."""

_LIMIT: Final = 20_000
"""Characters of markup that are kept."""

_COUNTED: Final = frozenset({"control_missing", "control_stuck"})
"""What says that the page has changed; other troubles do not."""

_AROUND: Final = """({selectors, areas, limit}) => {
  const find = (all) => { for (const s of all) { const e = document.querySelector(s); if (e) return e; } return null; };
  const dropped = 'script,style,noscript,template,iframe,input[type=hidden],input[type=password]';
  const copy = (element) => {
    if (element.matches(dropped)) return '';
    const own = element.cloneNode(true);
    own.querySelectorAll(dropped).forEach((each) => each.remove());
    return own.outerHTML;
  };
  const around = (element, steps) => {
    let html = copy(element);
    for (let up = element.parentElement; steps && up && up !== document.body; up = up.parentElement, steps -= 1) {
      const wider = copy(up);
      if (wider.length > limit) break;
      html = wider;
    }
    return html.slice(0, limit);
  };
  const outline = (element, depth) => {
    if (depth > 6 || element.matches(dropped)) return '';
    const name = element.localName + (element.id ? ` id="${element.id}"` : '')
      + (typeof element.className === 'string' && element.className ? ` class="${element.className}"` : '');
    return `<${name}>${[...element.children].map((each) => outline(each, depth + 1)).join('')}</${element.localName}>`;
  };
  const control = find(selectors), area = control ?? find(areas);
  return {
    found: Boolean(control),
    matches: Object.fromEntries(selectors.map((s) => [s, document.querySelectorAll(s).length])),
    html: area ? around(area, control ? 3 : 0) : outline(document.body, 0).slice(0, limit),
    outline: !area,
    address: location.origin + location.pathname,
    viewport: [innerWidth, innerHeight],
    focus: document.hasFocus(),
    visible: document.visibilityState,
  };
}"""


_CODES: Final = {"missing": "control_missing", "replaced": "page_gone", "stuck": "page_stuck"}


@contextmanager
def as_trouble(control: Control) -> Iterator[None]:
    """What a hand could not do within the block, or what makes no sense, becomes a `PageError` about this control."""
    try:
        yield
    except NotDone as problem:
        detail = f"the page's {control.name} cannot be worked: {problem.detail}"
        raise PageError(_CODES.get(problem.code, "control_stuck"), detail, tried=control.selectors) from None
    except msgspec.ValidationError as problem:
        detail = f"what stands for the page's {control.name} is something else: {problem}"
        raise PageError("control_missing", detail, tried=control.selectors) from None


class Seen(Protocol):
    """As much of a hand on the page as a report needs."""

    async def evaluate(self, script: str, argument: object = None) -> Any:
        """Run a function in the page."""

    async def screenshot(self) -> bytes:
        """The page as PNG."""


class Trouble:
    """Reports what does not work on the page, and keeps from hammering it.

    The promise: a control that fails several times in a row is left alone for a while and a person is told; nothing
    that is kept can open an account.
    """

    def __init__(
        self,
        state_dir: Path,
        alert: Callable[[str, str], None],
        *,
        now: Callable[[], float] = monotonic,
        wall: Callable[[], Millis] = lambda: time_ns() // 1_000_000,
    ) -> None:
        """`alert` is told a stable word and a sentence; `now` is a clock in seconds, `wall` in ms UTC."""
        self._state_dir = state_dir
        self._alert = alert
        self._now = now
        self._wall = wall
        self._breakers: dict[str, Breaker] = {}
        self._artifacts: dict[str, str | None] = {}
        self._reported: PageError | None = None

    @property
    def given_up(self) -> dict[str, str]:
        """The controls that are left alone, or tried again with care, with the state of their breakers."""
        return {name: state for name, breaker in self._breakers.items() if (state := breaker.state) != "closed"}

    @asynccontextmanager
    async def working(self, hand: Seen, control: Control, *area: Control) -> AsyncIterator[None]:
        """Work one control within the block; a `PageError` that leaves it is reported and counted.

        `area` is where the control belongs, for the report of one that is not there.

        Raises:
            PageError: ``page_changed`` at once while the control is left alone; else the block's own, with its
                artifact and the selectors tried.
        """
        breaker = self._breaker(control)
        if breaker.state == "open":
            raise self._left_alone(control, breaker)
        try:
            with as_trouble(control):
                yield
        except PageError as problem:
            if problem is not self._reported:
                await self._keep(hand, control, area, problem)
                self._count(control, breaker, problem)
            raise
        if breaker.succeeded():
            log.info("control works again", control=control.name)
            self._alert("page_recovered", f"the page's {control.name} can be worked again")

    async def report(self, hand: Seen, control: Control, code: str, detail: str, *area: Control) -> PageError:
        """The error for something that does not work, with its artifact; the caller raises it."""
        problem = PageError(code, detail)
        await self._keep(hand, control, area, problem)
        return problem

    def _breaker(self, control: Control) -> Breaker:
        return self._breakers.setdefault(control.name, Breaker(_FAILS, _COOLDOWN, self._now))

    def _left_alone(self, control: Control, breaker: Breaker) -> PageError:
        detail = f"the page's {control.name} has kept failing; it is left alone for another {breaker.wait:.0f} s"
        artifact = self._artifacts.get(control.name)
        self._reported = PageError("page_changed", detail, tried=control.selectors, artifact=artifact)
        return self._reported

    def _count(self, control: Control, breaker: Breaker, problem: PageError) -> None:
        if problem.code in _COUNTED and breaker.failed():
            log.error("control left alone", control=control.name, seconds=_COOLDOWN)
            where = f"; see {problem.artifact}" if problem.artifact else ""
            detail = f"the page's {control.name} failed {_FAILS} times in a row: {problem.detail}{where}"
            self._alert("page_changed", detail)

    async def _keep(self, hand: Seen, control: Control, area: tuple[Control, ...], problem: PageError) -> None:
        """Save what there is to see; a page that is gone or a disk that is full leaves the error without it."""
        self._reported = problem
        problem.tried = problem.tried or control.selectors
        areas = [selector for each in area for selector in each.selectors]
        looked = {"selectors": list(problem.tried), "areas": areas, "limit": _LIMIT}
        name = f"{TROUBLE}/{stamp(self._wall())}_{control.name.replace(' ', '_')}"
        try:
            around = await hand.evaluate(_AROUND, looked)
            png = await hand.screenshot()
            await asyncio.to_thread(_write, self._state_dir / name, png, around, problem)
        except (Disconnected, NotDone, OSError, ValueError) as failed:
            log.warning("trouble not kept", control=control.name, reason=str(failed))
        else:
            problem.artifact = self._artifacts[control.name] = name
        log.warning("page trouble", control=control.name, code=problem.code, artifact=problem.artifact)


def _write(folder: Path, png: bytes, around: dict[str, Any], problem: PageError) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "page.png").write_bytes(png)
    (folder / "neighbourhood.html").write_text(scrubbed(around.pop("html")), encoding="utf-8")
    report = {"code": problem.code, "detail": problem.detail, "tried": problem.tried, **around}
    report["address"] = clean_text(str(around["address"]))
    (folder / "trouble.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2))
