"""Which identity provider is asked, as whom, and which of its words make which role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from muster.base.errors import Code, Misconfigured, SettingMistake
from muster.platform.service_address import check_service

CALLBACK = "/login/openid/back"
MAX_SECRET_BYTES = 4096


@dataclass(frozen=True, slots=True)
class OpenIdSettings:
    """``[openid]``. Without `issuer` nobody is asked.

    `address` is that of these pages as browsers know it. `roles` are pairs like ``muster-admins=admin``: a value of the
    claim and the role that it gives; of several the first in this list counts. `secret_file` holds the client's secret.
    """

    issuer: Annotated[str, "the identity provider; empty: nobody is asked", '"https://id.acme.example"'] = ""
    client: Annotated[str, "the name under which the provider knows these pages", '"muster"'] = ""
    secret_file: Annotated[
        str, "a file with the client's secret; empty for a public client", '"/etc/muster/openid.secret"'
    ] = ""
    address: Annotated[str, "these pages as browsers know them", '"https://activation.acme.example"'] = ""
    name: Annotated[str, "what stands on the button"] = "single sign-on"
    claim: Annotated[str, "what the provider tells about people that gives them roles"] = "groups"
    roles: Annotated[tuple[str, ...], "values of the claim and the roles they give", '["muster-admins=admin"]'] = ()
    scopes: Annotated[tuple[str, ...], "what the provider is asked for"] = ("openid", "profile", "email")

    def __post_init__(self) -> None:
        if not self.issuer:
            return
        for key, text in (("issuer", self.issuer), ("address", self.address)):
            try:
                check_service(text)
            except Misconfigured as error:
                raise SettingMistake(key, error.message, error.hint) from error
        if not self.client:
            raise SettingMistake("client", "the identity provider knows nobody without a name", "set the client id")
        if not self.roles or any(not all(pair.partition("=")[::2]) for pair in self.roles):
            raise SettingMistake("roles", "no value of the claim gives a role", 'like ["muster-admins=admin"]')
        if "openid" not in self.scopes:
            raise SettingMistake("scopes", "openid is missing", 'like ["openid", "profile"]')


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider, ready to be asked. `secret` is empty for a public client."""

    issuer: str
    client: str
    secret: str
    redirect: str
    name: str
    claim: str
    roles: tuple[tuple[str, str], ...]
    scopes: tuple[str, ...]

    def role(self, claims: Mapping[str, object]) -> str | None:
        """The role that these claims give; None for none. The claim may be a text or a list of texts."""
        value = claims.get(self.claim)
        held = value if isinstance(value, list) else [value]
        return next((role for word, role in self.roles if word in held), None)


def provider_of(settings: OpenIdSettings, known_roles: Mapping[str, object]) -> Provider | None:
    """The provider of the settings, None where none is asked; `Misconfigured` for an unknown role or unreadable secret."""
    if not settings.issuer:
        return None
    pairs = tuple((word, role) for word, _, role in (pair.rpartition("=") for pair in settings.roles))
    unknown = [role for _, role in pairs if role not in known_roles]
    if unknown:
        raise Misconfigured(
            Code.SETTINGS_INVALID, f"openid.roles: there is no role {unknown[0]!r}", f"one of: {', '.join(known_roles)}"
        )
    return Provider(
        settings.issuer,
        settings.client,
        _secret(settings.secret_file),
        check_service(settings.address) + CALLBACK,
        settings.name,
        settings.claim,
        pairs,
        settings.scopes,
    )


def _secret(file: str) -> str:
    if not file:
        return ""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(MAX_SECRET_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            Code.SETTINGS_INVALID, f"openid.secret_file: {file} cannot be read", "check its permissions"
        ) from error
    if not text or len(text) > MAX_SECRET_BYTES:
        raise Misconfigured(Code.SETTINGS_INVALID, f"openid.secret_file: {file} holds no secret", "one line of text")
    return text
