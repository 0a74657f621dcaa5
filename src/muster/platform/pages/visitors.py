"""Who a request comes from: the session's cookie, and where it was sent from."""

from __future__ import annotations

import ipaddress

from starlette.requests import Request
from starlette.responses import Response

from muster.platform.accounts import Accounts, Who
from muster.platform.accounts.accounts import LONGEST

# The prefix binds the cookie to this very host, to TLS and to all paths (RFC 6265bis §4.1.3).
COOKIE = "__Host-muster"


class Visitors:
    """Sessions of `accounts` in cookies."""

    def __init__(self, accounts: Accounts) -> None:
        self.accounts = accounts

    def who(self, request: Request) -> Who:
        """Whoever is logged in; `Refused` with SESSION_ENDED for a stranger."""
        return self.accounts.visitor(request.cookies.get(COOKIE, ""))

    def come(self, response: Response, secret: str) -> Response:
        """Give the browser a session's cookie."""
        response.set_cookie(
            COOKIE,
            secret,
            max_age=int(LONGEST.total_seconds()),
            path="/",
            secure=True,
            httponly=True,
            samesite="lax",
        )
        return response

    def go(self, request: Request, response: Response) -> Response:
        """End the session and take the cookie away."""
        self.accounts.log_out(request.cookies.get(COOKIE, ""))
        response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")
        return response


def place(request: Request) -> str:
    """The prefix a request comes from: /24 of IPv4, /64 of IPv6, as one household or office shares it."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "unknown"
    length = 24 if address.version == 4 else 64  # noqa: PLR2004 - the two versions of IP
    return str(ipaddress.ip_network((address, length), strict=False))
