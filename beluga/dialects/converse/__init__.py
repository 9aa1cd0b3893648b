"""Converse: the one format of Amazon Bedrock for the models of all their makers.

Source: the Amazon Bedrock API reference, `Converse` and `ConverseStream`.
"""

from beluga.dialects.converse.dialect import ConverseDialect

__all__ = ["ConverseDialect"]
