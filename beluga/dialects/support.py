"""What a wire has no place for: one way to say so, by a table."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from beluga.schema import GenerateOptions, ProviderTool
from beluga.transport.dialect import Omissions

__all__ = ["own_tool", "without"]


def without(
    options: GenerateOptions, missing: Mapping[str, str], omissions: Omissions
) -> GenerateOptions:
    """Return *options* without those that a wire does not know.

    Args:
        options: What was asked for.
        missing: Names of options that the wire has no place for, and why.
        omissions: Who is told of each that was set.
    """
    given = [name for name in missing if getattr(options, name) is not None]
    for name in given:
        omissions.unsupported(f"option {name}", missing[name])
    return msgspec.structs.replace(options, **dict.fromkeys(given)) if given else options


def own_tool(tool: ProviderTool, origins: tuple[str, ...], omissions: Omissions) -> bool:
    """Whether a provider's tool belongs to the provider that this wire leads to."""
    if tool.origin in origins:
        return True
    omissions.unsupported(f"a tool of {tool.origin}", f"only {tool.origin} can run it")
    return False
