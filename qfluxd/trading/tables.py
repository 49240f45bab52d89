"""Tables of an owner's file whose mistakes are said in one sentence each, with the nearest right word."""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel, ValidationError

_DECIMAL: Final = re.compile(r"Decimal\('(.*?)'\)")


def nearest(word: str, known: Iterable[str]) -> str:
    """What was likely meant, else what there is to choose from: the second half of a sentence."""
    choices = list(known)
    found = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    return f"did you mean {found[0]!r}?" if found else f"there are {', '.join(choices)}"


def read_table[T: BaseModel](model: type[T], table: Mapping[str, Any]) -> T:
    """A table as its model.

    Raises:
        ValueError: all its mistakes, each with the key that it is about.
    """
    try:
        return model.model_validate(dict(table))
    except ValidationError as problem:
        told: dict[str, list[str]] = {}
        for error in problem.errors():
            key = str(error["loc"][0]) if error["loc"] else ""
            told.setdefault(key, []).append(_sentence(error, key, model))
    # where a value may be one of several things, it is said to be none of them
    raise ValueError("; ".join(" or ".join(sentences) for sentences in told.values()))


def _sentence(error: Any, key: str, model: type[BaseModel]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return f"unknown key {key!r}; {nearest(key, model.model_fields)}"
        case "missing":
            return f"{key} is missing: {model.model_fields[key].description}"
        case "value_error":
            return f"{key} {error['ctx']['error']}".strip()
    return f"{key} {_DECIMAL.sub(r'\1', error['msg']).replace('Input should be', 'must be')}"
