"""How a model's calls are run: who may, how many at once, how long, and what the model is told."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Final, Literal, TypeAlias, TypeVar, get_args

import anyio
import msgspec

from beluga.edge import sole_exception
from beluga.errors import ToolFailedError, invalid_input
from beluga.schema import JsonValue, Tool, ToolCall, ToolMessage
from beluga.schema.redaction import redact_and_cut
from beluga.tools.bounds import check_count, check_seconds
from beluga.tools.complaints import clipped
from beluga.tools.results import content_of, shortened
from beluga.verdicts import Allow, Block, Change, Verdict

__all__ = ["Approve", "CallRunner", "OnException", "Ready", "current_call", "listed", "refusal"]

T = TypeVar("T")

OnException: TypeAlias = Literal["type", "text", "raise"]
"""How much of a tool's exception the model is told; or that it is raised."""

Approve: TypeAlias = Callable[[ToolCall], Verdict | Awaitable[Verdict]]
"""Says whether a call may run."""

MOST_ARGUMENTS: Final = 1_000_000
"""Characters of a call's arguments; more than any model writes in one answer."""
MOST_TEXT: Final = 500

_LOGGER: Final = "beluga.tools"
_CALL: Final[ContextVar[ToolCall | None]] = ContextVar("beluga_tool_call", default=None)


def current_call() -> ToolCall | None:
    """Return the call that the running tool answers, in its thread too; `None` outside of one.

    Its `id` makes a good key for what must be done once only.
    """
    return _CALL.get()


class Ready(msgspec.Struct, frozen=True):
    """A call that can be run."""

    tool: Tool
    arguments: Mapping[str, JsonValue]


class CallRunner:
    """Run calls of some tools; see `run_tools`.

    Raises:
        InvalidInputError: Two tools have one name, or a bound is none.
    """

    def __init__(
        self,
        tools: Sequence[Tool],
        *,
        max_concurrent: int | None,
        timeout: float | None,
        max_result: int | None,
        on_exception: OnException,
        approve: Approve | None,
    ) -> None:
        self._tools = _by_name(tools)
        check_count("max_concurrent", max_concurrent)
        check_count("max_result", max_result)
        check_seconds("timeout", timeout)
        if on_exception not in get_args(OnException):
            known = ", ".join([repr(one) for one in get_args(OnException)])
            raise invalid_input(f"on_exception is one of {known}; got {on_exception!r}")
        self._max_concurrent, self._timeout = max_concurrent, timeout
        self._max_result, self._on_exception, self._approve = max_result, on_exception, approve

    @property
    def names(self) -> list[str]:
        """The names of the tools."""
        return list(self._tools)

    @property
    def max_concurrent(self) -> int | None:
        """How many calls may run at once."""
        return self._max_concurrent

    async def admit(self, call: ToolCall) -> Ready | str:
        """Return what *call* will run, or why it will not."""
        found = self._find(call)
        if isinstance(found, str) or self._approve is None:
            return found
        given = self._approve(call)
        verdict = await given if inspect.isawaitable(given) else given
        match verdict:
            case Allow():
                return found
            case Block(reason):
                return f"the call was not allowed, so the tool was not run: {reason}"
            case Change(ToolCall() as changed):
                return self._find(changed)
            case _:
                raise TypeError(
                    "approve must give Allow(), Change(ToolCall(…)) or Block(reason); "
                    f"it gave {verdict!r:.80}"
                )

    async def invoke(self, ready: Ready, call: ToolCall) -> ToolMessage:
        """Run a tool and return what the model is told."""
        _CALL.set(call)  # each call has a task, and so a context, of its own
        limit = _own_bound(ready.tool) or self._timeout
        try:
            with anyio.move_on_after(limit):
                return await self._tried(ready, call)
        except anyio.get_cancelled_exc_class():
            # On asyncio a tool can raise this by itself, when a future of its own was cancelled.
            # Nobody has asked for an end then, and the group would take it for one.
            if anyio.current_effective_deadline() == -math.inf:
                raise
            return refusal(call, "the tool was cancelled from within; it may have taken effect")
        return refusal(
            call,
            f"the tool gave no result within {limit:g} s and was given up; it may have taken "
            "effect all the same",
        )

    async def _tried(self, ready: Ready, call: ToolCall) -> ToolMessage:
        try:
            result = await ready.tool.invoke(ready.arguments)
        except Exception as error:
            return self._failed(call, error)
        return self._told(call, result)

    def _find(self, call: ToolCall) -> Ready | str:
        tool = self._tools.get(call.name)
        if tool is None:
            names = clipped(", ".join(self._tools), MOST_TEXT) or "none"
            return f"there is no tool named {clipped(call.name)!r}; there are: {names}"
        if len(call.arguments) > MOST_ARGUMENTS:
            return f"the arguments are too long: more than {MOST_ARGUMENTS:,} characters"
        try:
            return Ready(tool, call.parse())
        except ValueError as error:
            return f"the tool was not run: {clipped(str(error), MOST_TEXT)}"

    def _told(self, call: ToolCall, result: object) -> ToolMessage:
        try:
            content = content_of(result)
        except Exception as error:
            if self._on_exception == "raise":
                raise
            _log(call, error)
            kind = type(result).__name__
            return refusal(call, f"the tool was run, but its result, a {kind}, cannot be told")
        return ToolMessage(shortened(content, self._max_result), call.id, name=call.name)

    def _failed(self, call: ToolCall, raised: Exception) -> ToolMessage:
        error = sole_exception(raised)
        if isinstance(error, ToolFailedError):
            told = error.message
        elif self._on_exception == "raise":
            raise raised
        else:
            _log(call, error)
            told = f"the tool failed: {type(error).__name__}"
            if self._on_exception == "text":
                told = f"{told}: {redact_and_cut(str(error), MOST_TEXT)}"
        return refusal(call, told, self._max_result)


def refusal(call: ToolCall, text: str, most: int | None = None) -> ToolMessage:
    """Return the answer to a call that has failed."""
    return ToolMessage(shortened(text, most), call.id, name=call.name, is_error=True)


def listed(tools: Sequence[T]) -> list[T]:
    """Return *tools* as a list.

    Raises:
        InvalidInputError: It is one tool, or nothing of that kind.
    """
    if isinstance(tools, str | Mapping) or not isinstance(tools, Iterable):
        raise invalid_input(f"tools takes a sequence of tools; got {type(tools).__name__}")
    return list(tools)


def _by_name(tools: Sequence[Tool]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for tool in listed(tools):
        name = _name(tool)
        if name in found:
            raise invalid_input(f"two tools are named {name!r}; give each its own name")
        found[name] = tool
    return found


def _name(tool: Tool) -> str:
    spec: object = getattr(tool, "spec", None)
    name: object = getattr(spec, "name", None)
    if not isinstance(name, str) or not callable(getattr(tool, "invoke", None)):
        raise invalid_input(
            f"{tool!r:.80} cannot be run; decorate a function with @tool, or give an object with "
            "`spec` and `invoke`"
        )
    return name


def _own_bound(tool: Tool) -> float | None:
    """Return the seconds that a tool itself allows; a class of somebody's own need not say."""
    bound: object = getattr(tool, "timeout", None)
    return bound if isinstance(bound, int | float) else None


def _log(call: ToolCall, error: BaseException) -> None:
    logging.getLogger(_LOGGER).warning("tool %s failed", call.name, exc_info=error)
