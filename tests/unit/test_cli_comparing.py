"""What `qfluxd compare` prints: the sentence first, then what it rests on."""

import re
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from qfluxd.api.payloads import encode_json
from qfluxd.cli.comparing import put_comparison, start
from qfluxd.cli.printing import Misused
from qfluxd.model import Refusal
from qfluxd.research.compare import report
from qfluxd.research.compare.history import Case, Promotion
from qfluxd.research.compare.shown import shown
from tests.support.duel import coins, duel, setting, told
from tests.support.fixtures import ROOT
from tests.unit.test_compare_results import trades


def printed(capsys: pytest.CaptureFixture[str], **terms: Any) -> str:
    """A comparison of two coins as it is printed."""
    settled = setting(**terms)
    comparison = told(settled, duel(coins(400, 0.5, 1), coins(400, 0.6, 2)))
    comparison.finish()
    case = Case(settled, report(comparison), Promotion("b", "command", "looked at it", 1))
    payload = shown(case, report(comparison), 2, Refusal("promoted_before", "once"))
    put_comparison(msgspec.json.decode(encode_json(payload)))
    return capsys.readouterr().out


def test_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    """No win rate without its interval, its break-even and the number of trades."""
    lines = printed(capsys).splitlines()
    assert lines[0] == "duel: on paper, side by side, since 2025-11-21T23:59:59Z"
    assert lines[1].startswith("cannot tell yet: over ")
    assert lines[1].endswith(".")
    assert re.split(r"  +", lines[2])[:4] == ["strategy", "trades", "ties", "unknown"]
    assert re.match(r"a +400 +0 +0 +\d\d\.\d % +\d\d\.\d … \d\d\.\d % +54\.1 % +[-+]\d+\.\d % +\S+$", lines[3])
    assert re.match(
        r"b against a: \d+ chances at which they differed, 0 at which they traded alike\. Evidence", lines[5]
    )
    assert lines[6] == "These strategies were compared 2 times before; each time something could go wrong anew."
    assert lines[7] == "Promotion: b was promoted by command: looked at it."


def test_by_turns(capsys: pytest.CaptureFixture[str]) -> None:
    """With the seed, and how the turns came out."""
    out = printed(capsys, kind="slots", mode="live")
    assert out.startswith("duel: live, by turns of 1m, drawn by 7, since ")
    assert re.search(r"Slots in which each could act: a \d+, b \d+ \(evidence that this is not chance: ", out)


async def test_one_strategy_is_compared_with_nothing() -> None:
    """Said before anybody is asked."""
    with pytest.raises(Misused, match="two strategies or more"):
        await start(["alone"])


def test_the_example_in_python_works(capsys: pytest.CaptureFixture[str]) -> None:
    """The one on docs/compare.md, with two tables of trades."""
    [block] = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs" / "compare.md").read_text(), re.DOTALL | re.MULTILINE)
    slow, fast = (
        SimpleNamespace(trades=trades(coins(60, 0.5, seed), side)) for seed, side in ((1, "call"), (2, "put"))
    )
    exec(block, {"slow": slow, "fast": fast})
    assert capsys.readouterr().out.startswith("cannot tell yet: over ")
