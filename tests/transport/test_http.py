"""Requests as data: headers that are added to them."""

from __future__ import annotations

from beluga.transport.http import HttpRequest


def test_a_header_is_replaced_whatever_its_case() -> None:
    request = HttpRequest("POST", "https://example.com", {"accept": "a", "x-one": "1"})
    assert request.with_headers({"Accept": "b"}).headers == {"Accept": "b", "x-one": "1"}


def test_a_list_of_betas_grows() -> None:
    request = HttpRequest("POST", "https://example.com", {"anthropic-beta": "files"})
    more = request.with_headers({"Anthropic-Beta": "skills,fast"})
    assert more.headers == {"Anthropic-Beta": "files,skills,fast"}
    assert more.with_headers({"x-one": ""}).headers == {**more.headers, "x-one": ""}
