"""`beluga simulate`."""

from __future__ import annotations

import anyio

from beluga.cli.show import say
from beluga.testing import Simulator

__all__ = ["simulate"]


async def simulate(port: int, seconds: float) -> int:
    """Run a simulator on loopback until it is interrupted, or *seconds* have passed."""
    async with Simulator(port=port, pace=0.02) as simulator:
        say(f"every provider takes base_url={simulator.url}; openai-like ones with /v1 behind it")
        say(f"it ends after {seconds:g} s, or with Ctrl-C")
        with anyio.move_on_after(seconds):
            await anyio.sleep_forever()
    return 0
