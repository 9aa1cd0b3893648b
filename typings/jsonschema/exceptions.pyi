from collections import deque
from collections.abc import Iterable, Mapping, Sequence

class _Error(Exception):
    def __init__(self, message: str) -> None: ...
    message: str
    validator: str | None
    validator_value: object
    instance: object
    schema: Mapping[str, object] | bool
    path: deque[str | int]
    relative_path: deque[str | int]
    schema_path: deque[str | int]
    relative_schema_path: deque[str | int]
    context: Sequence[ValidationError]
    cause: Exception | None
    parent: _Error | None

    @property
    def absolute_path(self) -> Sequence[str | int]: ...
    @property
    def absolute_schema_path(self) -> Sequence[str | int]: ...
    @property
    def json_path(self) -> str: ...

class ValidationError(_Error): ...
class SchemaError(_Error): ...

def best_match(errors: Iterable[ValidationError]) -> ValidationError | None: ...
