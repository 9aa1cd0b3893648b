"""The way in for code without an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar, overload

from beluga.blocking_model import BlockingModel
from beluga.model import ChatModel

if TYPE_CHECKING:
    from beluga.blocking_output import BlockingOutput
    from beluga.structured import StructuredOutput

__all__ = ["blocking"]

T = TypeVar("T")


@overload
def blocking(
    model: ChatModel, *, backend: Literal["asyncio", "trio"] = "asyncio"
) -> BlockingModel: ...
@overload
def blocking(
    model: StructuredOutput[T], *, backend: Literal["asyncio", "trio"] = "asyncio"
) -> BlockingOutput[T]: ...
def blocking(
    model: ChatModel | StructuredOutput[T], *, backend: Literal["asyncio", "trio"] = "asyncio"
) -> BlockingModel | BlockingOutput[T]:
    """Return *model* for code without an event loop, to be used in a `with` block.

    One loop runs in one thread for the whole block; leaving it closes the model. It may be used
    from several threads at once.

    Args:
        model: A model; or a `StructuredOutput`, which is then what is used in the block.
        backend: Whose loop it is.
    """
    if isinstance(model, ChatModel):
        return BlockingModel(model, backend)
    from beluga.blocking_output import BlockingOutput

    return BlockingOutput(model, BlockingModel(model.model, backend))
