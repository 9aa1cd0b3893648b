"""What a guard is, and some that are ready to use."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from typing import Final, Literal, Protocol, TypeAlias

from beluga.errors import invalid_input
from beluga.linear_pattern import LinearPattern
from beluga.schema import ToolCall
from beluga.schema.redaction import redact
from beluga.verdicts import Allow, Block, Change, Verdict

__all__ = [
    "CallGuard",
    "Guard",
    "Length",
    "Patterns",
    "Role",
    "Secrets",
    "Window",
]

Role: TypeAlias = Literal["input", "output", "reasoning", "tool_call"]
"""What a guard looks at."""

Window: TypeAlias = int | Literal["sentence", "answer"]
"""How much of an answer a guard must see before it can be sure of its beginning: so many
characters, a sentence, or all of it."""


class Guard(Protocol):
    """Judge texts. Two more attributes are read if they are there.

    `name` stands in errors and events; by default it is the class's. `reasoning = False` leaves
    reasoning unguarded.
    """

    @property
    def window(self) -> int | str:
        """How much it must see, a `Window`. What it blocks or changes is never longer than this.

        Of a longer piece of text, such as a key without end, as much must be enough to block it.
        """

    def check(self, value: str, role: Role, /) -> Verdict | Awaitable[Verdict]:
        """Judge a text: a message's, or of an answer as much as the window holds, or twice that."""


class CallGuard(Protocol):
    """Judge tool calls, each when it is complete, before anything of it is shown."""

    def check(self, value: ToolCall, role: Role, /) -> Verdict | Awaitable[Verdict]:
        """Judge a call; of an answer that was cut off, perhaps its beginning."""


class Length:
    """Block a text that is too long. An answer is held back until it is known to be short enough.

    Args:
        characters: How many are allowed.

    Raises:
        InvalidInputError: None are.
    """

    window: Window = "answer"
    name = "length"

    def __init__(self, characters: int) -> None:
        whole = isinstance(characters, int) and not isinstance(characters, bool)
        if not whole or characters < 1:
            raise invalid_input(f"Length takes a number of characters above 0; got {characters!r}")
        self._most = characters

    def check(self, value: str, role: Role, /) -> Verdict:  # noqa: ARG002 - of the protocol
        """Block *value* if it is too long."""
        if len(value) <= self._most:
            return Allow()
        return Block(f"more than {self._most} characters")


class Patterns:
    """Block or redact what regular expressions match.

    The time it takes is proportional to the length of the text, whatever the expressions are; so
    back-references and look-around are refused. Text is judged in pieces of at most two windows:
    what an expression matches must not be longer than one, and `^` and `$` mean a piece's ends.

    Args:
        patterns: Regular expressions in the syntax of `re`.
        replacement: Put in the place of what matches; by default what matches is blocked.
        window: How many characters an expression may match at most.
        reasoning: Whether reasoning is guarded too.

    Raises:
        InvalidInputError: An expression is wrong or cannot be matched in linear time.
    """

    name = "patterns"

    def __init__(
        self,
        *patterns: str | re.Pattern[str],
        replacement: str | None = None,
        window: Window = 128,
        reasoning: bool = True,
    ) -> None:
        if not patterns:
            raise invalid_input("Patterns needs at least one regular expression")
        self._patterns = tuple([LinearPattern(pattern) for pattern in patterns])
        self._replacement = replacement
        self.window: Window = window
        self.reasoning: bool = reasoning

    def check(self, value: str, role: Role, /) -> Verdict:  # noqa: ARG002 - of the protocol
        """Look for each expression in *value*."""
        found = [pattern for pattern in self._patterns if pattern.found_in(value)]
        if not found:
            return Allow()
        if self._replacement is None:
            return Block(f"it matches {found[0].pattern!r}")
        for pattern in found:
            value = _replaced(value, pattern.spans(value), self._replacement)
        return Change(value)


class Secrets:
    """Redact or block what looks like a credential: providers' keys, tokens, signed URLs.

    Args:
        action: What to do. To redact, an answer is held back sentence by sentence, since a key has
            no end that could be foreseen; to block, by some hundred characters.
    """

    name = "secrets"

    def __init__(self, action: Literal["redact", "block"] = "redact") -> None:
        if action not in ("redact", "block"):
            raise invalid_input(f"action is 'redact' or 'block'; got {action!r}")
        self.window: Window = "sentence" if action == "redact" else LONGEST_SIGN
        self._action = action

    def check(self, value: str, role: Role, /) -> Verdict:  # noqa: ARG002 - of the protocol
        """Look for credentials in *value*."""
        clean = redact(value)
        if clean == value:
            return Allow()
        return Change(clean) if self._action == "redact" else Block("it holds a credential")


LONGEST_SIGN: Final = 320
"""Characters by which a credential is known: a name before it, and a digit within 256."""


def _replaced(text: str, spans: list[tuple[int, int]], replacement: str) -> str:
    pieces: list[str] = []
    end = 0
    for start, stop in spans:
        pieces += [text[end:start], replacement]
        end = stop
    return "".join([*pieces, text[end:]])
