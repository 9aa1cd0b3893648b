"""Fit every request of a model to its window."""

from __future__ import annotations

from beluga.errors import invalid_input
from beluga.fitting import Fitter, Fitting
from beluga.hooks import Middleware

__all__ = ["with_context"]


def with_context(manager: Fitter) -> Middleware:
    """Return a middleware that makes each request fit, as *manager* does.

    The budget is the manager's own, else what the model's window leaves beside the answer, tools
    and schema; where neither is known, requests go as they are. If the provider says nevertheless
    that a request is too long, it is asked once more with three quarters of it.

    Raises:
        InvalidInputError: *manager* fits nothing, as the name of a strategy does not.
        ContextOverflowError: (when asked) What must stay of a request does not fit.
    """
    if not callable(getattr(manager, "fit_request", None)):
        raise invalid_input(f"with_context takes a ContextManager; got {manager!r:.80}")
    return lambda model: Fitting(model, manager)
