"""What stands between an application and a model: each a function from a model to a model.

A value that `with_…` returns owns its state: put on two models, it is one breaker, one cache, one
limit, one budget. Nothing here behaves differently for `generate` and `stream`.
"""

from beluga.middleware.breaker import with_breaker
from beluga.middleware.budget import Budget, Budgeted, with_budget
from beluga.middleware.cache import Cache, Cached, with_cache
from beluga.middleware.fallback import with_fallback
from beluga.middleware.guardrails import with_guardrails
from beluga.middleware.guards import CallGuard, Guard, Length, Patterns, Secrets
from beluga.middleware.hedge import with_hedge
from beluga.middleware.limits import Limited, Limiter, with_limits
from beluga.middleware.logging import with_logging
from beluga.middleware.retry import with_retry
from beluga.middleware.timeout import with_timeout
from beluga.middleware.tool_tracing import trace_tools
from beluga.middleware.tracing import with_tracing
from beluga.stores.limits import ProviderLimits
from beluga.verdicts import Allow, Block, Change, Verdict

__all__ = [
    "Allow",
    "Block",
    "Budget",
    "Budgeted",
    "Cache",
    "Cached",
    "CallGuard",
    "Change",
    "Guard",
    "Length",
    "Limited",
    "Limiter",
    "Patterns",
    "ProviderLimits",
    "Secrets",
    "Verdict",
    "trace_tools",
    "with_breaker",
    "with_budget",
    "with_cache",
    "with_fallback",
    "with_guardrails",
    "with_hedge",
    "with_limits",
    "with_logging",
    "with_retry",
    "with_timeout",
    "with_tracing",
]
