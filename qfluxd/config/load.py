"""From files, environment and credentials to settings, with every mistake found at once."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from qfluxd.config.checks import mistakes_in
from qfluxd.config.layers import Layer, from_credentials, from_environment, from_file, from_overrides
from qfluxd.config.lines import Path as KeyPath
from qfluxd.config.plans import MisfitError, Retrained, plan_of, retrained, twins_of, unusable
from qfluxd.config.settings import LATER, STRATEGY, Settings, tables
from qfluxd.errors import ConfigError, Mistake, PluginError
from qfluxd.model import parse_timeframe
from qfluxd.plans.plan import Plan
from qfluxd.plugins import load_driver
from qfluxd.ports import Driver, DriverModule, Surroundings
from qfluxd.settings import RiskSettings, default_state_dir
from qfluxd.trading.staking import AntiMartingale, Martingale
from qfluxd.trading.staking.policy import shown

DEFAULT = "default"
_BANK, _PAYOUT = Decimal(1000), 85
"""What the risk of ruin is told for, where nobody knows the account yet."""


_REACH = ("daemon", "mqtt")
"""The tables that say where a daemon can be reached."""


@dataclass(frozen=True, slots=True)
class Beneath:
    """The driver that another one rests on (its `on`), and its own table."""

    name: str
    driver: DriverModule
    config: BaseModel

    def connect(self, surroundings: Surroundings) -> Driver:
        """That driver; opens nothing yet."""
        return self.driver.connect(self.config, surroundings)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that are sound, and where they came from.

    `driver` is the driver's module and `driver_config` its own table, `beneath` the driver that it rests on, if any;
    `plans` are the strategies, in the order of the file, and `retrained` the models that are trained again. `origins`
    tells for every dotted key its source (``config.toml:12``, ``environment variable …``, ``default``). `notices` are
    sentences that an owner should read; none of them keeps the daemon from starting.
    """

    settings: Settings
    driver: DriverModule
    driver_config: BaseModel
    plans: tuple[Plan, ...]
    retrained: tuple[Retrained, ...]
    origins: Mapping[str, str]
    notices: tuple[str, ...]
    file: Path | None
    overrides: Mapping[str, object]
    beneath: Beneath | None = None

    @property
    def market_config(self) -> BaseModel:
        """The table of the driver that hears the market."""
        return self.driver_config if self.beneath is None else self.beneath.config

    def reread(self) -> "Loaded":
        """Read the same sources again.

        Raises:
            ConfigError: they are not sound any more; what was loaded before stays as it is.
        """
        return load(self.file, self.overrides)


def load(file: Path | None = None, overrides: Mapping[str, object] | None = None) -> Loaded:
    """Read the settings: `overrides` by dotted key, environment, credentials, `file`, defaults; the first wins.

    Without `file` the first of these is read that exists: config.toml in $CONFIGURATION_DIRECTORY, here, in
    ~/.config/qfluxd.

    Raises:
        ConfigError: with every mistake that there is, in whichever source.
    """
    overrides = overrides or {}
    found = file or find_file()
    layers = _layers(found, overrides)
    own = _own_strategies(layers)
    mistakes = [mistake for layer in layers for mistake in mistakes_in(layer, own)]
    notices = _notices(layers, found)
    for layer in layers:
        layer.data = {name: value for name, value in layer.data.items() if name not in LATER}
    driver, problem = _driver(layers)
    if mistakes or driver is None:
        raise ConfigError(*mistakes, *problem, *_absent(layers))
    settings, config = _settings(layers, driver)
    beneath = _beneath(layers, settings, config)
    plans, again = _plans(layers, settings, own, found)
    origins = _origins(layers, settings, config, beneath)
    return Loaded(settings, driver, config, plans, again, origins, notices, found, dict(overrides), beneath)


def load_reach(file: Path | None = None, overrides: Mapping[str, object] | None = None) -> Settings:
    """Only what says where a daemon can be reached, `[daemon]` and `[mqtt]`; all else is at its default.

    Whatever is wrong elsewhere does not keep anybody from stopping a daemon that runs.

    Raises:
        ConfigError: one of these is not sound, or a source cannot be read.
    """
    layers = _layers(file or find_file(), overrides or {})
    for layer in layers:
        layer.data = {name: value for name, value in layer.data.items() if name in _REACH}
    mistakes = [mistake for layer in layers for mistake in mistakes_in(layer, Path())]
    if mistakes:
        raise ConfigError(*mistakes)
    try:
        return Settings(layers=[layer.data for layer in layers])  # type: ignore[call-arg]  # see Settings
    except ValidationError as problem:
        raise ConfigError(*_together(problem, layers, ())) from None


def _layers(file: Path | None, overrides: Mapping[str, object]) -> list[Layer]:
    """All sources, the strongest first."""
    layers = [
        from_overrides(overrides),
        from_environment(os.environ),
        from_credentials(os.environ.get("CREDENTIALS_DIRECTORY")),
    ]
    return [*layers, from_file(file)] if file else layers


