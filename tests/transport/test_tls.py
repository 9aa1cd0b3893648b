"""Encrypted connections: whom is believed, and what a cancelled handshake leaves."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener

from beluga.errors import ModelError, ProviderDownError
from beluga.registry import new
from beluga.transport.httpx_http import HttpxHttp
from tests.transport.loopback import Loopback, nothing_left_open
from tests.transport.test_cancellation import MOST_STEPS, Cut, ask, calls_in_flight
from tests.transport.wire import GOOD_WHOLE, TEXT

pytest.importorskip("cryptography")
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

pytestmark = pytest.mark.real_time


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine that its own key has signed, and that key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = tmp_path_factory.mktemp("tls") / "loopback.pem"
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


@asynccontextmanager
async def answering_encrypted(certificate: Path) -> AsyncGenerator[Loopback, None]:
    server = Loopback([GOOD_WHOLE])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        server.url = f"https://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
        encrypted = TLSListener(listener, context, standard_compatible=False)
        tasks.start_soon(encrypted.serve, server.connected)
        yield server
        tasks.cancel_scope.cancel()


async def test_who_is_trusted_answers(certificate: Path) -> None:
    http = HttpxHttp(verify=ssl.create_default_context(cafile=str(certificate)))
    async with answering_encrypted(certificate) as server:
        model = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
        for _ in range(3):
            assert (await model.generate("Hi")).text == TEXT
        assert server.connections == 1
        await http.aclose()


async def test_the_environment_says_whom_to_trust_if_it_is_asked(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beluga.transport import httpx_http

    httpx_http._shared_ssl_context.cache_clear()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with answering_encrypted(certificate) as server:
        for trusting in (True, False):
            http = HttpxHttp(trust_env=trusting)
            model = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
            if trusting:
                assert (await model.generate("Hi")).text == TEXT
            else:
                with pytest.raises(ProviderDownError, match="certificate verify failed"):
                    await model.generate("Hi")
            await http.aclose()
    httpx_http._shared_ssl_context.cache_clear()


async def test_who_is_not_trusted_gets_no_request(certificate: Path) -> None:
    with nothing_left_open():
        async with answering_encrypted(certificate) as server:
            async with new("openai-compatible:m", base_url=f"{server.url}/v1") as model:
                with pytest.raises(ModelError, match="certificate verify failed") as caught:
                    await model.generate("Hi")
            assert caught.value.code == "provider_unavailable"
            assert server.requests == []


@pytest.mark.parametrize("waking", [False, True], ids=["waiting", "waking"])
async def test_a_handshake_that_is_cancelled_at_any_step_leaves_nothing(
    certificate: Path, waking: bool
) -> None:
    trusted = ssl.create_default_context(cafile=str(certificate))
    with nothing_left_open():
        async with answering_encrypted(certificate) as server:
            for step in range(1, MOST_STEPS):
                http = HttpxHttp(verify=trusted)  # anew, so that there is a handshake each time
                model = new("openai-compatible:m", base_url=f"{server.url}/v1", http=http)
                cut = Cut(step, waking)
                with cut.scope:
                    await cut.through(ask(model, [], streaming=False))
                assert calls_in_flight(http) == 0
                await http.aclose()
                if not cut.reached:
                    break
            assert 5 < step < MOST_STEPS - 1
