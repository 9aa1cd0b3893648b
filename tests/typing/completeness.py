"""Are all public types known? `python -m tests.typing.completeness` asks pyright."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT

BIN = Path(sys.executable).parent


def main() -> int:
    """Print the share of public names whose types are known, and what is not, if anything is."""
    command = ["basedpyright", "--verifytypes", "beluga", "--ignoreexternal", "--outputjson"]
    # Pyright looks for the libraries in the environment that is active.
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if not done.stdout:
        sys.stderr.write(done.stderr)
        return 1
    report = json.loads(done.stdout)["typeCompleteness"]
    for symbol in report["symbols"]:
        if symbol["isTypeKnown"] or not symbol["isExported"]:
            continue
        print(symbol["name"], *(d["message"] for d in symbol["diagnostics"]), sep="\n    ")
    score = report["completenessScore"]
    print(f"public types  {'ok' if score == 1 else 'incomplete'}, {score:.1%} known")
    return 0 if score == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
