"""`import beluga` against the import of what it stands on, each in a process of its own."""

from __future__ import annotations

import statistics
import subprocess
import sys

REFERENCE = "import anyio, httpx, msgspec"
OURS = "import beluga"
USED = "import beluga; beluga.ChatModel; beluga.HumanMessage; beluga.new"


def measure(turns: int) -> dict[str, float]:
    """Return the ratios of import time, interleaved; the median of *turns*."""
    times: dict[str, list[float]] = {code: [] for code in (REFERENCE, OURS, USED)}
    for turn in range(turns + 1):
        for code, seen in times.items():
            seconds = _seconds(code)
            if turn:
                seen.append(seconds)
    reference = statistics.median(times[REFERENCE])
    return {code: statistics.median(seen) / reference for code, seen in times.items()}


def _seconds(code: str) -> float:
    program = f"import time; s = time.perf_counter(); {code}; print(time.perf_counter() - s)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    )
    return float(run.stdout)
