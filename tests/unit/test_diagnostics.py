"""What is kept and told when a control of the page does not work."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from qfluxd.chrome.page import NotDone
from qfluxd.drivers.pocketoption.controls.diagnostics import Trouble
from qfluxd.drivers.pocketoption.page import AMOUNT, PANEL, PAYOUT
from qfluxd.errors import Disconnected, PageError

AROUND = {
    "found": False,
    "matches": {"input": 0},
    "html": '<div class="block"><script>secret</script>Amount of some@mail.com</div>',
    "outline": False,
    "address": "https://pocketoption.com/en/cabinet/demo-quick-high-low/",
    "viewport": [800, 600],
    "focus": True,
    "visible": "visible",
}


class Looked:
    """A page that shows what it is told to, or fails as it is told to."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked: list[Any] = []

    async def evaluate(self, script: str, argument: object = None) -> Any:
        """What lies around the control."""
        self.asked.append(argument)
        if self.failure is not None:
            raise self.failure
        return dict(AROUND)

    async def screenshot(self) -> bytes:
        """A picture."""
        return b"PNG"


class Scene:
    """A trouble reporter with a clock of its own, and what it told."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.folder = folder
        self.alerts: list[tuple[str, str]] = []
        self.hand = Looked()
        self.trouble = Trouble(folder, lambda *alert: self.alerts.append(alert), now=lambda: self.now, wall=self.wall)

    def wall(self) -> int:
        """Each look at the clock is a second later."""
        return 1_795_346_669_123 + round(self.now * 1000)

    async def fail(self, problem: Exception) -> PageError:
        """Work the amount in vain."""
        with pytest.raises(PageError) as raised:
            async with self.trouble.working(self.hand, AMOUNT, PANEL):
                raise problem
        self.now += 1
        return raised.value

    async def succeed(self) -> None:
        """Work the amount."""
        async with self.trouble.working(self.hand, AMOUNT):
            pass


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A scene in an empty state folder."""
    return Scene(tmp_path)


async def test_a_missing_control_is_reported_with_a_picture(scene: Scene) -> None:
    """The folder is named by time and control; its report says what was tried, its markup is free of secrets."""
    problem = await scene.fail(PageError("control_missing", "no field"))
    assert problem.artifact == "trouble/20261122T112429123Z_amount"
    assert problem.tried == AMOUNT.selectors
    folder = scene.folder / problem.artifact
    assert (folder / "page.png").read_bytes() == b"PNG"
    assert (folder / "neighbourhood.html").read_text() == '<div class="block">Amount of [e-mail]</div>'
    report = msgspec.json.decode((folder / "trouble.json").read_bytes())
    assert (report["code"], report["tried"], report["matches"]) == (
        "control_missing",
        list(AMOUNT.selectors),
        {"input": 0},
    )
    assert scene.hand.asked[0]["areas"] == list(PANEL.selectors)


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("missing", "control_missing"),
        ("replaced", "page_gone"),
        ("stuck", "page_stuck"),
        ("failed", "control_stuck"),
    ],
)
async def test_what_the_hand_could_not_do_is_a_page_error(scene: Scene, code: str, word: str) -> None:
    """Each of its words has one of ours."""
    assert (await scene.fail(NotDone(code, "no"))).code == word


async def test_three_failures_in_a_row_leave_the_control_alone(scene: Scene) -> None:
    """A person is told once; the fourth try touches nothing and points to the last picture; others go on."""
    for _ in range(3):
        last = await scene.fail(PageError("control_stuck", "no"))
    assert [code for code, _ in scene.alerts] == ["page_changed"]
    looks = len(scene.hand.asked)
    alone = await scene.fail(PageError("control_stuck", "never reached"))
    assert (alone.code, alone.artifact) == ("page_changed", last.artifact)
    assert len(scene.hand.asked) == looks
    assert scene.trouble.given_up == {"amount": "open"}
    async with scene.trouble.working(scene.hand, PAYOUT):
        pass


async def test_a_control_that_works_again_is_told(scene: Scene) -> None:
    """After the cooldown one try decides; the alert has its counterpart."""
    for _ in range(3):
        await scene.fail(PageError("control_missing", "no"))
    scene.now += 30
    await scene.succeed()
    assert [code for code, _ in scene.alerts] == ["page_changed", "page_recovered"]
    assert scene.trouble.given_up == {}


@pytest.mark.parametrize("code", ["covered", "stake_mismatch", "page_gone", "page_stuck", "asset_closed"])
async def test_other_troubles_do_not_count(scene: Scene, code: str) -> None:
    """They say nothing of the page's make."""
    for _ in range(4):
        assert (await scene.fail(PageError(code, "no"))).code == code
    assert scene.alerts == []


async def test_an_error_is_reported_where_it_arose(scene: Scene) -> None:
    """A control worked within another's block: one picture, one count, and not the outer one's."""

    async def within() -> None:
        async with scene.trouble.working(scene.hand, PANEL), scene.trouble.working(scene.hand, AMOUNT):
            raise PageError("control_missing", "no")

    for _ in range(3):
        with pytest.raises(PageError):
            await within()
        scene.now += 1
    assert len(scene.hand.asked) == 3
    assert scene.trouble.given_up == {"amount": "open"}


@pytest.mark.parametrize("failure", [Disconnected("gone"), NotDone("stuck", "no answer")])
async def test_a_page_that_cannot_be_looked_at_leaves_the_error_as_it_was(scene: Scene, failure: Exception) -> None:
    """There is no artifact, and the trouble is still told."""
    scene.hand.failure = failure
    problem = await scene.fail(PageError("control_missing", "no"))
    assert (problem.code, problem.artifact) == ("control_missing", None)


async def test_a_disk_that_takes_nothing_leaves_the_error_as_it_was(scene: Scene) -> None:
    """The same for a folder that cannot be made."""
    (scene.folder / "trouble").write_text("a file in its place")
    assert (await scene.fail(PageError("control_missing", "no"))).artifact is None


async def test_a_report_without_a_breaker(scene: Scene) -> None:
    """The error comes back for the caller to raise; it counts for nothing."""
    problem = await scene.trouble.report(scene.hand, AMOUNT, "control_missing", "looked for in vain")
    assert (problem.code, problem.tried) == ("control_missing", AMOUNT.selectors)
    assert problem.artifact is not None
    assert scene.trouble.given_up == {}
