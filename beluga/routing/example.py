"""A request whose answers have been judged, to learn from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec

from beluga.errors import invalid_input
from beluga.schema import Message
from beluga.schema.request import messages_of

__all__ = ["Example", "checked_quality"]


class Example(msgspec.Struct, frozen=True):
    """Tell how good each model's answer to a prompt was.

    Attributes:
        prompt: What the models were asked: a text or a conversation.
        qualities: How good the answers were, 0 to 1, by candidate name; not every model has to be
            there.

    Raises:
        InvalidInputError: There is no prompt, or a quality is out of its range.
    """

    prompt: str | Sequence[Message]
    qualities: Mapping[str, float]

    def __post_init__(self) -> None:
        try:
            messages_of(self.prompt)
        except ValueError as error:
            raise invalid_input(f"an example's prompt: {error}") from None
        if not isinstance(self.qualities, Mapping) or not self.qualities:
            raise invalid_input(
                "an example takes qualities by candidate name, as in {'small': 0.0, 'large': 1.0}; "
                f"got {self.qualities!r:.80}"
            )
        checked = {_name(n): checked_quality(q) for n, q in self.qualities.items()}
        msgspec.structs.force_setattr(self, "qualities", checked)


def checked_quality(given: object) -> float:
    """Return a quality that was given, as a float.

    Raises:
        InvalidInputError: It is no number from 0 to 1.
    """
    if isinstance(given, int | float) and math.isfinite(given) and 0.0 <= given <= 1.0:
        return float(given)
    raise invalid_input(f"a quality is a number from 0 to 1, or a bool; got {given!r:.80}")


def _name(given: object) -> str:
    if isinstance(given, str) and given:
        return given
    raise invalid_input(f"qualities stand under names of candidates; got {given!r:.80}")
