"""The commands that there are: what each does in a sentence, where its code is, and how it is used."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One command; its code is imported only when it is called or asked for help."""

    name: str
    target: str
    sentence: str
    examples: tuple[str, ...]


GROUPS: dict[str, tuple[Command, ...]] = {
    "Start": (
        Command(
            "run",
            "qfluxd.cli.starting:run",
            "Run the daemon in the foreground, for systemd or a terminal.",
            ("qfluxd run --config /etc/qfluxd/config.toml", "qfluxd run --set log.level=debug"),
        ),
        Command(
            "demo",
            "qfluxd.cli.starting:demo",
            "Start everything with no account: practice broker, Chrome, MQTT broker, daemon.",
            ("qfluxd demo", "qfluxd demo --for 30 --seed 7"),
        ),
        Command(
            "chrome",
            "qfluxd.cli.starting:chrome",
            "Start Chrome with a profile of its own and its debugging port on loopback; you log in by hand, once.",
            ("qfluxd chrome", "qfluxd chrome --config /etc/qfluxd/config.toml"),
        ),
        Command(
            "practice",
            "qfluxd.cli.starting:practice",
            "Start the practice broker alone.",
            (
                "qfluxd practice --port 8790 --seed 7",
                "qfluxd practice --feed capture.jsonl --speed 10",
                "qfluxd practice --state account.json --traps toast,answers=doubled --traps-seed 3",
            ),
        ),
    ),
    "Look": (
        Command(
            "check",
            "qfluxd.cli.checking:check",
            "Check the configuration: every mistake at once, with file and line.",
            ("qfluxd check", "qfluxd check --config /etc/qfluxd/config.toml --json"),
        ),
        Command(
            "config show",
            "qfluxd.cli.checking:show",
            "Show the effective settings with where each came from; secrets are masked.",
            ("qfluxd config show", "qfluxd config show --json"),
        ),
        Command(
            "config schema",
            "qfluxd.cli.checking:schema",
            "Print the JSON Schema of config.toml, for editors and scripts.",
            ("qfluxd config schema",),
        ),
        Command(
            "config init",
            "qfluxd.cli.checking:init",
            "Write a commented config.toml to begin with; never over one that exists.",
            ("qfluxd config init", "qfluxd config init --path /etc/qfluxd/config.toml"),
        ),
        Command(
            "doctor",
            "qfluxd.cli.doctor:doctor",
            "Look at Chrome, page, login, socket, ticks, clock, MQTT, disk, trading: a line each, with the remedy.",
            ("qfluxd doctor", "qfluxd doctor --json"),
        ),
    ),
    "Talk to the daemon": (
        Command(
            "send",
            "qfluxd.cli.talking:send",
            "Send one command over MQTT and print the answer.",
            (
                "qfluxd send ping",
                "qfluxd send candles asset=EURUSD_otc timeframe=1m count=5 --json",
                "qfluxd send trade/open id=evening-1 asset=EURUSD_otc side=call stake=1 expiry=1m",
            ),
        ),
        Command(
            "watch",
            "qfluxd.cli.talking:watch",
            "Follow what the daemon publishes.",
            ("qfluxd watch", "qfluxd watch 'candle/#' --count 3", "qfluxd watch session --for 60 --json"),
        ),
        Command(
            "record",
            "qfluxd.cli.talking:record",
            "Let the daemon record a redacted frame capture; prints where it is.",
            ("qfluxd record --for 60", "qfluxd record --for 600 --name evening"),
        ),
    ),
    "Trades": (
        Command(
            "trades list",
            "qfluxd.cli.trades:listing",
            "List the newest trades of the journal.",
            ("qfluxd trades list", "qfluxd trades list --count 100 --json"),
        ),
        Command(
            "trades show",
            "qfluxd.cli.trades:show",
            "Show one trade with every step that it went.",
            ("qfluxd trades show evening-1", "qfluxd trades show evening-1 --json"),
        ),
    ),
    "Strategies": (
        Command(
            "strategy list",
            "qfluxd.cli.strategies:listing",
            "List every strategy: what it does, its options, how many candles it needs.",
            ("qfluxd strategy list", "qfluxd strategy list --folder ~/ideas --json"),
        ),
        Command(
            "strategy new",
            "qfluxd.cli.strategies:new",
            "Write a strategy to begin with; never over a file that exists.",
            ("qfluxd strategy new my_idea", "qfluxd strategy new my_idea --folder ~/ideas"),
        ),
        Command(
            "strategy check",
            "qfluxd.cli.strategies:check",
            "Look whether a strategy keeps its promises: no look ahead, no chance, an honest warm-up, and more.",
            (
                "qfluxd strategy check strategies/my_idea.py",
                """qfluxd strategy check ema_cross --options '{"fast": 5}' --json""",
            ),
        ),
        Command(
            "train",
            "qfluxd.cli.training:train",
            "Train a model on stored candles, and tell whether it is proven to beat break-even.",
            (
                "qfluxd train EURUSD_otc --timeframe 1m --payout 85 --out models/eurusd.onnx",
                "qfluxd train --recipe eurusd.toml --out models/eurusd.onnx --json",
            ),
        ),
    ),
    "Data": (
        Command(
            "replay",
            "qfluxd.cli.replaying:replay",
            "Play a capture through the whole desk, at any speed.",
            ("qfluxd replay capture.jsonl", "qfluxd replay capture.jsonl --speed 10 --json"),
        ),
        Command(
            "data list",
            "qfluxd.cli.data:listing",
            "List what is stored.",
            ("qfluxd data list", "qfluxd data list --json"),
        ),
        Command(
            "data import",
            "qfluxd.cli.importing:import_files",
            "Import files of ticks or candles, whatever their columns are called.",
            (
                "qfluxd data import eurusd.parquet --asset EURUSD_otc --to research",
                "qfluxd data import AUDCAD_otc_1m_*.csv --server-offset 7200 --to research --json",
            ),
        ),
        Command(
            "data export",
            "qfluxd.cli.data:export",
            "Export what is stored of an asset to one CSV, Parquet or JSON lines file.",
            ("qfluxd data export EURUSD_otc --timeframe 1m --to eurusd.csv",),
        ),
        Command(
            "data verify",
            "qfluxd.cli.data:verify",
            "Look for gaps and disagreements in what is stored.",
            ("qfluxd data verify", "qfluxd data verify --json"),
        ),
    ),
    "Research": (
        Command(
            "backtest",
            "qfluxd.cli.backtesting:backtest",
            "Tell what strategies would have earned on recorded prices, and whether that is to be believed.",
            (
                "qfluxd backtest --strategy sma_cross --option fast=5 --option slow=20 --payout 85",
                "qfluxd backtest --plan evening --from 2026-11-01 --out results/evening",
                "qfluxd backtest --strategy rsi_reversal --data research --asset EURUSD_otc --both --no-audits --json",
            ),
        ),
        Command(
            "audit",
            "qfluxd.cli.auditing:audit",
            "Look whether a strategy sees ahead, and what its profit hangs on.",
            (
                "qfluxd audit --strategy sma_cross --payout 85",
                "qfluxd audit --plan evening --only look_ahead --only warm_up",
                "qfluxd audit --strategy rsi_reversal --data research --out results/evening --json",
            ),
        ),
        Command(
            "compare start",
            "qfluxd.cli.comparing:start",
            "Begin to compare strategies, on paper side by side or by turns.",
            (
                "qfluxd compare start ema_slow ema_fast",
                "qfluxd compare start trend reversal --kind slots --seed 7 --fewest 100 --name autumn",
            ),
        ),
        Command(
            "compare report",
            "qfluxd.cli.comparing:report",
            "Tell how a comparison stands, or all of them, and what that is worth.",
            ("qfluxd compare report", "qfluxd compare report autumn --json"),
        ),
        Command(
            "compare promote",
            "qfluxd.cli.comparing:promote",
            "Let the strategy that has won a comparison trade live.",
            ("qfluxd compare promote autumn --reason 'looked at its trades, all well'",),
        ),
        Command(
            "compare stop",
            "qfluxd.cli.comparing:stop",
            "End a comparison before it is sure of anything.",
            ("qfluxd compare stop autumn --reason 'the market has changed'",),
        ),
        Command(
            "sweep",
            "qfluxd.cli.sweeping:sweep",
            "Try many options of a strategy, and tell what that is worth on data they were not chosen by.",
            (
                "qfluxd sweep --strategy sma_cross --option fast=2..50 --option slow=10..200:10 --payout 85",
                "qfluxd sweep --strategy ema_cross --option fast --option slow --search optuna --variants 200",
                "qfluxd sweep --resume sweeps/first",
            ),
        ),
        Command(
            "report",
            "qfluxd.cli.reporting:report",
            "Tell what trades came to and how sure that is, and write it as one HTML file.",
            (
                "qfluxd report results/rsi --out report.html",
                "qfluxd report results/rsi results/macd",
                "qfluxd report --journal --plan evening --from 2026-11-01 --out november.html",
            ),
        ),
        Command(
            "trials",
            "qfluxd.cli.trials:trials",
            "List how much was tried on each data set, and what that leaves of the best of it.",
            ("qfluxd trials", "qfluxd trials --json"),
        ),
    ),
}

FAMILIES = {
    "compare": "Compare strategies, see how that stands, and promote who has won.",
    "config": "Show, describe or begin a configuration.",
    "trades": "Look into the journal of trades.",
    "strategy": "List strategies, begin one of your own, and check it.",
    "data": "List, import, export and verify what is stored.",
}
"""Commands that only hold others."""

COMMANDS = tuple(command for group in GROUPS.values() for command in group)

EXIT_CODES = """\
Exit codes: 0 done, 1 failed, 2 usage, 69 something needed is not reachable, 75 try again later,
78 configuration is wrong."""


def overview() -> str:
    """What `qfluxd --help` prints."""
    width = max(len(command.name) for command in COMMANDS)
    lines = ["Usage: qfluxd COMMAND [OPTIONS]", ""]
    for title, group in GROUPS.items():
        lines += [f"{title}:", *(f"  {command.name:{width}}  {command.sentence}" for command in group), ""]
    lines += ["qfluxd COMMAND --help tells more, with examples. qfluxd --version prints the version.", EXIT_CODES]
    return "\n".join(lines)
