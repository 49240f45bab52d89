"""All benches, or those named: `python -m tests.bench [name …]`; one after the other, so that none disturbs another.

`--for SECONDS` is how long the one named `live` runs.
"""

import argparse
import platform
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAMES = ("tap", "codec", "fold", "files", "store", "mqtt", "whole", "trade", "desk", "research", "live")
PACKAGES = (
    *("qfluxd", "picows", "uvloop", "msgspec", "polars", "numpy", "ta-lib"),
    *("aiomqtt", "paho-mqtt", "playwright", "pandas"),
)
RIVALS = ("nautilus-trader",)


def main() -> int:
    """Run the benches; the exit code of the first that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES))
    parser.add_argument("--for", dest="seconds", default="60", help="how long live runs; 60")
    options = parser.parse_args()
    names, lengths = options.names, {"live": ["--for", options.seconds]}
    wrong = [name for name in names if name not in NAMES]
    if wrong:
        sys.stderr.write(f"there is no bench {wrong[0]!r}; there are {', '.join(NAMES)}\n")
        return 2
    cores = len([line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    print(f"Python {platform.python_version()}{_built()}, {cores} cores, {platform.platform()}")
    print(", ".join(f"{name} {_version(name)}" for name in (*PACKAGES, *RIVALS)))
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        words = [sys.executable, "-m", f"tests.bench.{name}", *lengths.get(name, [])]
        if code := subprocess.run(words, check=False).returncode:
            return code
    return 0


def _built() -> str:
    """One that was not optimised by its own profile is a quarter to a third slower."""
    options = str(sysconfig.get_config_var("CONFIG_ARGS"))
    return "" if "--enable-optimizations" in options else " (built without --enable-optimizations)"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())
