"""The command line. The overview and the version answer at once; everything else is loaded when called."""

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (without the program's name) and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words in ([], ["--help"], ["-h"], ["help"]):
        from qfluxd.cli.commands import overview

        print(overview())  # noqa: T201 (printing is what a command line is for)
        return 0
    if words == ["--version"]:
        from qfluxd import __version__

        print(f"qfluxd {__version__}")  # noqa: T201 (as above)
        return 0
    from qfluxd.cli.calling import call

    return call(words)
