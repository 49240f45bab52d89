"""Says what is wrong with an argument, in words that whoever asked can act on."""

import re
from functools import cache

from qfluxd.api.commands import Command, described

_KINDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
}
"""What JSON holds, in the words of those who write it."""

_EXPECTED = re.compile(r"Expected `([^`]+)`(?: (of length )?(>=|<=) (\d+))?( matching regex .+)?(?:, got `([^`]+)`)?")
_BOUNDS = {">=": "at least", "<=": "at most"}


def as_sentence(kind: type[Command], name: str, said: str) -> str:
    """What msgspec says of the argument `name`, as a sentence with what the argument is for."""
    about = _abouts(kind).get(name, "")
    if said.startswith("Invalid decimal"):
        return f"{name} must be a number{about}"
    match = _EXPECTED.fullmatch(said)
    if match is None:
        return f"{name}: {said.replace('`', '')}{about}"
    return f"{name} must be {_wanted(match)}{_got(match)}{about}"


@cache
def _abouts(kind: type[Command]) -> dict[str, str]:
    """What each argument is for, in brackets."""
    arguments = described()["commands"][kind.name]["arguments"]
    return {name: f" ({rule['description']})" for name, rule in arguments.items() if "description" in rule}


def _wanted(match: re.Match[str]) -> str:
    kinds = [kind for kind in match[1].split(" | ") if kind != "null"]
    words = " or ".join(dict.fromkeys(_KINDS.get(kind, kind) for kind in kinds))
    if match[3] is None:
        return f"{words} of a certain form" if match[5] else words
    return f"{words} of {'length ' if match[2] else ''}{_BOUNDS[match[3]]} {match[4]}"


def _got(match: re.Match[str]) -> str:
    return f", not {_KINDS.get(match[6], match[6])}" if match[6] else ""
