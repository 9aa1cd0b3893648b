"""What is told of answers that are to obey a schema, and of what comes instead."""

from __future__ import annotations

import msgspec

from beluga.schema import Failure

__all__ = ["AskedAgain", "Repaired", "SchemaReworded"]


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


class SchemaReworded(msgspec.Struct, frozen=True, tag="schema_reworded"):
    """Constraints of a schema are only said in words, since this provider does not enforce them.

    Attributes:
        what: Whose schema it is, for instance `"the schema 'person'"`.
        places: The keyword, and the JSON pointer to where it stands in the user's schema.
    """

    provider: str | None
    model: str | None
    what: str
    places: tuple[tuple[str, str], ...]
