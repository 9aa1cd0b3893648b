"""What a caller may ask of an answer.

`Options` is what may be written at a call, wide; `GenerateOptions` is what travels in a request,
narrow and frozen. Both have the same names. An option that is not set is `None`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, TypedDict, final

import msgspec

from beluga.schema.headers import carries_key, check_headers
from beluga.schema.json import JsonValue, check_json
from beluga.schema.parts import PromptCache
from beluga.schema.redaction import HIDDEN
from beluga.schema.tools import NamedTool, ProviderTool, Tool, ToolDeclaration, ToolSpec

__all__ = [
    "UNSET",
    "CacheMode",
    "Effort",
    "GenerateOptions",
    "JsonObject",
    "JsonSchema",
    "Options",
    "PromptCacheMode",
    "ReasoningConfig",
    "ResponseFormat",
    "TextFormat",
    "Timeouts",
    "ToolChoice",
    "Unset",
    "Unsupported",
]


@final
class Unset:
    """The type of `UNSET`, which clears a value that an earlier layer has set."""

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"  # a copy, also one that was pickled, is the same object


UNSET: Final = Unset()

Effort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
CacheMode: TypeAlias = Literal["use", "refresh", "skip"]
PromptCacheMode: TypeAlias = Literal["auto", "off"]
ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool
Unsupported: TypeAlias = Literal["raise", "warn"]


def _check_number(
    name: str, value: float | None, low: float = -math.inf, high: float = math.inf
) -> None:
    if value is None:
        return
    if not isinstance(value, int | float):
        raise ValueError(f"{name} must be a number; got {value!r}")
    if not math.isfinite(value) or not low <= value <= high:
        bounds = f"at least {low:g}" if high == math.inf else f"from {low:g} to {high:g}"
        wanted = "finite" if low == -math.inf else bounds
        raise ValueError(f"{name} must be {wanted}; got {value!r}")


class ReasoningConfig(msgspec.Struct, frozen=True):
    """Say how much a model shall think.

    Attributes:
        effort: In words; a provider that counts tokens gets a budget for it.
        budget_tokens: In tokens.
        summary: How much of it to tell, in the provider's words (`"auto"`, `"detailed"`).
    """

    effort: Effort | None = None
    budget_tokens: int | None = None
    summary: str | None = None

    def __post_init__(self) -> None:
        _check_number("budget_tokens", self.budget_tokens, low=0)


class TextFormat(msgspec.Struct, frozen=True, tag="text"):
    """Ask for plain text."""


class JsonObject(msgspec.Struct, frozen=True, tag="json_object"):
    """Ask for some JSON object."""


class JsonSchema(msgspec.Struct, frozen=True, tag="json_schema"):
    """Ask for JSON that obeys a schema.

    Attributes:
        name: A name for the schema; letters, digits, `_` and `-`.
        schema: The JSON Schema.
        strict: Whether the provider shall enforce it.
        description: What the answer is for, in words for the model.
    """

    name: str
    schema: Mapping[str, JsonValue]
    strict: bool = True
    description: str | None = None

    def __post_init__(self) -> None:
        check_json("schema", self.schema)


ResponseFormat: TypeAlias = TextFormat | JsonObject | JsonSchema


if TYPE_CHECKING:
    _Seconds: TypeAlias = float
else:
    _Seconds = float | None  # JSON has no infinity; it is written as null


class Timeouts(msgspec.Struct, frozen=True):
    """Bound the time an answer may take, in seconds; `math.inf` is no bound.

    Attributes:
        connect: To open a connection.
        first_content: From the request being sent to the first content of a stream.
        between_content: From one content of a stream to the next.
        total: The whole answer: all attempts, every wait, the consumer of a stream included.
    """

    connect: _Seconds = 10.0
    first_content: _Seconds = 120.0
    between_content: _Seconds = 120.0
    total: _Seconds = 600.0

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is None:
                msgspec.structs.force_setattr(self, name, math.inf)
            elif isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise ValueError(f"{name} must be a number of seconds above 0; got {value!r}")


_NARROW: Final[Mapping[str, type]] = {
    "stop": tuple,
    "tools": tuple,
    "reasoning": ReasoningConfig,
    "timeout": Timeouts,
}
"""Options that may be written wider at a call, where they are converted, than they travel."""


class GenerateOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Hold the options of a request; see `Options` for what each may be given as.

    Raises:
        ValueError: A value is of the wrong type or out of its range; the text says which.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    tools: tuple[ToolDeclaration, ...] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning: ReasoningConfig | None = None
    timeout: Timeouts | None = None
    metadata: Mapping[str, str] | None = None
    prompt_cache: PromptCacheMode | PromptCache | None = None
    cache: CacheMode | None = None
    extra: Mapping[str, JsonValue] | None = None
    extra_headers: Mapping[str, str] | None = None
    unsupported: Unsupported | None = None

    def __post_init__(self) -> None:
        for name, kind in _NARROW.items():
            value = getattr(self, name)
            if value is not None and not isinstance(value, kind):
                wanted, got = kind.__name__, type(value).__name__
                raise ValueError(f"GenerateOptions takes {name} as a {wanted}; got {got}")
        if self.extra_headers is not None:
            check_headers(self.extra_headers)
        if self.stop and "" in self.stop:
            raise ValueError("stop takes texts of one character or more; got an empty one")
        _check_number("temperature", self.temperature, low=0.0)
        _check_number("top_p", self.top_p, low=0.0, high=1.0)
        _check_number("top_k", self.top_k, low=0)
        _check_number("max_tokens", self.max_tokens, low=1)
        _check_number("presence_penalty", self.presence_penalty)
        _check_number("frequency_penalty", self.frequency_penalty)

    def __repr__(self) -> str:
        shown = [f"{name}={value!r}" for name, value in self.__rich_repr__()]
        return f"GenerateOptions({', '.join(shown)})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """Show what is set, and of headers that carry a key only the names."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        if self.extra_headers is not None:
            shown["extra_headers"] = {
                name: HIDDEN if carries_key(name) else value
                for name, value in self.extra_headers.items()
            }
        return [(name, value) for name, value in shown.items() if value is not None]

    def merge(self, later: GenerateOptions) -> GenerateOptions:
        """Lay *later* over these: what it sets wins, and mappings merge by key."""
        changes: dict[str, object] = {}
        for name in self.__struct_fields__:
            new = getattr(later, name)
            if new is None:
                continue
            old = getattr(self, name)
            if isinstance(new, Mapping) and isinstance(old, Mapping):
                new = {**old, **new}
            changes[name] = new
        return msgspec.structs.replace(self, **changes) if changes else self


