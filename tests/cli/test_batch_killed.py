"""A batch as a process of its own, over real sockets: killed, interrupted, and gone on with."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio.abc import Process

from beluga.cli.batch.results import Row
from beluga.testing import Simulator, Status

pytestmark = pytest.mark.real_time

LINES = 80
LIMIT = 60


def command(backend: str, folder: Path, url: str, *more: str) -> list[str]:
    files = (str(folder / "in.jsonl"), str(folder / "out.jsonl"))
    start = [sys.executable, "-W", "error", "-m", "beluga.cli", "--backend", backend, "batch"]
    return [*start, *files, "-m", "openai-compatible:m", "--base-url", f"{url}/v1", *more]


def rows(folder: Path) -> list[Row]:
    lines = (folder / "out.jsonl").read_bytes().splitlines()
    return [msgspec.json.decode(line, type=Row) for line in lines]


def said(folder: Path) -> int:
    """How many rows are whole by now."""
    path = folder / "out.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def until(folder: Path, count: int, process: Process) -> None:
    with anyio.fail_after(LIMIT):
        while said(folder) < count and process.returncode is None:  # noqa: ASYNC110 - it is another
            await anyio.sleep(0.001)


def prompts(folder: Path) -> None:
    lines = [json.dumps({"id": f"id-{n}", "prompt": f"prompt {n}"}) for n in range(LINES)]
    (folder / "in.jsonl").write_text("\n".join(lines))


async def test_killed_again_and_again_it_answers_each_line_once(
    tmp_path: Path, anyio_backend: tuple[str, object]
) -> None:
    prompts(tmp_path)
    chance = random.Random(7)
    out = tmp_path / "out.jsonl"
    async with Simulator([]) as simulator:
        arguments = command(anyio_backend[0], tmp_path, simulator.url, "--concurrency", "4")
        for kill in range(2):
            async with await anyio.open_process(
                arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                await until(tmp_path, said(tmp_path) + chance.randint(1, 25), process)
                process.kill()
                assert await process.wait() in {-signal.SIGKILL, 0}
            whole = said(tmp_path)
            if kill:  # as if the death had come in the midst of a row
                out.write_bytes(out.read_bytes()[: -chance.randint(1, 100)])
                assert said(tmp_path) == whole - 1
        before = said(tmp_path)
        assert 0 < before < LINES
        asked = len(simulator.requests)
        ended = await anyio.run_process(arguments, check=False)
        assert ended.returncode == 0, ended.stderr.decode()
        assert f"{LINES} of {LINES} lines; {before} from before" in ended.stderr.decode()
        assert len(simulator.requests) - asked == LINES - before
    found = sorted(rows(tmp_path), key=lambda row: row.index)
    assert [(row.index, row.id, row.text) for row in found] == [
        (n, f"id-{n}", f"You said: prompt {n}") for n in range(LINES)
    ]


async def test_ctrl_c_ends_it_cleanly_and_it_goes_on(
    tmp_path: Path, anyio_backend: tuple[str, object]
) -> None:
    prompts(tmp_path)
    async with Simulator([]) as simulator:
        arguments = command(anyio_backend[0], tmp_path, simulator.url, "--concurrency", "2")
        async with await anyio.open_process(arguments, stdout=subprocess.DEVNULL) as process:
            await until(tmp_path, 5, process)
            process.send_signal(signal.SIGINT)
            assert process.stderr is not None
            shown = b"".join([piece async for piece in process.stderr]).decode()
            assert await process.wait() == 130, shown
        assert f" of {LINES} lines" in shown
        assert "Traceback" not in shown
        assert 5 <= len(rows(tmp_path)) < LINES
        assert (await anyio.run_process(arguments, check=False)).returncode == 0
    assert len({row.index for row in rows(tmp_path)}) == len(rows(tmp_path)) == LINES


async def test_what_fails_is_tried_again_and_then_told(
    tmp_path: Path, anyio_backend: tuple[str, object]
) -> None:
    prompts(tmp_path)
    faults = [Status(429, retry_after=0), Status(503), Status(400), None]
    async with Simulator([], faults) as simulator:
        arguments = command(anyio_backend[0], tmp_path, simulator.url)
        ended = await anyio.run_process([*arguments, "--concurrency", "1"], check=False)
        assert ended.returncode == 1
        assert "failed: 1 invalid_input" in ended.stderr.decode()
        again = await anyio.run_process([*arguments, "--retry-failed"], check=False)
        assert again.returncode == 0
    assert [row.failure for row in rows(tmp_path)] == [None] * LINES
