"""The calls of an answer are run, and every one is answered."""

from __future__ import annotations

from collections.abc import Sequence

from beluga.effects import live
from beluga.schema import AIMessage, Tool, ToolMessage
from beluga.tools.batch import Batch, CanRun
from beluga.tools.calls import Approve, CallRunner, OnException

__all__ = ["run_tools"]

_LIVE = live()


async def run_tools(
    message: AIMessage,
    tools: Sequence[Tool],
    *,
    max_concurrent: int | None = None,
    timeout: float | None = None,
    max_result: int | None = None,
    on_exception: OnException = "type",
    approve: Approve | None = None,
    fx: CanRun | None = None,
) -> tuple[ToolMessage, ...]:
    """Run the calls of *message* and return a result for each, in the order of the calls.

    Whatever goes wrong with a call becomes a result with `is_error`, in words that help the model:
    no such tool, arguments that are not JSON or not of the right types, a tool that raises or takes
    too long. What a tool says by `ToolFailedError` is told as it is. Of any other exception the
    model learns the type only, since its text may hold what is no model's business; the rest is
    logged, as `beluga.tools`. Calls that were cut off, `message.cut_calls`, are never run.

    If it is cancelled, so is every tool, and all have ended before it is left; but a plain function
    in its thread cannot be stopped, see `FunctionTool.invoke`.

    Args:
        message: A model's answer.
        tools: What it may have called.
        max_concurrent: How many calls run at once; by default all of them. They start in order.
        timeout: Seconds that each may take from its start, unless its tool has a bound of its own.
        max_result: Characters of text in a result; what is longer is cut, and says so.
        on_exception: What becomes of an exception that is no `ToolFailedError`: the model is told
            its `"type"`, or its `"text"` too, cleared of what looks like a key and clipped; or the
            other calls are cancelled and it is raised as it is (`"raise"`).
        approve: Asked about one call after the other before it runs: `Allow()`, `Change(call)` to
            run that one in its place, or `Block(reason)`, which the model is told.
        fx: Whose clock it runs by, and who observes.

    Raises:
        InvalidInputError: Two tools have one name, or a bound is none.
    """
    runner = CallRunner(
        tools,
        max_concurrent=max_concurrent,
        timeout=timeout,
        max_result=max_result,
        on_exception=on_exception,
        approve=approve,
    )
    batch = Batch(runner, message.tool_calls)
    await batch.run(_LIVE if fx is None else fx)
    return batch.answers()
