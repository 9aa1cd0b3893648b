"""List what differs: `python -m tests.conformance [set …]`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.conformance.sets import own_sets, quoted_sets, shared_sets

__all__ = ["main"]


def main(names: Sequence[str]) -> int:
    """Print every difference of the named sets, or of all; return how many there are."""
    count = 0
    for one in [*own_sets(), *quoted_sets(), *shared_sets()]:
        if names and one.name not in names:
            continue
        requests = one.requests()
        found = one.answers().differences + (requests.differences if requests else [])
        for difference in found:
            print(difference)
        print(f"{one.name}: {len(found)} differences in {len(one.stored)} recordings")
        count += len(found)
    return count


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
