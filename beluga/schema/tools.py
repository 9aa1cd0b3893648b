"""What a model may be offered to call, as data; and the protocol of what runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from beluga.schema.json import JsonValue, check_json

__all__ = ["NamedTool", "ProviderTool", "Tool", "ToolDeclaration", "ToolSpec"]

_NO_PARAMETERS: Mapping[str, JsonValue] = {"type": "object", "properties": {}}


class ToolSpec(msgspec.Struct, frozen=True, tag="function"):
    """Describe a tool to a model.

    Attributes:
        name: What the model calls it.
        description: What it does and when to use it, in words for the model.
        parameters: The JSON Schema of its arguments, an object; none given means no arguments.
        strict: Whether the provider shall hold the model to the schema; `None` leaves it to it.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, JsonValue] = {}
    strict: bool | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("ToolSpec needs a name")
        if not self.parameters:
            msgspec.structs.force_setattr(self, "parameters", dict(_NO_PARAMETERS))
        check_json("parameters", self.parameters)


class ProviderTool(msgspec.Struct, frozen=True, tag="provider"):
    """Offer a tool that the provider runs itself, such as its web search.

    Attributes:
        origin: The provider it belongs to.
        raw: Its declaration, as that provider's JSON text; sent as it is.
    """

    origin: str
    raw: str

    def __post_init__(self) -> None:
        try:
            msgspec.json.decode(self.raw, type=dict[str, object])
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(f"ProviderTool.raw must be a JSON object: {error}") from None


class NamedTool(msgspec.Struct, frozen=True):
    """Require the model to call the tool of this name."""

    name: str


@runtime_checkable
class Tool(Protocol):
    """Anything that can describe itself to a model and be run with the arguments it gives."""

    @property
    def spec(self) -> ToolSpec:
        """What the model is told of it."""

    async def invoke(self, arguments: Mapping[str, JsonValue], /) -> object:
        """Run it with decoded arguments and return its result."""


ToolDeclaration: TypeAlias = ToolSpec | ProviderTool
"""A tool as it stands in a request: data, with nothing to run."""
