"""The commands and their arguments."""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypeAlias

import anyio

from beluga.cli.batch import batch
from beluga.cli.chat import chat
from beluga.cli.demo import demo
from beluga.cli.models import models
from beluga.cli.providers import providers
from beluga.cli.show import one_line
from beluga.cli.simulate import simulate
from beluga.cli.tokens import tokens
from beluga.edge import sole_exception
from beluga.errors import BelugaError

__all__ = ["main"]

Command: TypeAlias = Callable[[], Awaitable[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that *arguments* name and return its exit status.

    A failure of a model is told in one line on standard error, with status 1.
    """
    parser = _parser()
    given = parser.parse_args(arguments)
    if find_spec(given.backend) is None:
        parser.error(f"{given.backend} is not installed")
    _show_what_the_terminal_can()
    command: Command = given.command(given)
    try:
        return anyio.run(command, backend=given.backend)
    except BaseException as error:
        return _status(sole_exception(error))


def _status(error: BaseException) -> int:
    """Tell what is no bug in one line, and return the exit status."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, BrokenPipeError):  # whoever read has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if isinstance(error, BelugaError | OSError):
        print(f"beluga: {one_line(error)}", file=sys.stderr)
        return 1
    raise error


def _show_what_the_terminal_can() -> None:
    """Have a character that standard output cannot encode replaced, not raise."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="beluga", description="Language models, in one way.")
    parser.add_argument("--version", action="version", version=version("beluga"))
    parser.add_argument("--backend", choices=("asyncio", "trio"), default="asyncio")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    showing = commands.add_parser("demo", help="stream, call a tool and survive a dying provider")
    showing.add_argument("-m", "--model", help="provider:model; else what a key allows")
    showing.set_defaults(command=lambda given: partial(demo, given.model))

    asking = commands.add_parser("chat", help="ask a model and watch it answer")
    asking.add_argument("-m", "--model", required=True, help="as in openai:gpt-5-mini")
    asking.add_argument("-s", "--system", help="how the model should behave")
    asking.add_argument("--base-url", help="where the provider is, instead of its public address")
    asking.add_argument("--max-tokens", type=int, help="the most tokens of output")
    asking.add_argument("prompt", nargs="*", help="what to say; none opens a conversation")
    asking.set_defaults(command=_chat)

    _add_batch(commands)

    listing = commands.add_parser("providers", help="list the known providers")
    listing.set_defaults(command=lambda _: providers)

    knowing = commands.add_parser("models", help="list what is known of models, and their prices")
    knowing.add_argument("pattern", nargs="?", help="part of provider:model, or a pattern with *")
    knowing.add_argument("--json", action="store_true", help="print a JSON object a line")
    knowing.set_defaults(command=lambda given: partial(models, given.pattern, as_json=given.json))

    counting = commands.add_parser("tokens", help="count the tokens of a text, without a network")
    counting.add_argument("-m", "--model", default="gpt-5", help="whose tokens; else gpt-5's")
    counting.add_argument("file", nargs="?", default="-", help="none, or -, is standard input")
    counting.set_defaults(command=lambda given: partial(tokens, given.model, given.file))

    serving = commands.add_parser("simulate", help="run a provider simulator on loopback")
    serving.add_argument("--port", type=_port, default=8000, help="0 takes a free one")
    serving.add_argument("--seconds", type=_seconds, default=3600.0, help="when to end by itself")
    serving.set_defaults(command=lambda given: partial(simulate, given.port, given.seconds))
    return parser


def _add_batch(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    asking = commands.add_parser("batch", help="answer a file of prompts; go on where it ended")
    asking.add_argument("source", type=Path, metavar="IN.jsonl", help="a prompt a line")
    asking.add_argument("target", type=Path, metavar="OUT.jsonl", help="gets an answer a line")
    asking.add_argument("-m", "--model", required=True, help="as in openai:gpt-5-mini")
    asking.add_argument("--concurrency", type=_concurrency, default=32, help="requests at once")
    asking.add_argument("--retry-failed", action="store_true", help="ask again for what failed")
    asking.add_argument("--base-url", help="where the provider is, instead of its public address")
    asking.add_argument("--max-tokens", type=int, help="the most tokens of output of one answer")
    asking.set_defaults(command=_batch)


def _batch(given: argparse.Namespace) -> Command:
    return partial(
        batch,
        given.source,
        given.target,
        given.model,
        concurrency=given.concurrency,
        retry_failed=given.retry_failed,
        base_url=given.base_url,
        max_tokens=given.max_tokens,
    )


def _concurrency(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1000:
        raise argparse.ArgumentTypeError("takes a number from 1 to 1000")
    return number


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return port


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("takes a finite number of seconds")
    return seconds


def _chat(given: argparse.Namespace) -> Command:
    return partial(
        chat,
        given.model,
        " ".join(given.prompt),
        system=given.system,
        base_url=given.base_url,
        max_tokens=given.max_tokens,
    )
