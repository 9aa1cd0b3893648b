"""How long a request is, and what it will cost."""

from __future__ import annotations

from beluga.model import ChatModel
from beluga.routing.candidate import Candidate
from beluga.schema import Request
from beluga.tokens import tokenizer_for

__all__ = ["expected_cost", "input_tokens"]

_USUAL_OUTPUT = 500


async def input_tokens(request: Request, model: ChatModel) -> int:
    """Return how many tokens of input *request* has, as *model* counts them."""
    return tokenizer_for(model).count_request(request)


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
    tokens = await input_tokens(request, candidate.model)
    return (prices.input * tokens + prices.output * output) / 1e6
