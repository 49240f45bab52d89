"""The commands that start something: the daemon, the demo, Chrome, the practice broker, a replay."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import structlog
from cyclopts import Parameter

from qfluxd.cli.options import Config, Seconds, Set, loaded
from qfluxd.cli.printing import Failed, put
from qfluxd.cli.stopping import until_stopped
from qfluxd.errors import Unavailable
from qfluxd.observability import logs

if TYPE_CHECKING:
    from qfluxd.config import Loaded
    from qfluxd.practice.server import PracticeOptions

Feed = Annotated[str, Parameter(help="synthetic, or a file: a capture or a file of ticks. Default: synthetic.")]


def _known_traps(_type: object, text: str) -> None:
    from qfluxd.practice.traplist import read_traps

    read_traps(text)


Traps = Annotated[
    str,
    Parameter(
        help="What the page and the broker do to you, as NAME,NAME or NAME=VALUE, or all. Default: nothing.",
        validator=_known_traps,
    ),
]
Seed = Annotated[int, Parameter(help="The same seed gives the same market. Default: 1.")]

log = structlog.get_logger()


def _keep_private() -> None:
    """Whatever this program makes from now on, and what it starts, is for its owner only."""
    os.umask(0o077)


def _log_as(found: "Loaded") -> None:
    """Begin the log as configured, with what an owner should know of the configuration."""
    logs.set_up(found.settings.log.level, found.settings.log.format)
    log.info("configuration", file=str(found.file or "defaults"))
    for notice in found.notices:
        log.info("configuration", notice=notice)


async def run(
    *,
    config: Config = None,
    set_: Set = None,
    record: Annotated[
        str | None, Parameter(help="Record everything from the start, to captures/NAME.jsonl in the state folder.")
    ] = None,
) -> int:
    """Run the daemon in the foreground, for systemd or a terminal.

    SIGTERM or Ctrl-C stops it, SIGHUP reads the configuration again.
    """
    found = loaded(config, set_)
    _keep_private()
    _log_as(found)
    from qfluxd.daemon import run_daemon

    return await run_daemon(found, record=record)


async def demo(
    *,
    seconds: Seconds = None,
    feed: Feed = "synthetic",
    seed: Seed = 1,
    speed: Annotated[float, Parameter(help="How fast the market's clock runs. Default: 1.")] = 1.0,
) -> int:
    """Start everything with no account: practice broker, Chrome, MQTT broker, daemon.

    Prints where each can be reached, and a line per closed candle and signal, until Ctrl-C.
    """
    from qfluxd.demo import DemoOptions, run_demo

    _keep_private()
    return await run_demo(DemoOptions(seconds=seconds, feed=feed, seed=seed, speed=speed))


async def chrome(
    *,
    config: Config = None,
    set_: Set = None,
    url: Annotated[str | None, Parameter(help="The page to open. Default: the first of the driver's pages.")] = None,
) -> int:
    """Start Chrome with a profile of its own and its debugging port on loopback; you log in by hand, once.

    Closing the window, Ctrl-C or SIGTERM ends it.
    """
    found = loaded(config, set_)
    _keep_private()
    _log_as(found)
    return await until_stopped(_chrome(found, url or _first_page(found))) or 0


async def _chrome(found: "Loaded", url: str | None) -> int:
    from qfluxd.chrome.launch import launched

    settings = found.settings
    async with launched(settings.chrome, settings.daemon.state_dir, url) as running:
        put(f"Chrome runs; its debugging address is {running.endpoint}")
        code = await running.wait()
    if code:
        raise Failed(f"Chrome ended with exit code {code}; --set log.level=debug shows what it said")
    return 0


def _first_page(found: "Loaded") -> str | None:
    from qfluxd.chrome.pages import start_page

    return start_page(getattr(found.market_config, "pages", ()))


async def practice(
    *,
    port: Annotated[int, Parameter(help="Where it listens on loopback. Default: a free one.")] = 0,
    feed: Feed = "synthetic",
    speed: Annotated[float, Parameter(help="How fast the market's clock runs. Default: 1.")] = 1.0,
    seed: Seed = 1,
    balance: Annotated[float, Parameter(help="Play money to begin with. Default: 10000.")] = 10_000,
    state: Annotated[Path | None, Parameter(help="A file in which the account outlives the broker.")] = None,
    traps: Traps = "",
    traps_seed: Annotated[int | None, Parameter(help="Let the traps spring by chance, from this seed.")] = None,
) -> int:
    """Start the practice broker alone.

    Its page is http://127.0.0.1:PORT/en/cabinet/demo-quick-high-low/; Ctrl-C ends it.
    """
    from decimal import Decimal

    try:
        from qfluxd.practice.server import PracticeOptions
        from qfluxd.practice.traplist import read_traps
    except ImportError as problem:
        raise Unavailable(
            f"the practice broker needs the extra packages of qfluxd[practice] ({problem}); "
            "install them with: pip install 'qfluxd[practice]'"
        ) from problem
    options = PracticeOptions(
        port=port,
        feed=feed,
        speed=speed,
        seed=seed,
        balance=Decimal(str(balance)),
        state=state,
        traps=read_traps(traps, traps_seed),
    )
    await until_stopped(_practice(options))
    return 0


async def _practice(options: "PracticeOptions") -> None:
    from qfluxd.practice.server import serve

    async with serve(options) as broker:
        put(f"Trading page: {broker.url} (every price on it is made up or recorded)")
        await asyncio.Event().wait()
