"""A comparison on a whole daemon, asked for by MQTT and on the command line, through a restart to its end."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.asker import open_asker
from tests.support.brokers import NAME
from tests.support.whole import Whole, open_whole

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

FILE = """
[daemon]
name = "{name}"
[mqtt]
port = {port}
[market]
timeframes = ["5s"]
[strategies]
budget_ms = 2000
late_after = 2
"""
TABLE = """
[[strategy]]
name = "{name}"
use = "random"
assets = ["*_otc"]
timeframe = "5s"
mode = "shadow"
options = {{ rate = {rate}, seed = {seed}, expiry = "5s" }}
"""


def write(whole: Whole, file: Path, *tables: tuple[str, float, int]) -> None:
    """The daemon's file, which the command line reads too."""
    text = FILE.format(name=NAME, port=whole.mqtt_port)
    file.write_text(text + "".join(TABLE.format(name=name, rate=rate, seed=seed) for name, rate, seed in tables))


async def qfluxd(file: Path, *words: str) -> tuple[int, str, str]:
    """What a command line ends with, prints and complains of."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "qfluxd", *words, "--config", str(file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200"},
    )
    out, complaints = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, out.decode(), complaints.decode()


def topic(whole: Whole, name: str) -> dict[str, Any]:
    """The newest word on a comparison."""
    return whole.asker.state(f"compare/{name}")


async def test_a_comparison_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    """Begun on the command line, counted on a retained topic, taken up by the next daemon, ended by a file that changes
    one of the arms; a second one is begun by MQTT, by turns, and stopped.
    """
    file = tmp_path / "config.toml"
    tables = ("calm", 0.4, 1), ("busy", 1.0, 2)
    async with open_whole(tmp_path) as whole:
        write(whole, file, *tables)
        async with whole.daemon(file):
            code, out, _ = await qfluxd(file, "compare", "start", "calm", "busy", "--name", "duel", "--fewest", "900")
            assert code == 0
            assert out.startswith("duel: on paper, side by side, since ")
            assert "cannot tell yet: busy and calm have not differed yet." in out
            code, _, complaints = await qfluxd(file, "compare", "start", "calm", "busy")
            assert (code, complaints) == (
                1,
                "qfluxd: strategy calm is in comparison duel; compare/stop ends that (compared_already)\n",
            )
            await whole.asker.until(lambda: topic(whole, "duel").get("contests", [{}])[0].get("chances", 0) >= 2, 40)
            before = topic(whole, "duel")
            async with open_asker(whole.mqtt_port) as late:
                await late.until(lambda: "compare/duel" in late.states)
        async with whole.daemon(file):
            data = (await whole.data("compare/report", name="duel"))["comparison"]
            assert data["contests"][0]["chances"] >= before["contests"][0]["chances"]
            assert data["since"] == before["since"]
            code, out, _ = await qfluxd(file, "compare", "report", "duel", "--json")
            told = json.loads(out)["comparison"]
            assert (code, told["result"], told["comparison"]) == (0, "undecided", "duel")
            code, _, complaints = await qfluxd(file, "compare", "promote", "duel", "--reason", "now")
            assert (code, complaints) == (1, "qfluxd: the comparison is not over (not_over)\n")
            write(whole, file, ("calm", 0.4, 1), ("busy", 0.9, 2))
            await whole.data("reload")
            await whole.asker.until(lambda: topic(whole, "duel").get("result") == "void")
            assert topic(whole, "duel")["sentence"].startswith("void: busy was changed")
            begun = await whole.data("compare/start", name="turns", a="busy", b="calm", kind="slots", seed=7)
            assert begun["comparison"]["turns"] == {"seen": {"busy": 0, "calm": 0}, "e_value": 1.0}
            await whole.asker.until(lambda: "not_its_slot" in whole.asker.state("strategy/busy")["refused"], 20)
            code, out, _ = await qfluxd(file, "compare", "stop", "turns", "--reason", "seen enough")
            assert code == 0
            assert "stopped (seen enough); cannot tell: " in out
            assert "Slots in which each could act: busy " in out
            listed = (await whole.data("compare/report"))["comparisons"]
            assert [(it["comparison"], it["result"]) for it in listed] == [("turns", "stopped"), ("duel", "void")]
            assert (await whole.send("compare/stop", name="turns"))["code"] == "comparison_over"
