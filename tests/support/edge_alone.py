"""A daemon's MQTT edge in a process of its own, to be killed: `python -m tests.support.edge_alone PORT`."""

import asyncio
import sys

from qfluxd.settings import MqttSettings
from tests.support.brokers import edge


async def main() -> None:
    """Stay connected until killed."""
    async with edge(MqttSettings(port=int(sys.argv[1]))):
        await asyncio.Event().wait()


asyncio.run(main())
