"""Compressed bodies, decompressed as they come and never beyond a bound.

A few bytes from a hostile server may stand for gigabytes.
"""

from __future__ import annotations

import zlib
from typing import Final

from beluga.errors import error_for
from beluga.schema import Failure

__all__ = ["ACCEPTED", "Inflater"]

ACCEPTED: Final = "gzip, deflate"

_GZIP: Final = 16 + zlib.MAX_WBITS
_RAW: Final = -zlib.MAX_WBITS
_GZIP_MAGIC: Final = 0x1F
_FORMS: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": zlib.MAX_WBITS}


class Inflater:
    """Decompress gzip (RFC 1952) and deflate (RFC 1950, or the bare RFC 1951 that some send).

    Args:
        coding: What the header `content-encoding` says.

    Raises:
        ProviderDownError: It is a coding that nobody asked for.
    """

    def __init__(self, coding: str) -> None:
        form = _FORMS.get(coding.strip().lower())
        if form is None:
            message = f"the answer is compressed as {coding!r}; asked for was {ACCEPTED}"
            raise error_for(Failure("provider_unavailable", message))
        self._form = form
        self._stream = zlib.decompressobj(form)
        self._beginning = b""
        self._begun = False

    def feed(self, data: bytes, most: int) -> bytes:
        """Take in bytes and return what they stand for, at most one byte over *most*.

        Raises:
            ProviderDownError: They are not what they should be.
        """
        if not self._begun:
            data = self._beginning + data
            if len(data) < 2:  # which form of deflate it is, two bytes tell
                self._beginning = data
                return b""
            self._begin(data)
        whole = b""
        try:
            while data and len(whole) <= most:
                if self._stream.eof:  # another member of the same body, or padding
                    if self._form != _GZIP or data[0] != _GZIP_MAGIC:
                        break
                    self._stream = zlib.decompressobj(_GZIP)
                whole += self._stream.decompress(data, most + 1 - len(whole))
                data = self._stream.unused_data
        except zlib.error as error:
            message = f"the answer cannot be decompressed: {error}"
            failure = Failure("provider_unavailable", message, retryable=True)
            raise error_for(failure) from error
        return whole

    def close(self) -> None:
        """Take in the end of the body.

        Raises:
            IncompleteStreamError: It has ended too early.
        """
        if self._beginning or (self._begun and not self._stream.eof):
            message = "the answer broke off in the midst of its compressed body"
            raise error_for(Failure("incomplete_stream", message, retryable=True))

    def _begin(self, data: bytes) -> None:
        self._begun, self._beginning = True, b""
        wrapped = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0  # RFC 1950, 2.2
        if self._form == zlib.MAX_WBITS and not wrapped:
            self._form = _RAW
            self._stream = zlib.decompressobj(_RAW)
