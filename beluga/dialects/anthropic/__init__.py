"""Anthropic's Messages: content in typed blocks, thinking that is signed, four cache breakpoints.

Source: Anthropic's API reference for `POST /v1/messages`, and its guides to thinking, tool use,
prompt caching, citations, structured outputs and streaming, as of 2026.
"""

from beluga.dialects.anthropic.dialect import AnthropicDialect

__all__ = ["AnthropicDialect"]
