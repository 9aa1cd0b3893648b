"""Calls and their events as records of the standard library's `logging`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from beluga.edge import model_error
from beluga.effects import Effects
from beluga.errors import ModelError, ModelTimeoutError, invalid_input
from beluga.events import Event
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.schema import Emission, Failure, Finish, Folder, Request
from beluga.schema.redaction import redact

__all__ = ["with_logging"]

_LOGGER: Final = "beluga.calls"


def with_logging(
    logger: logging.Logger | logging.LoggerAdapter[logging.Logger] | None = None,
    *,
    level: int = logging.INFO,
    content: bool = False,
) -> Middleware:
    """Return a middleware that logs every call.

    The messages are few and fixed: `call started`, `call ended`, `call failed`, `call cancelled`,
    and the name of each event. What differs from call to call is in the record's field `beluga`, a
    mapping for structured handlers: the model, the provider, tokens, seconds, how it ended. What
    people or models say is not logged unless asked for, and a key never is.

    Args:
        logger: Where to; by default the logger `beluga.calls`.
        level: The level of calls; events are logged at `DEBUG`, failures at `WARNING`.
        content: Whether to log prompts and answers too, cleared of what looks like a key.

    Raises:
        InvalidInputError: It is no logger, or no level.
    """
    target = logging.getLogger(_LOGGER) if logger is None else logger
    if not callable(getattr(target, "isEnabledFor", None)):
        raise invalid_input(f"logger is a Logger: logging.getLogger({target!r:.80})")
    if isinstance(level, bool) or not isinstance(level, int):
        raise invalid_input(f"level is a number such as logging.INFO; got {level!r:.80}")
    return lambda model: _Logged(model, target, level, content)


class _Logged(Wrapper):
    def __init__(
        self,
        inner: ChatModel,
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
        level: int,
        content: bool,
    ) -> None:
        super().__init__(inner)
        self._logger, self._level, self._content = logger, level, content

    async def respond(self, request: Request, fx: Effects) -> Finish:
        if not self._logger.isEnabledFor(logging.CRITICAL):
            return await self.inner.respond(request, fx)
        call = _Call(self._logger, self._level, self.inner, request, fx)
        call.start(request if self._content else None)
        folder = Folder()

        async def emit(chunks: Sequence[Emission]) -> None:
            folder.feed(chunks)
            await fx.emit(chunks)

        inside = fx.observed_by(call.event)
        try:
            finish = await self.inner.respond(
                request, inside.emitting(emit) if self._content else inside
            )
            call.end(finish, folder.message().text if self._content else None)
            return finish
        except Exception as error:
            call.fail(model_error(error) or error)
            raise
        finally:
            call.leave()


class _Call:
    """What is logged of one call."""

    def __init__(
        self,
        logger: logging.Logger | logging.LoggerAdapter[logging.Logger],
        level: int,
        model: ChatModel,
        request: Request,
        fx: Effects,
    ) -> None:
        self._logger, self._level, self._fx = logger, level, fx
        self._started = fx.clock.now()
        self._over = False
        self._common: dict[str, object] = {
            "model": model.model_id,
            "provider": model.info.provider,
            "streaming": request.streaming,
            "messages": len(request.messages),
            "tools": len(request.options.tools or ()),
        }

    def start(self, request: Request | None) -> None:
        said: dict[str, object] = {} if request is None else {"prompt": _said(request)}
        self._log(self._level, "call started", said)

    def event(self, event: Event) -> None:
        level = logging.DEBUG
        if not self._logger.isEnabledFor(level):
            return
        fields = msgspec.to_builtins(event)
        failure: object = getattr(event, "failure", None)
        if isinstance(failure, Failure):
            fields["failure"] = _failure(failure)
        self._log(level, type(event).__name__, {"event": fields})

    def end(self, finish: Finish, answer: str | None) -> None:
        self._over = True
        fields: dict[str, object] = {
            "finish_reason": finish.reason,
            "response_id": finish.response_id,
            "response_model": finish.model,
            "usage": msgspec.to_builtins(finish.usage),
        }
        if answer is not None:
            fields["answer"] = redact(answer)
        self._log(self._level, "call ended", self._timed(fields))

    def fail(self, error: Exception) -> None:
        self._over = True
        told = _failure(error.failure) if isinstance(error, ModelError) else {}
        fields: dict[str, object] = {"error": type(error).__name__, **told}
        self._log(logging.WARNING, "call failed", self._timed(fields))

    def leave(self) -> None:
        if self._over:
            return
        if self._fx.clock.now() >= self._fx.deadline:  # the edge will say so, outside of this call
            late: dict[str, object] = {"error": ModelTimeoutError.__name__, "code": "timeout"}
            self._log(logging.WARNING, "call failed", self._timed(late))
        else:
            self._log(self._level, "call cancelled", self._timed({}))

    def _timed(self, fields: dict[str, object]) -> dict[str, object]:
        return {"seconds": self._fx.clock.now() - self._started, **fields}

    def _log(self, level: int, message: str, fields: dict[str, object]) -> None:
        self._logger.log(level, message, extra={"beluga": {**self._common, **fields}})


def _failure(failure: Failure) -> dict[str, object]:
    """Return what a log may say of a failure; what the provider sent may hold anything."""
    names = ("code", "status", "request_id", "provider_code", "retry_after", "in_stream", "local")
    return {name: value for name in names if (value := getattr(failure, name)) not in (None, False)}


def _said(request: Request) -> list[dict[str, str]]:
    return [
        {"role": str(type(message).__struct_config__.tag), "text": redact(message.text)}
        for message in request.messages
    ]
