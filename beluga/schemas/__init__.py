"""JSON Schema out of Python types, and the shapes of it that each provider takes."""

from __future__ import annotations

from beluga.schemas.parameters import Parameter, struct_for
from beluga.schemas.typed import TypeSchema, schema_of

__all__ = ["Parameter", "TypeSchema", "schema_of", "struct_for"]
