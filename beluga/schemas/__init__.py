"""JSON Schema out of Python types, and the shapes of it that each provider takes."""

from __future__ import annotations

from beluga.schemas.codec import Codec, codec_for
from beluga.schemas.parameters import Parameter, struct_for
from beluga.schemas.rules import SchemaDialect
from beluga.schemas.typed import TypeSchema, schema_of

__all__ = [
    "Codec",
    "Parameter",
    "SchemaDialect",
    "TypeSchema",
    "codec_for",
    "schema_of",
    "struct_for",
]