class Options(TypedDict, total=False):
    """The options of a call, as a user may write them.

    Attributes:
        temperature: Randomness, 0 and up; what it means is the provider's.
        top_p: Sample from the likeliest tokens of this total probability, 0 to 1.
        top_k: Sample from this many likeliest tokens.
        max_tokens: The most tokens of output, reasoning included where the provider counts it so.
        stop: Where to stop: a text, or several.
        seed: For repeatable sampling, where a provider has it.
        presence_penalty: Against tokens that have appeared.
        frequency_penalty: Against tokens that have appeared often.
        tools: What the model may call.
        tool_choice: `"auto"`, `"none"`, `"required"`, or a `NamedTool`.
        parallel_tool_calls: Whether one answer may hold several calls.
        response_format: `TextFormat`, `JsonObject` or `JsonSchema`.
        reasoning: An effort in a word, or a `ReasoningConfig`.
        timeout: Seconds in total, or `Timeouts`.
        metadata: Tags of the request; sent only where the provider has a place for them.
        prompt_cache: The provider's prompt cache: `"auto"`, `"off"`, or a `PromptCache`.
        cache: This library's cache: `"use"`, `"refresh"` or `"skip"`.
        extra: Keys of the provider's own, put into the request's body as they are.
        extra_headers: Headers to send with the request.
        unsupported: What to do with what the provider cannot do: `"raise"` (unset means that), or
            `"warn"` with an event and leave it out.
    """

    temperature: float | Unset | None
    top_p: float | Unset | None
    top_k: int | Unset | None
    max_tokens: int | Unset | None
    stop: str | Sequence[str] | Unset | None
    seed: int | Unset | None
    presence_penalty: float | Unset | None
    frequency_penalty: float | Unset | None
    tools: Sequence[Tool | ToolSpec | ProviderTool] | Unset | None
    tool_choice: ToolChoice | Unset | None
    parallel_tool_calls: bool | Unset | None
    response_format: ResponseFormat | Unset | None
    reasoning: Effort | ReasoningConfig | Unset | None
    timeout: float | Timeouts | Unset | None
    metadata: Mapping[str, str] | Unset | None
    prompt_cache: PromptCacheMode | PromptCache | Unset | None
    cache: CacheMode | Unset | None
    extra: Mapping[str, JsonValue] | Unset | None
    extra_headers: Mapping[str, str] | Unset | None
    unsupported: Unsupported | Unset | None
