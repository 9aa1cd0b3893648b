"""Hooks: a user's functions at fixed points of a call. Events observe; hooks may change.

The order of one call: `before_generate`; per chunk `on_stream` (for streams) and `on_reasoning`;
`on_tool_call` once per completed call of the answer that stands; `after_generate`. What fails, a
hook included, passes through `on_error` once.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from beluga.edge import checked, model_error
from beluga.effects import Effects, Notify, observers
from beluga.errors import invalid_input
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Emission,
    Finish,
    Folder,
    ReasoningDelta,
    Request,
    StreamChunk,
    ToolCall,
    Usage,
    unfold,
)

__all__ = ["Hooks", "Middleware", "apply_middleware", "compose_hooks", "with_hooks"]

T = TypeVar("T")
A = TypeVar("A")

Middleware: TypeAlias = Callable[[ChatModel], ChatModel]
"""A function from a model to a model that does something more."""

Hook: TypeAlias = Callable[[A], T | Awaitable[T]]
"""A hook may be a plain or an async function."""


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """Name the functions to run at the points of a call.

    Attributes:
        before_generate: Gets the request; may return another. What that leaves out of the options
            is not asked for, whatever the model's own defaults are.
        after_generate: Gets the whole message; may return another, which replaces the answer of
            `generate`; its `usage`, model and ids are those of the answer wherever the new one
            leaves them out. For a stream it observes, when the last chunk has been emitted: what it
            returns is not used. It runs for the answer that stands, so not for attempts that
            failed, nor for a stream whose block was left early.
        on_stream: Gets each chunk of a stream, its `Finish` included.
        on_tool_call: Gets each completed call of the answer that stands.
        on_reasoning: Gets each piece of reasoning text.
        on_error: Gets what failed; may raise another error, but cannot make it vanish.
        on_event: Gets each event. A plain function; it cannot wait.
    """

    before_generate: Hook[Request, Request | None] | None = None
    after_generate: Hook[AIMessage, AIMessage | None] | None = None
    on_stream: Hook[StreamChunk, None] | None = None
    on_tool_call: Hook[ToolCall, None] | None = None
    on_reasoning: Hook[str, None] | None = None
    on_error: Hook[Exception, None] | None = None
    on_event: Notify | None = None


def compose_hooks(*hooks: Hooks) -> Hooks:
    """Return hooks that run all of *hooks*: before in order, after in reverse.

    A changed value goes on to the next, and each `on_error` gets what the one before it raised.
    """
    for given in hooks:
        _check("compose_hooks", given)
    return Hooks(
        before_generate=_changing([h.before_generate for h in hooks]),
        after_generate=_changing([h.after_generate for h in reversed(hooks)]),
        on_stream=_watching([h.on_stream for h in hooks]),
        on_tool_call=_watching([h.on_tool_call for h in hooks]),
        on_reasoning=_watching([h.on_reasoning for h in hooks]),
        on_error=_replacing([h.on_error for h in hooks]),
        on_event=_observing([h.on_event for h in hooks]),
    )


def with_hooks(hooks: Hooks) -> Middleware:
    """Return a middleware that runs *hooks* round every call of the model it is put on.

    Raises:
        InvalidInputError: They are no `Hooks`.
    """
    _check("with_hooks", hooks)
    return lambda model: _Hooked(model, hooks)


def apply_middleware(model: ChatModel, *middleware: Middleware) -> ChatModel:
    """Put *middleware* round *model*; the first one is the outermost."""
    for wrap in reversed(middleware):
        wrapped: object = wrap(model)
        if not isinstance(wrapped, ChatModel):
            raise invalid_input(
                f"a middleware gives a model for a model; {wrap!r:.80} gave {wrapped!r:.80}"
            )
        model = wrapped
    return model


def _check(verb: str, hooks: object) -> None:
    if not isinstance(hooks, Hooks):
        raise invalid_input(f"{verb} takes Hooks(before_generate=…, …); got {hooks!r:.80}")


class _Hooked(Wrapper):
    def __init__(self, inner: ChatModel, hooks: Hooks) -> None:
        super().__init__(inner)
        self._hooks = hooks

    async def respond(self, request: Request, fx: Effects) -> Finish:
        if self._hooks.on_event is not None:
            fx = fx.observed_by(self._hooks.on_event)
        try:
            return await self._call(request, fx)
        except Exception as error:
            await _run(self._hooks.on_error, model_error(error) or error)
            raise

    async def _call(self, request: Request, fx: Effects) -> Finish:
        hooks = self._hooks
        changed = await _changed(hooks.before_generate, request)
        request = request if changed is request else changed.in_place_of(request)
        holding = hooks.after_generate is not None and not request.streaming
        folder = Folder()

        async def emit(chunks: Sequence[Emission]) -> None:
            folder.feed(checked(chunks))
            await self._show(chunks, request.streaming)
            if not holding:
                await fx.emit(chunks)

        finish = await self.inner.respond(request, fx.emitting(emit))
        if request.streaming:
            await _run(hooks.on_stream, finish)
        folder.feed((finish,))
        message = folder.message()
        for call in message.tool_calls:
            await _run(hooks.on_tool_call, call)
        given = await _changed(hooks.after_generate, message)
        return await _give(given, finish, fx) if holding else finish

    async def _show(self, chunks: Sequence[Emission], streaming: bool) -> None:
        hooks = self._hooks
        for chunk in chunks if hooks.on_stream or hooks.on_reasoning else ():
            if streaming:
                await _run(hooks.on_stream, chunk)
            if isinstance(chunk, ReasoningDelta):
                await _run(hooks.on_reasoning, chunk.text)


async def _give(message: AIMessage, finish: Finish, fx: Effects) -> Finish:
    """Emit a message that was held back and return its end; what it leaves open is *finish*'s."""
    await fx.emit([chunk for chunk in unfold(message) if not isinstance(chunk, Finish)])
    return Finish(
        message.finish_reason or finish.reason,
        message.raw_finish_reason or finish.raw_reason,
        finish.usage if message.usage == Usage() else message.usage,
        message.model or finish.model,
        message.provider or finish.provider,
        message.response_id or finish.response_id,
        message.metadata or finish.metadata,
    )


