"""Reads recorded frames with their place in the file, which is what the recorded truth refers to."""

import json
from pathlib import Path
from typing import Any

from msgspec import structs

from qfluxd.market.capture import read_capture
from qfluxd.model import Frame

CAPTURES = ("detailed_websocket_data_20250831_224741", "detailed_websocket_data_20250903_003350")
"""The recorded page loads; each has its frames, and the events that another decoder made of them."""


def read_lines(path: Path) -> list[Any]:
    """The values of a JSON-lines file."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read_frames(path: Path) -> list[Frame]:
    """The frames of a capture; `at` is the frame's index, so that what is decoded can be traced to it."""
    return [structs.replace(frame, at=index) for index, frame in enumerate(read_capture(path))]
