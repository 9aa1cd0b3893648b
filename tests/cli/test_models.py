"""`beluga models`: what is listed, how it looks, and what is not there."""

from __future__ import annotations

import msgspec
import pytest

from beluga import ModelInfo, Prices
from beluga.catalog import dated, lookup, register_model
from beluga.cli import main


def rows(text: str) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in text.partition("\n\n")[0].splitlines()}


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_part_of_a_name_finds_models(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--backend", backend, "models", "OPENAI:gpt-4o-2024"]) == 0
    shown = capsys.readouterr().out
    table = rows(shown)
    assert table["openai:gpt-4o-2024-05-13"] == ["128,000", "4,096", "5", "15", "?"]
    assert table["openai:gpt-4o-2024-08-06"] == ["128,000", "16,384", "2.5", "10", "1.25"]
    assert f"as of {dated()}" in shown


def test_a_pattern_matches_as_a_whole(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "anthropic:claude-sonnet-4-[56]"]) == 0
    table = rows(capsys.readouterr().out)
    assert set(table) == {"model", "anthropic:claude-sonnet-4-5", "anthropic:claude-sonnet-4-6"}


def test_long_prompts_and_other_charges_are_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "google:gemini-2.5-pro"]) == 0
    assert rows(capsys.readouterr().out)["google:gemini-2.5-pro"][2] == "1.25+"
    assert main(["models", "perplexity:sonar"]) == 0
    assert rows(capsys.readouterr().out)["perplexity:sonar"][2] == "1*"


def test_as_json_each_line_is_a_model(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "_known", lookup._known)
    mine = ModelInfo(model="mine", provider="azure", prices=Prices(input=1.0, output=2.0))
    register_model(mine)
    assert main(["models", "azure:", "--json"]) == 0
    assert [
        msgspec.json.decode(line, type=ModelInfo) for line in capsys.readouterr().out.splitlines()
    ] == [mine]


def test_all_are_listed_without_a_pattern(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models"]) == 0
    assert len(rows(capsys.readouterr().out)) > 2000


def test_nothing_found_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["models", "gpt-999"], ["models", "gpt-999", "--json"]):
        assert main(arguments) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "no model like 'gpt-999'" in captured.err
