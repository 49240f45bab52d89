"""How much to stake: policies that turn what is known of the account and the past into an amount."""

from collections.abc import Mapping
from typing import Any, Final

from qfluxd.trading.staking.kelly import Kelly
from qfluxd.trading.staking.ladders import AntiMartingale, Martingale
from qfluxd.trading.staking.plain import Fixed, Percent
from qfluxd.trading.staking.policy import Need, Policy, Result, Ruin, StakeState
from qfluxd.trading.tables import nearest, read_table

__all__ = [
    "AntiMartingale",
    "Fixed",
    "Kelly",
    "Martingale",
    "Need",
    "Percent",
    "Result",
    "Ruin",
    "StakeState",
    "Staking",
    "parse_staking",
]

type Staking = Fixed | Percent | Kelly | Martingale | AntiMartingale

_POLICIES: Final[dict[str, type[Staking]]] = {
    "fixed": Fixed,
    "percent": Percent,
    "kelly": Kelly,
    "martingale": Martingale,
    "anti_martingale": AntiMartingale,
}


def parse_staking(table: Mapping[str, Any] | Staking) -> Staking:
    """The policy of a table such as ``{ policy = "fixed", amount = 1 }``.

    Raises:
        ValueError: it makes no sense; says every mistake in it, with the nearest right name.
    """
    if isinstance(table, Policy):
        return table
    if not isinstance(table, Mapping):
        raise ValueError("write a table such as { policy = 'fixed', amount = 1 }")  # noqa: TRY004 - pydantic tells it
    name = table.get("policy")
    model = _POLICIES.get(name) if isinstance(name, str) else None
    if model is None:
        what = "policy is missing" if name is None else f"unknown policy {name!r}"
        raise ValueError(f"{what}; {nearest(str(name), _POLICIES)}")
    return read_table(model, table)
