"""What is known of how a model fares, as whoever chooses among models is told it."""

from __future__ import annotations

import msgspec

__all__ = ["Health"]


class Health(msgspec.Struct, frozen=True, kw_only=True, repr_omit_defaults=True):
    """Tell how a model fares; what is not known is `None`.

    Attributes:
        wait: Seconds for which it is left alone; 0 if it may be asked now, `math.inf` while a
            probe is under way by which it is judged.
        why: Why it is left alone, in words.
        first_content: Seconds from asking to the first content of a stream, of late.
        tokens_per_second: Tokens of output a second from then on, of late.
        seconds: Seconds for a whole answer, of late.
        failing: The share of attempts that failed, 0 to 1, of late.
        attempts: How many attempts this rests on; older ones count less.
    """

    wait: float = 0.0
    why: str | None = None
    first_content: float | None = None
    tokens_per_second: float | None = None
    seconds: float | None = None
    failing: float | None = None
    attempts: float = 0.0
