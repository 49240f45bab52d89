"""`check` and `config`: what is configured, whether it is right, and how to begin."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from qfluxd.cli.options import Config, Json, Set, loaded
from qfluxd.cli.printing import Failed, complain, put, put_json, put_table
from qfluxd.errors import ConfigError, Mistake


def check(*, config: Config = None, set_: Set = None, json: Json = False) -> int:
    """Check the configuration: every mistake at once, with file and line.

    Exit 0 if it is right, 78 if it is not.
    """
    try:
        found = loaded(config, set_)
    except ConfigError as problem:
        return _wrong(problem, json)
    from qfluxd.config import stake_notices

    notices = (*found.notices, *stake_notices(found))
    if json:
        put_json({"ok": True, "file": found.file, "mistakes": [], "notices": notices})
    else:
        for notice in notices:
            put(notice)
        put(f"{found.file or 'the defaults'}: right")
    return 0


def _wrong(problem: ConfigError, json: bool) -> int:
    from qfluxd.cli.calling import CONFIG

    if json:
        put_json({"ok": False, "mistakes": [_plain(mistake) for mistake in problem.mistakes]})
    else:
        complain(str(problem))
        count = len(problem.mistakes)
        complain(f"{count} mistake{'s' if count > 1 else ''}; the daemon would not start")
    return CONFIG


def _plain(mistake: Mistake) -> dict[str, Any]:
    return {"source": mistake.source, "line": mistake.line, "key": mistake.where, "what": mistake.what}


def show(*, config: Config = None, set_: Set = None, json: Json = False) -> None:
    """Show the effective settings with where each came from; secrets are masked."""
    from json import dumps

    from qfluxd.config.show import effective

    found = loaded(config, set_)
    rows = effective(found)
    if json:
        settings = {row.key: {"value": row.value, "origin": row.origin} for row in rows}
        put_json({"file": found.file, "settings": settings, "notices": found.notices})
        return
    put_table((row.key, dumps(row.value, ensure_ascii=False), row.origin) for row in rows)
    for notice in found.notices:
        complain(notice)


def schema(*, json: Json = True) -> None:
    """Print the JSON Schema of config.toml, for editors and scripts."""
    from qfluxd.config.show import schema as of_settings

    put_json(of_settings(), indent=2 if json else None)


def init(
    *, path: Annotated[Path, Parameter(help="Where to write it. Default: ./config.toml.")] = Path("config.toml")
) -> None:
    """Write a commented config.toml to begin with; never over one that exists."""
    from qfluxd.config.starter import write_starter

    try:
        write_starter(path)
    except FileExistsError:
        raise Failed(f"{path} exists and is left as it is; name another with --path") from None
    except OSError as problem:
        raise Failed(f"{path} cannot be written: {problem.strerror}") from problem
    put(f"{path} written; qfluxd check --config {path} checks it")
