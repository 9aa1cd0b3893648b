"""How far a batch is, for whoever watches."""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from typing import Final

import anyio

from beluga.cli.batch.results import Row

__all__ = ["Progress"]

ON_A_TERMINAL: Final = 0.2
ELSEWHERE: Final = 10.0
"""Seconds between two reports."""


class Progress:
    """Tell on standard error how far a batch is: in one line of a terminal, else now and then.

    Args:
        total: How many lines there are.
        done: How many of them have been done before.
    """

    def __init__(self, total: int, done: int) -> None:
        self._total, self._before, self._done = total, done, done
        self._terminal = sys.stderr.isatty()
        self._every = ON_A_TERMINAL if self._terminal else ELSEWHERE
        self._began = self._told = anyio.current_time()
        self._cost: float | None = None
        self._unpriced = 0
        self.failures: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """Count *row*, and tell of it if that is due."""
        self._done += 1
        if row.failure is not None:
            self.failures[row.failure.code] += 1
        if row.cost is not None:
            self._cost = row.cost + (self._cost or 0.0)
        elif row.failure is None:
            self._unpriced += 1
        now = anyio.current_time()
        if now - self._told >= self._every:
            self._told = now
            self._tell(self._standing(now), "\r" if self._terminal else "\n")

    def end(self) -> None:
        """Tell how it ended."""
        self._tell(self._standing(None), "\n")

    def _tell(self, text: str, end: str) -> None:
        clear = ""
        if self._terminal:  # a line that wraps could not be written over
            clear, text = "\033[2K\r", text[: shutil.get_terminal_size().columns - 1]
        print(f"{clear}{text}", end=end, file=sys.stderr, flush=True)

    def _standing(self, now: float | None) -> str:
        parts = [f"{self._done} of {self._total} lines"]
        if self._before:
            parts.append(f"{self._before} from before")
        failed = ", ".join(f"{count} {code}" for code, count in self.failures.most_common())
        if failed:
            parts.append(f"failed: {failed}")
        if self._cost is not None:
            parts.append(f"{'more than ' if self._unpriced else ''}${self._cost:.4f}")
        if now is not None:
            parts += self._pace(now)
        return "; ".join(parts)

    def _pace(self, now: float) -> list[str]:
        rate = (self._done - self._before) / max(now - self._began, 1e-9)
        left = (self._total - self._done) / rate
        return [f"{rate:.1f}/s", f"{left / 60:.0f} min left" if left > 90 else f"{left:.0f} s left"]
