"""Regular expressions in linear time: the same matches as `re`, in bounded time."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.linear_pattern import LinearPattern

ATOMS = st.sampled_from(
    [
        "a",
        "b",
        ".",
        r"\w",
        r"\d",
        r"\s",
        r"\W",
        "[ab]",
        "[^a]",
        "[a-c0-9_]",
        r"\b",
        r"\B",
        "-",
        "^",
        r"\Z",
    ]
)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?", "+?"])).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
        inner.map(lambda one: f"(?i:{one})"),
    )


PATTERNS = st.recursive(ATOMS, _grown, max_leaves=6)
TEXTS = st.text(st.sampled_from("aAbBc 1_-é\n"), min_size=1, max_size=12)


@settings(max_examples=600, deadline=None)
@given(PATTERNS, TEXTS, st.sampled_from([0, re.IGNORECASE, re.DOTALL, re.ASCII]))
def test_it_finds_what_re_finds(pattern: str, text: str, flags: int) -> None:
    if flags == re.ASCII and (r"\b" in pattern or r"\B" in pattern):
        return  # a boundary is that of all letters here
    theirs = re.compile(pattern, flags)
    ours = LinearPattern(theirs)
    assert ours.found_in(text) == (theirs.search(text) is not None)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, TEXTS)
def test_every_match_lies_within_a_span(pattern: str, text: str) -> None:
    spans = LinearPattern(pattern).spans(text)
    assert all(a < b for a, b in spans)
    assert all(left[1] <= right[0] for left, right in itertools.pairwise(spans))
    for match in re.compile(pattern).finditer(text):
        a, b = match.span()
        assert a == b or any(start <= a and b <= end for start, end in spans)
    # and whatever is outside all spans matches nothing
    for start, end in spans:
        assert re.search(pattern, text[start:end]) or "^" in pattern or "\\" in pattern


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|a)*x", "(a|aa)+$", r"(\w*)*b", "a*a*a*a*a*b"])
def test_time_is_proportional_to_the_text(pattern: str) -> None:
    ours = LinearPattern(pattern)
    text = "a" * 20_000 + "!"
    start = time.process_time()
    assert not ours.found_in(text)
    assert time.process_time() - start < 1.0
    ours.spans("a" * 500 + "!")


@pytest.mark.parametrize(
    "pattern", [r"(a)\1", "(?=a)", "(?<!a)b", "a*+", "(?>a)", r"(a)?(?(1)b|c)"]
)
def test_what_has_no_linear_machine_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInputError, match="linear"):
        LinearPattern(pattern)


@pytest.mark.parametrize("pattern", ["(", "*", "[a", "a{99999}", "(?m)^a"])
def test_wrong_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidInputError):
        LinearPattern(pattern)


@pytest.mark.parametrize("pattern", ["(?:){4000000000}", "((?:){1000}){1000}", "(a{0,60}){0,60}"])
def test_huge_repeats_are_refused_at_once(pattern: str) -> None:
    start = time.process_time()
    with pytest.raises(InvalidInputError, match="too large"):
        LinearPattern(pattern)
    assert time.process_time() - start < 1.0
