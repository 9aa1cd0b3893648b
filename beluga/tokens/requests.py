"""How many tokens a request has, without keeping others from their turns."""

from __future__ import annotations

from beluga.model import ChatModel
from beluga.schema import Request
from beluga.tokens.offloading import declared, whole
from beluga.tokens.tokenizer import tokenizer_for

__all__ = ["request_tokens"]


async def request_tokens(request: Request, model: ChatModel) -> int:
    """Return how many tokens of input *request* has, as *model* counts them."""
    tokenizer = tokenizer_for(model)
    await tokenizer.load()
    options = request.options
    size = tokenizer.uncounted(request.messages)
    size += declared(options.tools or (), options.response_format)
    return await whole(lambda: tokenizer.count_request(request), size)
