"""Ask for many answers at once, and keep each as soon as it is there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread

from beluga.cli.batch.lines import Line, Prompts
from beluga.cli.batch.progress import Progress
from beluga.cli.batch.results import Results, Row
from beluga.errors import ModelError, invalid_input
from beluga.hooks import apply_middleware
from beluga.middleware.retry import with_retry
from beluga.model import ChatModel
from beluga.registry import ProviderConfigDict, new
from beluga.schema import GenerateOptions

__all__ = ["batch"]

ATTEMPTS: Final = 5
"""How often a line is asked for at most, in one run."""

_FOR_ALL: Final = frozenset({"auth_error", "budget_exhausted"})
"""Failures after which no other line can be answered either."""

_AT_FIRST: Final = frozenset({"not_found"})
"""Those that mean it as long as nothing has been answered: the model's name is wrong."""


async def batch(
    source: Path,
    target: Path,
    name: str,
    *,
    concurrency: int = 32,
    retry_failed: bool = False,
    base_url: str | None = None,
    max_tokens: int | None = None,
) -> int:
    """Have the model called *name* answer every line of *source*, and write a row for each.

    Rows stand in the order in which answers come. What has a row is not asked again, so the same
    command goes on where the last one ended, however it ended.

    Returns:
        0 if every line has its answer, 1 if some have failed.

    Raises:
        InvalidInputError: A line of the input is wrong, or the output is another batch's; nothing
            has been sent.
        ModelError: No line can be answered: the key or the model's name is wrong, or the provider
            wants money.
    """
    config: ProviderConfigDict = {"defaults": GenerateOptions(max_tokens=max_tokens)}
    if base_url is not None:
        config["base_url"] = base_url
    async with new(name, **config) as model:
        # Reading a long file may be given up; the output is the next run's as soon as this ends.
        prompts = await anyio.to_thread.run_sync(Prompts, source, abandon_on_cancel=True)
        opening = partial(_open, source, target, prompts, again=retry_failed)
        with await anyio.to_thread.run_sync(opening) as results:
            retrying = apply_middleware(model, with_retry(attempts=ATTEMPTS))
            return await _Batch(retrying, prompts, results).run(concurrency)


def _open(source: Path, target: Path, prompts: Prompts, *, again: bool) -> Results:
    if target.exists() and target.samefile(source):
        raise invalid_input("the answers cannot go into the file that the prompts are in")
    return Results(target, prompts, again=again)


class _Batch:
    """One run over the lines that have no row yet."""

    def __init__(self, model: ChatModel, prompts: Prompts, results: Results) -> None:
        self._model, self._results = model, results
        self._lines: Iterator[Line] = prompts.lines(results.done)
        self._answered = results.answered > 0
        self._progress = Progress(len(prompts), results.answered + results.failed)
        self._fatal: ModelError | None = None

    async def run(self, concurrency: int) -> int:
        try:
            async with anyio.create_task_group() as tasks:
                for _ in range(concurrency):
                    tasks.start_soon(self._work, tasks.cancel_scope)
        finally:
            self._progress.end()
        if self._fatal is not None:
            raise self._fatal
        failed = self._results.failed + self._progress.failures.total()
        if failed:
            print("beluga: --retry-failed asks again for those that have failed", file=sys.stderr)
        return 1 if failed else 0

    async def _work(self, all_workers: anyio.CancelScope) -> None:
        for line in self._lines:
            try:
                row = await self._row(line)
            except ModelError as error:
                self._fatal = self._fatal or error
                all_workers.cancel()
                return
            self._results.add(row)
            self._progress.add(row)

    async def _row(self, line: Line) -> Row:
        """Return the row of *line*.

        Raises:
            ModelError: No other line can be answered either.
        """
        options = line.options
        given = {name: getattr(options, name) for name in options.__struct_fields__}
        try:
            message = await self._model.generate(line.messages, **given)
        except ModelError as error:
            if error.code in _FOR_ALL or (error.code in _AT_FIRST and not self._answered):
                raise
            return Row.failed_with(line, error)
        self._answered = True
        return Row.answered(line, message)