def find_file() -> Path | None:
    """The configuration file that is read when none is named, or None."""
    folders = [os.environ.get("CONFIGURATION_DIRECTORY", "").split(":")[0], ".", "~/.config/qfluxd"]
    files = (Path(folder).expanduser() / "config.toml" for folder in folders if folder)
    return next((file for file in files if file.is_file()), None)


def _notices(layers: list[Layer], file: Path | None) -> tuple[str, ...]:
    said = [
        f"{layer.place((name,))}: [{name}] has no effect in this version"
        for layer in layers
        for name in LATER
        if name in layer.data
    ]
    if file is None:
        said.append("no config.toml was found; every option is at its default (qfluxd config init writes one)")
    elif _readable_secret(layers[-1], file):
        said.append(f"{file} holds mqtt.password and others can read it; chmod 600 {file}")
    return tuple(said)


def _readable_secret(layer: Layer, file: Path) -> bool:
    mqtt = layer.data.get("mqtt")
    return isinstance(mqtt, dict) and "password" in mqtt and bool(file.stat().st_mode & 0o044)


def _driver(layers: list[Layer]) -> tuple[DriverModule | None, list[Mistake]]:
    """The driver that the strongest layer names."""
    key = ("driver", "name")
    giver = next((layer for layer in layers if isinstance(_get(layer.data, key), str)), Layer(DEFAULT))
    try:
        return load_driver(_get(giver.data, key) or Settings().driver.name), []
    except PluginError as problem:
        return None, [giver.mistake(key, str(problem))]


def _own_strategies(layers: list[Layer]) -> Path:
    """The folder with strategies of the owner's own, as far as the layers are sound."""
    named = _first_text(layers, ("strategies", "folder"))
    state = _first_text(layers, ("daemon", "state_dir"))
    folder = Path(named) if named is not None else (Path(state) if state else default_state_dir()) / "strategies"
    try:
        return folder.expanduser()
    except RuntimeError:  # nobody's home: said where the folder is checked
        return folder


def _first_text(layers: list[Layer], key: KeyPath) -> str | None:
    values = (_get(layer.data, key) for layer in layers)
    return next((value for value in values if isinstance(value, str) and value), None)


def _plans(
    layers: list[Layer], settings: Settings, own: Path, file: Path | None
) -> tuple[tuple[Plan, ...], tuple[Retrained, ...]]:
    """The plans that the tables describe, and the models that are trained again.

    Raises:
        ConfigError: what they need is not there, or their options contradict each other.
    """
    plans: list[Plan] = []
    again: list[Retrained] = []
    wrong: list[Mistake] = []
    folded = tuple(parse_timeframe(name) for name in settings.market.timeframes)
    for place, table in enumerate(settings.strategy):
        path = (STRATEGY, place)
        giver = _giver(layers, path)
        try:
            plan = plan_of(table, own, file)
            plans += [plan, *twins_of(table, plan, own, file)]
            again += [wanted] if (wanted := retrained(table, plan, file)) is not None else []
        except ValidationError as problem:
            wrong += _together(problem, layers, (*path, "options"))
        except MisfitError as problem:
            wrong.append(giver.mistake((*path, problem.key), str(problem)))
        except (PluginError, ValueError) as problem:
            wrong.append(giver.mistake(path, str(problem)))
        else:
            missing = unusable(plan, folded, settings.market.keep_candles)
            wrong += [giver.mistake((*path, key), what) for key, what in missing]
    if wrong:
        raise ConfigError(*wrong)
    return tuple(plans), tuple(again)


def stake_notices(loaded: Loaded) -> Iterator[str]:
    """What an owner should know of a way to stake before it starts; takes up to a second for each strategy."""
    for plan in loaded.plans:
        if plan.mode != "signal":
            yield f"strategy {plan.name}: {plan.staking.describe(_BANK, _PAYOUT)}"
            yield from _stuck(plan, loaded.settings.risk)


def _stuck(plan: Plan, risk: RiskSettings) -> Iterator[str]:
    """Where a ladder of stakes leads above a limit: there its trade is refused, so nothing ever takes it down again."""
    if not isinstance(plan.staking, Martingale | AntiMartingale):
        return
    limits = (risk.max_stake, risk.asset.max_stake, plan.limits.max_stake)
    most = min(limit for limit in limits if limit is not None)
    above = next((step for step, stake in enumerate(plan.staking.stakes, 1) if stake > most), None)
    if above is not None:
        stake = shown(plan.staking.stakes[above - 1])
        yield (
            f"strategy {plan.name}: step {above} of its ladder stakes {stake}, and max_stake is {shown(most)}: there "
            "it is refused (stake_too_high) and orders nothing more; take fewer steps, or set its max"
        )


