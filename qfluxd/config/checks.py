"""Finds every mistake in what was given, and says each in a sentence with the nearest right key."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path as FilePath
from typing import Any, get_origin

from pydantic import BaseModel, ValidationError

from qfluxd.config.layers import Layer, as_list, dotted
from qfluxd.config.lines import Path
from qfluxd.config.plans import PlanSettings, beside_the_file, strategy_model
from qfluxd.config.settings import LATER, STRATEGY, tables
from qfluxd.errors import Mistake, PluginError
from qfluxd.plans.looking import worded
from qfluxd.plugins import driver_names, load_driver

_SCHEDULES = {"screenshot": ("every",), "housekeeping": ("backup", "report", "scan")}
"""The options that say when something is done."""
_KINDS: dict[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    list: "a list",
    dict: "a table",
}
_WORDS = (
    ("Input should be a valid string", "must be text"),
    ("Input should be a valid integer", "must be a whole number"),
    ("Input should be a valid number", "must be a number"),
    ("Input should be a valid decimal", "must be a number"),
    ("Decimal input should be an integer, float, string or Decimal object", "must be a number"),
    ("Input should be a valid boolean", "must be true or false"),
    ("Input should be a valid tuple", "must be a list"),
    ("Input should be a valid dictionary", "must be a table"),
    ("Input should be", "must be"),
    ("String should", "must"),
    ("Value should", "must"),
    (", unable to parse string as an integer", ""),
    (", unable to parse string as a number", ""),
    (", unable to interpret input", ""),
)


def mistakes_in(layer: Layer, own_strategies: FilePath) -> list[Mistake]:
    """All that is wrong in one layer, whether or not a stronger one covers it; `own_strategies` is a folder."""
    found = [*layer.mistakes, *_forbidden_here(layer), *_unreadable_schedule(layer)]
    models = tables()
    for name, value in layer.data.items():
        if name in LATER:
            continue
        if name == STRATEGY:
            found += _plan_mistakes(layer, value, own_strategies)
        elif name not in models:
            found.append(layer.mistake((name,), _unknown((name,), models, layer)))
        elif not isinstance(value, dict):
            found.append(layer.mistake((name,), f"must be a table{_but_is(value)}"))
        elif name == "driver":
            found += _driver_mistakes(layer, value)
        else:
            found += _table_mistakes(layer, (name,), value, models[name])
    return sorted(found, key=lambda mistake: mistake.line or 0)


def _forbidden_here(layer: Layer) -> Iterator[Mistake]:
    """Options that only the file may set, because whoever wrote it has thought about them."""
    for table, key in (("risk", "allow_real"), ("compare", "promote")):
        given = layer.data.get(table)
        if not layer.typed and isinstance(given, dict) and key in given:
            said = f"only the configuration file can set it; write it there, under [{table}]"
            yield layer.mistake((table, key), said)


def _plan_mistakes(layer: Layer, plans: object, own: FilePath) -> Iterator[Mistake]:
    """What is wrong with the `[[strategy]]` tables; only a file can hold them."""
    if not layer.typed:
        yield layer.mistake((STRATEGY,), "only the configuration file can hold strategies; write [[strategy]] there")
        return
    if not isinstance(plans, list) or not all(isinstance(plan, dict) for plan in plans):
        yield layer.mistake((STRATEGY,), "must be a list of tables; write [[strategy]] above each")
        return
    names: set[object] = set()
    for place, plan in enumerate(plans):
        yield from _table_mistakes(layer, (STRATEGY, place), plan, PlanSettings)
        yield from _option_mistakes(layer, (STRATEGY, place), plan, own)
        if (name := plan.get("name")) in names:
            yield layer.mistake((STRATEGY, place, "name"), f"another strategy is called {name} already")
        names.add(name)
        for key, field in PlanSettings.model_fields.items():
            if field.is_required() and key not in plan:
                yield layer.mistake((STRATEGY, place, key), f"is required: {field.description}")


def _option_mistakes(layer: Layer, path: Path, plan: dict[str, Any], own: FilePath) -> Iterator[Mistake]:
    """What the strategy itself says of its options."""
    if "use" not in plan:
        return
    model = strategy_model(plan["use"], own)
    if isinstance(model, str):
        yield layer.mistake((*path, "use"), model)
    elif isinstance(options := plan.get("options", {}), dict):
        try:
            given = beside_the_file(options, model, FilePath(layer.source).parent)
            yield from _table_mistakes(layer, (*path, "options"), given, model, {"folder": own})
        except Exception as problem:  # noqa: BLE001 - a strategy of the owner's own may do anything
            yield layer.mistake((*path, "options"), f"{plan['use']} cannot be set up: {worded(problem)}")


def _unreadable_schedule(layer: Layer) -> Iterator[Mistake]:
    for table, keys in _SCHEDULES.items():
        given = layer.data.get(table)
        for key in keys:
            text = given.get(key) if isinstance(given, dict) else None
            if isinstance(text, str) and (said := _unscheduled(text)) is not None:
                yield layer.mistake((table, key), said)


def _unscheduled(text: str) -> str | None:
    from qfluxd.housekeeping import parse_schedule  # a scheduler is not loaded for those who need none

    try:
        parse_schedule(text)
    except ValueError as problem:
        return str(problem)
    return None


def _driver_mistakes(layer: Layer, table: dict[str, Any]) -> Iterator[Mistake]:
    model = tables()["driver"]
    known_keys = list(model.model_fields)
    known = {key: value for key, value in table.items() if key in known_keys}
    yield from _table_mistakes(layer, ("driver",), known, model)
    for key, value in table.items():
        if key in known:
            continue
        if isinstance(value, dict):
            yield from _plugin_mistakes(layer, key, value)
        else:
            yield layer.mistake(("driver", key), _unknown(("driver", key), known_keys, layer))


def _plugin_mistakes(layer: Layer, name: str, table: dict[str, Any]) -> Iterator[Mistake]:
    if name not in (names := driver_names()):
        yield layer.mistake(("driver", name), _unknown(("driver", name), names, layer))
        return
    try:
        model = load_driver(name).Config
    except PluginError as problem:
        yield layer.mistake(("driver", name), str(problem))
    else:
        yield from _table_mistakes(layer, ("driver", name), table, model)


def _table_mistakes(
    layer: Layer,
    path: Path,
    table: dict[str, Any],
    model: type[BaseModel],
    context: dict[str, Any] | None = None,
) -> list[Mistake]:
    """What one table's model says of it, and what it let pass that a file should not say."""
    if not layer.typed:
        _read_lists(table, model)
    told: dict[Path, list[str]] = {}
    sound, wrong = _validated(table, model, context)
    for error in wrong:
        key = _key_of(error["loc"], table)
        told.setdefault(key, []).append(_sentence(error, layer, path + key, model))
    if layer.typed and sound is not None:
        for key, what in _other_kinds(table, sound):
            told.setdefault(key, [what])
    return [layer.mistake(path + key, " or ".join(dict.fromkeys(told[key]))) for key in told]


