"""Cohere's chat format, `POST /v2/chat`: one JSON body, or server-sent events.

Source: Cohere's API reference, version 2.
"""

from beluga.dialects.cohere.dialect import CohereDialect

__all__ = ["CohereDialect"]
