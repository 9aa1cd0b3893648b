from __future__ import annotations

import msgspec
import pytest

from beluga.dialects.chat import ChatDialect, Quirks
from beluga.errors import UnsupportedError
from beluga.schema import Failure, GenerateOptions, HumanMessage, Request, ToolSpec


class Refusing:
    def unsupported(self, what: str, why: str) -> None:
        raise UnsupportedError(Failure("unsupported", f"{what}: {why}"))

    def foreign(self, what: str, why: str) -> None:
        raise AssertionError(what)

    def reworded(self, what: str, places: object) -> None:
        """A schema's words are not what is looked at here."""

    def answers_in(self, codec: str) -> None:
        """Nor is the way back from an answer."""


def tool_sent(strict: bool | None, quirks: Quirks) -> dict[str, object]:
    tools = (ToolSpec("look", "Look.", strict=strict),)
    request = Request((HumanMessage("Hi"),), GenerateOptions(tools=tools))
    dialect = ChatDialect("p", "m", "http://localhost", quirks)
    body = msgspec.json.decode(dialect.encode(request, Refusing()).body)
    function: dict[str, object] = body["tools"][0]["function"]
    return function


@pytest.mark.parametrize("strict", [True, False])
def test_a_tool_says_whether_it_is_strict(strict: bool) -> None:
    assert tool_sent(strict, Quirks())["strict"] is strict
    assert "strict" not in tool_sent(None, Quirks())


def test_a_strict_tool_is_refused_where_nothing_would_hold_the_model_to_it() -> None:
    with pytest.raises(UnsupportedError, match="look"):
        tool_sent(True, Quirks(strict=False))
    assert "strict" not in tool_sent(False, Quirks(strict=False))
