"""Token counts of Cohere's, in the library's terms."""

from __future__ import annotations

from beluga.dialects.cohere.wire import Tokens, UsageWire
from beluga.schema import Usage

__all__ = ["usage_of"]


def usage_of(wire: UsageWire) -> Usage:
    """Return what the model read and wrote.

    Cohere counts twice. `tokens` is what passed through the model, with the instructions that
    Cohere adds for tools and safety; `billed_units` is what it charges, without them: 12 of 212
    for a short question. Only the first is a usage as every other provider's: `cached_tokens` is a
    part of it (it may exceed the billed input many times), and it is what fills the context. The
    second is no fallback for the first; it is in `metadata["billed_units"]`, for who checks a bill.
    """
    tokens = wire.tokens or Tokens()
    given, made = _whole(tokens.input_tokens), _whole(tokens.output_tokens)
    total = given + made if given is not None and made is not None else None
    return Usage(given, made, total, _whole(wire.cached_tokens))


def _whole(count: float | None) -> int | None:
    return None if count is None else int(count)
