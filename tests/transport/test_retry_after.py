"""How long a provider asks to wait, in each form in which one says so.

The dates are those of RFC 9110, sections 5.6.7 and 10.2.3; the durations are from the documents of
OpenAI and Groq.
"""

from __future__ import annotations

import time

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beluga.events import RateWindow
from beluga.transport.rate_limits import rate_windows
from beluga.transport.retry_after import parse_duration, retry_after

NOW = "Fri, 31 Dec 1999 23:59:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "0s"}, 0.0),
        ({"retry-after": "1m30s"}, 90.0),
        ({"retry-after": "250ms"}, 0.25),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT", "date": NOW}, 59.0),
        ({"retry-after": "Friday, 31-Dec-99 23:59:59 GMT", "date": NOW}, 59.0),
        ({"retry-after": "Fri Dec 31 23:59:59 1999", "date": NOW}, 59.0),
        ({"retry-after": "Fri, 31 Dec 1999 18:59:59 -0500", "date": NOW}, 59.0),
        ({"retry-after": "Fri, 31 Dec 1999 23:58:00 GMT", "date": NOW}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e999"}, None),
        ({"retry-after": "9" * 400 + "s"}, None),
        ({"retry-after": "Fri, 99 Foo 99999 99:99:99 GMT"}, None),
        ({"retry-after": "Fri, 31 Dec 0000 23:59:59 +9999"}, None),
    ],
)
def test_every_form_is_read_and_nonsense_is_none(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds


def test_a_date_without_a_date_to_measure_by_is_measured_by_the_clock() -> None:
    then = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    found = retry_after({"retry-after": then, "date": "unknown"})
    assert found == pytest.approx(100, abs=2)


def test_a_date_without_a_zone_is_in_greenwich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Montreal")
    time.tzset()
    try:
        headers = {"retry-after": "Fri, 31 Dec 1999 23:59:59 -0000", "date": NOW}
        assert retry_after(headers) == 59
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("34.4s", 34.4),
        ("2m59.56s", 179.56),
        ("130ms", 0.13),
        ("1h2m3s", 3723.0),
        ("7d", 604800.0),
        ("1h 30m", 5400.0),
        ("0s", 0.0),
        ("", None),
        ("5", None),
        ("5 parsecs", None),
        ("5s!", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert parse_duration(text) == (None if seconds is None else pytest.approx(seconds))


@given(st.text() | st.from_regex(r"[0-9]{0,400}\.?[0-9]*(ms|s|m|h|d)?", fullmatch=True))
@example("1" + "0" * 300)
@example("inf")
def test_no_text_of_a_header_is_a_wait_without_an_end(text: str) -> None:
    found = retry_after({"retry-after": text, "retry-after-ms": text, "date": text})
    assert found is None or 0 <= found < float("inf")
    for name in ("x-ratelimit-reset-requests", "anthropic-ratelimit-tokens-remaining"):
        windows = rate_windows({name: text})
        assert (
            msgspec.json.decode(msgspec.json.encode(windows), type=tuple[RateWindow, ...])
            == windows
        )
