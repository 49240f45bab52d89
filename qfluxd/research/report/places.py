"""Where files lie on a machine is told to nobody."""

from pathlib import PurePath
from typing import Any


def near(value: Any) -> Any:
    """The same without whole paths, whatever it is made of: of each only what it is called is left."""
    if isinstance(value, dict):
        return {key: near(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [near(each) for each in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return f"…/{PurePath(value).name}"
    return value
