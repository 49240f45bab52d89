"""`doctor`: looks at everything that qfluxd needs, touches nothing, and tells the remedy."""

from collections.abc import AsyncIterator
from dataclasses import asdict

from qfluxd.cli.doctor.broker import broker
from qfluxd.cli.doctor.browser import browser
from qfluxd.cli.doctor.finding import Finding
from qfluxd.cli.doctor.machine import configuration, disk, programs
from qfluxd.cli.doctor.trading import controls, journal
from qfluxd.cli.options import Config, Json, Set, loaded
from qfluxd.cli.printing import put_json, put_wrapped
from qfluxd.config import Loaded


async def doctor(*, config: Config = None, set_: Set = None, json: Json = False) -> int:
    """Look at Chrome, page, login, socket, ticks, clock, MQTT, disk, trading: a line each, with the remedy.

    It disturbs nothing: it reads Chrome's list of tabs, looks for the page's controls without touching them, and reads
    the journal and the daemon's retained topics. Exit 1 if one is bad.
    """
    found = loaded(config, set_)
    findings = []
    async for finding in examined(found):
        findings.append(finding)
        if not json:
            _tell(finding)
    if json:
        put_json([asdict(finding) for finding in findings])
    return int(any(finding.verdict == "bad" for finding in findings))


async def examined(found: Loaded) -> AsyncIterator[Finding]:
    """Everything there is to find, in the order in which things depend on each other."""
    for finding in (*configuration(found), *disk(found.settings.daemon.state_dir)):
        yield finding
    async for finding in browser(found):
        yield finding
    async for finding in controls(found):
        yield finding
    for finding in journal(found.settings.daemon.state_dir):
        yield finding
    for finding in programs(found):
        yield finding
    async for finding in broker(found):
        yield finding


def _tell(finding: Finding) -> None:
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    put_wrapped(f"{finding.said}{remedy}", f"{finding.verdict:<4}  {finding.check:<14}  ")
