"""The file of answers: a row a line, appended whole, and mended where a process has died."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from beluga.cli.batch.lines import Line, Prompts
from beluga.errors import InvalidInputError, ModelError, invalid_input
from beluga.schema import AIMessage, Failure, Usage

__all__ = ["Results", "Row"]

_BEGIN: Final = b'{"index":'


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line.

    Attributes:
        index: Which line; the first is 0, blank ones are not counted.
        input: What the line is known by.
        id: What the user calls it.
        text: The answer's text.
        usage: What was billed for it.
        cost: US dollars that it took, failed attempts included, where known.
        message: The whole answer.
        failure: Why there is none.
    """

    index: int
    input: str
    id: str | int | None = None
    text: str | None = None
    usage: Usage | None = None
    cost: float | None = None
    message: AIMessage | None = None
    failure: Failure | None = None

    @classmethod
    def answered(cls, line: Line, message: AIMessage) -> Row:
        """Return the row of a line that was answered."""
        return cls(
            index=line.index,
            input=line.digest,
            id=line.id,
            text=message.text,
            usage=message.usage,
            cost=message.cost if message.spent.cost is None else message.spent.cost,
            message=message,
        )

    @classmethod
    def failed_with(cls, line: Line, error: ModelError) -> Row:
        """Return the row of a line without an answer."""
        return cls(
            index=line.index,
            input=line.digest,
            id=line.id,
            cost=None if error.partial is None else error.partial.spent.cost,
            failure=error.failure,
        )


class _Old(msgspec.Struct):
    """What is read of a row that was written before."""

    index: int
    input: str
    failure: object = None


class Results:
    """The rows that are there, and the place for new ones.

    A file that ends in the midst of a row is cut back to the row before it. While it is open no
    other process may write to it.

    Args:
        path: Where it is; it is made if it is not there.
        prompts: What the rows are answers to.
        again: Whether lines that have failed are to be asked again; their rows are taken out.

    Attributes:
        done: A byte for each line: whether it has its row.
        answered: How many rows with an answer there were.
        failed: How many with a failure.

    Raises:
        InvalidInputError: The file holds something else, or answers to something else; or another
            process writes to it.
        OSError: It cannot be read or written.
    """

    done: bytearray
    answered: int
    failed: int

    def __init__(self, path: Path, prompts: Prompts, *, again: bool = False) -> None:
        self._path, self._prompts = path, prompts
        self.done = bytearray(len(prompts))
        self.answered, self.failed = 0, 0
        self._file = _opened(path)
        try:
            failures = self._take_in()  # which refuses what is no batch's, before it is touched
            self._mend()
            if again and failures:
                self._leave_failures_out()
                self._take_in()
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def add(self, row: Row) -> None:
        """Append *row*; when this returns, no end of this process can take it back."""
        data = memoryview(msgspec.json.encode(row) + b"\n")
        while data:
            data = data[os.write(self._file, data) :]
        self.done[row.index] = True

    def _take_in(self) -> bool:
        """Note which lines have whole rows; return whether some of them have failed."""
        self.done[:] = bytes(len(self.done))
        self.answered = self.failed = 0
        for number, data in _rows(self._path):
            if not data.endswith(b"\n") and not _is_whole(data):
                if not _begins_a_row(data):
                    raise self._foreign(number, "is no row of a batch")
                break
            old = self._read(number, data)
            self.done[old.index] = True
            self.answered += old.failure is None
            self.failed += old.failure is not None
        return self.failed > 0

    def _mend(self) -> None:
        """Cut what was being written when a process died: whatever follows the last end of a line.

        A row that lacks nothing but that end is paid for, and stays.
        """
        size, data = 0, b""
        for _, data in _rows(self._path):
            size += len(data)
        if not data or data.endswith(b"\n"):
            return
        if _is_whole(data):
            os.write(self._file, b"\n")
        else:
            os.ftruncate(self._file, size - len(data))

    def _read(self, number: int, data: bytes) -> _Old:
        try:
            old = msgspec.json.decode(data, type=_Old)
        except msgspec.DecodeError:
            raise self._foreign(number, "is no row of a batch") from None
        inside = 0 <= old.index < len(self._prompts)
        if not inside or old.input != self._prompts.digest(old.index):
            raise self._foreign(number, "answers a line that the input does not have there")
        return old

    def _leave_failures_out(self) -> None:
        """Put a file without the rows of failures in the place of this one, in one step."""
        beside = self._path.with_name(f"{self._path.name}.part")
        with beside.open("wb") as kept:
            for number, data in _rows(self._path):
                if self._read(number, data).failure is None:
                    kept.write(data)
            kept.flush()
            os.fsync(kept.fileno())
        opened = _opened(beside)
        beside.replace(self._path)
        os.close(self._file)
        self._file = opened

    def _foreign(self, number: int, why: str) -> InvalidInputError:
        return invalid_input(
            f"{self._path}, line {number} {why}; name another file for the answers"
        )


def _rows(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        yield from enumerate(file, 1)


def _opened(path: Path) -> int:
    """Return a descriptor to which this process alone appends."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        _lock(file)
    except OSError:
        os.close(file)
        raise invalid_input(f"another process writes to {path}; wait for it or end it") from None
    return file


def _lock(file: int) -> None:
    """Keep other processes from writing to *file*, where the system can."""
    try:
        import fcntl
    except ImportError:
        return  # Windows
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_whole(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=_Old)
    except msgspec.DecodeError:
        return False
    return True


def _begins_a_row(data: bytes) -> bool:
    return data[: len(_BEGIN)] == _BEGIN[: len(data)]
