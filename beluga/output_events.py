"""What happens to an answer that is not what was asked for."""

from __future__ import annotations

import msgspec

from beluga.schema import Failure

__all__ = ["AskedAgain", "Repaired"]


class Repaired(msgspec.Struct, frozen=True, tag="repaired"):
    """An answer was not what was asked for as it came, and has been mended on this side.

    Attributes:
        what: What was mended, for instance `"fence"`.
    """

    what: tuple[str, ...]


class AskedAgain(msgspec.Struct, frozen=True, tag="asked_again"):
    """An answer is not what was asked for, and the model is asked to mend it.

    Attributes:
        failure: What is wrong with it.
        attempt: Which call follows; the first is 1.
    """

    failure: Failure
    attempt: int