def _read_lists(table: dict[str, Any], model: type[BaseModel]) -> None:
    for key, value in table.items():
        field = model.model_fields.get(key)
        if isinstance(value, str) and field and get_origin(field.annotation) in (tuple, list, set, frozenset):
            table[key] = as_list(value)


def _validated(
    table: dict[str, Any], model: type[BaseModel], context: dict[str, Any] | None
) -> tuple[BaseModel | None, list[Any]]:
    """The model of the sound part of a table, and the errors of the rest.

    What is required and not here may be given elsewhere, so its absence is no error yet.
    """
    try:
        return model.model_validate(table, context=context), []
    except ValidationError as problem:
        errors: list[Any] = [error for error in problem.errors() if error["type"] != "missing"]
    bad = {error["loc"][0] for error in errors if error["loc"]}
    rest = {key: value for key, value in table.items() if key not in bad}
    try:
        return model.model_validate(rest, context=context), errors
    except ValidationError:
        return None, errors


def _key_of(loc: Sequence[int | str], table: Mapping[str, Any]) -> Path:
    """The part of pydantic's location that is a key of the data; unions and validators add words of their own."""
    key: Path = ()
    value: Any = table
    for part in loc:
        if isinstance(value, list) and isinstance(part, int):
            value = dict(enumerate(value))
        if not isinstance(value, dict) or part not in value:
            break
        value = value[part]
        key += (part,)
    return key


