"""Media: what data URLs hold."""

from __future__ import annotations

import pytest

from beluga.dialects.media import inlined
from beluga.errors import InvalidInputError
from beluga.schema import AudioPart, FilePart, ImagePart, PromptCache


def test_a_data_url_becomes_its_bytes() -> None:
    part = ImagePart(url="data:image/png;base64,iVBORw0KGgo=", prompt_cache=PromptCache("1h"))
    whole = inlined(part)
    assert (whole.data, whole.url, whole.media_type) == (b"\x89PNG\r\n\x1a\n", None, "image/png")
    assert whole.prompt_cache == PromptCache("1h")


def test_what_is_not_base64_is_percent_encoded() -> None:
    whole = inlined(FilePart(url="data:text/plain;charset=utf-8,a%20b%C3%A9", name="a.txt"))
    assert (whole.data, whole.media_type, whole.name) == ("a bé".encode(), "text/plain", "a.txt")


def test_a_media_type_that_was_given_stays() -> None:
    assert (
        inlined(AudioPart(url="data:;base64,AAAA", media_type="audio/wav")).media_type
        == "audio/wav"
    )


@pytest.mark.parametrize(
    "part", [ImagePart(b"\xff\xd8\xff"), ImagePart(id="f"), ImagePart(url="https://example.com/a")]
)
def test_other_parts_stay_as_they_are(part: ImagePart) -> None:
    assert inlined(part) is part


@pytest.mark.parametrize("url", ["data:image/png;base64,%%%", "data:image/png;base64"])
def test_an_unreadable_data_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError, match="cannot be read"):
        inlined(ImagePart(url=url))
