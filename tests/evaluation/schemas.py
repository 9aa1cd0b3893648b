"""How many schemas each provider would enforce as they are, and how many behind a codec.

The judges are written from the providers' documents; no provider was asked. Reversible means that
nothing is said in words only: all that the schema demands is enforced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings

from beluga.errors import InvalidInputError, UnsupportedError
from beluga.schemas import SchemaDialect, codec_for, schema_of
from tests.evaluation.table import Table
from tests.oracles.schemas import of_configurations, of_recordings, of_services
from tests.oracles.subsets import JUDGES, Judge
from tests.schemas.random_types import Kind, kinds

__all__ = ["tables"]

TYPES = 300
Schemas = Mapping[str, Mapping[str, Any]]


def tables() -> list[Table]:
    """Return a table for each provider."""
    sets = {name: make() for name, make in SETS.items()}
    kept = {name: found for name, found in sets.items() if found}
    openai, anthropic, gemini = JUDGES["openai"], JUDGES["anthropic"], JUDGES["gemini"]
    return [
        _table("openai", openai, kept),
        _table("anthropic", anthropic, kept),
        _table("gemini", gemini, kept),
    ]


def of_types() -> Schemas:
    """Return schemas of random types, the same each time."""
    found: dict[str, Mapping[str, Any]] = {}

    @settings(
        max_examples=TYPES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kinds)
    def collect(kind: Kind) -> None:
        found[str(len(found))] = schema_of(kind[0]).schema

    collect()
    return found


SETS: Mapping[str, Callable[[], Schemas]] = {
    "answers and tools of recorded requests": of_recordings,
    "input of one operation of each AWS service": of_services,
    "configuration files of many tools": of_configurations,
    f"{TYPES} random Python types": of_types,
}


def _table(dialect: SchemaDialect, judge: Judge, sets: Mapping[str, Schemas]) -> Table:
    rows = []
    for name, schemas in sets.items():
        before = after = reversible = 0
        for schema in schemas.values():
            before += not _faults(judge, schema)
            try:
                codec = codec_for(schema, dialect)
            except (InvalidInputError, UnsupportedError):
                continue
            taken = not judge(codec.schema)
            after += taken
            reversible += taken and codec.reversible
        count = len(schemas)
        shares = [f"{n / count:.0%}" for n in (before, after, reversible)]
        rows.append((name, str(count), *shares))
    columns = ("schemas", "as they are", "behind the codec", "of them reversible")
    return Table(f"schemas: what {dialect} takes", columns, rows)


def _faults(judge: Judge, schema: Mapping[str, Any]) -> list[str]:
    try:
        return judge(schema)
    except (AttributeError, KeyError, RecursionError, TypeError):
        return ["it cannot be judged"]  # a schema that is odd in more ways than a judge knows
