import hashlib
import subprocess
import sys
import threading
from typing import Any

import pytest
import tiktoken
import tiktoken_ext.openai_public as official
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.tokens import encodings, preload
from beluga.tokens.encodings import decoded, encoded, ranked_tokens
from tests.architecture.source import ROOT
from tests.tokens.pack_ranks import OFFICIAL, official_text, pack

NAMES = tuple(OFFICIAL)
SCRAPS = [*"aZ 'é日1.\n\r\t/", " a", "the whale", " sings", "'s", "\n\n", "  ", "\nA", "http://"]


@pytest.mark.parametrize("name", NAMES)
def test_the_ranks_are_openais(name: encodings.EncodingName) -> None:
    text = official_text(ranked_tokens(name))
    assert hashlib.sha256(text).hexdigest() == OFFICIAL[name]


def test_what_is_packed_is_what_is_published() -> None:
    text = official_text([b"!", b"\x00", b"a" * 255])
    laid_out = b"\x00\x00\x00\x03" + b"\x01\x01\xff" + b"!\x00" + b"a" * 255
    assert encodings.lzma.decompress(pack(text)) == laid_out


@pytest.mark.parametrize("name", NAMES)
def test_text_is_split_as_openai_splits_it(
    name: encodings.EncodingName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(official, "load_tiktoken_bpe", lambda *_, **__: {})
    said = getattr(official, f"{name}_base")()["pat_str"]
    assert "|".join(encodings._PATTERNS[name]) == said


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        # from tiktoken's own tests and readme
        ("cl100k", "hello world", [15339, 1917]),
        ("cl100k", "rer", [38149]),
        ("cl100k", "today\n ", [31213, 198, 220]),
        ("o200k", "hello world", [24912, 2375]),
    ],
)
def test_known_texts(name: encodings.EncodingName, text: str, tokens: list[int]) -> None:
    assert encoded(text, name) == tokens
    assert decoded(tokens, name) == text


@given(
    st.lists(st.sampled_from(SCRAPS), min_size=1, max_size=60), st.sampled_from(NAMES), st.data()
)
def test_pieces_have_as_many_tokens_as_the_whole(
    scraps: list[str], name: encodings.EncodingName, data: st.DataObject
) -> None:
    text = "".join(scraps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "_PIECE", data.draw(st.integers(1, 10)))
        assert "".join(encodings._pieces(text)) == text
        assert encodings.count(text, name) == len(encoded(text, name))


def test_a_long_text_is_encoded_in_pieces() -> None:
    pieces = list(encodings._pieces("the whale dives. " * 10_000))
    assert len(pieces) == 6
    assert max(map(len, pieces)) < encodings._PIECE + 20
    assert list(encodings._pieces("昨日" * 50_000)) == ["昨日" * 50_000]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("space", [" ", "\u3000"])
def test_spaces_without_end_are_counted(name: encodings.EncodingName, space: str) -> None:
    text = f"one{space * 1_200_000}two\n"
    tokens = encoded(text, name)
    assert decoded(tokens, name) == text
    assert encodings.count(text, name) == len(tokens)
    # What tiktoken itself makes of a run that is short enough for it, three times.
    sure = encodings._encoding(name).encode_ordinary(space * 400_000)
    assert len(tokens) == pytest.approx(3 * len(sure), rel=0.001)


def test_a_special_tokens_name_is_text() -> None:
    assert len(encoded("<|endoftext|>", "o200k")) > 1
    assert decoded(encoded("<|endoftext|>", "o200k"), "o200k") == "<|endoftext|>"


@given(st.text(), st.sampled_from(NAMES))
def test_text_comes_back(text: str, name: encodings.EncodingName) -> None:
    assert decoded(encoded(text, name), name) == text


@given(st.text(alphabet="añ語👩\u200d👧🏽🇫🇷 \n", min_size=1), st.data())
def test_no_character_is_cut(text: str, data: st.DataObject) -> None:
    tokens = encoded(text, "o200k")
    cut = data.draw(st.integers(0, len(tokens)))
    assert text.startswith(decoded(tokens[:cut], "o200k"))


def test_a_lone_surrogate_is_no_crash() -> None:
    assert encoded("a\ud800b", "o200k")


def test_what_is_no_token_is_refused() -> None:
    for wrong in ([10**7], [-1], ["a"]):
        given_: Any = wrong
        with pytest.raises(InvalidInputError, match="no such token"):
            decoded(given_, "o200k")


async def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="o200k, cl100k"):
        await preload("p50k")


@pytest.mark.real_time
async def test_preloading_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "_loaded", {})
    here: list[bool] = []
    built = encodings._built

    def watched(name: encodings.EncodingName) -> tiktoken.Encoding:
        here.append(threading.current_thread() is threading.main_thread())
        return built(name)

    monkeypatch.setattr(encodings, "_built", watched)
    await preload("o200k_base", "cl100k")
    await preload()
    assert set(encodings._loaded) == {"o200k", "cl100k"}
    assert here == [False, False]


def test_threads_load_an_encoding_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    built = encodings._built
    monkeypatch.setattr(encodings, "_loaded", {})
    monkeypatch.setattr(encodings, "_built", lambda name: made.append(name) or built(name))
    threads = [threading.Thread(target=encoded, args=("hi", "cl100k")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == ["cl100k"]


ALONE = """
import os, socket, sys
def refused(*_, **__): raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = refused
import beluga.tokens
assert "tiktoken" not in sys.modules
count = beluga.tokens.tokenizer_for("gpt-4").count("hello world")
assert not [name for name in os.environ if "TIKTOKEN" in name]
import tiktoken.registry
assert not tiktoken.registry.ENCODINGS and tiktoken.registry.ENCODING_CONSTRUCTORS is None
print(count)
"""


def test_it_needs_no_network_and_touches_no_registry() -> None:
    command = [sys.executable, "-W", "error", "-c", ALONE]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "2\n"
