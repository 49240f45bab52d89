"""`strategy`: which strategies there are, how to begin one, and whether it keeps its promises."""

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from pydantic import ValidationError

from qfluxd.cli.options import Json
from qfluxd.cli.printing import Failed, put, put_json, put_table, put_wrapped, theirs_aside
from qfluxd.errors import ConfigError, Mistake, PluginError

if TYPE_CHECKING:
    from qfluxd.loading import StrategyModel
    from qfluxd.testing import Finding

Folder = Annotated[Path, Parameter(help="The folder with strategies of your own. Default: ./strategies.")]
_HERE = Path("strategies")
_TEMPLATE = "strategy_template.py"


def listing(*, folder: Folder = _HERE, json: Json = False) -> int:
    """List every strategy: what it does, its options with defaults and ranges, and how many candles it needs.

    Exit 1 where one of them cannot be loaded.
    """
    from qfluxd.loading import strategy_names

    told = [_told(name, folder) for name in strategy_names(folder)]
    if json:
        put_json(told)
    else:
        for each in told:
            _put_strategy(each)
    return 1 if any("error" in each for each in told) else 0


def _told(name: str, folder: Path) -> dict[str, Any]:
    from qfluxd.cli.strategy_options import options_of
    from qfluxd.loading import load_strategy

    try:
        model = load_strategy(name, folder)
    except PluginError as problem:
        return {"name": name, "error": str(problem)}
    described = (model.__doc__ or "").strip()
    return {
        "name": name,
        "sentence": " ".join(described.split("\n\n")[0].split()),
        "warmup": _warmup(model),
        "description": described,
        "options": options_of(model),
    }


def _warmup(model: "type[StrategyModel]") -> int | None:
    """Candles that it needs with all options at their defaults; None where one has to be given."""
    try:
        return model().warmup
    except ValidationError:
        return None


def _put_strategy(told: dict[str, Any]) -> None:
    if "error" in told:
        put_wrapped(f"{told['name']}: cannot be loaded: {told['error']}")
        put("")
        return
    put(f"{told['name']} ({_needs(told['warmup'])})")
    put_wrapped(told["sentence"], "  ")
    options = told["options"]
    put_table((f"     {each['name']}", _default(each), each["range"], _about(each)) for each in options)
    put("")


def _needs(warmup: int | None) -> str:
    if warmup is None:
        return "how many candles it needs depends on its options"
    return f"needs {warmup} candle{'s' if warmup > 1 else ''}"


def _about(option: dict[str, Any]) -> str:
    choices = ", ".join(map(str, option["choices"] or ()))
    return f"{option['description']}: {choices}" if choices else str(option["description"])


def _default(option: dict[str, Any]) -> str:
    if option["required"]:
        return "required"
    return "-" if option["default"] is None else jsons.dumps(option["default"], ensure_ascii=False)


def new(
    name: Annotated[str, Parameter(help="What it is to be called, such as my_idea.")],
    /,
    *,
    folder: Folder = _HERE,
) -> None:
    """Write a strategy to begin with; never over a file that exists.

    It works as it is, and its comments say what to change.
    """
    from importlib.resources import files

    from qfluxd.entrypoints import entry_names
    from qfluxd.loading import FILE_NAME, STRATEGIES

    if not FILE_NAME.fullmatch(name):
        raise Failed(f"{name!r} is no name for a strategy; use small letters, digits and _, such as my_idea")
    if name in entry_names(STRATEGIES):
        raise Failed(f"there is a strategy {name} already; take another name")
    file = folder / f"{name}.py"
    template = files("qfluxd.cli").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as out:
            out.write(template.replace("Template", _class_name(name)).replace("FILE", str(file)))
    except FileExistsError:
        raise Failed(f"{file} exists and is left as it is; take another name") from None
    except OSError as problem:
        raise Failed(f"{file} cannot be written: {problem.strerror}") from problem
    put(f"{file} written; qfluxd strategy check {file} checks it")


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def check(
    what: Annotated[str, Parameter(name="NAME-or-FILE", help="A strategy by its name, or a .py file.")],
    /,
    *,
    options: Annotated[str, Parameter(help='Its options as JSON, such as {"fast": 5}. Default: its defaults.')] = "{}",
    timeframe: Annotated[str | None, Parameter(help="The candles to show it. Default: 1m, or shorter.")] = None,
    seed: Annotated[int, Parameter(help="Another seed makes other markets. Default: 0.")] = 0,
    folder: Folder = _HERE,
    json: Json = False,
) -> int:
    """Look whether a strategy keeps its promises: no look ahead, no chance, an honest warm-up, and more.

    Exit 1 where something is bad.
    """
    from qfluxd.testing import check_strategy

    own = Path(what).parent if what.endswith(".py") else folder
    context = {"folder": own}
    strategy = _with_options(_model(what, own), options, context)
    with theirs_aside():
        findings = check_strategy(strategy, seed=seed, timeframe=_length(timeframe), context=context)
    if json:
        put_json({"strategy": what, "ok": not _bad(findings), "findings": [_plain(each) for each in findings]})
    else:
        put_table((each.verdict, each.check, each.detail) for each in findings)
        count = len(_bad(findings))
        put(f"{what}: {'it keeps its promises' if not count else f'{count} of {len(findings)} checks are bad'}")
    return 1 if _bad(findings) else 0


def _model(what: str, folder: Path) -> "type[StrategyModel]":
    from qfluxd.loading import load_strategy, load_strategy_file

    return load_strategy_file(Path(what)) if what.endswith(".py") else load_strategy(what, folder)


def _with_options(model: "type[StrategyModel]", options: str, context: dict[str, Path]) -> "StrategyModel":
    try:
        given = jsons.loads(options)
    except ValueError as problem:
        raise ConfigError(Mistake("--options", f"is no JSON: {problem}", "command line")) from None
    if not isinstance(given, dict):
        raise ConfigError(Mistake("--options", 'must be a JSON object, such as {"fast": 5}', "command line"))
    try:
        return model.model_validate(given, context=context)
    except ValidationError as problem:
        raise ConfigError(*(_mistake(error, model) for error in problem.errors())) from None


def _mistake(error: Any, model: "type[StrategyModel]") -> Mistake:
    from qfluxd.entrypoints import nearest
    from qfluxd.loading import unknown_option

    where = ".".join(("--options", *map(str, error["loc"])))
    if error["type"] == "extra_forbidden":
        return Mistake(where, unknown_option(str(error["loc"][-1]), model), "command line")
    if error["type"] == "literal_error":
        choices = [part.strip("'") for part in error["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return Mistake(
            where, f"there is no {error['input']!r}; {nearest(str(error['input']), choices)}", "command line"
        )
    what = error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return Mistake(where, what.replace("Field required", "is required"), "command line")


def _length(timeframe: str | None) -> int | None:
    from qfluxd.model import parse_timeframe

    try:
        return None if timeframe is None else parse_timeframe(timeframe)
    except ValueError as problem:
        raise ConfigError(Mistake("--timeframe", str(problem), "command line")) from None


def _bad(findings: "list[Finding]") -> "list[Finding]":
    return [each for each in findings if each.verdict == "bad"]


def _plain(finding: "Finding") -> dict[str, str]:
    return {"check": finding.check, "verdict": finding.verdict, "detail": finding.detail}
