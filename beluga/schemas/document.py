"""A JSON Schema as a document: what its references lead to, and how much of it may be looked at."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import unquote

from beluga.errors import invalid_input
from beluga.schemas.merging import Raw, flat

__all__ = ["DEEPEST", "MOST_NODES", "Document", "check_types"]

MOST_NODES: Final = 20_000
DEEPEST: Final = 100
_TYPES: Final = ("object", "array", "string", "number", "integer", "boolean", "null")


class Document:
    """A schema that somebody else may have written.

    References are followed once each, and only within the document; every place that is looked at
    comes off a budget, since a short document can say a schema of any size.
    """

    def __init__(self, root: Raw) -> None:
        self.root = root
        self._base = str(root.get("$id") or "")
        self._anchors: dict[str, Any] | None = None
        self._flat: dict[str, Raw | None] = {}
        self._looked = 0

    def spend(self, nodes: int = 1, depth: int = 0) -> None:
        """Count what is looked at.

        Raises:
            InvalidInputError: It is too much.
        """
        self._looked += nodes
        if self._looked > MOST_NODES:
            raise invalid_input(
                f"the JSON Schema has more than {MOST_NODES} places once its references are "
                "followed; give a smaller one, or one that is not strict"
            )
        if depth > DEEPEST:
            raise invalid_input(
                f"the JSON Schema is nested more than {DEEPEST} deep; "
                "give a flatter one, or one that is not strict"
            )

    def target(self, reference: str) -> Any:
        """Return what *reference* leads to.

        Raises:
            InvalidInputError: It leads nowhere, or out of the document.
        """
        place = reference.removeprefix(self._base) if self._base else reference
        if not place.startswith("#"):
            raise invalid_input(
                f"the JSON Schema refers to {reference!r}, which is not in it; "
                "put the schema under $defs and refer to that"
            )
        pointer = unquote(place[1:])
        if pointer and not pointer.startswith("/"):
            return self._anchored(pointer)
        found: Any = self.root
        for step in pointer.split("/")[1:]:
            found = _step(found, step.replace("~1", "/").replace("~0", "~"))
            if found is None:
                raise invalid_input(
                    f"the JSON Schema refers to {reference!r}, but has no such place"
                )
        return found

    def follow(self, reference: str) -> Raw | None:
        """Return what *reference* leads to, flat; `None` while that is being made flat."""
        if reference not in self._flat:
            self._flat[reference] = None
            target = self.target(reference)
            raw = target if isinstance(target, dict) else {}
            self.spend(1 + sum(len(v) if isinstance(v, list | dict) else 1 for v in raw.values()))
            made = flat(raw, self.follow, lambda _keyword: None)
            inner = made.get("$ref")
            if isinstance(inner, str):
                made = self.follow(inner) or {}
            self._flat[reference] = made
        return self._flat[reference]

    def _anchored(self, name: str) -> Any:
        if self._anchors is None:
            self._anchors = {}
            waiting: list[Any] = [self.root]
            while waiting:
                one = waiting.pop()
                if isinstance(one, dict):
                    if isinstance(one.get("$anchor"), str):
                        self._anchors[one["$anchor"]] = one
                    waiting.extend(one.values())
                elif isinstance(one, list):
                    waiting.extend(one)
        if name not in self._anchors:
            raise invalid_input(f"the JSON Schema refers to '#{name}', but has no such anchor")
        return self._anchors[name]


def check_types(kinds: list[Any], at: str) -> None:
    """Refuse types that JSON Schema does not have.

    Raises:
        InvalidInputError: There is one.
    """
    for kind in kinds:
        if kind not in _TYPES:
            known = ", ".join(_TYPES)
            raise invalid_input(
                f"the JSON Schema names the type {kind!r} at {at!r}; it has {known}"
            )


def _step(found: Any, key: str) -> Any:
    if isinstance(found, dict):
        return found.get(key)
    if isinstance(found, list) and key.isdigit() and int(key) < len(found):
        return found[int(key)]
    return None
