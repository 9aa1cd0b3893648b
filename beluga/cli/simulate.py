"""`beluga simulate`."""

from __future__ import annotations

import anyio

from beluga.cli.show import say
from beluga.testing import Simulator

__all__ = ["simulate"]


async def simulate(port: int, seconds: float) -> int:
    """Run a simulator on loopback until it is interrupted, or *seconds* have passed."""
    async with Simulator(port=port, pace=0.02) as simulator:
        say(f"openai-like providers take base_url={simulator.url}/v1; Ctrl-C ends it")
        with anyio.move_on_after(seconds):
            await anyio.sleep_forever()
    return 0
