"""How long a request is, and what it will cost."""

from __future__ import annotations

from beluga.routing.candidate import Candidate
from beluga.schema import Request
from beluga.tokens.requests import request_tokens

__all__ = ["at_most", "expected_cost"]

_USUAL_OUTPUT = 500
_FRAME = 64
"""Tokens; more than any wire puts round a message."""


def at_most(request: Request) -> int | None:
    """Return more tokens than *request* can have, at little cost; `None` if that is not so easy.

    No token is less than a byte, and no character more than four.
    """
    options = request.options
    if options.tools or options.response_format is not None or options.reasoning is not None:
        return None
    tokens = _FRAME
    for message in request.messages:
        text = message.content
        if not isinstance(text, str):
            return None
        tokens += _FRAME + (len(text) if text.isascii() else 4 * len(text))
    return tokens


async def expected_cost(
    candidate: Candidate, request: Request, output_tokens: float | None = None
) -> float | None:
    """Return what *request* will cost in US dollars, if both prices are known.

    Args:
        candidate: Who would be asked.
        request: What it would be asked.
        output_tokens: How long its answers are; 500 tokens where that is not known. No answer is
            longer than `max_tokens` of the request.
    """
    prices = candidate.info.prices
    if prices.input is None or prices.output is None:
        return None
    output = _USUAL_OUTPUT if output_tokens is None else output_tokens
    most = request.options.max_tokens
    output = output if most is None else min(output, most)
    tokens = await request_tokens(request, candidate.model)
    return (prices.input * tokens + prices.output * output) / 1e6
