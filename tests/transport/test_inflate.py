"""Compressed bodies: every form that was asked for, in any cut, and never beyond a bound."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beluga.errors import IncompleteStreamError, ProviderDownError
from beluga.transport.inflate import Inflater

AMPLE = 1 << 20


def bare(data: bytes) -> bytes:
    """Deflate without its wrapping, as some servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": (" X-GZip ", gzip.compress),
    "two members": ("gzip", lambda data: gzip.compress(data[:3]) + gzip.compress(data[3:])),
    "padded": ("gzip", lambda data: gzip.compress(data) + bytes(600)),
    "deflate": ("deflate", zlib.compress),
    "bare deflate": ("deflate", bare),
}


def inflated(coding: str, packed: bytes, size: int, most: int = AMPLE) -> bytes:
    inflater = Inflater(coding)
    pieces = [inflater.feed(packed[at : at + size], most) for at in range(0, len(packed), size)]
    inflater.close()
    return b"".join(pieces)


@pytest.mark.parametrize("form", PACKERS)
@given(data=st.binary(max_size=300), size=st.integers(1, 300))
def test_what_was_packed_comes_out_in_any_cut(form: str, data: bytes, size: int) -> None:
    coding, pack = PACKERS[form]
    assert inflated(coding, pack(data), size) == data


@pytest.mark.parametrize("form", PACKERS)
def test_no_more_than_a_byte_over_the_bound_is_ever_made(form: str) -> None:
    coding, pack = PACKERS[form]
    assert len(Inflater(coding).feed(pack(bytes(50_000_000)), 1000)) == 1001


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@given(data=st.binary(min_size=2, max_size=60))
def test_garbage_is_refused_or_incomplete(coding: str, data: bytes) -> None:
    retryable = True
    try:
        inflated(coding, data, 7)
    except ProviderDownError as error:
        retryable = error.retryable
    assert retryable


@pytest.mark.parametrize("form", ["gzip", "deflate", "bare deflate"])
@pytest.mark.parametrize("missing", [1, 5, 20])
def test_a_body_that_ends_too_early_is_incomplete(form: str, missing: int) -> None:
    coding, pack = PACKERS[form]
    with pytest.raises(IncompleteStreamError):
        inflated(coding, pack(b"words and more words, all of them")[:-missing], 8)


def test_nothing_at_all_is_an_empty_body() -> None:
    assert inflated("gzip", b"", 1) == b""


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "exotic"])
def test_a_coding_that_nobody_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(ProviderDownError, match="asked for was gzip, deflate"):
        Inflater(coding)
