"""What is still in beta: the header that a request needs for what it uses.

Source: Anthropic's guides to each feature, as of late 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from beluga.schema import GenerateOptions, ProviderTool

__all__ = ["FILES", "betas_of"]

FILES: Final = "files-api-2025-04-14"

# By how a tool's type begins.
_TOOLS: Final[Mapping[str, str]] = {
    "advisor_": "advisor-tool-2026-03-01",
    "code_execution_20250522": "code-execution-2025-05-22",
    "computer_20241022": "computer-use-2024-10-22",
    "computer_20250124": "computer-use-2025-01-24",
    "computer_20251124": "computer-use-2025-11-24",
    "mcp_toolset": "mcp-client-2025-11-20",
    "memory_": "context-management-2025-06-27",
}

_KEYS: Final[Mapping[str, str]] = {
    "context_management": "context-management-2025-06-27",
    "fallbacks": "server-side-fallback-2026-07-01",
    "mcp_servers": "mcp-client-2025-11-20",
    "speed": "fast-mode-2026-02-01",
}


class _Declared(msgspec.Struct):
    type: str = ""


def betas_of(options: GenerateOptions, *, files: bool) -> list[str]:
    """Return the names of the betas that a request takes part in, each once.

    Args:
        options: Its options; `extra` counts too.
        files: Whether it names files that the provider holds.
    """
    needed = [FILES] if files else []
    for tool in options.tools or ():
        if isinstance(tool, ProviderTool):
            kind = msgspec.json.decode(tool.raw, type=_Declared).type
            needed += [beta for begin, beta in _TOOLS.items() if kind.startswith(begin)]
    extra = options.extra or {}
    needed += [beta for key, beta in _KEYS.items() if key in extra]
    needed += _of_output(extra.get("output_config"))
    needed += _of_edits(extra.get("context_management"))
    return list(dict.fromkeys(needed))


def _of_output(config: object) -> Iterable[str]:
    if isinstance(config, Mapping) and "task_budget" in config:
        yield "task-budgets-2026-03-13"


def _of_edits(management: object) -> Iterable[str]:
    edits = management.get("edits") if isinstance(management, Mapping) else None
    for edit in edits if isinstance(edits, list | tuple) else ():
        if isinstance(edit, Mapping) and str(edit.get("type", "")).startswith("compact_"):
            yield "compact-2026-01-12"
