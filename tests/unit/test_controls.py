"""Limits tightened by command: never above the file's, and kept."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qfluxd.controls import CONTROLS, FILE, WHOLE, Controls
from qfluxd.errors import DataError
from qfluxd.model import Refusal
from qfluxd.settings import RiskSettings

RISK = RiskSettings()


def test_a_tighter_limit_holds_across_a_restart(tmp_path: Path) -> None:
    """What was set is there for the next daemon; null goes back to the file's."""
    assert Controls(tmp_path).set("max_stake", Decimal("2.5"), RISK) is None
    after = Controls(tmp_path)
    assert after.applied(RISK).max_stake == Decimal("2.5")
    assert after.set("max_stake", None, RISK) is None
    assert Controls(tmp_path).applied(RISK) == RISK


def test_a_file_that_has_become_tighter_wins(tmp_path: Path) -> None:
    """The tightest of the two holds."""
    Controls(tmp_path).set("max_open", Decimal(2), RISK)
    assert Controls(tmp_path).applied(RiskSettings(max_open=1)).max_open == 1


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("max_stake", Decimal(11), "only_tighter"),
        ("max_stake", Decimal(0), "bad_argument"),
        ("max_open", Decimal("1.5"), "bad_argument"),
        ("max_daily_loss", Decimal("NaN"), "bad_argument"),
        ("allow_real", Decimal(1), "control_unknown"),
    ],
)
def test_nothing_is_loosened(tmp_path: Path, name: str, value: Decimal, code: str) -> None:
    """A looser value, no value at all, and whatever only the file may say are refused and change nothing."""
    controls = Controls(tmp_path)
    refusal = controls.set(name, value, RISK)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code
    assert controls.applied(RISK) == RISK
    assert not (tmp_path / FILE).exists()


@given(st.lists(st.tuples(st.sampled_from(CONTROLS), st.none() | st.decimals(-5, 100, places=2))))
def test_no_sequence_of_commands_loosens_a_limit(commands: list[tuple[str, Decimal | None]]) -> None:
    """Whatever is asked in whatever order, no applied limit is above the file's."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        controls = Controls(Path(folder))
        for name, value in commands:
            controls.set(name, value, RISK)
        applied = controls.applied(RISK)
        assert all(0 < getattr(applied, name) <= getattr(RISK, name) for name in CONTROLS)
        assert all(isinstance(getattr(applied, name), int) for name in WHOLE)


def test_a_spoilt_file_is_said(tmp_path: Path) -> None:
    """It names the file and the remedy; guessing limits would be worse."""
    (tmp_path / FILE).write_text("{")
    with pytest.raises(DataError, match=FILE):
        Controls(tmp_path)


@pytest.mark.parametrize("value", ["NaN", "-1", "0", "Infinity"])
def test_a_file_that_holds_no_limit_is_said(tmp_path: Path, value: str) -> None:
    """As one that cannot be read."""
    (tmp_path / FILE).write_text(f'{{"max_stake": "{value}"}}')
    with pytest.raises(DataError, match="no limit"):
        Controls(tmp_path)
