"""The hand on the daemon's own event loop."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
import uvloop

from tests.e2e.test_hand import FOREVER, click, ends, holding
from tests.support.lab import Lab, browser
from tests.support.processes import children

pytestmark = pytest.mark.e2e


def test_it_works_on_uvloop_as_well(tmp_path: Path) -> None:
    """The daemon's own loop: a click lands, a large picture comes whole, Playwright's death is noticed."""

    async def run() -> None:
        with Lab() as lab:
            async with browser(tmp_path) as own, holding(lab, own) as (hand, made):
                await click(hand, "#near")
                assert await made.own("document.title") == "[140,65]"
                noise = "crypto.getRandomValues(new Uint8ClampedArray(65536))"
                draw = f"const c = document.body.appendChild(document.createElement('canvas')), p = c.getContext('2d');\
                    c.width = c.height = 700; c.style = 'position:fixed;inset:0';\
                    for (let y = 0; y < 700; y += 100) for (let x = 0; x < 700; x += 100)\
                        p.putImageData(new ImageData({noise}, 128, 128), x, y)"
                await made.own(f"{{ {draw} }}")
                assert len(await hand.screenshot()) > 1_000_000
                os.kill(children("run-driver")[0], signal.SIGKILL)
                assert await ends(hand.evaluate(FOREVER)) == "gone"

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
