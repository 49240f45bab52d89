"""The line to Chrome as those need it who work the page: where the page is, and what only the line can do."""

import structlog

from qfluxd.chrome.cdp import Refused
from qfluxd.chrome.pages import Target
from qfluxd.chrome.tap import Tap
from qfluxd.drivers.pocketoption.controls.grip import Page
from qfluxd.drivers.pocketoption.pagelife import PageLife
from qfluxd.errors import Disconnected, PageError

log = structlog.get_logger()


class Reach:
    """The line that is open now, or none.

    The promise: nothing is reached through a line that has ended, and no page is reloaded where that is neither
    allowed nor asked for.
    """

    def __init__(self, *, may_reload: bool) -> None:
        self.may_reload = may_reload
        self._line: tuple[str, Tap, PageLife] | None = None

    def begin(self, endpoint: str, tap: Tap, pages: PageLife) -> None:
        """A line was opened."""
        self._line = endpoint, tap, pages

    def end(self) -> None:
        """It has ended."""
        self._line = None

    def where(self) -> Page:
        """Where the page is that is to be worked; raises `PageError` (``no_page``) while there is none."""
        if self._line is None or (target := self._line[2].front) is None:
            raise PageError("no_page", "there is no trading page in Chrome now")
        return Page(self._line[0], target)

    def in_front(self, target: Target) -> bool:
        """Whether that tab is the trading page now."""
        return self._line is not None and self._line[2].front == target

    async def reload(self, *, asked: bool = False) -> bool:
        """Load the trading page anew; False where that is not allowed or it does not let itself be reloaded.

        What its owner has `asked` for is always allowed; raises `PageError` (``no_page``) where there is no page then.
        """
        if not asked and (self._line is None or not self.may_reload):
            return False
        page = self.where()
        assert self._line is not None
        try:
            await self._line[1].reload(page.target)
        except Refused as problem:
            log.warning("page not reloaded", reason=str(problem))
            return False
        return True

    async def caught_up(self, target: Target) -> None:
        """Return when every frame that the page has sent before was heard; raises as `Tap.caught_up`."""
        if self._line is None:
            raise Disconnected("there is no line to Chrome")
        await self._line[1].caught_up(target)

    def unseen(self) -> int:
        """How many frames that may have asked for a deal were shown to nobody, so far on this line."""
        if self._line is None:
            return 0
        stats = self._line[1].stats
        return stats.withheld + stats.garbled + stats.lost
