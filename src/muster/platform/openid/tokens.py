"""What is sent to an identity provider, and what is believed of its answer. Pure: bytes and `now` in, a verdict out.

OpenID Connect Core 1.0 §3.1, with PKCE (RFC 7636) and the issuer in the answer (RFC 9207).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from muster.base.errors import Code, Untrusted
from muster.platform.openid.settings import Provider

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Signatures that only the provider can make: neither "none" nor a secret that this client knows too."""

LEEWAY_SECONDS = 60
MAX_AGE_SECONDS = 600
"""A token is fetched right after it was made."""

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a provider is asked, of its own description. `is_basic`: how a client with a secret proves itself."""

    authorization: str
    token: str
    keys: str
    is_basic: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What a browser takes with it, and is compared with what comes back."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def of(cls, token: bytes) -> Ask:
        """Of 96 unpredictable bytes."""
        parts = (token[i : i + SECRET_BYTES] for i in range(0, 3 * SECRET_BYTES, SECRET_BYTES))
        return cls(*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts))


def read_endpoints(provider: Provider, described: Mapping[str, Any]) -> Endpoints:
    """The endpoints of a provider's description; `Untrusted` when it is another's, or lacks one."""
    if described.get("issuer") != provider.issuer:
        raise _wrong("the description is another issuer's")
    names = "authorization_endpoint", "token_endpoint", "jwks_uri"
    found = [described.get(name) for name in names]
    if not all(isinstance(text, str) and text for text in found):
        raise _wrong("the description lacks an endpoint")
    methods = described.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    authorization, token, keys = map(str, found)
    return Endpoints(authorization, token, keys, not isinstance(methods, list) or "client_secret_basic" in methods)


def authorization_address(provider: Provider, endpoints: Endpoints, ask: Ask) -> str:
    """Where the browser is sent."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(ask.verifier.encode()).digest()).decode().rstrip("=")
    asked = urlencode(
        {
            "response_type": "code",
            "client_id": provider.client,
            "redirect_uri": provider.redirect,
            "scope": " ".join(provider.scopes),
            "state": ask.state,
            "nonce": ask.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    return f"{endpoints.authorization}{'&' if '?' in endpoints.authorization else '?'}{asked}"


def read_answer(provider: Provider, ask: Ask | None, answer: Mapping[str, str]) -> tuple[Ask, str]:
    """What was begun, and the code that the browser brought back; `Untrusted` when this browser began nothing."""
    if ask is None or not hmac.compare_digest(answer.get("state", "").encode(), ask.state.encode()):
        raise _wrong("it belongs to no log-in that was begun in this browser")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise _wrong("it is another issuer's")
    if "error" in answer:
        raise _wrong(f"it says {answer['error'][:60]!r}")
    code = answer.get("code", "")
    if not code:
        raise _wrong("it carries no code")
    return ask, code


def believe(provider: Provider, ask: Ask, token: str, keys: Mapping[str, Any], now: datetime) -> Mapping[str, Any]:
    """The claims of an identity token; `Untrusted` unless all of it holds: signature, issuer, audience, times, nonce."""
    try:
        own = KeySet.import_key_set({"keys": list(keys["keys"])})
        claims = jwt.decode(token, own, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _wrong("its signature is not the provider's") from error
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != provider.issuer:
        raise _wrong("it is another issuer's")
    if provider.client not in listed or claims.get("azp", provider.client) != provider.client:
        raise _wrong("it is for another program")
    if len(listed) > 1 and "azp" not in claims:
        raise _wrong("it is for several programs")
    issued, ends, moment = claims.get("iat"), claims.get("exp"), now.timestamp()
    if not isinstance(issued, int | float) or not isinstance(ends, int | float):
        raise _wrong("it has no times")
    if ends + LEEWAY_SECONDS <= moment or not -LEEWAY_SECONDS <= moment - issued <= MAX_AGE_SECONDS:
        raise _wrong("it has ended, or the clocks differ")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), ask.nonce.encode()):
        raise _wrong("it answers another log-in")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise _wrong("it names nobody")
    return claims


def _wrong(problem: str) -> Untrusted:
    return Untrusted(Code.IDENTITY_UNTRUSTED, f"the identity provider's answer is not believed: {problem}")
