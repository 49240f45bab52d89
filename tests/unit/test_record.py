"""What is kept of a trade, also when the page or the disk does not play along."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.chrome.page import Box, Hand, NotDone
from qfluxd.drivers.pocketoption.controls.pressing import Verdict
from qfluxd.drivers.pocketoption.orders.record import Record
from qfluxd.drivers.pocketoption.witness import Witness
from qfluxd.errors import Disconnected
from qfluxd.model import Order, OrderRefused, Refusal

ORDER = Order("abc", "1", "EURUSD_otc", "call", Decimal("1.5"), 60_000, 1_795_348_800_000)


class Camera(Hand):
    """A page of which pictures can be taken, until it fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    async def evaluate(self, script: str, argument: object = None, *, seconds: float = 5) -> Any:
        """What the page tells of trades."""
        if self.failure is not None:
            raise self.failure
        return {"toasts": ["placed"], "rows": 3}

    async def screenshot(self, clip: Box | None = None, *, jpeg_quality: int | None = None) -> bytes:
        """A picture."""
        return b"PNG"


async def test_pictures_and_report_lie_in_the_orders_folder(tmp_path: Path) -> None:
    """By the day it was received; the report holds what was noted, heard and timed."""
    witness = Witness()
    witness.hear(OrderRefused("an earlier one"))
    record = Record(Camera(), msgspec.structs.replace(ORDER, request='"w28"'), witness, tmp_path)
    await record.before()
    with record.timing("asset"):
        record.note(covered="by a toast")
    record.dispatching()
    witness.hear(OrderRefused("too late"))
    name = await record.after(Verdict(True), 1)
    assert name == "trades/2026-11-22/abc"
    folder = tmp_path / name
    assert (folder / "before.png").read_bytes() == (folder / "after.png").read_bytes() == b"PNG"
    told = msgspec.json.decode((folder / "diagnostics.json").read_bytes())
    assert (told["attempts"], told["landed"], told["order"]["stake"]) == (1, True, "1.5")
    assert told["order"]["request"] == "w28"
    assert [event["error"] for _, event in told["heard"]] == ["too late"]
    assert told["notes"][0]["covered"] == "by a toast"
    assert {"asset", "to_click", "whole"} <= told["took_ms"].keys()
    assert told["page_says"]["after"]["rows"] == 3


@pytest.mark.parametrize("failure", [Disconnected("gone"), NotDone("stuck", "no answer")])
async def test_a_page_that_is_gone_leaves_the_report(tmp_path: Path, failure: Exception) -> None:
    """Without pictures, with the reason."""
    record = Record(Camera(failure), ORDER, Witness(), tmp_path)
    await record.before()
    name = await record.after(Verdict(None), 1)
    assert name is not None
    assert [file.name for file in (tmp_path / name).iterdir()] == ["diagnostics.json"]
    assert str(failure) in (tmp_path / name / "diagnostics.json").read_text()


async def test_a_disk_that_takes_nothing_keeps_no_order(tmp_path: Path) -> None:
    """There is no folder then, and no error either."""
    (tmp_path / "trades").write_text("a file in its place")
    record = Record(Camera(), ORDER, Witness(), tmp_path)
    assert await record.after(Verdict(False, Refusal("covered", "no")), 0) is None


async def test_half_a_character_loses_the_report_and_not_the_order(tmp_path: Path) -> None:
    """A text that was cut in the middle of one cannot be written; whoever placed the order goes on."""
    record = Record(Camera(), ORDER, Witness(), tmp_path)
    record.note(said="Nice \ud83d")
    assert await record.after(Verdict(True), 1) is None
