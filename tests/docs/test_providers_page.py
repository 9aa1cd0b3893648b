"""The table of providers names them all, and each reads the variables that stand beside it."""

import re

import pytest

import beluga
from beluga import Failure, ProviderDownError
from beluga.transport.http import HttpRequest, HttpResponse, Sent
from docs import providers_table

ROW = re.compile(r"^\| `([\w-]+)` \|(.*?)\|(.*?)\|(.*?)\|(?:.*?)\|(?:.*?)\|$", re.MULTILINE)
PAGE = providers_table.PAGE.read_text(encoding="utf-8")
CELLS = {name: (keys, addresses) for name, _, keys, addresses in ROW.findall(PAGE)}

KEYS = [(name, key) for name, (keys, _) in CELLS.items() for key in re.findall(r"`(.+?)`", keys)]
ADDRESSES = [(name, it) for name, (_, them) in CELLS.items() for it in re.findall(r"`(.+?)`", them)]

ADDRESS = "http://provider.test:8080"


class Refusing:
    """Keep the requests that are sent and answer none."""

    def __init__(self) -> None:
        self.requests: list[HttpRequest] = []

    async def send(
        self, request: HttpRequest, *, connect_timeout: float, sent: Sent
    ) -> HttpResponse:
        self.requests.append(request)
        raise ProviderDownError(Failure("provider_unavailable", "nobody is there"))

    async def aclose(self) -> None: ...


async def sent_by(
    name: str, *, api_key: str | None = None, base_url: str | None = None
) -> HttpRequest:
    http = Refusing()
    settings = {"region": "us-east-1"} if name == "bedrock" else {}
    model = beluga.new(
        name, model="some-model", api_key=api_key, base_url=base_url, http=http, settings=settings
    )
    with pytest.raises(ProviderDownError, match="nobody is there"):
        await model.generate("Hi")
    [request] = http.requests
    return request


@pytest.fixture(autouse=True)
def without_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, variable in [*KEYS, *ADDRESSES]:
        monkeypatch.delenv(variable, raising=False)


def test_the_table_is_what_the_records_say() -> None:
    assert providers_table.page() == PAGE, "write it anew: python -m docs.providers_table"


def test_every_provider_has_its_row() -> None:
    assert sorted(CELLS) == list(beluga.list_providers())


@pytest.mark.parametrize(("name", "variable"), KEYS)
async def test_a_key_is_read(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "a-key")
    request = await sent_by(name, base_url=ADDRESS)
    assert any(value.removeprefix("Bearer ") == "a-key" for value in request.headers.values())


@pytest.mark.parametrize(("name", "variable"), ADDRESSES)
async def test_an_address_is_read(
    name: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, ADDRESS)
    request = await sent_by(name, api_key="a-key")
    assert request.url.startswith(f"{ADDRESS}/")
