"""Where AWS credentials come from: the environment, or the chain that botocore walks."""

from __future__ import annotations

import configparser
import os
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from beluga.errors import AuthError
from beluga.schema import Failure
from beluga.transport.sigv4 import AwsCredentials, AwsCredentialSource

if TYPE_CHECKING:
    from botocore.credentials import Credentials

__all__ = ["BotocoreChain", "credential_source", "profile_region"]

ACCESS_KEY: Final = "AWS_ACCESS_KEY_ID"
SECRET_KEY: Final = "AWS_SECRET_ACCESS_KEY"  # noqa: S105 - the name of a variable
SESSION_TOKEN: Final = "AWS_SESSION_TOKEN"  # noqa: S105 - likewise
EXTRA: Final = "beluga[bedrock]"


def credential_source(profile: str | None = None) -> AwsCredentialSource:
    """Return where credentials come from, as far as that can be told without asking anybody.

    A profile that is named wins; then come `AWS_ACCESS_KEY_ID` and its companions, then botocore's
    chain: profiles, single sign-on, web identities, containers, instances.

    Args:
        profile: The profile of `~/.aws/config` to use.

    Raises:
        AuthError: There is nowhere to look.
    """
    access_key = _variable(ACCESS_KEY) if profile is None else None
    if access_key is not None:
        secret_key = _variable(SECRET_KEY)
        if secret_key is None:
            raise _refused(f"{ACCESS_KEY} is set, but {SECRET_KEY} is not")
        return _fixed(AwsCredentials(access_key, secret_key, _variable(SESSION_TOKEN)))
    if find_spec("botocore") is None:
        message = f"no AWS credentials: set {ACCESS_KEY} and {SECRET_KEY}, or install {EXTRA}"
        raise _refused(f"{message}, which knows profiles, single sign-on and roles")
    return BotocoreChain(profile)


class BotocoreChain:
    """Ask botocore's chain, in a worker thread; what it gives is kept until it must be renewed.

    It belongs to no event loop: one chain serves several, also on different backends.

    Args:
        profile: The profile to use; `None` is what `AWS_PROFILE` says.
    """

    def __init__(self, profile: str | None = None) -> None:
        self._profile = profile
        self._lock = Lock()  # taken in worker threads only
        self._found: Credentials | None = None
        self._current: AwsCredentials | None = None

    async def __call__(self) -> AwsCredentials:
        """Return credentials that are valid now.

        Raises:
            AuthError: The chain has none, or cannot renew them.
        """
        current = self._current
        if current is not None and not self._is_stale():
            return current
        return await anyio.to_thread.run_sync(self._load, abandon_on_cancel=True)

    def _is_stale(self) -> bool:
        """Whether botocore would renew them; static ones never are."""
        refresh_needed = getattr(self._found, "refresh_needed", None)
        return refresh_needed is not None and refresh_needed()

    def _load(self) -> AwsCredentials:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import Session

        with self._lock:
            if self._current is not None and not self._is_stale():
                return self._current
            try:
                if self._found is None:
                    self._found = Session(profile=self._profile).get_credentials()
                if self._found is None:
                    raise _refused(f"no AWS credentials: set {ACCESS_KEY}, or configure a profile")
                frozen = self._found.get_frozen_credentials()
            except (BotoCoreError, ClientError) as error:
                raise _refused(f"AWS credentials cannot be had: {error}") from error
            self._current = AwsCredentials(frozen.access_key, frozen.secret_key, frozen.token)
            return self._current


def profile_region(profile: str | None = None) -> str | None:
    """Return the region that a profile of the configuration file names.

    Args:
        profile: Its name; `None` is what `AWS_PROFILE` says, or `default`.
    """
    name = profile or _variable("AWS_PROFILE") or "default"
    given = _variable("AWS_CONFIG_FILE")
    path = Path(given).expanduser() if given is not None else Path.home() / ".aws" / "config"
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return None
    section = name if name == "default" else f"profile {name}"
    return parser.get(section, "region", fallback="").strip() or None


def _fixed(credentials: AwsCredentials) -> AwsCredentialSource:
    async def give() -> AwsCredentials:
        return credentials

    return give


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None


def _refused(message: str) -> AuthError:
    return AuthError(Failure("auth_error", message, local=True))
