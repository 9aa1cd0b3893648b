"""No `yield` inside a task group or cancel scope, except in a context manager.

A generator that is left early closes its scope in another task or at another time than the one that
opened it, which ends the event loop's run. See PEP 789.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.source import Function, Package

SCOPES = {
    "CancelScope",
    "create_task_group",
    "fail_after",
    "fail_at",
    "move_on_after",
    "move_on_at",
    "open_cancel_scope",
    "open_nursery",
    "stream",
    "timeout",
    "timeout_at",
    "TaskGroup",
}

ENTERED_ONCE = {"asynccontextmanager", "contextmanager", "fixture"}
"""What is entered and left by one task, and so may yield inside a scope."""


def yields_in_scopes(known: Package) -> list[str]:
    """Return where a generator yields while a scope of its own is open."""
    return [
        f"{module.name}:{line} yields inside a scope"
        for module in known.values()
        for function in module.functions()
        if not _is_exempt(function)
        for line in _offences(function, scoped=False)
    ]


def _is_exempt(function: Function) -> bool:
    # `__await__` yields to the event loop, which alone goes on with it.
    marks = {_name(mark) for mark in function.decorator_list}
    return bool(marks & ENTERED_ONCE) or function.name == "__await__"


def _offences(node: ast.AST, *, scoped: bool) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.Yield | ast.YieldFrom) and scoped:
            yield child.lineno
        opens = isinstance(child, ast.With | ast.AsyncWith) and _opens_scope(child)
        yield from _offences(child, scoped=scoped or opens)


def _opens_scope(block: ast.With | ast.AsyncWith) -> bool:
    return any(_name(item.context_expr) in SCOPES for item in block.items)


def _name(node: ast.expr) -> str:
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
