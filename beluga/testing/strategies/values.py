"""Plain values: JSON, usage, failures."""

from __future__ import annotations

from functools import cache
from typing import get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from beluga.schema import ErrorCode, Failure, JsonValue, Spent, Usage
from beluga.schema.failure import RETRYABLE

__all__ = ["failures", "json_objects", "json_values", "names", "spents", "usages"]

_COUNTS = st.none() | st.integers(0, 10**7)
_LABELS = st.none() | st.text(max_size=20)
_ERROR_CODES: list[ErrorCode] = list(get_args(ErrorCode))


@cache
def names() -> SearchStrategy[str]:
    """Draw names that every provider takes: letters, digits, `_` and `-`."""
    return st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_-]{0,20}", fullmatch=True)


@cache
def json_values(max_leaves: int = 8) -> SearchStrategy[JsonValue]:
    """Draw JSON values: integers of 64 bits, finite numbers, no lone surrogates."""
    leaves: SearchStrategy[JsonValue] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=20),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=max_leaves,
    )


@cache
def json_objects() -> SearchStrategy[dict[str, JsonValue]]:
    """Draw JSON objects."""
    return st.dictionaries(st.text(max_size=8), json_values(4), max_size=3)


@cache
def usages() -> SearchStrategy[Usage]:
    """Draw counts of tokens, each known or not."""
    return st.builds(Usage, _COUNTS, _COUNTS, _COUNTS, _COUNTS, _COUNTS, _COUNTS)


@cache
def spents() -> SearchStrategy[Spent]:
    """Draw accounts of answers."""
    cost = st.none() | st.floats(0, 100)
    return st.builds(Spent, usages(), cost, st.integers(0, 9), st.booleans())


@cache
def failures(attempts: int = 2) -> SearchStrategy[Failure]:
    """Draw failures of every code, retryable or not as their code says.

    Args:
        attempts: The most failures that one may name as its causes.
    """
    causes = st.lists(failures(0), max_size=attempts) if attempts else st.just([])
    return st.builds(
        lambda code, causes, **fields: Failure(
            code, attempts=tuple(causes), retryable=code in RETRYABLE, **fields
        ),
        st.sampled_from(_ERROR_CODES),
        causes,
        message=st.text(max_size=40),
        provider=_LABELS,
        model=_LABELS,
        status=st.none() | st.integers(400, 599),
        request_id=_LABELS,
        provider_code=_LABELS,
        body=st.none() | st.text(max_size=60),
        retry_after=st.none() | st.floats(0, 3600),
        in_stream=st.booleans(),
        local=st.booleans(),
    )
