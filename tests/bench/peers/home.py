"""Environments for peers, one each, as they do not agree on what they need; and running their scripts in them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PEERS: Final = ("vectorbt", "backtesting", "nautilus_trader")
_HERE: Final = Path(__file__).parent
_CHECKOUT: Final = _HERE.parents[2]
_HOMES: Final = _CHECKOUT / ".peers"
_UV: Final = _CHECKOUT / ".uv" / "bin" / "uv"
_PATIENCE: Final = 900
"""Seconds for an installation, and for a run."""


@dataclass(frozen=True)
class Absent:
    """A peer that cannot be compared with, and why."""

    why: str


def run(peer: str, *words: str) -> list[dict[str, Any]] | Absent:
    """The lines that the script of a peer tells (`tests.bench.peers.told.tell`), under its own interpreter."""
    python = _installed(peer)
    if isinstance(python, Absent):
        return python
    done = _done(str(python), "-m", f"tests.bench.peers.with_{peer}", *words)
    if isinstance(done, Absent):
        return done
    return [json.loads(line) for line in done.splitlines() if line.startswith("{")]


def _installed(peer: str) -> Path | Absent:
    """The interpreter of a peer's environment, which is made where it is not there or holds something else."""
    wanted = _HERE / f"{peer}.txt"
    home, python = _HOMES / peer, _HOMES / peer / "bin" / "python"
    stamp, text = home / ".installed", f"{sys.version}\n{wanted.read_text()}"
    if stamp.is_file() and stamp.read_text() == text:
        return python
    print(f"installing {', '.join(wanted.read_text().split())} into {home.relative_to(_CHECKOUT)}", flush=True)
    uv = str(_UV) if _UV.is_file() else "uv"
    steps = (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)),
        (uv, "pip", "install", "--quiet", "--only-binary", ":all:", "--python", str(python), "-r", str(wanted)),
    )
    for step in steps:
        done = _done(*step)
        if isinstance(done, Absent):
            return done
    stamp.write_text(text)
    return python


def _done(*words: str) -> str | Absent:
    """What a program printed."""
    try:
        done = subprocess.run(words, cwd=_CHECKOUT, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Absent(str(problem))
    if done.returncode:
        return Absent((done.stderr.strip().splitlines() or ["it says nothing"])[-1].strip().removeprefix("cause: "))
    return done.stdout
