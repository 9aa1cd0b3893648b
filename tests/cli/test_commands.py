"""The command line: its arguments, what it prints, and how it ends."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import pytest

import beluga
from beluga.cli import main
from beluga.errors import RateLimitError
from beluga.registry import list_providers
from beluga.schema import HumanMessage, SystemMessage
from beluga.testing import ScriptedModel, Simulator, Status
from tests.doubles import SLOW_DOWN

pytestmark = pytest.mark.real_time

LIMIT = 60
BACKENDS = ("asyncio", "trio")


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., ScriptedModel]:
    """Return a function that makes the provider `scripted` answer with a script."""
    monkeypatch.setattr("beluga.registry._registered", {})

    def script(*replies: Any) -> ScriptedModel:
        model = ScriptedModel(replies)
        beluga.register("scripted", lambda config: model, replace=True)
        return model

    return script


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "beluga.cli", *arguments]


def run(*arguments: str, **given: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), check=False, capture_output=True, text=True, timeout=LIMIT, **given
    )


def test_without_a_command_it_says_how_to_be_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "usage: beluga" in capsys.readouterr().err


def test_it_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == version("beluga")


def test_a_backend_that_is_not_installed_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["beluga.cli.main"], "find_spec", lambda name: None)
    with pytest.raises(SystemExit):
        main(["--backend", "trio", "providers"])
    assert "trio is not installed" in capsys.readouterr().err


@pytest.mark.parametrize("backend", BACKENDS)
def test_providers_are_listed(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--backend", backend, "providers"]) == 0
    assert tuple(capsys.readouterr().out.split()) == list_providers()


def test_a_reader_that_has_read_enough_is_no_failure() -> None:
    with subprocess.Popen(
        command("chat", "-m", "mock:m", "word " * 20_000),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.wait(LIMIT) == 1
        assert process.stderr.read() == b""


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that runs here may ask a real provider."""
    for name in [name for name in os.environ if name.endswith("_API_KEY")]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("arguments", [[], ["-m", "mock:parrot"]], ids=["simulated", "mock"])
