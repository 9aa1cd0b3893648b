"""What stands between an application and a model: each a function from a model to a model.

A value that `with_…` returns owns its state: put on two models, it is one breaker, one budget of
second requests. Nothing here behaves differently for `generate` and `stream`.
"""

from beluga.middleware.breaker import with_breaker
from beluga.middleware.fallback import with_fallback
from beluga.middleware.hedge import with_hedge
from beluga.middleware.retry import with_retry
from beluga.middleware.timeout import with_timeout

__all__ = ["with_breaker", "with_fallback", "with_hedge", "with_retry", "with_timeout"]
