"""AWS credentials come from the environment, or from botocore's chain in a worker thread."""

from __future__ import annotations

import sys
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import anyio
import pytest

from beluga.errors import AuthError
from beluga.transport.aws_credentials import BotocoreChain, credential_source, profile_region
from beluga.transport.sigv4 import AwsCredentials

VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
)


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


class Found:
    """What botocore's chain has found; `fresh` says whether it need not be renewed."""

    def __init__(self) -> None:
        self.asked = 0
        self.fresh = True

    def refresh_needed(self) -> bool:
        return not self.fresh

    def get_frozen_credentials(self) -> SimpleNamespace:
        self.asked += 1
        self.fresh = True
        return SimpleNamespace(access_key=f"AK{self.asked}", secret_key="s", token="t")


class Chain:
    """Stands for botocore: what its sessions find, and how often one was made."""

    def __init__(self) -> None:
        self.found: Found | None = Found()
        self.profiles: list[str | None] = []
        self.threads: set[int] = set()
        self.error: Exception | None = None

    def session(self, *, profile: str | None = None) -> SimpleNamespace:
        self.profiles.append(profile)
        self.threads.add(threading.get_ident())
        if self.error is not None:
            raise self.error
        return SimpleNamespace(get_credentials=lambda: self.found)


class ChainError(Exception):
    """botocore's own error."""


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    made = Chain()
    contents: dict[str, dict[str, object]] = {
        "botocore": {},
        "botocore.session": {"Session": made.session},
        "botocore.exceptions": {"BotoCoreError": ChainError, "ClientError": ChainError},
    }
    for name, content in contents.items():
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    return made


async def test_the_environment_needs_no_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert await credential_source()() == AwsCredentials("AK", "s")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "t")
    assert await credential_source()() == AwsCredentials("AK", "s", "t")


def test_half_of_a_pair_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    with pytest.raises(AuthError, match="AWS_SECRET_ACCESS_KEY"):
        credential_source()


def test_without_botocore_the_refusal_names_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beluga.transport.aws_credentials.find_spec", lambda _: None)
    with pytest.raises(AuthError, match=r"AWS_ACCESS_KEY_ID .* beluga\[bedrock\]") as caught:
        credential_source()
    assert caught.value.local


async def test_a_named_profile_wins_over_the_environment(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert (await credential_source("work")()).access_key == "AK1"
    assert chain.profiles == ["work"]


async def test_the_chain_is_walked_once_and_in_a_worker_thread(chain: Chain) -> None:
    source = BotocoreChain()
    assert await source() == await source() == AwsCredentials("AK1", "s", "t")
    assert chain.profiles == [None]
    assert threading.get_ident() not in chain.threads


async def test_those_who_ask_at_once_share_one_walk(chain: Chain) -> None:
    source = BotocoreChain()
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(source)
    assert chain.profiles == [None]
    assert chain.found is not None
    assert chain.found.asked == 1


async def test_what_grows_stale_is_renewed(chain: Chain) -> None:
    source = BotocoreChain()
    await source()
    assert chain.found is not None
    chain.found.fresh = False
    assert (await source()).access_key == "AK2"
    assert chain.profiles == [None]


def test_one_chain_serves_several_event_loops(chain: Chain) -> None:
    source = BotocoreChain()
    for backend in ("asyncio", "trio", "asyncio"):
        assert anyio.run(source, backend=backend).access_key == "AK1"


async def test_a_chain_that_finds_nothing_is_a_refusal(chain: Chain) -> None:
    chain.found = None
    with pytest.raises(AuthError, match="AWS_ACCESS_KEY_ID"):
        await BotocoreChain()()


async def test_what_goes_wrong_in_the_chain_is_a_refusal(chain: Chain) -> None:
    chain.error = ChainError("The SSO session has expired")
    source = BotocoreChain()
    with pytest.raises(AuthError, match="expired"):
        await source()
    chain.error = None
    assert (await source()).access_key == "AK1"


async def test_botocore_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("botocore", reason="botocore is not installed")
    stored = tmp_path / "credentials"
    stored.write_text("[work]\naws_access_key_id = AK\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(stored))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    assert await BotocoreChain("work")() == AwsCredentials("AK", "s")
    with pytest.raises(AuthError, match="nobody"):
        await BotocoreChain("nobody")()


def test_a_profile_names_its_region(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-1\n[profile work]\nregion=us-east-2\n"
        "s3 =\n    max_queue_size = 10%\n[profile none]\noutput = json\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert profile_region() == "eu-west-1"
    assert profile_region("work") == "us-east-2"
    assert profile_region("none") is None
    assert profile_region("nobody") is None
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert profile_region() == "us-east-2"


@pytest.mark.parametrize("content", [b"no section", b"[default\nregion=x", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_names_no_region(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    config.write_bytes(content)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    assert profile_region() is None
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent"))
    assert profile_region() is None
