"""A plan out of a strategy's name and a few words, as a table of the configuration would make it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qfluxd.config.plans import MisfitError, PlanSettings, plan_of
from qfluxd.errors import DataError
from qfluxd.loading import load_strategy, unknown_option
from qfluxd.plans.plan import Plan


def planned(
    use: str,
    *,
    assets: Sequence[str] = ("*",),
    timeframe: str = "1m",
    options: Mapping[str, Any] | None = None,
    stake: Mapping[str, Any] | None = None,
    schedule: str | Mapping[str, Any] = "candle",
    risk: Mapping[str, Any] | None = None,
    name: str | None = None,
    folder: Path | None = None,
) -> Plan:
    """A plan in mode shadow; `stake`, `schedule`, `options` and `risk` as in ``[[strategy]]``.

    `folder` holds strategies of the owner's own. The name is that of the strategy where none is given.

    Raises:
        DataError: an option makes no sense.
        PluginError: there is no such strategy.
    """
    table = {
        "name": name or use,
        "use": use,
        "assets": list(assets),
        "timeframe": timeframe,
        "mode": "shadow",
        "options": dict(options or {}),
        "schedule": schedule if isinstance(schedule, str) else dict(schedule),
        "stake": {"policy": "fixed", "amount": 1} if stake is None else dict(stake),
        "risk": dict(risk or {}),
    }
    try:
        return plan_of(PlanSettings.model_validate(table), folder, None)
    except ValidationError as problem:
        raise DataError("; ".join(_said(use, error, folder) for error in problem.errors())) from None
    except MisfitError as problem:
        raise DataError(f"{use}: {problem}") from None


def _said(use: str, error: Any, folder: Path | None) -> str:
    where = ".".join(map(str, error["loc"])) or "options"
    if error["type"] == "extra_forbidden" and len(error["loc"]) == 1:
        return f"{use}: {unknown_option(where, load_strategy(use, folder))}"
    return f"{use}: {where}: {error['msg'].removeprefix('Value error, ').replace('Input should be', 'must be')}"
