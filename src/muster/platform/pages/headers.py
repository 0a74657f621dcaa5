"""Headers of every page: nothing from elsewhere is loaded, nothing here is framed, cached or run."""

from __future__ import annotations

from starlette.responses import Response

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PAGE = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


def secured(response: Response) -> Response:
    """The response with these headers, those it has already kept."""
    for name, value in PAGE.items():
        response.headers.setdefault(name, value)
    return response
