"""Log-in by an identity provider: OpenID Connect with the authorization code flow and PKCE; optional."""

from __future__ import annotations

from muster.platform.openid.settings import OpenIdSettings, Provider, provider_of

__all__ = ["OpenIdSettings", "Provider", "provider_of"]
