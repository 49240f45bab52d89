"""Who has the last word on a strategy's mode: the file, or who switched it by command, whatever the disk takes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from qfluxd.config import load
from qfluxd.daemon import Daemon
from qfluxd.errors import Unavailable
from qfluxd.model import Mode, PlanState, PlanSwitched, Refusal
from qfluxd.trading.records import Record

TABLE = """
[[strategy]]
name = "x"
use = "random"
assets = ["EURUSD_otc"]
timeframe = "5s"
mode = "{mode}"
enabled = {enabled}
options = {{ seed = {seed} }}
"""


class Owner:
    """Somebody with a file and a daemon that hears nothing of any market."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "config.toml"
        self._head = f'[daemon]\nstate_dir = "{folder}/state"\n[mqtt]\nenabled = false\n'
        self.write()
        self.begin()

    def write(self, mode: str | None = "shadow", *, enabled: bool = True, seed: int = 1) -> None:
        """The file has this table from now on, or none."""
        table = "" if mode is None else TABLE.format(mode=mode, enabled=str(enabled).lower(), seed=seed)
        self.file.write_text(self._head + table)

    def begin(self) -> None:
        """A daemon takes up what is there."""
        self.daemon = Daemon(load(self.file))
        self.daemon._take_up()

    def end(self) -> None:
        """It leaves."""
        self.daemon._journal.close()

    def switch(self, mode: Mode, *, enabled: bool = True) -> PlanState | Refusal:
        """By command."""
        return self.daemon._acts.switch(PlanSwitched("x", enabled, mode, "command", "", self.daemon._time()))

    def reload(self, mode: str | None, *, enabled: bool = True, seed: int = 1) -> None:
        """The file is changed and read again."""
        self.write(mode, enabled=enabled, seed=seed)
        self.daemon.reload()

    @property
    def holds(self) -> tuple[bool, Mode] | None:
        """How the strategy is, None where there is none."""
        return next(((state.enabled, state.mode) for state in self.daemon.desk.plans.states), None)


@pytest.fixture
def owner(tmp_path: Path) -> Owner:
    """A file with one strategy, in shadow."""
    return Owner(tmp_path)


@pytest.mark.parametrize(("mode", "enabled"), [("signal", True), ("shadow", False)])
def test_a_table_that_comes_back_otherwise_is_as_the_file_says(owner: Owner, mode: Mode, enabled: bool) -> None:
    """A command of before it was taken out does not outlive that."""
    owner.switch("live")
    assert owner.holds == (True, "live")
    owner.reload(None)
    assert owner.holds is None
    owner.reload(mode, enabled=enabled)
    assert owner.holds == (enabled, mode)
    owner.end()
    owner.begin()
    assert owner.holds == (enabled, mode)
    owner.end()


def test_a_command_outlives_a_change_of_something_else(owner: Owner) -> None:
    """And a restart."""
    owner.switch("live")
    owner.reload("shadow", seed=2)
    assert owner.holds == (True, "live")
    owner.end()
    owner.begin()
    assert owner.holds == (True, "live")
    owner.end()


def test_what_a_full_disk_has_not_taken_holds_all_the_same(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody's "off" is not undone by a reload, nor the file's own word by the next one."""
    owner.reload("live")
    mend = _fill(owner, monkeypatch)
    owner.switch("live", enabled=False)
    owner.reload("live", seed=2)
    assert owner.holds == (False, "live")
    owner.reload("signal", seed=2)
    assert owner.holds == (False, "signal")
    owner.reload("signal", seed=3)
    mend()
    owner.daemon._orders.pass_time(owner.daemon._time() + 5_000)
    assert owner.daemon._orders.trouble is None
    owner.reload("signal", seed=4)
    assert owner.holds == (False, "signal")
    owner.end()
    owner.begin()
    assert owner.holds == (False, "signal")
    owner.end()


def test_commands_give_way_in_what_the_file_has_changed(owner: Owner) -> None:
    """Who turned it off need not fear for it when its mode is written anew, nor who put it into a mode for that."""
    owner.switch("shadow", enabled=False)
    owner.reload("live")
    assert owner.holds == (False, "live")
    owner.end()
    owner.begin()
    assert owner.holds == (False, "live")
    owner.switch("signal")
    owner.reload("live", enabled=False)
    assert owner.holds == (False, "signal")
    owner.reload("live")
    assert owner.holds == (True, "signal")
    owner.reload("shadow")
    assert owner.holds == (True, "shadow")
    owner.end()


@pytest.mark.parametrize("mode", ["live", "shadow"])
def test_a_full_disk_lets_a_strategy_do_less_and_not_more(
    owner: Owner, monkeypatch: pytest.MonkeyPatch, mode: Mode
) -> None:
    """It goes live only once that is written; what turns it off holds at once, and tells that a restart forgets it."""
    _fill(owner, monkeypatch)
    refused = owner.switch(mode, enabled=mode == "live")
    assert isinstance(refused, Refusal)
    assert refused.code == "journal_failed"
    assert owner.holds == ((True, "shadow") if mode == "live" else (False, "shadow"))
    assert ("not yet across a restart" in refused.detail) == (mode == "shadow")
    owner.end()


def _fill(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """The disk takes nothing until it is mended."""

    def full(*_records: Record) -> None:
        raise Unavailable("database or disk is full")

    monkeypatch.setattr(owner.daemon._journal, "add", full)
    return monkeypatch.undo
