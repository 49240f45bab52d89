"""From a strategy's name to its model: installed ones by entry point, and single .py files in a folder."""

import inspect
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import BaseModel

from qfluxd.entrypoints import entry_names, load_entry, nearest
from qfluxd.errors import PluginError, UnknownPlugin
from qfluxd.settings import Table

if TYPE_CHECKING:
    import polars as pl

    from qfluxd.model import Millis
    from qfluxd.strategy import Extra, View

STRATEGIES: Final = "qfluxd.strategies"
"""The entry-point group; the strategies that come with qfluxd are found through it too."""

FILE_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
"""What a file with a strategy may be called, without .py."""

_MEMBERS: Final = ("warmup", "timeframes", "wants", "signals")
_kept: dict[Path, tuple[bytes, type[BaseModel]]] = {}
"""Each file with the contents that its model was made from: unchanged it stays the same model, and options compare."""


class StrategyModel(Table):
    """The shape of a model that was loaded: options that are a `qfluxd.strategy.Strategy`. Nothing derives from it."""

    if TYPE_CHECKING:

        @property
        def warmup(self) -> int: ...

        @property
        def timeframes(self) -> tuple[Millis, ...]: ...

        @property
        def wants(self) -> tuple[Extra, ...]: ...

        def signals(self, view: View) -> pl.DataFrame: ...


def strategy_names(folder: Path | None = None) -> list[str]:
    """Every strategy that is installed, and those in `folder`, by the name used in `use`."""
    return sorted({*entry_names(STRATEGIES), *(file.stem for file in strategy_files(folder))})


def strategy_files(folder: Path | None) -> list[Path]:
    """The files of a folder that are taken for strategies; none where there is no folder."""
    if folder is None or not folder.is_dir():
        return []
    return sorted(file for file in folder.glob("*.py") if FILE_NAME.fullmatch(file.stem))


def load_strategy(name: str, folder: Path | None = None) -> type[StrategyModel]:
    """The model of the strategy called `name`, installed or a file of that name in `folder`.

    Give the folder on when options are validated, as ``context={"folder": folder}``: a strategy that is made of others
    finds them there.

    Raises:
        UnknownPlugin: there is none of that name.
        PluginError: there are two, it cannot be imported, or it is not a strategy.
    """
    file = folder / f"{name}.py" if folder is not None and FILE_NAME.fullmatch(name) else None
    if file is not None and file.is_file():
        if name in entry_names(STRATEGIES):
            raise PluginError(f"{file} has the name of a strategy that is installed; rename the file")
        return load_strategy_file(file)
    found = load_entry(STRATEGIES, name, "strategy")
    if found is None:
        raise UnknownPlugin(f"there is no strategy called {name!r}; {nearest(name, strategy_names(folder))}")
    return _shaped(f"the strategy {name!r}", found)


def load_strategy_file(file: Path) -> type[StrategyModel]:
    """The model in a .py file, which holds exactly one public class with a method `signals`.

    Raises:
        PluginError: it cannot be read or imported, or does not hold exactly one strategy; names the file, and the line
            where there is one.
    """
    if not FILE_NAME.fullmatch(file.stem):
        raise PluginError(f"{file}: name it with small letters, digits and _ only, such as my_idea.py")
    try:
        source = file.read_bytes()
    except OSError as problem:
        raise PluginError(f"{file} cannot be read: {problem.strerror}") from problem
    path = file.resolve()
    if path not in _kept or _kept[path][0] != source:
        _kept[path] = source, _the_one(file, _imported(file, source))
    return cast("type[StrategyModel]", _kept[path][1])


def strategies_folder(context: object) -> Path | None:
    """The folder that was given on to a validation, None where none was."""
    folder = context.get("folder") if isinstance(context, Mapping) else None
    return folder if isinstance(folder, Path) else None


def unknown_option(name: str, model: type[BaseModel]) -> str:
    """A sentence about an option that a strategy does not have."""
    return f"there is no option {name!r}; {nearest(name, model.model_fields)}"


def _imported(file: Path, source: bytes) -> ModuleType:
    """The file as a module. It is not imported as others are: no stale bytecode is read, and none is left behind."""
    module = ModuleType(f"qfluxd_strategy_{file.stem}")
    module.__file__ = str(file)
    before = sys.modules.get(module.__name__)
    sys.modules[module.__name__] = module  # where pydantic looks up what annotations name
    try:
        exec(compile(source, str(file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the owner's own file
    except (Exception, SystemExit) as problem:
        sys.modules.pop(module.__name__)
        if before is not None:
            sys.modules[module.__name__] = before
        raise PluginError(_why(file, problem)) from problem
    return module


def _why(file: Path, problem: BaseException) -> str:
    if isinstance(problem, SyntaxError) and problem.filename == str(file):
        return f"{file}:{problem.lineno}: {problem.msg}; correct the line"
    if isinstance(problem, ModuleNotFoundError):
        remedy = f"; install {problem.name} beside qfluxd, or do without it"
    else:
        remedy = "; a file must import without an error"
    return f"{file}{_line(file, problem)}: {type(problem).__name__}: {problem}{remedy}"


def _line(file: Path, problem: BaseException) -> str:
    """Where in the file it happened, "" where that is not known."""
    lines, trace = [], problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(file):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f":{lines[-1]}" if lines else ""


def _the_one(file: Path, module: ModuleType) -> type[BaseModel]:
    own = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]
    found = [each for each in own if not each.__name__.startswith("_") and hasattr(each, "signals")]
    if not found:
        raise PluginError(
            f"{file} holds no public class with a method signals; qfluxd strategy new another writes one to look at"
        )
    if found[1:]:
        names = " and ".join(each.__name__ for each in found)
        raise PluginError(f"{file} holds {names}; one file is one strategy, so put a _ before the names of the others")
    return _shaped(f"{file}: {found[0].__name__}", found[0])


def _shaped(what: str, found: object) -> type[StrategyModel]:
    """A strategy, by its shape: frozen options that reject typing errors, and the members of the protocol."""
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise PluginError(f"{what} is no model of its options; derive the class from qfluxd.strategies.rule.Rule")
    missing = [name for name in _MEMBERS if not (hasattr(found, name) or name in found.model_fields)]
    if missing:
        raise PluginError(f"{what} has no {missing[0]}; qfluxd.strategy.Strategy says what a strategy has")
    if inspect.isabstract(found):
        raise PluginError(f"{what} leaves {', '.join(sorted(_abstract(found)))} open; write it")
    config = found.model_config
    if not config.get("frozen") or config.get("extra") != "forbid":
        raise PluginError(f"{what} can be changed or takes any option; derive it from qfluxd.settings.Table")
    return cast("type[StrategyModel]", found)


def _abstract(found: Any) -> frozenset[str]:
    names: frozenset[str] = found.__abstractmethods__
    return names
