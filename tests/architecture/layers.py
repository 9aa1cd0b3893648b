"""The floors of the house: imports go down only, and upstairs no room knows its neighbour."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from tests.architecture.imports import Import, imports, internal
from tests.architecture.source import Module, Package

FLOORS = (
    ("schema", "errors"),
    (
        "effects", "events", "output_events", "routing_events", "outcomes", "ledger", "edge",
        "streams",
    ),
    (
        "model", "registry", "hooks", "transport", "flows",
        "health", "tools", "tokens", "catalog", "stores", "fitting", "schemas",
        "verdicts", "linear_pattern",
    ),
    ("middleware", "routing", "context", "structured", "dialects"),
    ("providers",),
    (
        "cli", "testing", "stack", "__main__",
        "blocking_factory", "blocking_model", "blocking_output",
    ),
)  # fmt: skip

FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS) for name in names}

APART = (3, 4)
"""The floors on which neighbours must not know each other."""

DIVIDED = ("dialects", "providers")
"""Packages whose inner rooms are neighbours too: a wire format each, a family of providers each."""

SHARED_BY_PROVIDERS = ("address", "endpoint", "record")


def without_floor(known: Package) -> list[str]:
    """Return modules that stand on no floor."""
    return [m.name for m in known.values() if m.top and m.top not in FLOOR_OF]


def upward(known: Package) -> list[str]:
    """Return imports of something that stands on a higher floor."""
    return [
        f"{found}: floor {_floor(found.importer)} imports from floor {_floor(found.target)}"
        for found in _judged(known)
        if _floor(found.target) > _floor(found.importer)
    ]


def sideways(known: Package) -> list[str]:
    """Return imports between neighbours on the floors where they must not know each other."""
    return [
        f"{found}: a neighbour; what both need moves down"
        for found in _judged(known)
        if _floor(found.target) == _floor(found.importer) in APART
        and _neighbours(known[found.importer], known[found.target], known)
    ]


def of_the_root(known: Package) -> list[str]:
    """Return imports of `beluga` itself from inside it."""
    return [
        f"{found}: name the module"
        for module in known.values()
        if module.top
        for found in imports(module, known)
        if "." not in found.target and found.target == module.name.partition(".")[0]
    ]


def cycle(known: Package) -> list[str]:
    """Return a chain of imports that ends where it began, or nothing."""
    graph: dict[str, set[str]] = {name: set() for name in known}
    for found in internal(known):
        graph[found.importer].add(found.target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        names: list[str] = error.args[1]
        return names[::-1]
    return []


def _judged(known: Package) -> Iterator[Import]:
    """Give the imports whose ends both stand on a floor; the root stands on none."""
    for found in internal(known):
        if known[found.importer].top in FLOOR_OF and known[found.target].top in FLOOR_OF:
            yield found


def _floor(name: str) -> int:
    return FLOOR_OF[name.split(".")[1]]


def _neighbours(importer: Module, target: Module, known: Package) -> bool:
    if importer.top != target.top:
        return True
    if importer.top not in DIVIDED:
        return False
    room = _room(target, known)
    return room is not None and room != _room(importer, known)


def _room(module: Module, known: Package) -> str | None:
    """Return the room a module of a divided package stands in; `None` if all rooms share it."""
    path = module.name.split(".")[2:]
    if not path:
        return None
    if module.top == "dialects":
        is_room = any(name.startswith(f"beluga.dialects.{path[0]}.") for name in known)
        return path[0] if is_room else None
    return None if path[0] in SHARED_BY_PROVIDERS or path[0].startswith("_") else path[0]
