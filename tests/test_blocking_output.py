"""Values of a type without an event loop."""

from __future__ import annotations

from typing import Literal

import pytest

import beluga
from beluga import FieldDone, OutputInvalidError, StreamUsageError, StructuredOutput, TextGrew
from beluga.testing import ScriptedModel
from tests.structured.stage import ANN, BAD, BILLED, GOOD, Person, cut, said

Backend = Literal["asyncio", "trio"]

both = pytest.mark.parametrize("backend", ["asyncio", "trio"])


@both
def test_values_without_an_event_loop(backend: Backend) -> None:
    output = StructuredOutput(ScriptedModel([said(GOOD), said(BAD), said(GOOD)]), Person)
    with beluga.blocking(output, backend=backend) as people:
        assert people.generate("Who?", temperature=0) == ANN
        assert people.run("Who?").usage == BILLED + BILLED
    with pytest.raises(StreamUsageError):
        people.generate("Who?")


@both
def test_values_that_grow_without_an_event_loop(backend: Backend) -> None:
    output = StructuredOutput(ScriptedModel([cut(GOOD), cut(GOOD), cut(BAD)]), Person)
    with beluga.blocking(output, backend=backend) as people:
        with people.stream("Who?") as stream:
            names = [view.name for view in stream]
            assert (names[-1], stream.value, stream.partial.is_complete) == ("Ann", ANN, True)
        with people.stream("Who?") as stream:
            events = [event for event in stream.events() if not isinstance(event, TextGrew)]
            assert events == [FieldDone(("name",), "Ann"), FieldDone(("age",), 3)]
            assert stream.result().value == ANN
        with people.stream("Who?") as stream, pytest.raises(OutputInvalidError):
            stream.result()