def _sentence(error: Any, layer: Layer, path: Path, model: type[BaseModel]) -> str:
    match error["type"]:
        case "extra_forbidden":
            return _unknown(path, _inner(model, error["loc"]).model_fields, layer)
        case "value_error":
            return str(error["ctx"]["error"])
        case "literal_error":
            return _plain(error["msg"]) + _nearest_choice(error)
        case "greater_than_equal" | "less_than_equal" | "greater_than" | "less_than" if error["input"] is True:
            return "must be a number, not true or false"
        case kind if kind.endswith("_type"):
            return _plain(error["msg"]) + _but_is(error["input"])
    return _plain(error["msg"])


def _inner(model: type[BaseModel], loc: Sequence[int | str]) -> type[BaseModel]:
    """The model of the table in a table that a location of pydantic's is in."""
    for part in loc[:-1]:
        field = model.model_fields.get(str(part))
        if field is not None and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            model = field.annotation
    return model


def _plain(message: str) -> str:
    for theirs, ours in _WORDS:
        message = message.replace(theirs, ours)
    return message


def _nearest_choice(error: Any) -> str:
    choices = [part.strip("'") for part in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
    found = difflib.get_close_matches(str(error["input"]), choices, n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""


def _but_is(value: object) -> str:
    """What kind of thing was given instead; never the thing itself, which may be a secret."""
    return f", not {_KINDS[type(value)]}" if type(value) in _KINDS else ""


def _unknown(path: Path, siblings: Iterable[str], layer: Layer) -> str:
    """That a key is unknown, and the one most likely meant: a sibling, else the same or a like name elsewhere."""
    name = str(path[-1])
    table = f"{dotted(path[:-1])}." if path[1:] else ""
    found = difflib.get_close_matches(name, list(siblings), n=1, cutoff=0.65)
    if found:
        likely = table + found[0]
    else:
        keys = all_keys()
        names = [key.rpartition(".")[2] for key in keys]
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
        likely = keys[names.index(close[0])] if close else ""
    return f"unknown key; did you mean {layer.spell(likely)}?" if likely else "unknown key"


def all_keys() -> list[str]:
    """Every dotted key there is, those of the installed drivers too."""
    models = tables() | {f"driver.{name}": model for name, model in driver_models()}
    return [f"{table}.{key}" for table, model in models.items() for key in model.model_fields]


def driver_models() -> Iterator[tuple[str, type[BaseModel]]]:
    """The installed drivers that can be loaded, and the models of their tables."""
    for name in driver_names():
        try:
            yield name, load_driver(name).Config
        except PluginError:
            continue  # said where that driver is named


def _other_kinds(table: Mapping[str, Any], model: BaseModel) -> Iterator[tuple[Path, str]]:
    """Values of a file that were taken for something else: "1883" for a port, true for a number of days."""
    for key, value in table.items():
        taken = getattr(model, key, None)
        if isinstance(taken, BaseModel) and isinstance(value, dict):
            yield from (((key, *inner), what) for inner, what in _other_kinds(value, taken))
        elif type(taken) in (bool, int, float, Decimal) and _taken_for(value, taken):
            yield (key,), f"must be {_KINDS[type(taken)]}{_but_is(value)}"


def _taken_for(value: object, taken: object) -> bool:
    return isinstance(value, str) or isinstance(value, bool) != isinstance(taken, bool)
