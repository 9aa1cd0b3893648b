"""Write the catalogue's table anew: `python -m tests.catalog_table`.

It reads the lists of two packages, which need not be installed beside beluga:

    pip install --target SOURCES genai-prices
    pip download --no-deps litellm  # its wheel unpacked into SOURCES
    PYTHONPATH=SOURCES python -m tests.catalog_table

What the lists disagree on is kept beside this file.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from tests.catalog_table import genai, litellm
from tests.catalog_table.merge import merged
from tests.catalog_table.rows import Rows

TABLE: Final = Path(__file__).parents[2] / "beluga" / "catalog" / "models.json"
REPORT: Final = Path(__file__).with_name("disagreements.txt")


def main() -> None:
    """Write the table, and tell what the lists disagree on."""
    now = datetime.now(UTC)
    rows, report = merged(litellm.read(), genai.read(now))
    TABLE.write_text(_text(rows, now), encoding="utf-8")
    REPORT.write_text("".join(f"{line}\n" for line in report), encoding="utf-8")
    count = sum(len(names) for names in rows.values())
    print(f"{count} rows, {len(report)} disagreements, {TABLE.stat().st_size} bytes")


def _text(rows: Rows, now: datetime) -> str:
    """Return the table with a row a line, so that a change can be read."""
    places = []
    for place, names in rows.items():
        lines = [f'"{name}":{msgspec.json.encode(row).decode()}' for name, row in names.items()]
        places.append(f'"{place}":{{\n' + ",\n".join(lines) + "\n}")
    return f'{{"dated":"{now:%Y-%m-%d}","models":{{\n' + ",\n".join(places) + "\n}}\n"


if __name__ == "__main__":
    main()
