"""A config.toml to begin with: every option at its default, each with a sentence."""

import textwrap
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qfluxd.config.settings import tables
from qfluxd.plugins import load_driver

BUILT_IN = ("pocketoption", "paper", "replay")
"""The drivers whose tables the starter shows; the last one is commented out, as it needs a file."""

_HEAD = """\
# qfluxd: every option at its default, each with a sentence.
#
# An option that is commented out has no fixed default; the sentence above it tells what happens without it.
# A change is taken over by `systemctl reload qfluxd` or the command `reload` where that is possible; what needs
# a restart is said. `qfluxd check` finds every mistake, `qfluxd config show` tells where each value came from.
"""
_EXAMPLE = """\
# A strategy: what it looks at, when, and what comes of it. As many as you like, each with a name of its own.
# [[strategy]]
# name = "ema_cross_eurusd"
# use = "ema_cross"                       # qfluxd strategy list names all
# assets = ["EURUSD_otc"]                 # symbols, or patterns such as "*_otc"
# timeframe = "1m"
# mode = "signal"                         # "signal" only tells, "shadow" settles on paper, "live" trades
# schedule = "candle"                     # or "every 30s", "at 09:30", a cron line, a table with hours and days
# stake = { policy = "fixed", amount = 1 }
# options = { fast = 9, slow = 21, expiry = "1m" }
# risk = { max_open = 1, orders_per_hour = 20 }
"""
_WIDTH = 110
_EXAMPLES = {
    "state_dir": "/var/lib/qfluxd",
    "executable": "/usr/bin/chromium",
    "ca": "/etc/ssl/certs/mqtt-ca.pem",
    "file": "capture.jsonl",
    "every": "15m",
}


def starter() -> str:
    """The text of a config.toml; reading it gives the defaults."""
    blocks = [_HEAD]
    for name, model in tables().items():
        blocks.append(_table(name, model))
        blocks += [_table(f"{name}.{key}", inner, field.description) for key, field, inner in _inner_tables(model)]
        if name == "driver":
            blocks += [_table(f"driver.{driver}", load_driver(driver).Config) for driver in BUILT_IN]
        if name == "strategies":
            blocks.append(_EXAMPLE)
    return "\n".join(blocks)


def _table(name: str, model: type[BaseModel], said: str | None = None) -> str:
    needs = any(field.is_required() for field in model.model_fields.values())
    head = f"# [{name}]" if needs else f"[{name}]"
    inner = [key for key, _, _ in _inner_tables(model)]
    own = {key: field for key, field in model.model_fields.items() if key not in inner}
    options = [line for key, field in own.items() for line in _option(key, field, needs)]
    return "\n".join([*_said(_sentenced(said or _first_line(model))), head, *options, ""])


def _inner_tables(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, type[BaseModel]]]:
    """The fields of a table that are tables themselves."""
    for key, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield key, field, field.annotation


def _first_line(model: type[BaseModel]) -> str:
    line = (model.__doc__ or "").strip().partition("\n")[0]
    return line.partition("]: ")[2] or line


def _sentenced(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}".rstrip(".") + "."


def _said(sentence: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(sentence, _WIDTH)]


def _option(key: str, field: FieldInfo, commented: bool) -> Iterator[str]:
    default = None if field.is_required() else field.default
    unset = field.default_factory is not None or default is None
    yield from _said(_sentence(field))
    value = _toml(_example(key, field) if unset else default)
    yield f"# {key} = {value}" if commented or unset else f"{key} = {value}"


def _sentence(field: FieldInfo) -> str:
    kind = getattr(field.annotation, "__value__", field.annotation)
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    listed = f" ({', '.join(map(str, choices))})" if choices else ""
    return f"{field.description or ''}{listed}"


def _example(key: str, field: FieldInfo) -> object:
    """Something of the right kind to show for an option without a fixed default."""
    if field.examples:
        return field.examples[0]
    if bool in get_args(field.annotation):
        return True
    return _EXAMPLES.get(key, f"/path/to/{key}" if "Path" in str(field.annotation) else "…")


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{_escaped(str(value))}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write_starter(path: Path) -> None:
    """Write the starter; a file that exists is never touched.

    Raises:
        FileExistsError: there is one already.
    """
    text = starter()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
