"""`beluga batch`: what is asked, what is kept, what is refused, and how it goes on."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import beluga
from beluga.cli import main
from beluga.cli.batch.lines import Prompts
from beluga.cli.batch.progress import Progress
from beluga.cli.batch.results import Results, Row
from beluga.effects import Effects
from beluga.errors import error_for
from beluga.model import ChatModel
from beluga.registry import ProviderConfig
from beluga.schema import (
    AIMessage,
    Failure,
    Finish,
    JsonSchema,
    NamedTool,
    ReasoningConfig,
    Request,
    TextDelta,
    Timeouts,
    ToolSpec,
    Usage,
)

BACKENDS = ("asyncio", "trio")


class Echo(ChatModel):
    """Say the last message again; fail where it names a failure."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.failing: dict[str, Failure] = {}

    @property
    def model_id(self) -> str:
        return "echo"

    async def respond(self, request: Request, fx: Effects) -> Finish:
        self.requests.append(request)
        text = request.messages[-1].text
        if text in self.failing:
            raise error_for(self.failing[text])
        await fx.emit([TextDelta(text)])
        return Finish("stop", usage=Usage(1, 2, 3), metadata={"cost": 0.25})

    @property
    def asked(self) -> list[str]:
        return [request.messages[-1].text for request in self.requests]


class Stage:
    """A model, an input and an output."""

    def __init__(self, folder: Path, backend: str) -> None:
        self.model = Echo()
        self.source, self.target = folder / "in.jsonl", folder / "out.jsonl"
        self._backend = backend

    def make(self, config: ProviderConfig) -> ChatModel:
        self.config = config
        return self.model

    def prompts(self, *lines: Any) -> None:
        self.source.write_text("".join(f"{json.dumps(line)}\n" for line in lines))

    def run(self, *more: str) -> int:
        files = (str(self.source), str(self.target))
        return main(["--backend", self._backend, "batch", *files, "-m", "echo:m", *more])

    @property
    def rows(self) -> list[Row]:
        lines = self.target.read_bytes().splitlines()
        found = [msgspec.json.decode(line, type=Row) for line in lines]
        return sorted(found, key=lambda row: row.index)


@pytest.fixture(params=BACKENDS)
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr("beluga.registry._registered", {})
    made = Stage(tmp_path, request.param)
    beluga.register("echo", made.make)
    return made


