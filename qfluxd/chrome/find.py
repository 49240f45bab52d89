"""Finds a Chrome on this machine, and how it can be run safely here."""

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from qfluxd.errors import Unavailable
from qfluxd.settings import ChromeSettings

NAMES: Final = ("google-chrome", "google-chrome-stable", "chromium", "chromium-browser")


def find_chrome(settings: ChromeSettings, environ: Mapping[str, str] = os.environ) -> Path:
    """The browser to start: the configured one, else ``QFLUXD_CHROME``, else the first usual name on the path.

    Raises:
        Unavailable: there is none; says what to do.
    """
    for given, source in (
        (settings.executable, "[chrome] executable"),
        (environ.get("QFLUXD_CHROME"), "QFLUXD_CHROME"),
    ):
        if given:
            if path := shutil.which(given, path=environ.get("PATH")):
                return Path(path)
            raise Unavailable(f"{source} names {given}, which cannot be run; correct it, or leave it out")
    for name in NAMES:
        if path := shutil.which(name, path=environ.get("PATH")):
            return Path(path)
    raise Unavailable("no Chrome is installed; run: sudo apt-get install chromium (or set [chrome] executable)")


def needs_no_sandbox(root: Path = Path("/"), environ: Mapping[str, str] = os.environ, user: int | None = None) -> bool:
    """Whether Chrome can only run without its sandbox here: as root in a container.

    Raises:
        Unavailable: root on a whole machine; Chrome must not run like that.
    """
    if (os.geteuid() if user is None else user) != 0:
        return False
    if _in_container(root, environ):
        return True
    raise Unavailable("Chrome does not run as root with its sandbox; start qfluxd as an ordinary user")


def _in_container(root: Path, environ: Mapping[str, str]) -> bool:
    if environ.get("container") or (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return True
    if re.search(r"docker|kubepods|containerd|lxc|podman", _read(root / "proc/1/cgroup")):
        return True
    # On a whole machine the first process is an init; without /proc nothing speaks for a container.
    return _read(root / "proc/1/comm").strip() not in ("systemd", "init", "")


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
