"""Run every harness for a bounded time."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from importlib import import_module
from pkgutil import iter_modules
from random import Random

import fuzz
from fuzz.harness import Finding, Harness, run


def harnesses() -> dict[str, Harness]:
    """Return the harnesses of this package by the names of their modules."""
    found: dict[str, Harness] = {}
    for module in iter_modules(fuzz.__path__):
        if module.name != "__main__":
            harness = getattr(import_module(f"fuzz.{module.name}"), "HARNESS", None)
            if isinstance(harness, Harness):
                found[module.name] = harness
    return found


def main() -> int:
    """Run the harnesses that were asked for, or all; return 1 if an invariant was broken."""
    known = harnesses()
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument("--seconds", type=float, default=20.0, help="for each harness")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32, help="to try again")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(known)
    if unknown:
        parser.error(f"no harness {', '.join(unknown)}; there are {', '.join(known)}")
    broken = False
    for name in arguments.names or known:
        count, finding = run(known[name], arguments.seconds, Random(arguments.seed))
        print(f"{name:<16}{count:>9} inputs, {'BROKEN' if finding else 'ok'}", flush=True)
        if finding is not None:
            broken = True
            _tell(finding, arguments.seed)
    return int(broken)


def _tell(finding: Finding, seed: int) -> None:
    traceback.print_exception(finding.error, file=sys.stdout)
    print(f"  by {finding.whole!r}\n  cut into {finding.pieces!r}\n  found with --seed {seed}")


if __name__ == "__main__":
    sys.exit(main())