def test_each_line_gets_its_answer(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    system = {"role": "system", "content": "Be brief."}
    stage.prompts(
        "one",
        {"id": "b", "prompt": "two", "temperature": 0.5, "stop": "x"},
        {"id": 3, "messages": [system, {"role": "user", "content": "three"}]},
        {"prompt": [{"type": "text", "text": "fo"}, {"type": "text", "text": "ur"}]},
    )
    assert stage.run() == 0
    rows = stage.rows
    assert [(row.index, row.id, row.text) for row in rows] == [
        (0, None, "one"),
        (1, "b", "two"),
        (2, 3, "three"),
        (3, None, "four"),
    ]
    assert {row.usage for row in rows} == {Usage(1, 2, 3)}
    assert [row.cost for row in rows] == [0.25] * 4
    assert isinstance(rows[0].message, AIMessage)
    by_text = {r.messages[-1].text: r for r in stage.model.requests}
    assert by_text["two"].options.temperature == 0.5
    assert by_text["two"].options.stop == ("x",)
    assert by_text["three"].messages[0].text == "Be brief."
    assert "4 of 4 lines; $1.0000" in capsys.readouterr().err


def test_options_of_every_kind_are_read(stage: Stage) -> None:
    weather = {"type": "object", "properties": {"city": {"type": "string"}}}
    tool = {"type": "function", "name": "w", "description": "W.", "parameters": weather}
    schema = {"type": "json_schema", "name": "s", "schema": {"type": "object"}}
    options = {
        "tools": [tool],
        "tool_choice": {"name": "w"},
        "response_format": schema,
        "reasoning": "low",
        "timeout": {"total": 30},
        "metadata": {"run": "1"},
        "extra": {"top_logprobs": 2},
    }
    stage.prompts({"prompt": "p", **options}, {"prompt": "q", "timeout": 7, "max_tokens": 5})
    assert stage.run("--max-tokens", "9", "--concurrency", "1") == 0
    first, second = [request.options for request in stage.model.requests]
    assert first.tools == (ToolSpec("w", "W.", weather),)
    assert (first.tool_choice, first.reasoning) == (NamedTool("w"), ReasoningConfig(effort="low"))
    assert first.response_format == JsonSchema("s", {"type": "object"})
    assert (first.timeout, second.timeout) == (Timeouts(total=30), Timeouts(total=7))
    assert (first.metadata, first.extra) == ({"run": "1"}, {"top_logprobs": 2})
    assert stage.config.defaults.max_tokens == 9
    assert second.max_tokens == 5


WRONG: Sequence[tuple[Any, str]] = [
    (5, 'a line is a JSON string, or an object with "prompt" or "messages"'),
    ({}, 'either a "prompt" or "messages"'),
    ({"prompt": "a", "messages": []}, 'either a "prompt" or "messages"'),
    ({"messages": []}, "one at least"),
    ({"messages": "Hi"}, "a list of messages"),
    ({"messages": [{"role": "wizard", "content": "a"}]}, "wizard"),
    ({"messages": [{"role": "user"}]}, "content"),
    ({"prompt": 5}, "content"),
    ({"prompt": "a", "id": 1.5}, "an id is a text or a whole number"),
    ({"prompt": "a", "id": True}, "an id is a text or a whole number"),
    ({"prompt": "a", "temprature": 1}, "unknown option 'temprature'"),
    ({"prompt": "a", "temperature": "hot"}, "option temperature"),
    ({"prompt": "a", "max_tokens": 0}, "max_tokens"),
    ({"prompt": "a", "tool_choice": "required"}, "tools"),
    ({"prompt": "a", "tools": [{"name": 5, "type": "function"}]}, "name"),
    ({"prompt": "a", "timeout": -1}, "timeout"),
]


@pytest.mark.parametrize(("line", "why"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_a_wrong_line_is_refused_by_its_number_before_anything_is_sent(
    line: Any, why: str, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("good", *["fine"] * 50)
    with stage.source.open("a") as file:
        file.write(f"\n{json.dumps(line)}\n")
    assert stage.run() == 1
    shown = capsys.readouterr().err
    assert "in.jsonl, line 53: " in shown
    assert why in shown
    assert stage.model.requests == []
    assert not stage.target.exists()


@pytest.mark.parametrize("data", [b"{", b'"a', b'\xff"a"', b'"a" "b"', b"[" * 100_000])
def test_a_line_that_is_no_json_is_refused(
    data: bytes, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.source.write_bytes(b'"good"\n' + data)
    assert stage.run() == 1
    assert "in.jsonl, line 2: " in capsys.readouterr().err
    assert stage.model.requests == []


def test_blank_lines_a_mark_and_a_missing_end_are_no_lines(stage: Stage) -> None:
    stage.source.write_bytes(b'\xef\xbb\xbf"one"\r\n\n  \n"two"')
    assert stage.run() == 0
    assert [(row.index, row.text) for row in stage.rows] == [(0, "one"), (1, "two")]


def test_no_line_is_no_work(stage: Stage) -> None:
    stage.source.write_bytes(b"")
    assert stage.run() == 0
    assert stage.rows == []


def test_what_has_a_row_is_not_asked_again(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("one", "two", "three")
    assert stage.run() == 0
    whole = stage.target.read_bytes()
    kept = whole.splitlines(keepends=True)
    stage.target.write_bytes(kept[0] + kept[2])
    stage.model.requests.clear()
    assert stage.run() == 0
    assert len(stage.model.asked) == 1
    assert [row.text for row in stage.rows] == ["one", "two", "three"]
    assert "3 of 3 lines; 2 from before" in capsys.readouterr().err


SLOW = Failure("rate_limit", "slow down", provider="p", model="m", status=429)
LONG = Failure("context_length", "too long", status=400)


def test_failures_are_rows_and_are_asked_again_if_one_likes(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("one", {"id": "x", "prompt": "two"}, "three")
    stage.model.failing = {"two": LONG, "three": SLOW}
    assert stage.run("--concurrency", "1") == 1
    shown = capsys.readouterr().err
    assert "failed: 1 context_length, 1 rate_limit" in shown
    assert "--retry-failed" in shown
    rows = stage.rows
    assert (rows[1].id, rows[1].text, rows[1].message) == ("x", None, None)
    assert rows[1].failure is not None
    assert (rows[1].failure.code, rows[1].failure.status) == ("context_length", 400)
    assert rows[2].failure == SLOW

    stage.model.requests.clear()
    assert stage.run() == 1  # they have failed, and nobody has asked for more
    assert stage.model.requests == []

    stage.model.failing = {"three": SLOW}
    assert stage.run("--retry-failed") == 1
    assert sorted(stage.model.asked) == ["three", "two"]
    assert [row.text for row in stage.rows] == ["one", "two", None]
    stage.model.failing = {}
    assert stage.run("--retry-failed") == 0
    assert [row.text for row in stage.rows] == ["one", "two", "three"]
    assert not list(stage.target.parent.glob("*.part"))


def test_a_failure_that_may_pass_is_tried_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beluga.cli.batch.command.ATTEMPTS", 2)
    stage.prompts("one")
    stage.model.failing = {"one": msgspec.structs.replace(SLOW, retryable=True)}
    assert stage.run() == 1
    assert stage.model.asked == ["one", "one"]


@pytest.mark.parametrize("code", ["auth_error", "budget_exhausted", "not_found"])
def test_what_stands_in_the_way_of_all_lines_ends_it(
    code: Any, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts(*[f"p{n}" for n in range(100)])
    stage.model.failing = {f"p{n}": Failure(code, "no such thing") for n in range(100)}
    assert stage.run("--concurrency", "4") == 1
    shown = capsys.readouterr().err
    assert "beluga: no such thing" in shown
    assert "Traceback" not in shown
    assert len(stage.model.requests) <= 4
    assert stage.rows == []
    stage.model.failing = {}
    assert stage.run() == 0
    assert len(stage.rows) == 100


def test_one_line_that_names_what_is_not_there_is_a_row(stage: Stage) -> None:
    stage.prompts("one", "two", "three")
    stage.model.failing = {"two": Failure("not_found", "no such file")}
    assert stage.run("--concurrency", "1") == 1
    assert [row.text for row in stage.rows] == ["one", None, "three"]


def test_a_bug_is_not_hidden(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def respond(request: Request, fx: Effects) -> Finish:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(stage.model, "respond", respond)
    stage.prompts("one")
    with pytest.raises(ZeroDivisionError):
        stage.run()
    assert stage.rows == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda whole: "hello\n" + whole, "line 1 is no row of a batch"),
        (lambda whole: "hello", "line 1 is no row of a batch"),  # a file of one's own, cut nowhere
        (lambda whole: whole + "my notes", "line 4 is no row of a batch"),
        (lambda whole: whole + '{"index": 0}\n', "line 4 is no row of a batch"),
        (lambda whole: whole.replace('"index":2', '"index":7'), "does not have there"),
        (lambda whole: whole.replace('"index":2', '"index":-1'), "does not have there"),
        (lambda whole: whole.replace('"index":2', '"index":0'), "does not have there"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--retry-failed"]])
def test_a_file_of_something_else_is_left_alone(
    spoil: Callable[[str], str],
    why: str,
    more: list[str],
    stage: Stage,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage.prompts("one", "two", "three")
    assert stage.run("--concurrency", "1") == 0
    spoiled = spoil(stage.target.read_text())
    stage.target.write_text(spoiled)
    stage.model.requests.clear()
    assert stage.run(*more) == 1
    assert why in capsys.readouterr().err
    assert stage.target.read_text() == spoiled
    assert stage.model.requests == []


def test_another_input_is_noticed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.prompts("one", "two")
    assert stage.run() == 0
    stage.prompts("zero", "one", "two")
    assert stage.run() == 1
    assert "answers a line that the input does not have there" in capsys.readouterr().err


def test_lines_may_be_added_at_the_end(stage: Stage) -> None:
    stage.prompts("one")
    assert stage.run() == 0
    stage.prompts("one", "two")
    assert stage.run() == 0
    assert stage.model.asked == ["one", "two"]


def test_two_at_once_do_not_write_into_one_file(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("one")
    with Results(stage.target, Prompts(stage.source)):
        assert stage.run() == 1
    assert "another process writes to" in capsys.readouterr().err
    assert stage.run() == 0


def test_input_and_output_are_not_one_file(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("one")
    stage.target.symlink_to(stage.source)
    assert stage.run() == 1
    assert "cannot go into the file" in capsys.readouterr().err
    assert stage.source.read_text() == '"one"\n'


def test_an_input_that_is_not_there_is_told(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stage.run() == 1
    assert "in.jsonl" in capsys.readouterr().err


def test_an_input_that_changes_in_the_midst_is_noticed(
    stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.prompts("one", "two", "three")
    respond = stage.model.respond

    async def and_change(request: Request, fx: Effects) -> Finish:
        stage.prompts("ONE", "TWO", "THREE")
        return await respond(request, fx)

    monkeypatch.setattr(stage.model, "respond", and_change)
    monkeypatch.setattr("io.DEFAULT_BUFFER_SIZE", 1)
    stage.prompts("one", "x" * 300_000, "three")  # more than is read ahead
    assert stage.run("--concurrency", "1") == 1
    assert "has been changed" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "1001"])
def test_concurrency_is_a_number_from_1_to_1000(
    wrong: str, stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.prompts("one")
    with pytest.raises(SystemExit):
        stage.run("--concurrency", wrong)
    assert "--concurrency" in capsys.readouterr().err


@given(st.data())
@settings(max_examples=150)
def test_a_file_cut_anywhere_is_mended(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        source.write_text("".join([f'"prompt {n} é"\n' for n in range(5)]))
        prompts = Prompts(source)
        with Results(target, prompts) as results:
            for line in prompts.lines(results.done):
                results.add(Row.answered(line, AIMessage(f"answer {line.index} \U0001f40b" * 3)))
        whole = target.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        target.write_bytes(whole[:cut])
        with Results(target, prompts) as results:
            kept = target.read_bytes()
            assert whole.startswith(kept)
            assert kept[-1:] in {b"", b"\n"}
            # Nothing that was whole is lost, and nothing that was not is kept.
            assert kept.count(b"\n") == (
                whole[:cut] + b"\n" * (whole[cut : cut + 1] == b"\n")
            ).count(b"\n")
            assert sum(results.done) == results.answered == kept.count(b"\n")
            for line in prompts.lines(bytearray(results.done)):
                results.add(Row.answered(line, AIMessage("again")))
        rows = [msgspec.json.decode(line, type=Row) for line in target.read_bytes().splitlines()]
        assert sorted(row.index for row in rows) == list(range(5))


def test_rows_longer_than_a_piece_are_mended_too(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('"one"\n"two"\n')
    prompts = Prompts(source)
    with Results(target, prompts) as results:
        for line in prompts.lines(results.done):
            results.add(Row.answered(line, AIMessage("x" * 200_000)))
    whole = target.read_bytes()
    target.write_bytes(whole[:-1000])
    with Results(target, prompts) as results:
        assert list(results.done) == [1, 0]
    assert target.read_bytes() == whole[: whole.index(b"\n") + 1]


def test_memory_does_not_grow_with_what_the_lines_say(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(f'"{"x" * 1000}"\n' * 20_000)
    tracemalloc.start()
    try:
        prompts = Prompts(source)
        with Results(target, prompts) as results:
            assert sum(1 for _ in prompts.lines(results.done)) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


async def test_progress_is_told_now_and_then(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    progress = Progress(10, 4)
    answered = Row(index=0, input="", cost=0.5)
    await anyio.sleep(5)
    progress.add(answered)
    assert capsys.readouterr().err == ""
    await anyio.sleep(5)
    progress.add(Row(index=1, input="", failure=SLOW))
    expected = "6 of 10 lines; 4 from before; failed: 1 rate_limit; $0.5000; 0.2/s; 20 s left\n"
    assert capsys.readouterr().err == expected
    progress.add(Row(index=2, input=""))
    progress.end()
    ending = "7 of 10 lines; 4 from before; failed: 1 rate_limit; more than $0.5000\n"
    assert capsys.readouterr().err == ending
