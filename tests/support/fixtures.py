"""The recorded data of the real platform, which lies beside the project and is not part of it."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT.parent / "shared" / "fixtures" / "pocketoption"


def fixture(name: str) -> Path:
    """The path of a recorded file; skips the test where recordings are not at hand."""
    path = FIXTURES / name
    if not path.exists():
        pytest.skip(f"recorded data {name} is not beside this checkout")
    return path
