"""What is kept of each trade that was worked: pictures before and after, and what was seen and done in between."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, time_ns
from typing import Any, Final

import msgspec
import structlog

from qfluxd.api.shapes import as_asked
from qfluxd.artifacts import TRADES
from qfluxd.chrome.page import Hand, NotDone
from qfluxd.drivers.pocketoption import page
from qfluxd.drivers.pocketoption.controls import inpage
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.errors import Disconnected
from qfluxd.model import DealOpened, Millis, Order, OrderRefused

log = structlog.get_logger()

_ANSWERS: Final = 0.3
"""Seconds for which the picture after a click waits for the broker's answer, so that it shows what came of it."""

_WEAK: Final = {"toasts": page.TOASTS.selectors, "rows": page.SIDEBAR_ROWS.selectors}


class Record:
    """One order's folder.

    The promise: neither a page that is gone nor a full disk keeps an order from being placed or answered.
    """

    def __init__(self, hand: Hand, order: Order, witness: Witness, state_dir: Path) -> None:
        self._hand = hand
        self._order = order
        self._witness = witness
        self._state_dir = state_dir
        self._mark = witness.mark()
        self._began = perf_counter()
        self._at: Millis = time_ns() // 1_000_000
        self._took_ms: dict[str, float] = {}
        self._notes: list[dict[str, Any]] = []
        self._shots: dict[str, bytes] = {}
        self._weak: dict[str, Any] = {}

    def note(self, **what: Any) -> dict[str, Any]:
        """Write something down; the note that is given may be added to."""
        note = {"at_ms": round(self._since(), 1), **what}
        self._notes.append(note)
        return note

    def dispatching(self) -> None:
        """The first click is about to be made."""
        self._took_ms.setdefault("to_click", self._since())

    @contextmanager
    def timing(self, step: str) -> Iterator[None]:
        """Add the length of the block to a step's."""
        began = perf_counter()
        try:
            yield
        finally:
            self._took_ms[step] = self._took_ms.get(step, 0.0) + (perf_counter() - began) * 1000

    def whole(self) -> dict[str, float]:
        """The length of each step in milliseconds, and of all."""
        return {step: round(ms, 1) for step, ms in (*self._took_ms.items(), ("whole", self._since()))}

    async def before(self) -> None:
        """Take what there is to see while the panel is being set.

        The click does not wait for it: where nothing had to be set, the picture may be of the click itself. Its time
        is written down.
        """
        await self._see("before")

    async def after(self, verdict: Verdict, attempts: int) -> str | None:
        """Take what there is to see now, and write it all; gives the folder below the state folder."""
        if verdict.landed:
            await self._witness.wait_heard(self._mark, (DealOpened, OrderRefused), _ANSWERS)
        await self._see("after")
        day = datetime.fromtimestamp(self._order.received / 1000, UTC)
        name = f"{TRADES}/{day:%Y-%m-%d}/{self._order.id}"
        told = {
            "order": msgspec.structs.replace(self._order, request=as_asked(self._order.request)),
            "began": self._at,
            "attempts": attempts,
            "landed": verdict.landed,
            "refusal": verdict.refusal,
            "took_ms": self.whole(),
            "notes": self._notes,
            "heard": [(type(event).__name__, event) for event in self._witness.since(self._mark)],
            "asked": self._witness.asked_since(self._mark),
            "page_says": self._weak,
        }
        try:
            await asyncio.to_thread(_write, self._state_dir / name, self._shots, told)
        except (OSError, ValueError) as problem:
            log.warning("artifacts not kept", order=self._order.id, reason=str(problem))
            return None
        return name

    async def _see(self, when: str) -> None:
        began = round(self._since(), 1)
        try:
            self._weak[when] = await self._hand.evaluate(inpage.WEAK, _WEAK)
            self._shots[when] = await self._hand.screenshot()
            self._weak[when]["taken_ms"] = (began, round(self._since(), 1))
        except (NotDone, Disconnected) as problem:
            self._weak[f"{when}_failed"] = str(problem)

    def _since(self) -> float:
        return (perf_counter() - self._began) * 1000


def _write(folder: Path, shots: dict[str, bytes], told: dict[str, Any]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for when, png in shots.items():
        (folder / f"{when}.png").write_bytes(png)
    (folder / "diagnostics.json").write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=2))
