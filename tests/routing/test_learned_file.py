"""What was learnt survives a file whole, or the file is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beluga.errors import InvalidInputError
from beluga.routing import Example, LearnedRouter
from beluga.routing import learned_file as files

WORDS = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta"]
LESSONS = st.lists(
    st.builds(
        Example,
        st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join),
        st.dictionaries(st.sampled_from("abc"), st.floats(0, 1), min_size=1),
    ),
    max_size=12,
)


def taught(*examples: Example) -> LearnedRouter:
    router = LearnedRouter(cost_weight=0.25, exploration=0.05)
    router.fit(examples or [Example("alpha beta", {"a": 1.0, "b": 0.0})])
    return router


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("learned")


@settings(max_examples=15)
@given(LESSONS, st.text(max_size=30))
def test_a_saved_one_knows_what_the_first_knew(
    folder: Path, lessons: list[Example], text: str
) -> None:
    first = taught(*lessons)
    first.save(folder / "inverse")
    again = LearnedRouter.load(folder / "inverse")
    for words in ("alpha gamma", text):
        assert again.predict(words) == first.predict(words)
    again.save(folder / "twice")
    assert (folder / "twice").read_bytes() == (folder / "inverse").read_bytes()
    more = Example("zeta alpha", {"c": 1.0, "a": 0.3})
    first.fit([more])
    again.fit([more])
    assert again.predict("zeta beta") == first.predict("zeta beta")


def test_settings_are_kept(tmp_path: Path) -> None:
    taught().save(tmp_path / "file")
    assert repr(LearnedRouter.load(str(tmp_path / "file"))) == repr(taught())
    assert "cost_weight=0.25" in repr(taught())


def test_the_same_lessons_make_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        taught(*[Example(word, {"b": 0.5, "a": 1.0}) for word in WORDS]).save(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_small_file_for_little_learnt(tmp_path: Path) -> None:
    taught().save(tmp_path / "file")
    assert (tmp_path / "file").stat().st_size < 20_000


@pytest.fixture(scope="module")
def content() -> bytes:
    router = taught()
    learnt = files.Learned(0.25, 0.05, router._learner.regression)
    return files.encoded(learnt)


@given(st.data())
def test_a_truncated_or_changed_file_is_refused(content: bytes, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(content) - 1), "cut")
    with pytest.raises(ValueError, match=r"damaged|no file of a learned router"):
        files.decoded(content[:cut])
    place = data.draw(st.integers(0, len(content) - 1), "place")
    flipped = bytearray(content)
    flipped[place] ^= data.draw(st.integers(1, 255), "by")
    with pytest.raises(ValueError, match=r"damaged|no file of a learned router"):
        files.decoded(bytes(flipped))


@given(st.binary(max_size=200))
def test_anything_with_a_good_digest_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        files.decoded(sealed(body))


def sealed(body: bytes) -> bytes:
    return files._MAGIC + hashlib.sha256(body).digest() + body


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": 2}, "features are version 2"),
        ({"slots": 1 << 13}, "8192 slots"),
        ({"cost_weight": "much"}, "cost_weight"),
        ({"more": 1}, "unknown field"),
        ({"cost_weight": -1.0}, "cost_weight is a number"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    tmp_path: Path, content: bytes, change: dict[str, object], message: str
) -> None:
    body = msgspec.msgpack.decode(content[len(files._MAGIC) + 32 :])
    path = tmp_path / "other"
    path.write_bytes(sealed(msgspec.msgpack.encode({**body, **change})))
    with pytest.raises(InvalidInputError, match=message):
        LearnedRouter.load(path)


@pytest.mark.parametrize("place", [1, 2, 4, 5])
def test_tables_of_another_size_are_refused(content: bytes, place: int) -> None:
    body = msgspec.msgpack.decode(content[len(files._MAGIC) + 32 :])
    body["shared"][place] = body["shared"][place][:-8]
    with pytest.raises(ValueError, match="wrong size"):
        files.decoded(sealed(msgspec.msgpack.encode(body)))


def test_what_is_no_number_is_refused(content: bytes) -> None:
    body = msgspec.msgpack.decode(content[len(files._MAGIC) + 32 :])
    body["shared"][1] = b"\xff" * len(body["shared"][1])
    with pytest.raises(ValueError, match="no number"):
        files.decoded(sealed(msgspec.msgpack.encode(body)))


def test_a_missing_file_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LearnedRouter.load(tmp_path / "nowhere")


def test_a_file_that_cannot_be_written_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    taught().save(path)
    before = path.read_bytes()

    def full(fd: int) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="no space"):
        taught(Example("other", {"z": 1.0})).save(path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_link_leads_to_what_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "deep" / "file")
    taught().save(link)
    taught().save(link)
    assert link.is_symlink()
    assert (tmp_path / "deep" / "file").is_file()
