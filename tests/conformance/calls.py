"""The calls that a recording expects, from the forms in which the official SDKs give them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from tests.conformance.corpus import Json

__all__ = ["ExpectedCall", "expected_calls"]

_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")


class ExpectedCall(msgspec.Struct, frozen=True):
    """A call.

    Attributes:
        id: Its id; `None` where the provider gave none and the library makes one.
        name: The tool's name.
        arguments: What they decode to.
        text: The text of a call whose input is no JSON.
    """

    id: str | None
    name: str
    arguments: object
    text: str | None = None


def expected_calls(given: object) -> tuple[ExpectedCall, ...]:
    """Return the calls that are listed in a recording's `expected`."""
    listed = [call for call in given if isinstance(call, dict)] if isinstance(given, list) else []
    return tuple([_call(call) for call in _assembled(listed)])


def _call(call: Json) -> ExpectedCall:
    name, text = str(call["name"]), call.get("input")
    given_id = call.get("id") or None
    assert given_id is None or isinstance(given_id, str)
    if isinstance(text, str):
        return ExpectedCall(given_id, name, None, text)
    arguments = call.get("arguments")
    return ExpectedCall(given_id, name, {} if arguments is None else arguments)


def _assembled(listed: Iterable[Json]) -> list[Json]:
    """Join the pieces in which Gemini may stream the arguments of a call."""
    calls: list[dict[str, object]] = []
    for piece in listed:
        if piece.get("name") is not None:
            calls.append({**piece})
        for part in _list(piece.get("partial_args")):
            _set(calls[-1], part)
    return [{**call, "arguments": _listed(call.get("arguments"))} for call in calls]


def _set(call: dict[str, object], part: Mapping[str, object]) -> None:
    steps = [name or int(number) for name, number in _STEP.findall(str(part["json_path"]))]
    given = call.get("arguments")
    node: dict[str | int, object] = {**given} if isinstance(given, dict) else {}
    call["arguments"] = node
    for step in steps[:-1]:
        inner = node.get(step)
        child: dict[str | int, object] = {**inner} if isinstance(inner, dict) else {}
        node[step] = child
        node = child
    value = next((v for k, v in part.items() if k.endswith("_value")), None)
    before = node.get(steps[-1])
    joined = isinstance(before, str) and isinstance(value, str)
    node[steps[-1]] = f"{before}{value}" if joined else value


def _listed(value: object) -> object:
    """Turn what has only numbers for keys into a list."""
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    if inner and all(isinstance(key, int) for key in inner):
        return [inner[key] for key in sorted(inner)]
    return inner


def _list(value: object) -> list[Mapping[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
