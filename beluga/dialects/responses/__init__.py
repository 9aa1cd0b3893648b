"""Responses: OpenAI's second format, in which an answer is a list of items.

Source: OpenAI's API reference for `POST /responses`.
"""

from beluga.dialects.responses.dialect import ResponsesDialect
from beluga.dialects.responses.quirks import Quirks

__all__ = ["Quirks", "ResponsesDialect"]
