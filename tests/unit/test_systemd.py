"""The two units: hardened as far as they can be, and without a word that systemd does not understand."""

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fixtures import ROOT

UNITS = {"qfluxd.service": 12, "qfluxd-chrome.service": 22}
"""Each unit and ten times the exposure that it may have at most."""


@pytest.fixture(scope="module")
def analyze() -> str:
    """The path of systemd's own checker."""
    return shutil.which("systemd-analyze") or pytest.skip("systemd-analyze is not installed")


def unit(name: str) -> configparser.RawConfigParser:
    """A unit file as sections and options; of an option given twice the last one."""
    parser = configparser.RawConfigParser(strict=False, comment_prefixes="#", inline_comment_prefixes=None)
    parser.optionxform = str  # type: ignore[assignment]  # the documented way to keep the case of names
    parser.read(ROOT / "systemd" / name)
    return parser


@pytest.mark.parametrize("name", UNITS)
def test_exposure(analyze: str, name: str) -> None:
    """systemd's own measure of exposure stays under the bound: 1.2 for the daemon, 2.2 for Chrome."""
    done = subprocess.run(
        [analyze, "security", "--offline=true", f"--threshold={UNITS[name]}", ROOT / "systemd" / name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_verified(analyze: str, name: str, tmp_path: Path) -> None:
    """systemd finds nothing to say about a unit.

    The unit names programs where an installation has them; in the copy that is checked they are replaced by
    this Python, as systemd complains of programs that are not there.
    """
    text = (ROOT / "systemd" / name).read_text().replace("/opt/qfluxd/.venv/bin/qfluxd", sys.executable)
    copy = tmp_path / name
    copy.write_text(text)
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr + done.stdout) == (0, "")


def test_verify_would_complain(analyze: str, tmp_path: Path) -> None:
    """The check above can fail: a misspelt option is complained of."""
    text = (ROOT / "systemd" / "qfluxd.service").read_text().replace("WatchdogSec", "WatchdogSecs")
    copy = tmp_path / "qfluxd.service"
    copy.write_text(text)
    done = subprocess.run([analyze, "verify", "--man=no", copy], capture_output=True, text=True, check=False)
    assert "WatchdogSecs" in done.stderr


def test_promises() -> None:
    """The daemon's unit waits for READY, has a watchdog, reloads on SIGHUP and gives up on a bad configuration."""
    service = unit("qfluxd.service")["Service"]
    assert service["Type"] == "notify"
    assert int(service["WatchdogSec"]) == 30
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == "78"
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["KillMode"] == "mixed"


def test_independence() -> None:
    """Chrome stopping does not stop the daemon: wanted and waited for, never bound or required."""
    for name in UNITS:
        section = unit(name)["Unit"]
        assert not {"BindsTo", "Requires", "PartOf", "Requisite"} & set(section)
    assert "qfluxd-chrome.service" in unit("qfluxd.service")["Unit"]["Wants"]


def test_sandbox() -> None:
    """Chrome keeps its own sandbox: no unit switches it off, and the namespaces it is made of are allowed."""
    for name in UNITS:
        assert "no-sandbox" not in (ROOT / "systemd" / name).read_text()
    assert unit("qfluxd-chrome.service")["Service"]["RestrictNamespaces"] == "user pid net"