def test_the_demo_streams_calls_a_tool_and_survives(
    arguments: list[str], backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--backend", backend, "demo", *arguments]) == 0
    shown = capsys.readouterr().out
    assert "1. An answer, as it comes" in shown
    assert ("the model calls get_weather" in shown) == (not arguments)
    assert "[incomplete_stream: " in shown
    assert "2 attempts" in shown


def test_a_key_in_the_environment_has_its_provider_asked(
    scripted: Callable[..., ScriptedModel],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scripted(RateLimitError(SLOW_DOWN))
    monkeypatch.setattr("beluga.cli.demo._REAL", {"SOME_KEY": "scripted:m"})
    monkeypatch.setenv("SOME_KEY", "a-key-of-somebodys")
    assert main(["demo"]) == 1
    shown = capsys.readouterr()
    assert "asking scripted:m" in shown.out
    assert shown.err == "beluga: slow down\n"


def test_a_demo_of_a_model_that_fails_ends_in_one_line(
    scripted: Callable[..., ScriptedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    scripted(RateLimitError(SLOW_DOWN))
    assert main(["demo", "-m", "scripted:m"]) == 1
    assert capsys.readouterr().err == "beluga: slow down\n"


@pytest.mark.parametrize("backend", BACKENDS)
def test_one_question_gets_one_answer(
    backend: str, scripted: Callable[..., ScriptedModel], capsys: pytest.CaptureFixture[str]
) -> None:
    model = scripted("A whale.")
    arguments = ["chat", "-m", "scripted:m", "-s", "Be brief.", "--max-tokens", "5", "What", "is?"]
    assert main(["--backend", backend, *arguments]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("A whale.\n")
    assert "ended with stop" in shown
    request = model.requests[0]
    assert request.messages == (SystemMessage("Be brief."), HumanMessage("What is?"))
    assert (request.options.max_tokens, request.streaming) == (5, True)


async def test_an_address_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    async with Simulator(["Here."]) as simulator:
        arguments = ["chat", "-m", "openai-compatible:m", "--base-url", f"{simulator.url}/v1", "Hi"]
        assert await anyio.to_thread.run_sync(main, arguments) == 0
    assert capsys.readouterr().out.startswith("Here.\n")


def test_a_conversation_goes_on_to_the_end_of_the_input(
    scripted: Callable[..., ScriptedModel],
    typed: Callable[[str], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = scripted("One.", RateLimitError(SLOW_DOWN), "Three.")
    typed("first\n\n  \nsecond\nthird")
    assert main(["chat", "-m", "scripted:m"]) == 0
    shown = capsys.readouterr()
    assert re.findall(r"^\w+\.", shown.out, re.MULTILINE) == ["One.", "Three."]
    assert "> " not in shown.out
    assert shown.err == "\nbeluga: slow down\n"
    assert [m.text for m in model.requests[2].messages] == ["first", "One.", "third"]


def test_a_conversation_whose_last_turn_fails_has_failed(
    scripted: Callable[..., ScriptedModel], typed: Callable[[str], None]
) -> None:
    scripted("One.", RateLimitError(SLOW_DOWN))
    typed("first\nsecond\n")
    assert main(["chat", "-m", "scripted:m"]) == 1


def test_no_input_is_no_conversation(
    scripted: Callable[..., ScriptedModel], typed: Callable[[str], None]
) -> None:
    model = scripted()
    typed("")
    assert main(["chat", "-m", "scripted:m"]) == 0
    assert model.requests == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chat", "-m", "nobody:m", "Hi"], "there is no provider 'nobody'"),
        (["chat", "-m", "openai", "Hi"], "which model of openai?"),
        (["chat", "-m", "openai:m", "Hi"], "OPENAI_API_KEY"),
        (["chat", "-m", "mock:m", "--max-tokens", "0", "Hi"], "max_tokens"),
        (["chat", "-m", "ollama:m", "--base-url", "nonsense", "Hi"], "base_url"),
        (["chat", "-m", "ollama:m", "--base-url", "http://127.0.0.1:9", "Hi"], "no connection"),
        (["demo", "-m", "nobody:m"], "there is no provider 'nobody'"),
    ],
)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_failure_is_one_line_and_status_1(
    arguments: list[str], said: str, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--backend", backend, *arguments]) == 1
    shown = capsys.readouterr().err
    assert re.fullmatch(r"beluga: .+\n", shown)
    assert said in shown


async def test_what_a_server_says_stays_one_line_without_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    nasty = '{"error": {"message": "two\\nlines\\r\\u001b[2J\\u009b31m\\u0007"}}'
    async with Simulator([], [Status(400, body=nasty)]) as simulator:
        arguments = ["chat", "-m", "openai-compatible:m", "--base-url", f"{simulator.url}/v1", "Hi"]
        assert await anyio.to_thread.run_sync(main, arguments) == 1
    assert capsys.readouterr().err == "beluga: openai-compatible:m: two lines [2J31m (HTTP 400)\n"


def test_a_terminal_gets_no_control_characters_from_a_model(
    scripted: Callable[..., ScriptedModel],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "a\x1b]0;title\x07b\tc\nd\x9b2J"
    scripted(text, text)
    main(["chat", "-m", "scripted:m", "Hi"])
    assert capsys.readouterr().out.startswith(text)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    main(["chat", "-m", "scripted:m", "Hi"])
    assert capsys.readouterr().out.startswith("a]0;titleb\tc\nd2J\n")


def test_a_terminal_that_knows_few_characters_gets_what_it_can_show() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("chat", "-m", "mock:m", "-4 °C", env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("-4 ?C\n")


def test_a_bug_is_no_failure_of_a_model(scripted: Callable[..., ScriptedModel]) -> None:
    scripted(ZeroDivisionError("a bug"))
    with pytest.raises(ZeroDivisionError):
        main(["chat", "-m", "scripted:m", "Hi"])


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_simulator_ends_by_itself(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--backend", backend, "simulate", "--port", "0", "--seconds", "0.1"]) == 0
    assert re.search(r"base_url=http://127\.0\.0\.1:\d+;", capsys.readouterr().out)


@pytest.mark.parametrize(
    "arguments",
    [["--port", "70000"], ["--port", "-1"], ["--port", "x"], ["--seconds", "-1"]]
    + [["--seconds", word] for word in ("nan", "inf", "x")],
)
def test_a_simulator_of_wrong_arguments_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["simulate", *arguments])
    assert caught.value.code == 2


async def test_a_port_that_is_taken_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with Simulator() as simulator:
        port = simulator.url.rpartition(":")[2]
        assert await anyio.to_thread.run_sync(main, ["simulate", "--port", port]) == 1
    assert re.fullmatch(r"beluga: .*in use.*\n", capsys.readouterr().err)


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A child inherits an ignored SIGINT, as background jobs of a shell have it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(
    "arguments", [["simulate", "--port", "0"], ["chat", "-m", "mock:m"]], ids=["simulate", "chat"]
)
def test_an_interrupt_ends_it_quietly(arguments: list[str], backend: str) -> None:
    with subprocess.Popen(
        command("--backend", backend, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        if arguments[0] == "chat":
            process.stdin.write("Hi\n")
            process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 130
        assert process.stderr.read() == ""


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interrupt_ends_the_wait_for_a_line(backend: str) -> None:
    with subprocess.Popen(
        command("--backend", backend, "chat", "-m", "mock:m"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write("Hi\n")
        process.stdin.flush()
        while not process.stdout.readline().startswith("  ["):
            pass
        time.sleep(0.3)  # it waits for the next line
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 130
        assert process.stderr.read() == ""


def test_tokens_of_a_file_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "whale.txt"
    path.write_text("hello world", encoding="utf-8")
    assert main(["tokens", str(path)]) == 0
    assert main(["tokens", "-m", "anthropic:claude-opus-5", str(path)]) == 0
    exact, near = capsys.readouterr().out.splitlines()
    assert exact == "2 tokens, counted exactly for gpt-5"
    assert near == "about 3 tokens, estimated for anthropic:claude-opus-5"


def test_tokens_of_standard_input_are_counted() -> None:
    done = run("tokens", "-", input="beluga")
    assert done.stdout.endswith("counted exactly for gpt-5\n")
    assert not done.returncode


def test_a_file_that_is_not_there_is_told_in_one_line() -> None:
    done = run("tokens", "there-is-no-such-file")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
