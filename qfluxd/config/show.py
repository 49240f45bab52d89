"""The effective settings as a person or a program reads them, with secrets masked."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.json_schema import models_json_schema

from qfluxd import __version__
from qfluxd.config.checks import driver_models
from qfluxd.config.load import Loaded
from qfluxd.config.plans import PlanSettings
from qfluxd.config.settings import LATER, STRATEGY, Settings, tables
from qfluxd.observability.redact import MASK, is_secret_name


@dataclass(frozen=True, slots=True)
class Row:
    """One effective option: its dotted key, its value fit for JSON, and where it came from."""

    key: str
    value: Any
    origin: str


def effective(loaded: Loaded) -> list[Row]:
    """Every option, in the order of config.toml."""
    return [Row(key, readable(key, value), loaded.origins[key]) for key, value in flat(loaded).items()]


def flat(loaded: Loaded) -> dict[str, Any]:
    """Every option by dotted key, the driver's own table included, with values as the daemon uses them."""
    own = {f"{table}.{key}": value for table in tables() for key, value in fields(loaded.settings, table)}
    for plan in loaded.settings.strategy:
        own |= {f"{STRATEGY}.{plan.name}.{key}": value for key, value in values(plan)}
    drivers = {loaded.settings.driver.name: loaded.driver_config}
    if loaded.beneath is not None:
        drivers[loaded.beneath.name] = loaded.beneath.config
    return own | {f"driver.{name}.{key}": value for name, table in drivers.items() for key, value in values(table)}


def fields(settings: Settings, table: str) -> Iterator[tuple[str, Any]]:
    """The options of one table."""
    return values(getattr(settings, table))


def values(model: BaseModel) -> Iterator[tuple[str, Any]]:
    """The declared options of a model."""
    return ((key, getattr(model, key)) for key in type(model).model_fields)


def readable(key: str, value: object) -> Any:
    """A value fit for JSON; what is secret, by its type or its name, is masked."""
    if value is None:
        return None
    if isinstance(value, SecretStr) or is_secret_name(key.rpartition(".")[2]):
        return MASK
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, tuple | list):
        return [readable("", part) for part in value]
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_none=True)
    if isinstance(value, dict):
        return {str(name): readable(str(name), part) for name, part in value.items()}
    return str(value)


def schema() -> dict[str, Any]:
    """The JSON Schema of config.toml, for editors and scripts, with the tables of the installed drivers."""
    models = tables() | {f"driver.{name}": model for name, model in driver_models()} | {STRATEGY: PlanSettings}
    refs, definitions = models_json_schema([(model, "validation") for model in models.values()], by_alias=True)
    properties: dict[str, Any] = {name: refs[models[name], "validation"] for name in tables()}
    properties[STRATEGY] = {"type": "array", "items": refs[PlanSettings, "validation"]}
    driver = definitions["$defs"]["DriverSettings"]
    driver["additionalProperties"] = False
    for key, model in models.items():
        if key.startswith("driver."):
            driver["properties"][key.removeprefix("driver.")] = refs[model, "validation"]
    for name in LATER:
        properties[name] = {"description": "accepted; no effect in this version"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"config.toml of qfluxd {__version__}",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **definitions,
    }