async def _run(hook: Hook[A, None] | None, value: A) -> None:
    result = None if hook is None else hook(value)
    if inspect.isawaitable(result):
        await result


async def _changed(hook: Hook[A, A | None] | None, value: A) -> A:
    result = None if hook is None else hook(value)
    given = await result if inspect.isawaitable(result) else result
    if given is None:
        return value
    if not isinstance(given, type(value)):
        kind = type(value).__name__
        raise TypeError(f"a hook returns another {kind} or nothing; it returned {given!r:.80}")
    return given


def _changing(hooks: Sequence[Hook[A, A | None] | None]) -> Hook[A, A | None] | None:
    given = [hook for hook in hooks if hook is not None]

    async def change(value: A) -> A:
        for hook in given:
            value = await _changed(hook, value)
        return value

    return change if given else None


def _watching(hooks: Sequence[Hook[A, None] | None]) -> Hook[A, None] | None:
    given = [hook for hook in hooks if hook is not None]

    async def watch(value: A) -> None:
        for hook in given:
            await _run(hook, value)

    return watch if given else None


def _replacing(hooks: Sequence[Hook[Exception, None] | None]) -> Hook[Exception, None] | None:
    given = [hook for hook in hooks if hook is not None]

    async def replace(error: Exception) -> None:
        original = error
        for hook in given:
            try:
                await _run(hook, error)
            except Exception as other:
                error = other
        if error is not original:
            raise error

    return replace if given else None


def _observing(hooks: Sequence[Notify | None]) -> Notify | None:
    given = [hook for hook in hooks if hook is not None]
    return observers(*given) if given else None
