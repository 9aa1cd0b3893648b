"""What every decoder owes, whatever bytes come."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from beluga.errors import ProviderDownError
from beluga.outcomes import Ok, Outcome
from beluga.schema import Emission, Finish, GenerateOptions, HumanMessage, Request, fold
from beluga.transport.dialect import Decoder, Dialect
from beluga.transport.http import ResponseHead

__all__ = ["check_decoder"]


def check_decoder(
    dialect: Dialect, content_type: str, whole: bytes, pieces: Sequence[bytes]
) -> None:
    """Check that an answer in pieces is the answer, and that it ends as an answer may."""
    head = ResponseHead(200, {"content-type": content_type})
    for streaming in (True, False):
        request = Request((HumanMessage("Hi."),), GenerateOptions(), streaming)

        def decoder(request: Request = request) -> Decoder:
            return dialect.decoder(request, head)

        chunks, outcome = _decoded(decoder, [whole])
        assert _decoded(decoder, pieces) == (chunks, outcome)
        if isinstance(outcome, Ok):
            message = fold([*chunks, outcome.value])
            assert not (message.cut_calls and outcome.value.reason != "length")
            assert len({call.id for call in message.tool_calls}) == len(message.tool_calls)


def _decoded(
    make: Callable[[], Decoder], pieces: Sequence[bytes]
) -> tuple[list[Emission], Outcome[Finish]]:
    decoder = make()
    chunks: list[Emission] = []
    try:
        for piece in pieces:
            if decoder.done:
                break
            chunks += decoder.feed(piece)
        ending = decoder.close()
    except ProviderDownError as error:  # one value is larger than any may be
        return chunks, error.failure
    return [*chunks, *ending.chunks], ending.outcome
