"""From the words of `sweep` to its settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from qfluxd.cli.options import typed
from qfluxd.cli.printing import Misused

if TYPE_CHECKING:
    from qfluxd.research.sweep.settings import Settings
    from qfluxd.research.sweep.space import Axis

_BOUNDS = {
    "variants": (1, 1_000_000),
    "seed": (0, 2**31 - 1),
    "folds": (2, 50),
    "least": (1, 1_000_000),
    "payout": (0, 1000),
    "latency": (0, 60_000),
    "digits": (0, 15),
}


def settings_given(words: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    """The settings that were given, by the names that they have in `Settings`; the others are left out.

    Raises:
        Misused: a strategy or an option that there is not, a value that it cannot be, a number out of its bounds, a
            length of time that is none.
        PluginError: the strategy cannot be loaded.
    """
    from qfluxd.model import DAY

    given = {name: value for name, value in words.items() if value is not None}
    option, timeframe = given.pop("option", None), given.pop("timeframe", None)
    if "latency" in given:
        given["latency"] = round(1000 * given["latency"])
    for name in ("embargo", "span"):
        if name in given:
            given[name] = _length(name, given[name])
    if given.get("span", DAY) < DAY:
        raise Misused("--span is at least 1d, since every task shows strategies some days before its own")
    for name, (least, most) in _BOUNDS.items():
        if name in given and not least <= given[name] <= most:
            shown = (least // 1000, most // 1000) if name == "latency" else (least, most)
            raise Misused(f"--{name} is a number from {shown[0]} to {shown[1]}")
    if option or timeframe:
        if "strategy" not in given:
            raise Misused("--option and --timeframe belong to a strategy: name it with --strategy")
        given["axes"] = _axes(given["strategy"], option or (), timeframe or "1m", folder)
    return given


def whole_settings(given: dict[str, Any], folder: Path | None) -> "Settings":
    """All settings of a new sweep. Raises as `settings_given`."""
    from qfluxd.research.sweep.settings import CANDLES_APART, Settings

    if "strategy" not in given:
        raise Misused("which strategy? name it with --strategy; qfluxd strategy list names all")
    if "variants" in given and given.get("search", "grid") == "grid":
        raise Misused("--variants goes with --search random or optuna; a grid tries all that there are")
    axes = given.get("axes") or _axes(given["strategy"], (), "1m", folder)
    settings = Settings(**(given | {"axes": axes, "folder": None if folder is None else str(folder.absolute())}))
    if "embargo" in given:
        return settings
    return Settings(**(_fields(settings) | {"embargo": CANDLES_APART * settings.timeframes[-1]}))


def _fields(settings: "Settings") -> dict[str, Any]:
    return {name: getattr(settings, name) for name in settings.__struct_fields__}


def _axes(strategy: str, options: Any, timeframe: str, folder: Path | None) -> "tuple[Axis, ...]":
    from qfluxd.loading import load_strategy
    from qfluxd.research.sweep.axes import option_axis, timeframe_axis

    with typed():
        model = load_strategy(strategy, folder)
        return timeframe_axis(timeframe), *(option_axis(text, model, folder) for text in options)


def _length(name: str, text: str) -> int:
    """A length of time: a timeframe, or whole days, or nothing."""
    from qfluxd.model import DAY, parse_timeframe

    if text in ("0", "none"):
        return 0
    if text.endswith("d") and text[:-1].isdecimal() and int(text[:-1]):
        return int(text[:-1]) * DAY
    try:
        return parse_timeframe(text)
    except ValueError:
        raise Misused(f"--{name}: {text!r} is no length of time; write such as 30m, 4h or 30d") from None