def _get(data: Any, path: KeyPath) -> Any:
    for key in path:
        if isinstance(data, list) and isinstance(key, int):
            data = dict(enumerate(data))
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _settings(layers: list[Layer], driver: DriverModule) -> tuple[Settings, BaseModel]:
    """Lay the sound layers over one another; only now does it show what is required and nowhere given."""
    try:
        settings = Settings(layers=[layer.data for layer in layers])  # type: ignore[call-arg]  # see Settings
        name = settings.driver.name
        table = (settings.driver.model_extra or {}).get(name, {})
    except ValidationError as problem:
        raise ConfigError(*_together(problem, layers, ())) from None
    try:
        config = driver.Config.model_validate(table)
    except ValidationError as problem:
        raise ConfigError(*_together(problem, layers, ("driver", name))) from None
    if wrong := [_giver(layers, key).mistake(key, what) for key, what in _unusable(settings, config)]:
        raise ConfigError(*wrong)
    return settings, config


def _beneath(layers: list[Layer], settings: Settings, config: BaseModel) -> Beneath | None:
    """The driver that the chosen one rests on; None where its table names none."""
    name = getattr(config, "on", None)
    if not isinstance(name, str):
        return None
    key = ("driver", settings.driver.name, "on")
    try:
        driver = load_driver(name)
        found = driver.Config.model_validate((settings.driver.model_extra or {}).get(name, {}))
    except PluginError as problem:
        raise ConfigError(_giver(layers, key).mistake(key, str(problem))) from None
    except ValidationError as problem:
        raise ConfigError(*_together(problem, layers, ("driver", name))) from None
    if wrong := [_giver(layers, key).mistake(key, what) for key, what in _no_file(name, found)]:
        raise ConfigError(*wrong)
    return Beneath(name, driver, found)


def _together(problem: ValidationError, layers: list[Layer], table: KeyPath) -> list[Mistake]:
    """Mistakes that show only in the whole: something required is nowhere, or two options contradict."""
    mistakes = []
    for error in problem.errors():
        path = (*table, *error["loc"])
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        giver = next((layer for key in prefixes for layer in layers if _get(layer.data, key) is not None), layers[-1])
        what = "is required" if error["type"] == "missing" else str(error["msg"]).removeprefix("Value error, ")
        mistakes.append(giver.mistake(path, what))
    return mistakes


def _unusable(settings: Settings, config: BaseModel) -> Iterator[tuple[KeyPath, str]]:
    """What settings name and cannot be used: files and programs that are not there, a port that nobody has."""
    if (ca := settings.mqtt.ca) and (what := _no_authority(ca)):
        yield ("mqtt", "ca"), what
    if (program := settings.chrome.executable) and not which(program):
        yield ("chrome", "executable"), f"there is no program {program}"
    if not settings.chrome.launch and urlsplit(settings.chrome.endpoint).port == 0:
        yield ("chrome", "endpoint"), "port 0 is only for a Chrome started here; name the port of the one to attach to"
    yield from _no_file(settings.driver.name, config)


def _no_file(driver: str, config: BaseModel) -> Iterator[tuple[KeyPath, str]]:
    file = getattr(config, "file", None)
    if isinstance(file, Path) and not file.is_file():
        yield ("driver", driver, "file"), f"there is no file {file}"


def _absent(layers: list[Layer]) -> Iterator[Mistake]:
    """Files that are named and not there, found also where other mistakes keep the settings from being made."""
    for path in (("mqtt", "ca"), ("chrome", "executable"), ("driver", "replay", "file")):
        giver = _giver(layers, path)
        named = _get(giver.data, path)
        if isinstance(named, str) and not which(named) and not Path(os.path.expanduser(named)).is_file():  # noqa: PTH111 - a ~user that is unknown stays as it is
            yield giver.mistake(path, f"there is no file {named}")


def _no_authority(ca: Path) -> str | None:
    """Why a file is no certificate authority, if it is none."""
    if not ca.is_file():
        return f"there is no file {ca}"
    import ssl

    try:
        ssl.create_default_context(cafile=ca)
    except ssl.SSLError:
        return f"{ca} holds no certificate (in PEM form)"
    except OSError as problem:
        return f"{ca} cannot be read: {problem.strerror}"
    return None


def _giver(layers: list[Layer], path: KeyPath) -> Layer:
    return next((layer for layer in layers if _get(layer.data, path) is not None), Layer(DEFAULT))


def _origins(
    layers: list[Layer], settings: Settings, config: BaseModel, beneath: Beneath | None = None
) -> dict[str, str]:
    origins = {}
    for path in _keys(settings, config, beneath):
        giver = _giver(layers, path)
        origins[".".join(path)] = str(giver.place(path))
    for place, table in enumerate(settings.strategy):
        giver = _giver(layers, (STRATEGY, place))
        for key in type(table).model_fields:
            given = key in table.model_fields_set
            at = str(giver.place((STRATEGY, place, key))) if given else DEFAULT
            origins[f"{STRATEGY}.{table.name}.{key}"] = at
    return origins


def _keys(settings: Settings, config: BaseModel, beneath: Beneath | None) -> list[tuple[str, ...]]:
    own = [(table, key) for table in tables() for key in type(getattr(settings, table)).model_fields]
    drivers = [(settings.driver.name, config), *([] if beneath is None else [(beneath.name, beneath.config)])]
    return own + [("driver", name, key) for name, table in drivers for key in type(table).model_fields]
