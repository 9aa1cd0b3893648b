"""Functions as tools: `@tool`."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import partial, update_wrapper
from types import FrameType, MethodType
from typing import Concatenate, Final, Generic, ParamSpec, Self, TypeVar, final, overload

import anyio.to_thread
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from beluga.errors import invalid_input
from beluga.schema import JsonValue, ToolSpec
from beluga.tools.bounds import check_seconds
from beluga.tools.signature import Signature, declared, documented, takes_instance, unresolved

__all__ = ["FunctionTool", "tool"]

P = ParamSpec("P")
Q = ParamSpec("Q")
R_co = TypeVar("R_co", covariant=True)
I = TypeVar("I")  # noqa: E741 - the instance of a method

MOST_THREADS: Final = 40

_NAME: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_threads: Final[RunVar[CapacityLimiter]] = RunVar("beluga_tool_threads")


@final
class FunctionTool(Generic[P, R_co]):
    """A function that a model may call; calling it here calls the function. `tool` makes it.

    Attributes:
        timeout: Seconds that a call by a model may take, if it has a bound of its own.
    """

    timeout: float | None

    def __init__(
        self,
        function: Callable[P, R_co],
        *,
        name: str | None = None,
        description: str | None = None,
        strict: bool | None = None,
        timeout: float | None = None,
    ) -> None:
        if isinstance(function, FunctionTool):
            function = function._function
        update_wrapper(self, function, updated=())
        self._function: Callable[P, R_co] = function
        self._name = _checked_name(function, name)
        self._description, self._strict = description, strict
        self._needs_instance = takes_instance(function)
        self._signature: Signature | None = None
        self._spec: ToolSpec | None = None
        self.timeout = timeout

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R_co:
        """Call the function."""
        return self._function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type, /) -> Self: ...
    @overload
    def __get__(
        self: FunctionTool[Concatenate[I, Q], R_co], instance: I, owner: type | None = None, /
    ) -> FunctionTool[Q, R_co]: ...
    def __get__(self, instance: object, owner: type | None = None, /) -> object:
        """Return the tool of a method with its instance."""
        if instance is None:
            return self
        bound: FunctionTool[..., R_co] = FunctionTool(
            MethodType(self._function, instance),
            name=self._name,
            description=self._description,
            strict=self._strict,
            timeout=self.timeout,
        )
        bound._signature = self._read()
        return bound

    @property
    def spec(self) -> ToolSpec:
        """What a model is told of it.

        Raises:
            InvalidInputError: A model cannot be told of it, or it is a method without an instance.
        """
        if self._spec is None:
            if self._needs_instance:
                raise invalid_input(
                    f"{self._name} is a method; take the tool from an instance of its class"
                )
            words = self._description
            if words is None:
                words = documented(self._function).text
            self._spec = ToolSpec(self._name, words, self._read().schema, self._strict)
        return self._spec

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        """Check decoded arguments, call the function with them, and return its result.

        A plain function runs in a worker thread, with the caller's context variables. It cannot be
        stopped there: if the call is cancelled, the thread goes on, and what it returns is lost.
        `anyio.from_thread.check_cancelled` inside it tells.

        Raises:
            ToolFailedError: The arguments are not of the parameters' types; nothing was called.
        """
        if self._needs_instance:
            raise invalid_input(f"{self._name} is a method, and has no instance to be called on")
        positional, named = self._read().bind(arguments)
        function: Callable[..., object] = self._function
        if _is_async(function):
            result = function(*positional, **named)
        else:
            (result,) = await anyio.to_thread.run_sync(
                lambda: (function(*positional, **named),),  # boxed: trio refuses a bare awaitable
                abandon_on_cancel=True,
                limiter=_limiter(),
            )
        return await result if inspect.isawaitable(result) else result

    def __repr__(self) -> str:
        return f"tool({self._name})"

    def _read_early(self, frame: FrameType) -> None:
        """Find what is wrong where the tool is made; but a type may be defined only later."""
        try:
            self._signature = declared(self._function, self._name, frame.f_locals)
        except NameError:
            self._signature = None

    def _read(self) -> Signature:
        if self._signature is None:
            try:
                self._signature = declared(self._function, self._name)
            except NameError as error:
                raise unresolved(self._name, error) from None
        return self._signature


@overload
def tool(function: Callable[P, R_co], /) -> FunctionTool[P, R_co]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
) -> Callable[[Callable[P, R_co]], FunctionTool[P, R_co]]: ...
def tool(
    function: Callable[P, R_co] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    strict: bool | None = None,
    timeout: float | None = None,
) -> FunctionTool[P, R_co] | Callable[[Callable[P, R_co]], FunctionTool[P, R_co]]:
    """Make a function, plain or async, a tool that a model may call.

    Its parameters' types and its docstring are what the model is told: the text before the first
    section, and of each parameter what `Args` (or `Annotated[…, Meta(description=…)]`) says. What a
    model sends is checked against the types before the function is called. What a model must not
    choose is bound beforehand, by a method's instance or by `functools.partial`.

    ```python
    @tool
    async def get_weather(city: str, unit: Literal["c", "f"] = "c") -> str:
        \"\"\"Current weather.

    Args:
            city: Name of the city.
        \"\"\"
    ```

    Args:
        function: The function, where the decorator is written without parentheses.
        name: What the model calls it; by default its own name.
        description: What the model is told that it does; by default its docstring's text.
        strict: Whether the provider shall hold the model to the schema.
        timeout: Seconds that a call may take; by default what `run_tools` is told.

    Raises:
        InvalidInputError: It takes `*args` or `**kwargs`, a parameter has no type or one that JSON
            cannot say, the name is none that providers take, or it is a generator.
    """
    check_seconds("timeout", timeout)

    def make(function: Callable[P, R_co]) -> FunctionTool[P, R_co]:
        _check_kind(function)
        made = FunctionTool(
            function, name=name, description=description, strict=strict, timeout=timeout
        )
        made._read_early(frame)
        return made

    frame = sys._getframe(1)  # where the function is written, whose types it may name
    return make if function is None else make(function)


def _check_kind(function: object) -> None:
    if isinstance(function, staticmethod | classmethod):
        kind = type(function).__name__
        raise invalid_input(f"put @tool below @{kind}, or call tool(Class.method) after the class")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise invalid_input(f"{function!r:.80} is a generator; a tool returns its result whole")
    if not callable(function):
        raise invalid_input(f"@tool takes a function; got {type(function).__name__}")


def _checked_name(function: object, name: str | None) -> str:
    while name is None and isinstance(function, partial):
        function = function.func
    given: object = getattr(function, "__name__", "") if name is None else name
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise invalid_input(
            f"{given!r:.80} is no name for a tool: providers take up to 64 letters of ASCII, "
            "digits, _ and -; give another with @tool(name=…)"
        )
    return given


def _is_async(function: object) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 - of an object whose calls are async
    )


def _limiter() -> CapacityLimiter:
    """Return the threads of this event loop that tools may take, apart from everybody else's."""
    try:
        return _threads.get()
    except LookupError:
        limiter = CapacityLimiter(MOST_THREADS)
        _threads.set(limiter)
        return limiter
