"""What is seen of a request: the same everywhere, bounded, and nothing that breaks it."""

from __future__ import annotations

import math
import subprocess
import sys
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.routing.features import CUES, SLOTS, Features, features_of
from beluga.schema import AIMessage, HumanMessage, ImagePart, Message, SystemMessage, TextPart
from beluga.testing import strategies
from tests.architecture.source import ROOT

ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=400)


def of(*messages: str | Message) -> Features:
    return features_of([HumanMessage(m) if isinstance(m, str) else m for m in messages])


def test_a_word_has_the_slot_of_its_checksum() -> None:
    assert crc32(b"moons") % SLOTS in of("How many MOONS has Mars?").slots


def test_the_same_request_has_the_same_features_in_another_process() -> None:
    code = (
        "from beluga.routing.features import features_of as f; from beluga import HumanMessage\n"
        "seen = f([HumanMessage('Two moons, 火星 and 3 words')])\n"
        "print(sorted(seen.slots), list(seen.cues))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    seen = of("Two moons, 火星 and 3 words")
    assert shown.strip() == f"{sorted(seen.slots)} {list(seen.cues)}"


def test_features_do_not_change_without_a_new_version() -> None:
    seen = of(SystemMessage("Be brief."), "What is 2 + 2, if $4 isn't 火星?")
    digest = crc32(repr((sorted(seen.slots), [round(cue, 6) for cue in seen.cues])).encode())
    assert digest == 1365369480, "weights of earlier versions mean something else: raise VERSION"


@given(st.lists(strategies.messages(), min_size=1, max_size=4))
def test_any_conversation_has_features(messages: list[Message]) -> None:
    seen = features_of(messages)
    assert len(seen.cues) == CUES
    assert all(-3.0 <= cue <= 3.0 for cue in seen.cues)
    assert all(0 <= slot < SLOTS for slot in seen.slots)
    assert len(set(seen.slots)) == len(seen.slots) > 0
    assert 0.0 < seen.weight <= 1.0


@given(ANY_TEXT)
def test_any_text_has_features(text: str) -> None:
    seen = of(text)
    assert all(math.isfinite(cue) for cue in seen.cues)


def test_a_huge_text_is_read_at_both_ends() -> None:
    filling = " ".join(f"w{n}" for n in range(200_000))
    seen = of(f"alpha {filling} omega")
    assert len(seen.slots) < 3000
    assert {crc32(b"alpha") % SLOTS, crc32(b"omega") % SLOTS} <= set(seen.slots)
    assert crc32(b"w100000") % SLOTS not in seen.slots


@pytest.mark.parametrize("pair", [("火星有几个卫星", "火星有多大"), ("ดาวอังคาร", "ดาวพุธ")])
def test_texts_without_spaces_share_what_they_have_in_common(pair: tuple[str, str]) -> None:
    first, second = of(pair[0]), of(pair[1])
    common = set(first.slots) & set(second.slots)
    # A character or two in a row are features; as one word each they would have none in common.
    assert len(common) >= 3


def test_what_is_asked_is_what_the_last_human_message_says() -> None:
    history = [HumanMessage("alpha"), AIMessage("beta"), HumanMessage("gamma")]
    slots = set(features_of(history).slots)
    assert crc32(b"gamma") % SLOTS in slots
    assert not slots & {crc32(b"alpha") % SLOTS, crc32(b"beta") % SLOTS}
    assert list(features_of(history).cues) != list(of("gamma").cues)


def test_instructions_tell_applications_apart() -> None:
    one, other = of(SystemMessage("Translate."), "Hi"), of(SystemMessage("Classify."), "Hi")
    assert set(one.slots) ^ set(other.slots)
    assert list(one.cues) != list(of("Hi").cues)


def test_a_picture_is_seen_as_one() -> None:
    picture = ImagePart(url="https://x.test/a.png")
    with_it = of(HumanMessage([TextPart("What is it?"), picture]))
    assert list(with_it.cues) != list(of("What is it?").cues)
    assert len(of(HumanMessage([picture])).slots) == 1
