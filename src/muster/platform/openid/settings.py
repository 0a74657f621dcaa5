"""Which identity provider is asked, as whom, and which of its words make which role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from muster.base.errors import Code, Misconfigured, SettingMistake, checked
from muster.platform.service_address import check_service

CALLBACK = "/login/openid/back"
MAX_SECRET_BYTES = 4096
SECRET_FILE = "openid.secret_file"  # noqa: S105 - the key of a setting
_ROLES = '["muster-admins=admin"]'
_SCOPES = '["openid", "profile"]'


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
        # What is written is looked at also where nobody is asked yet: it shall not be wrong on the day of the issuer.
        for key, text in (("issuer", self.issuer), ("address", self.address)):
            if text:
                checked(key, check_service, text)
        for key, text, example in (("name", self.name, "single sign-on"), ("claim", self.claim, "groups")):
            if not text.strip():
                raise SettingMistake(key, f"{key} is empty", f'write {key} = "{example}", or leave it out')
        for number, pair in enumerate(self.roles):
            word, _, role = pair.rpartition("=")
            if not word or not role:
                raise SettingMistake(f"roles[{number}]", f"{pair[:80]!r} gives no role", f"write roles = {_ROLES}")
            if word in [before.rpartition("=")[0] for before in self.roles[:number]]:
                problem = f"{word[:80]!r} gives a role already, and the first counts"
                raise SettingMistake(f"roles[{number}]", problem, "keep one of them")
        for number, scope in enumerate(self.scopes):
            if len(scope.split()) != 1:
                raise SettingMistake(
                    f"scopes[{number}]", f"{scope[:80]!r} is not one scope", f"write scopes = {_SCOPES}"
                )
        if "openid" not in self.scopes:
            raise SettingMistake("scopes", "openid is missing", f"write scopes = {_SCOPES}")
        examples = {"client": '"muster"', "address": '"https://activation.acme.example"', "roles": _ROLES}
        missing = [key for key in examples if not getattr(self, key)]
        if self.issuer and missing:
            remedy = "; ".join(f"write {key} = {examples[key]}" for key in missing)
            raise SettingMistake("issuer", f"nobody can be asked without {', '.join(missing)}", remedy)


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
    try:
        for mistake in role_mistakes(settings, known_roles):
            raise mistake
        secret = read_secret(settings.secret_file)
    except SettingMistake as wrong:
        raise Misconfigured(Code.SETTINGS_INVALID, f"{wrong.key}: {wrong}", wrong.remedy) from wrong
    pairs = tuple((word, role) for word, _, role in (pair.rpartition("=") for pair in settings.roles))
    return Provider(
        settings.issuer,
        settings.client,
        secret,
        check_service(settings.address) + CALLBACK,
        settings.name,
        settings.claim,
        pairs,
        settings.scopes,
    )


def role_mistakes(settings: OpenIdSettings, known_roles: Mapping[str, object]) -> Iterator[SettingMistake]:
    """Roles that these pages do not have; told whether somebody is asked already or not."""
    for number, pair in enumerate(settings.roles):
        role = pair.rpartition("=")[2]
        if role not in known_roles:
            yield SettingMistake(
                f"openid.roles[{number}]", f"there is no role {role[:80]!r}", f"one of: {', '.join(known_roles)}"
            )


def read_secret(file: str) -> str:
    """The client's secret, empty for a public client; `SettingMistake` for a file that holds none."""
    if not file:
        return ""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(MAX_SECRET_BYTES + 1).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingMistake(SECRET_FILE, f"{file} cannot be read", "check its permissions") from error
    if not text or len(text) > MAX_SECRET_BYTES:
        raise SettingMistake(SECRET_FILE, f"{file} holds no secret", "write one line of text")
    return text
