"""Ask the same model again, where the failure may pass by itself."""

from __future__ import annotations

from beluga.effects import Effects
from beluga.events import Retried
from beluga.flows.retry import Attempt, RetryPolicy, retry
from beluga.flows.tries import Flow, Tries, drive
from beluga.hooks import Middleware
from beluga.model import ChatModel, Wrapper
from beluga.outcomes import Outcome
from beluga.schema import Finish, Request

__all__ = ["with_retry"]


def with_retry(
    attempts: int = 3, base: float = 0.5, cap: float = 30.0, retry_after_cap: float = 120.0
) -> Middleware:
    """Return a middleware that tries again after a failure that is `retryable`.

    Somebody who watches a stream sees one attempt: once content has been shown, its failure is the
    answer's. If nobody watches, an attempt that fails in its midst is dropped and made anew. The
    last failure is raised as it came. Cancellation and exceptions that are no `ModelError` are
    never followed by another attempt, and no wait goes beyond the answer's total time.

    Args:
        attempts: How many at most, the first included.
        base: The ceiling of the first wait, in seconds; it doubles with every wait. A wait is
            drawn from zero to its ceiling, and is as long as the provider asked for at least.
        cap: The highest ceiling, in seconds.
        retry_after_cap: A provider that asks to wait for more seconds is not waited for: its
            failure is raised at once, and says how long in `retry_after`.

    Raises:
        InvalidInputError: A number is out of its range.
    """
    policy = RetryPolicy(attempts, base, cap, retry_after_cap)
    return lambda model: _Retrying(model, policy)


class _Retrying(Wrapper):
    def __init__(self, inner: ChatModel, policy: RetryPolicy) -> None:
        super().__init__(inner)
        self._policy = policy

    async def respond(self, request: Request, fx: Effects) -> Finish:
        tries = Tries(request, fx)

        async def perform(attempt: Attempt) -> Outcome[Finish]:
            if attempt.after is not None:
                fx.notify(Retried(attempt.after, attempt.number, attempt.delay))
                await fx.clock.sleep(attempt.delay)
            return await tries.ask(self.inner)

        flow: Flow[Attempt, Finish] = retry(self._policy, fx, fx.deadline)
        return await tries.conclude(await drive(flow, tries, perform))
