"""`beluga chat`: one question, or a conversation."""

from __future__ import annotations

import sys

from beluga.cli.show import one_line, say, show_account, show_stream
from beluga.cli.standard_input import StandardInput
from beluga.errors import ModelError
from beluga.model import ChatModel
from beluga.registry import ProviderConfigDict, new
from beluga.schema import HumanMessage, Message, Options, SystemMessage

__all__ = ["chat"]


async def chat(
    name: str,
    prompt: str,
    *,
    system: str | None = None,
    base_url: str | None = None,
    max_tokens: int | None = None,
) -> int:
    """Ask the model called *name*, and go on asking while a person types, if there is no prompt.

    In a conversation a failure is told, and what was said last is forgotten; the status is that of
    the last turn.
    """
    config: ProviderConfigDict = {}
    if base_url is not None:
        config["base_url"] = base_url
    options: Options = {}
    if max_tokens is not None:
        options["max_tokens"] = max_tokens
    history: list[Message] = [] if system is None else [SystemMessage(system)]
    async with new(name, **config) as model:
        if prompt:
            await _turn(model, history, prompt, options)
            return 0
        return await _conversation(model, history, options)


async def _conversation(model: ChatModel, history: list[Message], options: Options) -> int:
    status = 0
    typed = StandardInput()
    while line := await _ask(typed):
        prompt = line.strip()
        if not prompt:
            continue
        length = len(history)
        try:
            await _turn(model, history, prompt, options)
            status = 0
        except ModelError as error:
            del history[length:]
            print(f"\nbeluga: {one_line(error)}", file=sys.stderr)
            status = 1
    return status


async def _turn(model: ChatModel, history: list[Message], prompt: str, options: Options) -> None:
    history.append(HumanMessage(prompt))
    async with model.stream(history, **options) as chunks:
        answer = await show_stream(chunks)
    show_account(answer)
    history.append(answer)


async def _ask(typed: StandardInput) -> str:
    """Return the next line, with its end; nothing if there is none."""
    if sys.stdin.isatty():
        say("> ", end="")
    return await typed.line()
