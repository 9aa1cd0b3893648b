"""What a user gives is checked where it is given, and the error says what to give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import beluga
from beluga.errors import InvalidInputError
from beluga.hooks import Hooks, apply_middleware, compose_hooks, with_hooks
from beluga.middleware import (
    Length,
    Secrets,
    with_budget,
    with_cache,
    with_guardrails,
    with_limits,
    with_logging,
)
from beluga.stores import ProviderLimits
from beluga.testing import ScriptedModel

WRONG: Any = "3"
MODEL = ScriptedModel([])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: with_guardrails(output=WRONG), "no guard"),
        (lambda: with_guardrails(Secrets()), r"lists of guards, such as output=\[…\]"),  # type: ignore[arg-type]
        (lambda: with_guardrails(tool_calls=Secrets()), "lists of guards"),  # type: ignore[arg-type]
        (lambda: with_guardrails(output=[Length]), r"Length is a class.*Length\(…\)"),  # type: ignore[list-item]
        (lambda: Length(WRONG), "characters"),
        (lambda: with_hooks(WRONG), "Hooks"),
        (lambda: compose_hooks(Hooks(), WRONG), "Hooks"),
        (lambda: apply_middleware(MODEL, lambda m: None), "gives a model"),  # type: ignore[arg-type]
        (lambda: with_cache(WRONG), "get, set"),
        (lambda: with_cache(ttl=WRONG), "ttl"),
        (lambda: with_budget(WRONG), "dollars"),
        (lambda: with_budget(True), "dollars"),
        (lambda: with_limits(ProviderLimits(rpm=1), max_wait=WRONG), "max_wait"),
        (lambda: ProviderLimits(cooldown_on_retry=WRONG), "cooldown_on_retry"),
        (lambda: with_logging(WRONG), r"logging.getLogger\('3'\)"),
        (lambda: with_logging(level=WRONG), "logging.INFO"),
        (lambda: beluga.standard(MODEL, context=WRONG), "ContextManager"),
        (lambda: beluga.standard(MODEL, hooks=WRONG), "Hooks"),
        (lambda: beluga.standard(MODEL, cache=WRONG), "get, set"),
        (lambda: beluga.standard(MODEL, max_wait=-1), "max_wait"),
        (lambda: beluga.standard(MODEL, max_wait=float("nan")), "max_wait"),
    ],
)
def test_what_is_wrong_is_refused_at_once(make: Callable[[], object], says: str) -> None:
    with pytest.raises(InvalidInputError, match=says):
        make()
