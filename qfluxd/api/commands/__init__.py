"""What may be asked of the daemon, over whatever line: one frozen class for each command.

A command's docstring is its description and its fields are its arguments: parsing, `help`, the documentation and
JSON Schema all read them here.
"""

from typing import Any

from qfluxd.api.commands.asking import (
    Command,
    Later,
    Perform,
    Repeat,
    Request,
    Result,
    Stored,
    Unsure,
    nothing_stored,
)
from qfluxd.api.commands.compare import ComparePromote, CompareReport, CompareStart, CompareStop, CompareWork
from qfluxd.api.commands.desk import (
    MOST_CANDLES,
    AssetsList,
    Candles,
    Health,
    Help,
    History,
    Ping,
    RecordStart,
    RecordStop,
    Reload,
    Restart,
    SetLogLevel,
    Status,
)
from qfluxd.api.commands.page import (
    AccountSelect,
    AssetSelect,
    BalanceShow,
    ExpirySelect,
    FavoritesScan,
    FavoritesSelect,
    FavoritesStar,
    ModalsClose,
    PageReload,
    PageWork,
    ProfileScan,
    Screenshot,
    SessionScan,
    SidebarShow,
    StakeSet,
    TimeframeSelect,
    Topdown,
)
from qfluxd.api.commands.research import Backtest
from qfluxd.api.commands.strategy import (
    SignalNow,
    Stats,
    StrategyDisable,
    StrategyEnable,
    StrategyList,
    StrategySet,
    StrategyWork,
)
from qfluxd.api.commands.trade import (
    ControlSet,
    TradeList,
    TradeOpen,
    TradeStatus,
    TradeWork,
    TradingKill,
    TradingPause,
    TradingResume,
)
from qfluxd.api.payloads import schema_of

COMMANDS: dict[str, type[Command]] = {
    command.name: command
    for command in (
        Ping,
        Status,
        Health,
        Help,
        AssetsList,
        Candles,
        History,
        TradeOpen,
        TradeStatus,
        TradeList,
        TradingPause,
        TradingResume,
        TradingKill,
        ControlSet,
        StrategyList,
        StrategyEnable,
        StrategyDisable,
        StrategySet,
        SignalNow,
        Stats,
        CompareStart,
        CompareStop,
        CompareReport,
        ComparePromote,
        Backtest,
        SessionScan,
        ProfileScan,
        FavoritesScan,
        FavoritesSelect,
        FavoritesStar,
        AssetSelect,
        TimeframeSelect,
        ExpirySelect,
        StakeSet,
        AccountSelect,
        BalanceShow,
        SidebarShow,
        ModalsClose,
        PageReload,
        Screenshot,
        Topdown,
        RecordStart,
        RecordStop,
        SetLogLevel,
        Reload,
        Restart,
    )
}

__all__ = [
    "COMMANDS",
    "MOST_CANDLES",
    "AccountSelect",
    "AssetSelect",
    "AssetsList",
    "Backtest",
    "BalanceShow",
    "Candles",
    "Command",
    "ComparePromote",
    "CompareReport",
    "CompareStart",
    "CompareStop",
    "CompareWork",
    "ControlSet",
    "ExpirySelect",
    "FavoritesScan",
    "FavoritesSelect",
    "FavoritesStar",
    "Health",
    "Help",
    "History",
    "Later",
    "ModalsClose",
    "PageReload",
    "PageWork",
    "Perform",
    "Ping",
    "ProfileScan",
    "RecordStart",
    "RecordStop",
    "Reload",
    "Repeat",
    "Request",
    "Restart",
    "Result",
    "Screenshot",
    "SessionScan",
    "SetLogLevel",
    "SidebarShow",
    "SignalNow",
    "StakeSet",
    "Stats",
    "Status",
    "Stored",
    "StrategyDisable",
    "StrategyEnable",
    "StrategyList",
    "StrategySet",
    "StrategyWork",
    "TimeframeSelect",
    "Topdown",
    "TradeList",
    "TradeOpen",
    "TradeStatus",
    "TradeWork",
    "TradingKill",
    "TradingPause",
    "TradingResume",
    "Unsure",
    "described",
    "nothing_stored",
]


def described() -> dict[str, Any]:
    """The data of `help`: every command by name with `about`, `arguments` and `example`."""
    return {"commands": {name: _describe(command) for name, command in COMMANDS.items()}}


def _describe(command: type[Command]) -> dict[str, Any]:
    schema = schema_of((command,))[1][command.__name__]
    required = schema.get("required", ())
    arguments = {name: {"required": name in required, **_argument(rule)} for name, rule in schema["properties"].items()}
    return {"about": " ".join((command.__doc__ or "").split()), "arguments": arguments, "example": command.example}


def _argument(rule: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in rule.get("anyOf", [rule]) if kind.get("type") != "null"]
    told = {key: value for source in (*reversed(kinds), rule) for key, value in source.items() if key != "anyOf"}
    return told | {"type": [kind["type"] for kind in kinds]} if len(kinds) > 1 else told
