"""Guards at the door: requests and answers pass them, and nothing is shown before they have."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Iterable, Sequence
from typing import Literal, TypeVar

import msgspec

from beluga.effects import Effects
from beluga.errors import GuardBlockedError, invalid_input
from beluga.events import Guarded
from beluga.hooks import Middleware
from beluga.middleware.call_holding import CallHold, JudgeCall
from beluga.middleware.guards import CallGuard, Guard, Role, Window
from beluga.middleware.holding import JudgeText, TextHold
from beluga.model import ChatModel, Wrapper
from beluga.schema import (
    AIMessage,
    Emission,
    Failure,
    Finish,
    Message,
    Part,
    Request,
    TextPart,
    ToolCall,
)
from beluga.verdicts import Allow, Block, Change, Verdict

__all__ = ["with_guardrails"]

V = TypeVar("V", str, ToolCall)
G = TypeVar("G")


def with_guardrails(
    input: Iterable[Guard] = (),
    output: Iterable[Guard] = (),
    tool_calls: Iterable[CallGuard] = (),
) -> Middleware:
    """Return a middleware that has guards look at requests, answers and tool calls.

    A guard allows, changes or blocks. What one changes, the next one sees changed. A block is a
    `GuardBlockedError`, which nobody retries; its `partial` is what had been shown. Nothing that a
    guard could still block is ever shown: text is held back as far as the guard's `window` says,
    and what comes behind it waits, so that the order stays. Reasoning is guarded like text.

    Args:
        input: Guards of the texts of all messages but the model's own, before anything is sent.
        output: Guards of the answer's text, and of its reasoning unless they leave it out.
        tool_calls: Guards of the answer's tool calls.

    Raises:
        InvalidInputError: Something is no guard, or its window is wrong.
    """
    texts = (
        tuple([_checked(guard) for guard in _several(input)]),
        tuple([_checked(guard) for guard in _several(output)]),
    )
    calls = tuple(_several(tool_calls))
    for guard in calls:
        _check_method(guard)
    return lambda model: _Guardrails(model, *texts, calls)


class _Guardrails(Wrapper):
    def __init__(
        self,
        inner: ChatModel,
        input: Sequence[Guard],
        output: Sequence[Guard],
        tool_calls: Sequence[CallGuard],
    ) -> None:
        super().__init__(inner)
        self._input, self._output, self._tool_calls = input, output, tool_calls

    async def respond(self, request: Request, fx: Effects) -> Finish:
        request = await self._judged(request, fx)
        holds = self._holds(fx)
        if not holds:
            return await self.inner.respond(request, fx)
        blocked: GuardBlockedError | None = None

        async def emit(chunks: Sequence[Emission]) -> None:
            nonlocal blocked
            if blocked is not None:  # somebody inside has swallowed it
                raise blocked
            try:
                for hold in holds:
                    chunks = await hold.feed(chunks)
            except GuardBlockedError as error:
                blocked = error
                raise
            if chunks:
                await fx.emit(chunks)

        finish = await self.inner.respond(request, fx.emitting(emit))
        if blocked is not None:
            raise blocked
        rest: list[Emission] = []
        for hold in holds:
            rest = [*await hold.feed(rest), *await hold.end()]
        if rest:
            await fx.emit(rest)
        return finish

    async def _judged(self, request: Request, fx: Effects) -> Request:
        if not self._input:
            return request
        messages = [await self._message(message, fx) for message in request.messages]
        if all(a is b for a, b in zip(messages, request.messages, strict=True)):
            return request
        return msgspec.structs.replace(request, messages=tuple(messages))

    async def _message(self, message: Message, fx: Effects) -> Message:
        if isinstance(message, AIMessage):
            return message
        parts = message.parts
        texts = [part.text for part in parts if isinstance(part, TextPart)]
        judged = texts
        for guard in self._input:
            judged = await _judged_texts(guard, judged, fx)
        if judged == texts:
            return message
        if isinstance(message.content, str):
            return msgspec.structs.replace(message, content="".join(judged))
        left = iter(zip(texts, judged, strict=True))
        changed: list[Part] = []
        for part in parts:
            if isinstance(part, TextPart):
                before, text = next(left)
                if before and not text:  # nothing is left of it, and providers refuse empty parts
                    continue
                changed.append(msgspec.structs.replace(part, text=text))
            else:
                changed.append(part)
        return msgspec.structs.replace(message, content=tuple(changed))

    def _holds(self, fx: Effects) -> list[TextHold | CallHold]:
        holds: list[TextHold | CallHold] = [
            TextHold(_window(guard), _text_judge(guard, fx), reasoning=_guards_reasoning(guard))
            for guard in self._output
        ]
        return holds + [CallHold(_call_judge(guard, fx)) for guard in self._tool_calls]


async def _judged_texts(guard: Guard, texts: list[str], fx: Effects) -> list[str]:
    """Have *guard* judge texts of which one message consists, as the one text that is read."""
    whole = "".join(texts)
    if not whole:
        return texts
    judged = await _verdict(guard, guard.check(whole, "input"), whole, "input", fx)
    if judged == whole:
        return texts
    if len(texts) > 1:  # each change in its place, where the text's parts can be judged alone
        quiet = fx.notifying(lambda _: None)
        alone = [
            await _verdict(guard, guard.check(text, "input"), text, "input", quiet) if text else ""
            for text in texts
        ]
        if "".join(alone) == judged:
            return alone
    return [judged, *[""] * (len(texts) - 1)]


def _text_judge(guard: Guard, fx: Effects) -> JudgeText:
    async def judge(text: str, role: Literal["output", "reasoning"]) -> str:
        return await _verdict(guard, guard.check(text, role), text, role, fx)

    return judge


def _call_judge(guard: CallGuard, fx: Effects) -> JudgeCall:
    async def judge(call: ToolCall) -> ToolCall:
        return await _verdict(guard, guard.check(call, "tool_call"), call, "tool_call", fx)

    return judge


async def _verdict(
    guard: object, given: Verdict | Awaitable[Verdict], value: V, role: Role, fx: Effects
) -> V:
    verdict = await given if inspect.isawaitable(given) else given
    match verdict:
        case Allow():
            return value
        case Block(reason):
            name = _name(guard)
            fx.notify(Guarded(name, role, "blocked", reason))
            message = f"guard {name!r} blocked the {role.replace('_', ' ')}: {reason}"
            raise GuardBlockedError(Failure("guard_blocked", message, local=True))
        case Change(changed) if isinstance(changed, type(value)):
            if changed != value:
                fx.notify(Guarded(_name(guard), role, "changed"))
            return changed
        case _:
            wanted = type(value).__name__
            raise TypeError(
                f"guard {_name(guard)!r} must give Allow(), Change({wanted}) or Block(reason); "
                f"got {verdict!r:.80}"
            )


def _name(guard: object) -> str:
    return str(getattr(guard, "name", type(guard).__name__))


def _guards_reasoning(guard: object) -> bool:
    return bool(getattr(guard, "reasoning", True))


def _several(guards: Iterable[G]) -> Iterable[G]:
    given: object = guards
    if isinstance(given, Iterable):
        return guards
    raise invalid_input(
        f"with_guardrails takes lists of guards, such as output=[…]; got {given!r:.80}"
    )


def _checked(guard: Guard) -> Guard:
    _check_method(guard)
    _window(guard)
    return guard


def _window(guard: Guard) -> Window:
    given: object = getattr(guard, "window", None)
    if given == "sentence":
        return "sentence"
    if given == "answer":
        return "answer"
    if isinstance(given, int) and not isinstance(given, bool) and given > 0:
        return given
    raise invalid_input(
        f"guard {_name(guard)!r} needs a window: a number of characters above 0, 'sentence' or "
        f"'answer'; got {given!r}"
    )


def _check_method(guard: object) -> None:
    if isinstance(guard, type):
        name = guard.__name__
        raise invalid_input(f"{name} is a class; with_guardrails takes guards, such as {name}(…)")
    if not callable(getattr(guard, "check", None)):
        raise invalid_input(f"{guard!r:.80} is no guard: it has no method check(value, role)")
