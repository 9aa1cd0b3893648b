"""Hypothesis strategies for what goes into a model and what comes out of it.

They draw what a user could write and a provider could send: AI messages obey
`fold(unfold(m)) == m`, every call of a conversation is followed by its result, options do not
contradict each other, and all of it survives JSON.

```python
from hypothesis import given
from beluga.testing import strategies


@given(strategies.tool_histories())
def test_of_mine(messages): ...
```
"""

from beluga.testing.strategies.content import (
    answer_parts,
    json_texts,
    media_parts,
    parts,
    reasoning_parts,
    text_parts,
    texts,
    tool_calls,
)
from beluga.testing.strategies.conversation import (
    ai_messages,
    human_messages,
    messages,
    system_messages,
    tool_histories,
    tool_messages,
)
from beluga.testing.strategies.fault import fault_schedules, faults
from beluga.testing.strategies.request import options, requests, timeouts, tool_specs
from beluga.testing.strategies.stream import chunk_streams, chunks_of, emissions, partitions
from beluga.testing.strategies.values import (
    failures,
    json_objects,
    json_values,
    names,
    spents,
    usages,
)

__all__ = [
    "ai_messages",
    "answer_parts",
    "chunk_streams",
    "chunks_of",
    "emissions",
    "failures",
    "fault_schedules",
    "faults",
    "human_messages",
    "json_objects",
    "json_texts",
    "json_values",
    "media_parts",
    "messages",
    "names",
    "options",
    "partitions",
    "parts",
    "reasoning_parts",
    "requests",
    "spents",
    "system_messages",
    "text_parts",
    "texts",
    "timeouts",
    "tool_calls",
    "tool_histories",
    "tool_messages",
    "tool_specs",
    "usages",
]
