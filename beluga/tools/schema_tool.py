"""Tools that come with a JSON Schema of their own, as those of an MCP server do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias, final

import anyio.to_thread

from beluga.errors import invalid_input, tool_failed
from beluga.schema import JsonValue, ToolSpec
from beluga.tools.bounds import check_seconds
from beluga.tools.checker import Checker, TooMuchError
from beluga.tools.complaints import refused
from beluga.tools.survey import survey

__all__ = ["SchemaTool", "tool_from_schema"]

STEPS_ON_THE_LOOP: Final = 3_000
MOST_STEPS: Final = 300_000

Handler: TypeAlias = Callable[[dict[str, JsonValue]], Awaitable[object]]


@final
class SchemaTool:
    """A function of a JSON object that a schema describes. `tool_from_schema` makes it.

    Attributes:
        spec: What a model is told of it.
        timeout: Seconds that a call by a model may take, if it has a bound of its own.
        unchecked: JSON pointers to what the schema says and is not checked.
    """

    spec: ToolSpec
    timeout: float | None
    unchecked: tuple[str, ...]

    def __init__(
        self,
        spec: ToolSpec,
        function: Handler,
        *,
        timeout: float | None = None,
        allow_unchecked: bool = False,
    ) -> None:
        check_seconds("timeout", timeout)
        if not callable(function):
            raise invalid_input(f"{spec.name}: its function is a {type(function).__name__}")
        found = survey(spec.parameters, spec.name, allow_unchecked=allow_unchecked)
        self._checker = Checker(found, spec.name)
        self._function = function
        self.spec, self.timeout, self.unchecked = spec, timeout, found.unchecked

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        """Check arguments by the schema, call the function with them, and return its result.

        What takes long to check is checked in a worker thread.

        Raises:
            ToolFailedError: The arguments are not as the schema says; nothing was called.
        """
        given = dict(arguments)
        try:
            wrong = self._checker.complaints(given, STEPS_ON_THE_LOOP)
        except TooMuchError:
            wrong = await anyio.to_thread.run_sync(self._checked_long, given)
        if wrong:
            raise refused(wrong)
        return await self._function(given)

    def _checked_long(self, arguments: dict[str, JsonValue]) -> list[str]:
        try:
            return self._checker.complaints(arguments, MOST_STEPS)
        except TooMuchError:
            raise tool_failed(
                "it would take too long to check the arguments, so the tool was not run; send less"
            ) from None

    def __repr__(self) -> str:
        return f"tool({self.spec.name})"


def tool_from_schema(
    spec: ToolSpec,
    function: Handler,
    *,
    timeout: float | None = None,
    allow_unchecked: bool = False,
) -> SchemaTool:
    """Make a tool of a JSON Schema that somebody else wrote, an MCP server for instance.

    The schema may be hostile, and so may what a model sends: references are followed only inside
    the schema, patterns are matched in time proportional to the text, and a check that would take
    too many steps refuses the call. Formats are not checked. Drafts 4 to 2020-12 are known, by
    `$schema`; without it the last one.

    ```python
    search = tool_from_schema(ToolSpec(name, description, schema), call_the_server)
    ```

    Args:
        spec: The tool's name, what it does, and the schema of its arguments, an object.
        function: An async function that takes the arguments once they have been checked.
        timeout: Seconds that a call may take; by default what `run_tools` is told.
        allow_unchecked: Whether to take a schema with a pattern that cannot be matched in linear
            time, such as one with look-ahead. `unchecked` of the tool then says what nobody checks.

    Raises:
        InvalidInputError: The schema is not valid, refers to something outside of itself or that is
            not there, is too large, or says what cannot be checked.
    """
    return SchemaTool(spec, function, timeout=timeout, allow_unchecked=allow_unchecked)
