"""Which browser is started, and when it may run without its sandbox."""

from pathlib import Path

import pytest

from qfluxd.chrome.find import NAMES, find_chrome, needs_no_sandbox
from qfluxd.errors import Unavailable
from qfluxd.settings import ChromeSettings


def program(folder: Path, name: str) -> Path:
    """Something that can be run."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_configured_one_comes_first(tmp_path: Path) -> None:
    """Then the environment's, then the usual names in their order."""
    environ = {"PATH": str(tmp_path / "bin")}
    for name in reversed(NAMES):
        usual = program(tmp_path / "bin", name)
        assert find_chrome(ChromeSettings(), environ) == usual
    environ["QFLUXD_CHROME"] = str(program(tmp_path, "mine"))
    assert find_chrome(ChromeSettings(), environ) == tmp_path / "mine"
    settings = ChromeSettings(executable=program(tmp_path, "configured"))
    assert find_chrome(settings, environ) == tmp_path / "configured"


def test_a_named_one_that_is_not_there_is_no_reason_to_take_another(tmp_path: Path) -> None:
    """Whoever names a browser wants that one; the message names the place to correct."""
    environ = {"PATH": str(tmp_path / "bin"), "QFLUXD_CHROME": str(tmp_path / "gone")}
    program(tmp_path / "bin", "chromium")
    with pytest.raises(Unavailable, match=r"QFLUXD_CHROME names .*gone"):
        find_chrome(ChromeSettings(), environ)
    with pytest.raises(Unavailable, match=r"\[chrome\] executable names"):
        find_chrome(ChromeSettings(executable=tmp_path / "gone"), environ)


def test_none_at_all_says_the_line_to_run(tmp_path: Path) -> None:
    """The remedy is a command."""
    with pytest.raises(Unavailable, match="sudo apt-get install chromium"):
        find_chrome(ChromeSettings(), {"PATH": str(tmp_path)})


def machine(root: Path, *, init: str = "systemd", cgroup: str = "0::/init.scope") -> Path:
    """The files by which a machine shows what it is."""
    (root / "proc/1").mkdir(parents=True)
    (root / "proc/1/comm").write_text(init + "\n")
    (root / "proc/1/cgroup").write_text(cgroup + "\n")
    return root


def test_an_ordinary_user_keeps_the_sandbox(tmp_path: Path) -> None:
    """In a container too."""
    assert not needs_no_sandbox(machine(tmp_path, init="sh"), {"container": "podman"}, user=1000)


def test_root_on_a_whole_machine_is_refused(tmp_path: Path) -> None:
    """Chrome is not started without its sandbox there; the remedy is said."""
    with pytest.raises(Unavailable, match="ordinary user"):
        needs_no_sandbox(machine(tmp_path), {}, user=0)


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_root_in_a_container_goes_without_by_its_mark(tmp_path: Path, mark: str) -> None:
    """Docker's and Podman's mark."""
    machine(tmp_path)
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    assert needs_no_sandbox(tmp_path, {}, user=0)


def test_root_in_a_container_goes_without_by_its_other_signs(tmp_path: Path) -> None:
    """The variable that systemd sets, a control group's name, a first process that is no init."""
    assert needs_no_sandbox(machine(tmp_path / "a"), {"container": "systemd-nspawn"}, user=0)
    assert needs_no_sandbox(machine(tmp_path / "b", cgroup="0::/kubepods/pod1"), {}, user=0)
    assert needs_no_sandbox(machine(tmp_path / "c", init="tini"), {}, user=0)


def test_root_where_nothing_is_known_is_refused(tmp_path: Path) -> None:
    """No sign of a container is no container."""
    with pytest.raises(Unavailable):
        needs_no_sandbox(tmp_path, {}, user=0)
