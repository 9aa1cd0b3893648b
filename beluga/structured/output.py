"""Values of a type out of a model's answers."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar, Unpack, overload

from beluga.effects import Effects
from beluga.errors import invalid_input
from beluga.flows.repair import Mode, RepairPolicy
from beluga.model import ChatModel
from beluga.schema import UNSET, JsonValue, Options, Prompt
from beluga.schemas import schema_of
from beluga.structured.asking import Asking
from beluga.structured.results import Structured
from beluga.structured.stream import OpenPartialStream, PartialStream
from beluga.structured.wanted import Wanted

if TYPE_CHECKING:
    from typing_extensions import TypeForm

__all__ = ["StructuredOutput"]

T = TypeVar("T")

AnyMode: TypeAlias = Literal["auto", "native", "tool", "prompt"]
OnInvalid: TypeAlias = Literal["raise", "restart"]

_MODES: Final[Mapping[str, tuple[Mode, ...]]] = {
    "auto": ("native", "tool", "prompt"),
    "native": ("native",),
    "tool": ("tool",),
    "prompt": ("prompt",),
}


class StructuredOutput(Generic[T]):
    """Ask a model for values of a type.

    The model is told the type's JSON Schema. Its answer is decoded and validated as the type; one
    that is not of it is mended where that takes no guess, and else the model is told what is wrong
    and asked again. What comes out is a `T`, or an error.

    ```python
    class Person(msgspec.Struct):
        name: str
        born: int


    people = StructuredOutput(beluga.new("openai:gpt-5-mini"), list[Person])
    for person in await people.generate("Who wrote the Principia Mathematica of 1910?"):
        print(person.name, person.born)
    ```

    Args:
        model: Who is asked: a provider's model, a router, a middleware around either.
        type: What for: a msgspec Struct, dataclass, `TypedDict`, `NamedTuple`, enumeration,
            pydantic model, or what can be made of them and of plain types with unions, `Literal`,
            containers and `Annotated`.
        retries: How often at most an answer that will not do is asked for again.
        mode: How the model is told the schema: as the format of its answer, which its provider
            enforces; as a tool that it has to call; or in words. `"auto"` takes the first of these
            that the model can do, as far as is known, and the next one where that is refused.
        token_budget: The most tokens that all calls for one value may take: the model is not asked
            again if that is reckoned to go beyond.
        fallback_on_invalid: Whether a router or a fallback inside *model* shall ask another model
            where an answer will not do, before this one is asked again.

    Raises:
        InvalidInputError: JSON Schema cannot say the type, or a value is wrong.
    """

    @overload
    def __init__(
        self,
        model: ChatModel,
        type: type[T],
        *,
        retries: int = 2,
        mode: AnyMode = "auto",
        token_budget: int | None = None,
        fallback_on_invalid: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self,
        model: ChatModel,
        type: TypeForm[T],
        *,
        retries: int = 2,
        mode: AnyMode = "auto",
        token_budget: int | None = None,
        fallback_on_invalid: bool = False,
    ) -> None: ...
    def __init__(
        self,
        model: ChatModel,
        type: TypeForm[T],
        *,
        retries: int = 2,
        mode: AnyMode = "auto",
        token_budget: int | None = None,
        fallback_on_invalid: bool = False,
    ) -> None:
        if not isinstance(model, ChatModel):
            raise invalid_input(f"StructuredOutput takes a model and a type; got {model!r:.80}")
        if mode not in list(_MODES):
            raise invalid_input(f"mode is one of {', '.join(map(repr, _MODES))}; got {mode!r:.80}")
        self._model = model
        self._mode: AnyMode = mode
        self._policy = RepairPolicy(retries, token_budget)
        self._elsewhere = fallback_on_invalid
        self._wanted: Wanted[T] = Wanted(schema_of(type))

    @property
    def model(self) -> ChatModel:
        """Who is asked."""
        return self._model

    @property
    def schema(self) -> Mapping[str, JsonValue]:
        """The JSON Schema of the type, before a provider's limits change its form."""
        return self._wanted.schema.schema

    async def generate(
        self, messages: Prompt, /, *, fx: Effects | None = None, **options: Unpack[Options]
    ) -> T:
        """Ask for a value.

        Args:
            messages: A text, a message, or a conversation; it is never changed.
            fx: What the call may do to the world; its `emit` is not used.
            **options: See `Options`. `response_format` is taken, and in mode `"tool"` so is
                `tool_choice`.

        Raises:
            OutputInvalidError: No answer will do. `attempts` says why of each, and `partial` is the
                last one.
            ContentFilterError: The model refused to answer.
            ModelError: There is no answer.
        """
        return (await self.run(messages, fx=fx, **options)).value

    async def run(
        self, messages: Prompt, /, *, fx: Effects | None = None, **options: Unpack[Options]
    ) -> Structured[T]:
        """Ask for a value, and return with it how it came about; see `generate`."""
        asking = self._asking(options)
        await asking.generate(messages, fx=fx, **options)
        return asking.structured()

    def stream(
        self,
        messages: Prompt,
        /,
        *,
        on_invalid: OnInvalid = "raise",
        fx: Effects | None = None,
        **options: Unpack[Options],
    ) -> AbstractAsyncContextManager[PartialStream[T], None]:
        """Ask for a value and watch it grow, inside an `async with` block.

        Nothing is sent before the block is entered; leaving it ends the answer. Every failure is
        raised where the stream is iterated.

        Args:
            messages: A text, a message, or a conversation; it is never changed.
            on_invalid: What to do where an answer that has been shown will not do: raise, or empty
                the view, tell `Restarted` and ask again.
            fx: What the call may do to the world; its `emit` is not used.
            **options: See `generate`.

        Raises:
            InvalidInputError: The messages or an option are wrong.
        """
        if on_invalid not in ["raise", "restart"]:
            raise invalid_input(f"on_invalid is 'raise' or 'restart'; got {on_invalid!r:.80}")
        asking = self._asking(options, restarts=on_invalid == "restart")
        return OpenPartialStream(asking, self._wanted, asking.stream(messages, fx=fx, **options))

    def __repr__(self) -> str:
        return f"StructuredOutput({self._model!r}, {self._wanted.name})"

    def _asking(self, options: Options, *, restarts: bool = False) -> Asking[T]:
        if _is_set(options.get("response_format")):
            raise invalid_input(
                "StructuredOutput makes the response_format out of its type; leave the option out"
            )
        chosen = _is_set(options.get("tool_choice"))
        if self._mode == "tool" and chosen:
            raise invalid_input(
                "mode='tool' has the model call a tool of its own; leave tool_choice out, "
                "or choose another mode"
            )
        return Asking(
            self._model,
            self._wanted,
            self._modes(tools=not chosen),
            self._policy,
            restarts=restarts,
            elsewhere=self._elsewhere,
        )

    def _modes(self, *, tools: bool) -> list[Mode]:
        """Return in which ways to ask, the best one first.

        Args:
            tools: Whether the model may be made to call a tool.
        """
        if self._mode != "auto":
            return list(_MODES[self._mode])
        able = self._model.info.capabilities
        modes: list[Mode] = [] if able.response_schema is False else ["native"]
        if tools and able.tools is not False and able.tool_choice is not False:
            modes.append("tool")
        return [*modes, "prompt"]


def _is_set(option: object) -> bool:
    return option is not None and option is not UNSET
