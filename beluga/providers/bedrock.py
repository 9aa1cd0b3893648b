"""Amazon Bedrock: models of many makers behind one format."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from beluga.dialects.converse import ConverseDialect
from beluga.errors import invalid_input
from beluga.model import ChatModel
from beluga.providers.endpoint import (
    Endpoint,
    auth_of,
    base_url_of,
    check_settings,
    environment,
    model_of,
)
from beluga.registry import ProviderConfig
from beluga.transport.auth import Auth
from beluga.transport.aws_credentials import credential_source, profile_region
from beluga.transport.sigv4 import SigV4Auth

__all__ = ["ENDPOINT", "bedrock"]

ENDPOINT: Final = Endpoint(
    provider="bedrock",
    url_variables=("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL"),
    key_variables=("AWS_BEARER_TOKEN_BEDROCK",),
)
SERVICE: Final = "bedrock"
SETTINGS: Final = ("region", "profile", "base_model")
NO_REGION: Final = "bedrock needs a region: set AWS_REGION, or give settings={'region': …}"

_REGION: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+")
_HOST: Final = re.compile(r"https://bedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


def bedrock(config: ProviderConfig) -> ChatModel:
    """Return a model that Amazon Bedrock serves.

    Settings: `region`; `profile`, of AWS's configuration file; `base_model`, the model that an ARN
    stands for, where its name does not say so.

    Read from the environment, where not given: the region from `AWS_REGION` and
    `AWS_DEFAULT_REGION`; a key from `AWS_BEARER_TOKEN_BEDROCK`, and without one AWS credentials;
    the address from `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` and `AWS_ENDPOINT_URL`.

    Raises:
        InvalidInputError: The region is not known, or a setting is wrong.
        AuthError: There is no key, and nowhere to look for credentials.
    """
    check_settings(config, *SETTINGS)
    profile = _text(config, "profile")
    region = _region_of(config, profile)
    endpoint = msgspec.structs.replace(ENDPOINT, base_url=_public_url(region))
    if region is None and not (config.base_url or environment(ENDPOINT.url_variables)):
        raise invalid_input(NO_REGION)
    url = base_url_of(endpoint, config)
    dialect = ConverseDialect(
        ENDPOINT.provider, config.model, url, base_model=_text(config, "base_model")
    )
    return model_of(
        endpoint, config, dialect, auth=_auth_of(config, profile, region), region=region
    )


def _auth_of(config: ProviderConfig, profile: str | None, region: str | None) -> Auth:
    if config.credentials or config.api_key or environment(ENDPOINT.key_variables):
        return auth_of(ENDPOINT, config)
    if region is None:
        raise invalid_input(NO_REGION)
    return SigV4Auth(credential_source(profile), region=region, service=SERVICE)


def _region_of(config: ProviderConfig, profile: str | None) -> str | None:
    """The region: as set, as the address says, of the environment, of the profile."""
    address = config.base_url or environment(ENDPOINT.url_variables) or ""
    named = _HOST.match(address)
    region = (
        _text(config, "region")
        or (named and named[1])
        or environment(("AWS_REGION", "AWS_DEFAULT_REGION"))
        or profile_region(profile)
    )
    if region and not _REGION.fullmatch(region):
        raise invalid_input(f"{region!r} is no region; they look like us-east-1")
    return region or None


def _public_url(region: str | None) -> str | None:
    if region is None:
        return None
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://bedrock-runtime.{region}.{domain}"


def _text(config: ProviderConfig, name: str) -> str | None:
    value = config.settings.get(name)
    if value is not None and not isinstance(value, str):
        raise invalid_input(f"setting {name} takes a text; got {value!r}")
    return value or None
